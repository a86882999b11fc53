"""Every list is read through an index, in order and from a place in it, on both databases.

What is proportional to all rows there are would be a scan or a sort; a plan names both.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, Table, event, insert, select, text

from gateway.core.documents import Address
from gateway.core.rights import Standing
from gateway.ports import Wanted
from gateway.stores.files import catalogue
from gateway.stores.files.public_store import CATALOGUE, FilePublicStore
from gateway.stores.sql import tables as t
from gateway.stores.sql.ledger import SqlLedger, open_ledger
from gateway.stores.sql.rows import code_row, edition_row, grant_row
from tests.stores.things import HERE, bundle, code, edition, grant

pytestmark = pytest.mark.anyio

MANY = 2_000

Ask = Callable[[SqlLedger], Awaitable[object]]


def wanted(ledger: SqlLedger, **facts: Any) -> Awaitable[object]:
    return ledger.grants(
        "demo", subject="", scope="", after="g100", limit=50, wanted=Wanted(**facts, now=9)
    )


# A list that is read in the order of an index: neither scan nor sort.
LISTS: dict[str, Ask] = {
    "documents": lambda ledger: ledger.documents("demo", "d100", 50),
    "documents of a collection": lambda ledger: ledger.documents(
        "demo", "d100", 50, collection="c1"
    ),
    "editions": lambda ledger: ledger.editions(HERE, "", 20),
    "older editions": lambda ledger: ledger.editions(HERE, "e1", 20),
    "addresses before": lambda ledger: ledger.former(HERE),
    "editions that lie elsewhere": lambda ledger: ledger.elsewhere(HERE),
    "unsettled": lambda ledger: ledger.unsettled(100),
    "more that is unsettled": lambda ledger: ledger.unsettled(100, HERE),
    "grants": lambda ledger: ledger.grants("demo", subject="", scope="", after="g100", limit=50),
    "grants of a subject": lambda ledger: ledger.grants(
        "demo", subject="s1", scope="", after="g100", limit=50
    ),
    "grants of a scope": lambda ledger: ledger.grants(
        "demo", subject="", scope="all", after="g100", limit=50
    ),
    "grants of both": lambda ledger: ledger.grants(
        "demo", subject="s1", scope="all", after="g100", limit=50
    ),
    "grants of a reference": lambda ledger: wanted(ledger, source="api", source_ref="r1"),
    "grants of a source": lambda ledger: wanted(ledger, source="api", standing=Standing.STANDS),
    "grants that cover a document": lambda ledger: wanted(ledger, scopes=("all", "document:d1")),
    "grants of a standing": lambda ledger: wanted(ledger, standing=Standing.ENDED),
    "waiting to be erased": lambda ledger: ledger.waiting(100, 50),
    "codes": lambda ledger: ledger.codes("demo", "c100", 50),
    "outgoing": lambda ledger: ledger.outbox(100),
}

# Read from its beginning on SQLite: all that the index or the table holds is asked for.
FROM_THE_START = {
    "unsettled": ["SCAN document USING INDEX ix_document_unsettled"],
    "outgoing": ["SCAN change"],
}

# Ways that PostgreSQL is kept from: tables here are small, and to read them whole is cheap.
WAYS = ("seqscan", "hashjoin", "mergejoin")
HINTS = dict.fromkeys(
    (
        "documents of a collection",
        "grants of a source",
        "grants of a standing",
    ),
    ("sort",),
)

# What is read by its key, and may be put in order: it is of one reader or of one grant.
LOOKS: dict[str, Ask] = {
    "current edition": lambda ledger: ledger.current(HERE),
    "edition": lambda ledger: ledger.edition(HERE, "e1"),
    "editions of others": lambda ledger: ledger.of_others(HERE),
    "grant": lambda ledger: ledger.grant("g1"),
    "reader": lambda ledger: ledger.reader("r1"),
    "devices": lambda ledger: ledger.devices("g1", 50),
    "code": lambda ledger: ledger.code("hash"),
    "key of a publisher": lambda ledger: ledger.key("hash"),
    "session": lambda ledger: ledger.session("s1"),
    "seed": lambda ledger: ledger.seed("demo", "key", 5),
    "answer": lambda ledger: ledger.answer("demo", "key"),
}


async def plans(url: str, questions: Mapping[str, Ask]) -> dict[str, list[str]]:
    """Return the lines of the plans of all statements that each question takes."""
    ledger = await open_ledger(url)
    await fill(ledger)
    asking: list[str] = []
    asked: list[tuple[str, str, Any]] = []

    def note(_: object, __: object, statement: str, values: Any, *more: object) -> None:
        asked.append((asking[-1], statement, values))

    event.listen(Engine, "before_cursor_execute", note)
    for name, ask in questions.items():
        asking.append(name)
        await ask(ledger)
    event.remove(Engine, "before_cursor_execute", note)
    found: dict[str, list[str]] = {name: [] for name in questions}
    for name, statement, values in asked:
        ways = WAYS + HINTS.get(name, ())
        found[name] += await ledger._engines.read(partial(explained, statement, values, ways))
    await ledger.close()
    assert all(found.values())
    return found


def explained(
    statement: str, values: Any, ways: tuple[str, ...], connection: Connection
) -> list[str]:
    """Return the lines of the plan of a statement."""
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        return [row.detail for row in rows]
    for way in ways:
        connection.exec_driver_sql(f"SET enable_{way} = off")
    rows = connection.exec_driver_sql(f"EXPLAIN {statement}", values)
    connection.exec_driver_sql("RESET ALL")
    return [row[0] for row in rows]


async def fill(ledger: SqlLedger) -> None:
    """Record enough of everything for a planner to prefer an index."""
    numbers = range(MANY)
    editions = [
        replace(edition(), id=f"e{n}", address=Address("demo", f"d{n}"), collection=f"c{n % 20}")
        for n in numbers
    ]
    documents = [
        {**e.address._asdict(), "current_edition": e.id, "is_unsettled": False, "made_at": 1}
        for e in editions
    ]
    scopes = ("all", "document:d1")
    grants = [
        grant(f"g{n}", scopes[n % 2], subject=f"s{n % 200}", source_ref=f"r{n}") for n in numbers
    ]
    rows: dict[Table, list[dict[str, Any]]] = {
        t.publisher: [{"name": "demo", "made_at": 1}],
        t.document: documents,
        t.edition: [edition_row(each) | {"number": 1} for each in editions],
        t.grant: [grant_row(each) for each in grants],
        t.code: [code_row(code(f"c{n}")) for n in numbers],
        t.reader: [{"id": f"r{n}", "auth_epoch": 0, "version": 1, "made_at": 1} for n in numbers],
        t.redemption: [{"reader": f"r{n}", "grant": f"g{n}", "at": 1} for n in numbers],
    }

    def record(connection: Connection) -> None:
        for table, values in rows.items():
            connection.execute(insert(table), values)
        if connection.dialect.name == "postgresql":  # SQLite plans without statistics
            connection.execute(text("ANALYZE"))

    await ledger._engines.change(record)


def scans(lines: list[str]) -> list[str]:
    """Return the lines of a plan that read a table from end to end."""
    return [line for line in lines if re.search(r"^SCAN (?!page$)|Seq Scan", line)]


def sorts(lines: list[str]) -> list[str]:
    """Return the lines of a plan that put rows in order."""
    return [line for line in lines if re.search(r"TEMP B-TREE|Sort", line)]


async def test_every_list_is_read_in_the_order_of_an_index(ledger_url: str) -> None:
    found = await plans(ledger_url, LISTS)
    wrong = {name: scans(lines) + sorts(lines) for name, lines in found.items()}
    assert {n: w for n, w in wrong.items() if w and w != FROM_THE_START.get(n)} == {}


async def test_what_has_a_key_is_read_by_it(ledger_url: str) -> None:
    found = await plans(ledger_url, LOOKS)
    assert {name: lines for name, lines in found.items() if scans(lines)} == {}


async def test_a_scan_and_a_sort_are_noticed(ledger_url: str) -> None:
    async def by_title(ledger: SqlLedger) -> None:
        title = t.edition.c.title
        await ledger._rows(select(t.edition).where(title > "a").order_by(title).limit(5))

    found = await plans(ledger_url, {"by title": by_title})
    assert scans(found["by title"])
    assert sorts(found["by title"])


# --- the catalogue of previews ---


@pytest.mark.parametrize(
    ("query", "values"),
    [(catalogue._PAGE, ("x", 20)), (catalogue._PAGE_OF, ("demo", "x", 20))],
)
async def test_the_catalogue_is_read_in_the_order_of_an_index(
    tmp_path: Path, query: str, values: tuple[object, ...]
) -> None:
    await FilePublicStore(tmp_path).put(HERE, bundle())
    with closing(sqlite3.connect(tmp_path / CATALOGUE)) as connection:
        rows = connection.execute(f"EXPLAIN QUERY PLAN {query}", values).fetchall()
    lines = [row[-1] for row in rows]
    assert scans(lines) + sorts(lines) == []
