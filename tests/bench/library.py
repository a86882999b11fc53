"""Make a library: as many documents and grants as a large publisher has, in minutes.

Run it as `python -m tests.bench.library FOLDER [DOCUMENTS [GRANTS]]`; interrupted, the same again
goes on. It writes beside the gateway's own way: files are not flushed, rows go in by the thousand,
and the pages of a few hundred documents stand in for those of all the others, so that a page may
name the address of another document. Sizes, names, numbers and places are those of a real one.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select

from gateway.core.bundles import Entry
from gateway.core.documents import Address
from gateway.core.rights import Grant, Scope
from gateway.ports import Edition
from gateway.rendering.workers import compose_edition
from gateway.settings import Settings, load
from gateway.stores.files.catalogue import Catalogue
from gateway.stores.files.public_store import CATALOGUE, SUFFIX
from gateway.stores.sealing import SUFFIX as SEALED
from gateway.stores.sealing import pack
from gateway.stores.sql import tables as t
from gateway.stores.sql.engines import Engines, open_engines
from gateway.stores.sql.ledger import open_ledger
from gateway.stores.sql.rows import edition_row, grant_row
from gateway.stores.versions import of_public
from gateway.usecases.composing import Composed, Task
from gateway.usecases.submissions import Submission
from tests.bench.texts import COLLECTIONS, address_of, text_of

DOCUMENTS, GRANTS = 100_000, 1_000_000
PROTOTYPES = 300  # at most
BATCH = 2_000
EPOCH = 1_700_000_000
DAY = 86_400
SECRET = "a root secret for benchmarks, 32 bytes"


def environment(folder: Path) -> dict[str, str]:
    """Return the settings of the gateway on a library."""
    return {"PAIDGATE_DATA": str(folder), "PAIDGATE_SECRET": SECRET}


def id_of(kind: str, number: int) -> str:
    """Return the id of the thing of a number, unlike its neighbours' as real ids are."""
    return hashlib.md5(f"{kind} {number}".encode(), usedforsecurity=False).hexdigest()


def zipf(rng: Random, count: int) -> int:
    """Return a number below count: the second comes half as often as the first, and so on."""
    return int((count + 1) ** rng.random()) - 1


async def make_library(folder: Path, documents: int = DOCUMENTS, grants: int = GRANTS) -> None:
    """Bring the library in a folder to so many documents and grants."""
    settings = load(environment(folder))
    ledger = await open_ledger(settings.ledger)
    await ledger.close()
    engines = open_engines(settings.ledger)
    try:
        await _make_documents(settings, engines, documents)
        await _make_grants(engines, documents, grants)
    finally:
        await engines.close()


# --- documents ---------------------------------------------------------------------------------


async def _make_documents(settings: Settings, engines: Engines, count: int) -> None:
    done = await _count(engines, t.document)
    if done >= count:
        return
    root = settings.data
    prototypes = list(_prototypes(min(count, PROTOTYPES)))
    (root / "public").mkdir(parents=True, exist_ok=True)
    catalogue = Catalogue(root / "public" / CATALOGUE, list)
    for numbers in _portions("documents", done, count):
        made = [_document(root, number, prototypes) for number in numbers]
        with catalogue.turn() as turn:
            for _, entry in made:
                turn.put(entry)
        # Last, so that what is on record is there whole.
        await _record(engines, numbers, [edition for edition, _ in made])


def _prototypes(count: int) -> Iterator[Composed]:
    for number in range(count):
        body = text_of(number).encode()
        submission = Submission(address_of(number), body, "markdown")
        yield compose_edition(Task(submission, "0" * 32, EPOCH, None), "")


