"""The search index on PostgreSQL: the terms of each document in an array, under a GIN index.

An array and not a tsvector, which ends at 1 MB, and whose words a configuration of the server
would cut. The tables are unlogged: a crash or a fail-over empties them, and what was in them is
made anew from the public bundles; their words are in no write-ahead log.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from secrets import token_hex
from typing import Any, NamedTuple, TypeVar

from anyio import CapacityLimiter, to_thread
from sqlalchemy import Connection, text

from gateway.core.documents import Address
from gateway.core.errors import NotSearchable, Stale
from gateway.core.search_terms import VERSION, SearchQuery
from gateway.ports.search_index import MOST_HITS, Hit, Hits, IndexChange, Indexed
from gateway.stores.files.durable import answering
from gateway.stores.searched import entry, order, told
from gateway.stores.sql.engines import Engines

TIMEOUT = 5.0  # seconds for an answer of the server
SEARCHES = 2  # at a time, of a process
MAKING = 0x5061_6965  # among the advisory locks of a database

_TABLES = """
DROP TABLE IF EXISTS search_about, search_document, search_page;
CREATE UNLOGGED TABLE search_about (
    version integer PRIMARY KEY,
    name text NOT NULL,
    is_whole boolean NOT NULL DEFAULT false,
    turn bigint NOT NULL DEFAULT 0
);
CREATE UNLOGGED TABLE search_document (
    address text COLLATE "C" PRIMARY KEY,
    turn bigint NOT NULL,
    place bigint,
    edition text NOT NULL
);
CREATE UNLOGGED TABLE search_page (
    place bigint PRIMARY KEY,
    told text NOT NULL,
    text text NOT NULL,
    terms text[] NOT NULL
);
CREATE INDEX search_page_terms ON search_page USING gin (terms);
ALTER TABLE search_page ALTER terms SET STATISTICS 0
"""
# Statistics of terms take long to gather, and by them the planner takes common terms from the pages
# themselves, each of whose arrays costs more to read than it counts on: 13 times as long at p99.
_LOCK = text("SELECT pg_advisory_xact_lock(:key)")
_IS_THERE = text("SELECT to_regclass('search_about') IS NOT NULL")
_ABOUT = text("SELECT name, is_whole FROM search_about WHERE version = :version")
_NEW = text("INSERT INTO search_about (version, name) VALUES (:version, :name)")
_TURN = text("UPDATE search_about SET turn = turn + 1 WHERE version = :version RETURNING turn")
_WHOLE = text("UPDATE search_about SET is_whole = true WHERE name = :name")
_HELD = text("SELECT turn, place FROM search_document WHERE address = :address")
_HOLD = text(
    "INSERT INTO search_document VALUES (:address, :turn, :place, :edition) ON CONFLICT (address)"
    " DO UPDATE SET turn = :turn, place = :place, edition = :edition"
)
_OUT = text("DELETE FROM search_page WHERE place = :place")
_IN = text(
    "INSERT INTO search_page VALUES (:place, :told, :text, CAST(:terms AS text[]))"
    " ON CONFLICT DO NOTHING"
)
_PLACES = text(
    "SELECT place FROM search_page WHERE terms @> CAST(:terms AS text[])"
    " ORDER BY place DESC LIMIT :limit"
)
_PAGES = text(
    "SELECT told, text FROM search_page WHERE place = ANY(CAST(:places AS bigint[]))"
    " ORDER BY array_position(CAST(:places AS bigint[]), place)"
)
_EDITIONS = text(
    "SELECT address, edition FROM search_document WHERE place IS NOT NULL AND address > :after"
    " ORDER BY address LIMIT :limit"
)


T = TypeVar("T")
Work = Callable[[Connection], T]


class PageRow(NamedTuple):
    """What is written of a document."""

    edition: str
    place: int
    told: str
    text: str
    terms: list[str]

    @classmethod
    def of(cls, change: IndexChange) -> PageRow | None:
        """Return the row that a change makes, None for none."""
        indexed = Indexed.of(change.bundle)
        if indexed is None:
            return None
        told_of = told(indexed.entry)
        return cls(indexed.edition, indexed.place, told_of, indexed.text, sorted(indexed.terms))


class SqlSearchIndex:
    """Terms in a GIN index, and the pages that they are of."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._searches = CapacityLimiter(SEARCHES)  # whatever is asked, the server has room

    async def mark(self, address: Address) -> str:
        """Return what tells what is held of a document from what was and will be."""
        return await self._change(partial(_mark, address))

    async def put(self, changes: Sequence[IndexChange]) -> None:
        """Make some changes, all or none, durably. Raises Stale where a mark is another."""
        rows = await to_thread.run_sync(lambda: [PageRow.of(change) for change in changes])
        await self._change(partial(_put, changes, rows))

    async def find(self, query: SearchQuery, first: int, limit: int) -> Hits:
        """Return hits from a number on. Raises NotSearchable."""
        if not query.terms:
            return Hits(0, ())
        async with self._searches:
            with answering("search index"):
                return await self._engines.read(partial(_find, query, first, limit))

    async def editions(self, after: Address | None, limit: int) -> Mapping[Address, str]:
        """Return which editions are held, by address, after one."""
        return await self._change(partial(_editions, str(after or ""), limit))

    async def unfinished(self) -> str:
        """Return a name for the index if it is being made, "" if it is whole."""
        return await self._change(_unfinished)

    async def finish(self, name: str) -> None:
        """Take up that the index of this name holds all that is published."""
        await self._change(partial(_finish, name))

    async def empty(self) -> None:
        """Begin the index anew."""
        await self._change(_make)

    async def scrub(self) -> None:
        """Do nothing: the server tidies up by itself."""

    async def close(self) -> None:
        """Close every connection."""
        await self._engines.close()

    async def _change(self, work: Work[T]) -> T:
        with answering("search index"):
            return await self._engines.change(partial(_on_tables, work))


