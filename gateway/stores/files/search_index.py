"""The search index on SQLite: FTS5 in a file of its own, which the public bundles can remake.

A file that is missing, damaged or of another version is made anew, empty, by whoever meets it, and
says that it is not whole until somebody has filled it. Whoever changes it holds the lock beside
it, and whoever has it open looks first whether it is still the one in place. FTS5 is given terms
and keeps no text: the pages beside it do, so that what is taken out can be named to it. What is
taken out stays in the file, as FTS5 goes, until it is scrubbed.
"""

from __future__ import annotations

import fcntl
import secrets
import sqlite3
import unicodedata
from binascii import crc32
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any, TypeVar

import structlog
from anyio import CapacityLimiter, to_thread
from sqlalchemy.engine import make_url

from gateway.core.bundles import Damaged
from gateway.core.checks import check
from gateway.core.documents import Address
from gateway.core.errors import NotSearchable, Stale
from gateway.core.search_terms import VERSION, SearchQuery
from gateway.ports.search_index import MOST_HITS, Hit, Hits, IndexChange, Indexed
from gateway.stores.files.durable import answering
from gateway.stores.files.sqlite import (
    is_damage,
    locked,
    make_database,
    open_database,
    remove_database,
)
from gateway.stores.searched import entry, order, told

NAME = "search.db"
LONGEST = 1.0  # seconds of a search
STEPS = 20_000  # of SQLite, between two looks at the time
PAGES = 500  # that are merged in one transaction

# A document's terms are worked out again to be taken out: by the same Unicode.
_VERSION = crc32(f"{VERSION} 1 {unicodedata.unidata_version}".encode()) & 0x7FFFFFFF

_TABLES = (
    "CREATE TABLE about (name TEXT NOT NULL, is_whole INTEGER NOT NULL,"
    " is_scrubbed INTEGER NOT NULL, turn INTEGER NOT NULL)",
    "CREATE TABLE document (address TEXT PRIMARY KEY, turn INTEGER NOT NULL, place INTEGER,"
    " edition TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE page (place INTEGER PRIMARY KEY, told TEXT NOT NULL, text TEXT NOT NULL,"
    " checked BLOB NOT NULL)",
    "CREATE VIRTUAL TABLE word USING fts5(terms, content='', detail=none,"
    " tokenize='unicode61 remove_diacritics 0')",
)
_GONE = ("word", "page", "document", "about")
_MATCH = "SELECT rowid FROM word WHERE word MATCH ? ORDER BY rowid DESC LIMIT ?"
_OUT = "INSERT INTO word (word, rowid, terms) VALUES ('delete', ?, ?)"
_HELD = "SELECT turn, place FROM document WHERE address = ?"
_PAGE = "SELECT told, text, checked FROM page WHERE place = ?"
_EDITIONS = (
    "SELECT address, edition FROM document WHERE place IS NOT NULL AND address > ?"
    " ORDER BY address LIMIT ?"
)

_log = structlog.get_logger()

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]


def file_beside(ledger: str) -> Path:
    """Return where the index of a ledger on SQLite lies: in its folder."""
    return Path(make_url(ledger).database or "").absolute().with_name(NAME)