def _document(root: Path, number: int, prototypes: Sequence[Composed]) -> tuple[Edition, Entry]:
    prototype = prototypes[number % len(prototypes)]
    address, edition = address_of(number), id_of("edition", number)
    at = EPOCH + number * 60
    made = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    sealed = prototype.sealed
    assert sealed.public.entry
    entry = replace(sealed.public.entry, address=address, published=made, updated=made)
    public = replace(sealed.public, edition=edition, entry=entry)
    sealed = replace(sealed, public=public, full=replace(sealed.full, edition=edition))
    _write(
        root / "public" / address.publisher / f"{address.slug}{SUFFIX}",
        public.pack(of_public(address)),
    )
    _write(
        root / "vault" / address.publisher / address.slug / f"{edition}{SEALED}",
        pack(sealed, address, edition),
    )
    facts = {"id": edition, "address": address, "made_at": at, "published": made, "updated": made}
    return replace(prototype.edition, **facts), entry  # type: ignore[arg-type]


def _write(path: Path, blob: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(blob)


def _insert(rows: Mapping[Table, Sequence[dict[str, Any]]], connection: Connection) -> None:
    for table, values in rows.items():
        connection.execute(insert(table), values)


async def _record(engines: Engines, numbers: range, editions: Sequence[Edition]) -> None:
    documents = [
        {
            **edition.address._asdict(),
            "current_edition": edition.id,
            "is_unsettled": False,
            "made_at": edition.made_at,
        }
        for edition in editions
    ]
    rows = [edition_row(edition) | {"number": 1} for edition in editions]

    def record(connection: Connection) -> None:
        for publisher in {edition.address.publisher for edition in editions}:
            new = engines.insert_new(t.publisher).values(name=publisher, made_at=EPOCH)
            connection.execute(new)
        _insert({t.document: documents, t.edition: rows}, connection)

    await engines.change(record)


# --- grants ------------------------------------------------------------------------------------


async def _make_grants(engines: Engines, documents: int, count: int) -> None:
    for numbers in _portions("grants", await _count(engines, t.grant), count, 10 * BATCH):
        grants = [grant_of(number, documents) for number in numbers]
        redeemed = [number for number in numbers if number % 4 == 0]
        readers = [
            {"id": id_of("reader", number), "auth_epoch": 0, "version": 1, "made_at": EPOCH}
            for number in redeemed
        ]
        redemptions = [
            {"reader": id_of("reader", number), "grant": id_of("grant", number), "at": EPOCH}
            for number in redeemed
        ]
        rows = {
            t.grant: [grant_row(grant) for grant in grants],
            t.reader: readers,
            t.redemption: redemptions,
        }
        await engines.change(partial(_insert, rows))


def grant_of(number: int, documents: int) -> Grant:
    """Return the grant of a number: mostly of a document that many want."""
    rng = Random(f"grant {number}")
    address = address_of(zipf(rng, documents))
    return Grant(
        id=id_of("grant", number),
        scope=Scope.parse(address.publisher, _scope(rng, address)),
        subject=f"subject-{zipf(rng, 300_000)}",
        note="order",
        source="shop",
        source_ref=f"order-{number}",
        starts=EPOCH,
        ends=None if rng.random() < 0.3 else EPOCH + 4_000 * DAY,
        made_at=EPOCH,
    )


def _scope(rng: Random, address: Address) -> str:
    kind = rng.random()
    if kind < 0.8:
        return f"document:{address.slug}"
    return f"collection:{rng.choice(COLLECTIONS)}" if kind < 0.95 else "all"


# --- in portions -------------------------------------------------------------------------------


async def _count(engines: Engines, table: Table) -> int:
    query = select(func.count()).select_from(table)
    return await engines.read(lambda connection: int(connection.execute(query).scalar_one()))


def _portions(what: str, done: int, count: int, portion: int = BATCH) -> Iterator[range]:
    began, first = time.monotonic(), done
    while done < count:
        numbers = range(done, min(done + portion, count))
        yield numbers
        done = numbers.stop
        rate = (done - first) / (time.monotonic() - began)
        print(f"{what}: {done} of {count}, {rate:.0f}/s", flush=True)


def main(folder: str, documents: str = str(DOCUMENTS), grants: str = str(GRANTS)) -> None:
    asyncio.run(make_library(Path(folder).absolute(), int(documents), int(grants)))


if __name__ == "__main__":
    main(*sys.argv[1:])