def _on_tables(work: Work[T], connection: Connection) -> T:
    """Return what comes of work, on tables of this version."""
    if _about(connection) is None:
        connection.execute(_LOCK, {"key": MAKING})
        if _about(connection) is None:  # nor made by another process, just now
            _make(connection)
    return work(connection)


def _about(connection: Connection) -> Any:
    """Return what the index says of itself, None where there is none of this version."""
    if not connection.execute(_IS_THERE).scalar():
        return None
    return connection.execute(_ABOUT, {"version": VERSION}).first()


def _make(connection: Connection) -> None:
    for statement in _TABLES.split(";"):
        connection.execute(text(statement))
    connection.execute(_NEW, {"version": VERSION, "name": token_hex(8)})


def _mark(address: Address, connection: Connection) -> str:
    row = connection.execute(_HELD, {"address": str(address)}).first()
    return str(row.turn) if row else ""


def _put(
    changes: Sequence[IndexChange], rows: Sequence[PageRow | None], connection: Connection
) -> None:
    for change, row in zip(changes, rows, strict=True):
        turn = connection.execute(_TURN, {"version": VERSION}).scalar_one()  # one at a time
        held = connection.execute(_HELD, {"address": str(change.address)}).first()
        if change.since != (str(held.turn) if held else ""):
            raise Stale(None)
        if held and held.place is not None:
            connection.execute(_OUT, {"place": held.place})
        place = _put_in(connection, row) if row else None
        edition = row.edition if row else ""
        told_of = {"address": str(change.address), "turn": turn, "place": place}
        connection.execute(_HOLD, {**told_of, "edition": edition})


def _put_in(connection: Connection, row: PageRow) -> int:
    place = row.place
    written = row._asdict()
    del written["edition"]
    while not connection.execute(_IN, {**written, "place": place}).rowcount:
        place += 1
    return place


def _find(query: SearchQuery, first: int, limit: int, connection: Connection) -> Hits:
    about = _about(connection)
    if about is None or not about.is_whole:
        raise NotSearchable
    hits = order(*(_places(connection, t) for t in (query.title_terms, query.all_terms)))
    rows = connection.execute(_PAGES, {"places": hits[first : first + limit]})
    return Hits(len(hits), [Hit(entry(row.told), row.text) for row in rows])


def _places(connection: Connection, terms: frozenset[str]) -> list[int]:
    given = {"terms": sorted(terms), "limit": MOST_HITS}
    return list(connection.execute(_PLACES, given).scalars())


def _editions(after: str, limit: int, connection: Connection) -> Mapping[Address, str]:
    rows = connection.execute(_EDITIONS, {"after": after, "limit": limit})
    return {Address(*row.address.split("/")): row.edition for row in rows}


def _unfinished(connection: Connection) -> str:
    about = _about(connection)
    return "" if about.is_whole else str(about.name)


def _finish(name: str, connection: Connection) -> None:
    connection.execute(_WHOLE, {"name": name})