class FileSearchIndex:
    """Terms in FTS5, and the pages that they are of."""

    def __init__(self, path: Path) -> None:
        self._reading = _File(path)
        self._writing = _File(path)
        # Each waits for its own kind, and not in a thread.
        self._searches = CapacityLimiter(1)
        self._changes = CapacityLimiter(1)

    async def mark(self, address: Address) -> str:
        """Return what tells what is held of a document from what was and will be."""
        return await self._run(partial(_mark, address))

    async def put(self, changes: Sequence[IndexChange]) -> None:
        """Make some changes, all or none, durably. Raises Stale where a mark is another."""
        await self._run(partial(_put, changes))

    async def find(self, query: SearchQuery, first: int, limit: int) -> Hits:
        """Return hits from a number on. Raises NotSearchable."""
        if not query.terms:
            return Hits(0, ())
        with answering("search index"):
            work = partial(self._reading.run, partial(_find, query, first, limit))
            return await to_thread.run_sync(work, limiter=self._searches)

    async def editions(self, after: Address | None, limit: int) -> Mapping[Address, str]:
        """Return which editions are held, by address, after one."""
        return await self._run(partial(_editions, str(after or ""), limit))

    async def unfinished(self) -> str:
        """Return a name for the index if it is being made, "" if it is whole."""
        return await self._run(_unfinished)

    async def finish(self, name: str) -> None:
        """Take up that the index of this name holds all that is published."""
        await self._run(partial(_finish, name))

    async def empty(self) -> None:
        """Begin the index anew."""
        with answering("search index"):
            await to_thread.run_sync(self._writing.discard, limiter=self._changes)

    async def scrub(self) -> None:
        """See to it that what was taken out is in no file of the index."""
        if await self._run(_is_scrubbed):
            return
        goes_on = await self._run(partial(_merge, -PAGES))
        while goes_on:
            goes_on = await self._run(partial(_merge, PAGES))
        await self._run(_scrubbed)

    async def close(self) -> None:
        """Let go of the file."""
        self._reading.close()
        self._writing.close()

    async def _run(self, work: Work[T]) -> T:
        with answering("search index"):
            run = partial(self._writing.run, work)
            return await to_thread.run_sync(run, limiter=self._changes)


# --- what is done with a connection ------------------------------------------------------------


def _mark(address: Address, connection: sqlite3.Connection) -> str:
    row = connection.execute(_HELD, (str(address),)).fetchone()
    return str(row[0]) if row else ""


def _put(changes: Sequence[IndexChange], connection: sqlite3.Connection) -> None:
    with _changing(connection):
        for change in changes:
            _change(connection, change)


def _change(connection: sqlite3.Connection, change: IndexChange) -> None:
    address, bundle, since = change
    row = connection.execute(_HELD, (str(address),)).fetchone()
    if since != (str(row[0]) if row else ""):
        raise Stale(None)
    if row and row[1] is not None:
        _take_out(connection, row[1])
    indexed = Indexed.of(bundle)
    place = _put_in(connection, indexed) if indexed else None
    connection.execute("UPDATE about SET turn = turn + 1")
    connection.execute(
        "INSERT OR REPLACE INTO document SELECT ?, turn, ?, ? FROM about",
        (str(address), place, indexed.edition if indexed else ""),
    )


def _take_out(connection: sqlite3.Connection, place: int) -> None:
    held = _page(connection, place)
    terms = Indexed("", held.entry, held.text).terms
    connection.execute(_OUT, (place, " ".join(sorted(terms))))
    connection.execute("DELETE FROM page WHERE place = ?", (place,))
    connection.execute("UPDATE about SET is_scrubbed = 0")


def _put_in(connection: sqlite3.Connection, indexed: Indexed) -> int:
    place = indexed.place
    while connection.execute("SELECT 1 FROM page WHERE place = ?", (place,)).fetchone():
        place += 1
    kept, text = told(indexed.entry), indexed.text
    checked = check("page", kept.encode(), text.encode())
    connection.execute("INSERT INTO page VALUES (?, ?, ?, ?)", (place, kept, text, checked))
    terms = " ".join(sorted(indexed.terms))
    connection.execute("INSERT INTO word (rowid, terms) VALUES (?, ?)", (place, terms))
    return place


def _page(connection: sqlite3.Connection, place: int) -> Hit:
    kept, text, checked = _row(connection, _PAGE, place)
    if check("page", kept, text) != checked:
        raise _damaged()
    return Hit(entry(kept), text.decode())


def _row(connection: sqlite3.Connection, query: str, *given: object) -> Any:
    """Return a row that must be there. Raises Damaged."""
    row = connection.execute(query, given).fetchone()
    if row is None:
        raise _damaged()
    return row


def _damaged() -> Damaged:
    return Damaged("The search index is damaged.")


def _find(query: SearchQuery, first: int, limit: int, connection: sqlite3.Connection) -> Hits:
    if _unfinished(connection):
        raise NotSearchable
    end = monotonic() + LONGEST
    connection.set_progress_handler(lambda: monotonic() > end, STEPS)
    try:
        places = [_places(connection, terms) for terms in (query.title_terms, query.all_terms)]
    finally:
        connection.set_progress_handler(None, 0)
    hits = order(*places)
    return Hits(len(hits), [_page(connection, place) for place in hits[first : first + limit]])


