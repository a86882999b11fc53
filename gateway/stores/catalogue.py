"""The order of published entries, in an SQLite file of its own that the bundles can remake.

The bundles are the truth. An entry that lags behind its bundle is mended by the next put or
delete of that document.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from threading import Lock
from weakref import finalize

from gateway.core.bundles import Entry
from gateway.core.documents import Address
from gateway.ports import cursor
from gateway.stores.sqlite_files import PATIENCE, make_database

VERSION = 1

_TABLES = (
    "CREATE TABLE entry (address TEXT PRIMARY KEY, publisher TEXT NOT NULL, place TEXT NOT NULL,"
    " told TEXT NOT NULL) WITHOUT ROWID",
    "CREATE INDEX entry_place ON entry (place)",
    "CREATE INDEX entry_publisher ON entry (publisher, place)",
)
_PUT = "INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?)"
_DELETE = "DELETE FROM entry WHERE address = ?"
_PAGE = "SELECT told FROM entry WHERE place < ? ORDER BY place DESC LIMIT ?"
_PAGE_OF = "SELECT told FROM entry WHERE publisher = ? AND place < ? ORDER BY place DESC LIMIT ?"
_TOP = "\U0010ffff"  # above every place


class Turn:
    """The one turn to change the catalogue, among all processes."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def put(self, entry: Entry) -> None:
        """Set an entry in its place."""
        self._connection.execute(_PUT, _row(entry))

    def delete(self, address: Address) -> None:
        """Take an entry out."""
        self._connection.execute(_DELETE, (str(address),))

    def is_made(self) -> bool:
        """Tell whether the tables are there, in this version."""
        return _number(self._connection, "user_version") == VERSION

    def make(self, entries: Iterable[Entry]) -> None:
        """Make the catalogue anew of all entries."""
        self._connection.execute("DROP TABLE IF EXISTS entry")
        for statement in _TABLES:
            self._connection.execute(statement)
        self._connection.executemany(_PUT, map(_row, entries))
        self._connection.execute(f"PRAGMA user_version = {VERSION}")


class Catalogue:
    """Entries by (published, address), newest first. Every method blocks: call it in a thread."""

    def __init__(self, path: Path) -> None:
        self._reading = _Connection(path)
        self._writing = _Connection(path)

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Wait for the turn and hold it; what it changed is durable at the end, or undone."""
        with self._writing.held() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield Turn(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def page(self, publisher: str, before: str, limit: int) -> Sequence[Entry]:
        """Return entries whose place is below before ("" = all), from the top."""
        before = before or _TOP
        with self._reading.held() as connection:
            if publisher:
                rows = connection.execute(_PAGE_OF, (publisher, before, limit)).fetchall()
            else:
                rows = connection.execute(_PAGE, (before, limit)).fetchall()
        return [_entry(told) for (told,) in rows]


class _Connection:
    """A connection, opened when first used and closed with its owner; one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None

    @contextmanager
    def held(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            if self._connection is None:
                self._connection = _open(self._path)
                finalize(self, self._connection.close)
            yield self._connection


def _open(path: Path) -> sqlite3.Connection:
    make_database(path)
    connection = sqlite3.connect(
        path, timeout=PATIENCE, isolation_level=None, check_same_thread=False
    )
    # An entry is acknowledged with its bundle, so it has to survive a power cut as well.
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    (number,) = connection.execute(f"PRAGMA {pragma}").fetchone()
    return int(number)


def _row(entry: Entry) -> tuple[str, str, str, str]:
    told = json.dumps(asdict(entry), ensure_ascii=False)
    return str(entry.address), entry.address.publisher, cursor(entry), told


def _entry(told: str) -> Entry:
    facts = json.loads(told)
    return Entry(**facts | {"address": Address(*facts["address"])})