def _places(connection: sqlite3.Connection, terms: frozenset[str]) -> list[int]:
    match = " AND ".join(f'"{term}"' for term in sorted(terms))
    return [place for (place,) in connection.execute(_MATCH, (match, MOST_HITS))]


def _editions(after: str, limit: int, connection: sqlite3.Connection) -> Mapping[Address, str]:
    rows = connection.execute(_EDITIONS, (after, limit))
    return {Address(*a.decode().split("/")): edition.decode() for a, edition in rows}


def _unfinished(connection: sqlite3.Connection) -> str:
    name, is_whole = _row(connection, "SELECT name, is_whole FROM about")
    return "" if is_whole else name.decode()


def _finish(name: str, connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE about SET is_whole = 1 WHERE name = ?", (name,))


def _is_scrubbed(connection: sqlite3.Connection) -> bool:
    return bool(_row(connection, "SELECT is_scrubbed FROM about")[0])


def _merge(pages: int, connection: sqlite3.Connection) -> bool:
    """Merge a part of the index, a negative number of pages to begin; return whether it goes on."""
    before = connection.total_changes
    with _changing(connection):
        connection.execute("INSERT INTO word (word, rank) VALUES ('merge', ?)", (pages,))
    # As SQLite has it: one change is of the order itself.
    return connection.total_changes - before > 1


def _scrubbed(connection: sqlite3.Connection) -> None:
    is_busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if not is_busy:  # by somebody who reads what was there before: the next time, then
        connection.execute("UPDATE about SET is_scrubbed = 1")


@contextmanager
def _changing(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


# --- the file ----------------------------------------------------------------------------------


class _File:
    """The file in place, opened when first used; one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = Lock()
        self._connection: sqlite3.Connection | None = None
        self._inode = 0

    def run(self, work: Work[T]) -> T:
        """Return what comes of work; with a file made anew where this one is damaged."""
        try:
            return self._run(work)
        except (Damaged, sqlite3.DatabaseError) as error:
            if not (isinstance(error, Damaged) or _is_useless(error)):
                raise
            _tell()
        self.discard(self._inode)
        return self._run(work)

    def _run(self, work: Work[T]) -> T:
        with self._turn, locked(self._path, fcntl.LOCK_SH):
            return work(self._opened())

    def discard(self, inode: int = 0) -> None:
        """Take the file away, but not another than the one of this number, if one is given."""
        with self._turn, locked(self._path, fcntl.LOCK_EX):
            self._close()
            with suppress(FileNotFoundError):
                if inode in (0, self._path.stat().st_ino):
                    remove_database(self._path)

    def close(self) -> None:
        """Close the file."""
        with self._turn:
            self._close()

    def _opened(self) -> sqlite3.Connection:
        make_database(self._path)
        inode = self._path.stat().st_ino
        if self._connection is None or inode != self._inode:
            self._close()
            self._inode = inode
            self._connection = open_database(self._path)
        if not _is_made(self._connection):
            _make(self._connection)
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _is_useless(error: sqlite3.DatabaseError) -> bool:
    """Return whether an error says that a file is damaged, or has other tables."""
    return is_damage(error) or getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_ERROR


def _tell() -> None:
    if structlog.is_configured():  # the command line has no log
        _log.error("damage", thing="search index", state="made anew")


def _is_made(connection: sqlite3.Connection) -> bool:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return bool(version == _VERSION)


def _make(connection: sqlite3.Connection) -> None:
    with _changing(connection):
        if _is_made(connection):  # by another process, just now
            return
        for table in _GONE:
            connection.execute(f"DROP TABLE IF EXISTS {table}")
        for statement in _TABLES:
            connection.execute(statement)
        row = secrets.token_hex(8), False, True, 0
        connection.execute("INSERT INTO about VALUES (?, ?, ?, ?)", row)
        connection.execute(f"PRAGMA user_version = {_VERSION}")
