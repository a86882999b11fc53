"""The order of published entries, in an SQLite file of its own that the bundles can remake.

The bundles are the truth. An entry that lags behind its bundle is mended by the next put or
delete of that document, and a file that is missing, damaged or of an earlier version is made anew
by the next one of any document. Whoever changes or replaces the file holds the lock beside it,
and the number beside it tells a file that was made elsewhere; whoever has it open looks first
whether it is still the one in place.
"""

from __future__ import annotations

import fcntl
import json
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TypeVar
from weakref import finalize

import structlog
from msgspec.json import Decoder

from gateway.core.bundles import Damaged, Entry
from gateway.core.checks import check
from gateway.core.documents import Address
from gateway.core.groups import Group, groups_of
from gateway.ports import cursor, position
from gateway.stores.files.durable import write_whole
from gateway.stores.files.sqlite import (
    is_damage,
    locked,
    make_database,
    open_database,
    remove_database,
    require_sound,
)

VERSION = 4
NUMBER, LISTED = ".number", ".listed"  # beside it

_TABLES = (
    "CREATE TABLE entry (address TEXT PRIMARY KEY, publisher TEXT NOT NULL, place TEXT NOT NULL,"
    " collection TEXT NOT NULL, position TEXT NOT NULL, told TEXT NOT NULL, checked BLOB NOT NULL)"
    " WITHOUT ROWID",
    "CREATE INDEX entry_place ON entry (place)",
    "CREATE INDEX entry_publisher ON entry (publisher, place)",
    "CREATE INDEX entry_position ON entry (publisher, collection, position)",
    "CREATE TABLE grouped (publisher TEXT, kind TEXT, name TEXT, place TEXT, address TEXT NOT NULL,"
    " PRIMARY KEY (publisher, kind, name, place)) WITHOUT ROWID",
    "CREATE INDEX grouped_address ON grouped (address)",
    "CREATE TABLE listed (mark TEXT NOT NULL)",
)
_PUT = "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)"
_GROUP = "INSERT INTO grouped VALUES (?, ?, ?, ?, ?)"
_DELETE = "DELETE FROM entry WHERE address = ?"
_UNGROUP = "DELETE FROM grouped WHERE address = ?"
_HAS = "SELECT 1 FROM entry WHERE address = ?"
_MARK = "SELECT mark FROM listed"
_ROW = "SELECT address, publisher, place, collection, position, told, checked FROM entry"
_ROW_OF = f"{_ROW} WHERE address = ?"
_PAGE = f"{_ROW} WHERE place < ? ORDER BY place DESC LIMIT ?"
_PAGE_OF = f"{_ROW} WHERE publisher = ? AND place < ? ORDER BY place DESC LIMIT ?"
_IN = "SELECT address FROM grouped WHERE publisher = ? AND kind = ? AND name = ? AND place < ?"
_PAGE_IN = f"{_ROW} WHERE address IN ({_IN} ORDER BY place DESC LIMIT ?) ORDER BY place DESC"
_GROUPS = (
    "SELECT kind, name, entry.address, entry.publisher, entry.place, collection, position, told,"
    " checked FROM entry JOIN grouped USING (address) WHERE grouped.publisher = ?"
    " GROUP BY kind, name ORDER BY kind, name"
)
_MEMBERS = (
    f"{_ROW} WHERE publisher = ? AND collection = ? AND position > ? ORDER BY position LIMIT ?"
)
_ALL = f"{_ROW} WHERE address > ? ORDER BY address LIMIT ?"
_TOP = "\U0010ffff"  # above every place

_log = structlog.get_logger()


T = TypeVar("T")
Entries = Callable[[], Iterable[Entry]]


class CatalogueTurn:
    """The one turn to change the catalogue, among all processes."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._beside = path.with_suffix(NUMBER)
        self.has_changed = False  # what lists are made of

    def put(self, entry: Entry) -> None:
        """Set an entry in its place; one that is there already changes nothing."""
        row = _row(entry)
        known = self._connection.execute(_ROW_OF, row[:1]).fetchone()
        if known != tuple(each if isinstance(each, bytes) else each.encode() for each in row):
            self.delete(entry.address)
            self._put((entry,))
            self.has_changed = True

    def _put(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self._connection.execute(_PUT, _row(entry))
            self._connection.executemany(_GROUP, _grouped(entry))

    def delete(self, address: Address) -> None:
        """Take an entry out."""
        for statement in (_DELETE, _UNGROUP):
            taken = self._connection.execute(statement, (str(address),)).rowcount
            self.has_changed |= taken > 0

    def has(self, address: Address) -> bool:
        """Return whether there is an entry of a document."""
        return self._connection.execute(_HAS, (str(address),)).fetchone() is not None

    def is_made(self) -> bool:
        """Return whether the tables are there, in this version, and made here."""
        number = _number(self._connection, "application_id")
        is_here = self._beside.exists() and self._beside.read_bytes() == b"%d" % number
        return is_here and _number(self._connection, "user_version") == VERSION

    def make(self, entries: Iterable[Entry]) -> None:
        """Make the catalogue anew of all entries."""
        for table in ("entry", "grouped", "listed"):
            self._connection.execute(f"DROP TABLE IF EXISTS {table}")
        for statement in _TABLES:
            self._connection.execute(statement)
        self._put(entries)
        self._connection.execute("INSERT INTO listed VALUES ('')")
        self.has_changed = True
        self._connection.execute(f"PRAGMA user_version = {VERSION}")
        number = secrets.randbits(31)
        self._connection.execute(f"PRAGMA application_id = {number}")
        write_whole(self._beside, b"%d" % number)

    def mark(self) -> bytes:
        """Return what tells the catalogue from those before, another if this turn changed it."""
        if self.has_changed:
            self._connection.execute("UPDATE listed SET mark = ?", (secrets.token_hex(16),))
        mark: bytes = self._connection.execute(_MARK).fetchone()[0]
        return mark


class Catalogue:
    """Entries by (published, address), newest first. Every method blocks: call it in a thread.

    all_entries: what to make the catalogue of where it is not there, in this version, and sound.
    Damage that shows only when it is met is met by a page, which then makes it anew as well; a
    turn raises Damaged.
    """

    def __init__(self, path: Path, all_entries: Entries) -> None:
        self._path = path
        self._all_entries = all_entries
        self._reading = _Connection(path)
        self._writing = _Connection(path)

    @contextmanager
    def turn(self) -> Iterator[CatalogueTurn]:
        """Wait for the turn and hold it; what it changed is durable at the end, or undone."""
        if not self._writing.is_sound():
            self._discard()
        with locked(self._path, fcntl.LOCK_SH), self._writing.held() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                turn = CatalogueTurn(connection, self._path)
                if not turn.is_made():
                    turn.make(self._all_entries())
                yield turn
                mark = turn.mark()
                connection.execute("COMMIT")
                self._tell_listed(mark)
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def scrub(self) -> None:
        """See to it that what was taken out is in no file beside it either."""
        with self._writing.held() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def page(
        self, publisher: str, before: str, limit: int, group: Group | None = None
    ) -> Sequence[Entry]:
        """Return entries whose place is below before ("" = all), from the top. Raises Damaged."""
        before = before or _TOP
        if group:
            return self._found(_PAGE_IN, publisher, *group, before, limit, group=group)
        if publisher:
            return self._found(_PAGE_OF, publisher, before, limit)
        return self._found(_PAGE, before, limit)

    def members(self, publisher: str, collection: str, after: str, limit: int) -> Sequence[Entry]:
        """Return entries of a collection whose position is above after, in its order."""
        return self._found(_MEMBERS, publisher, collection, after, limit)

    def groups(self, publisher: str) -> Sequence[Group]:
        """Return the groups of a publisher's entries, by kind and name."""
        return self._mended(partial(self._groups, publisher))

    def _groups(self, publisher: str) -> Sequence[Group]:
        with self._read() as connection:
            rows = connection.execute(_GROUPS, (publisher,)).fetchall()
        found = {Group(kind.decode(), name.decode()): _entry(*row) for kind, name, *row in rows}
        for group, entry in found.items():
            _require_in(group, entry)
        return [*found]

    def all(self, after: str, limit: int) -> Sequence[Entry]:
        """Return entries whose address is above after, by address."""
        return self._found(_ALL, after, limit)

    def _found(self, query: str, *wanted: str | int, group: Group | None = None) -> Sequence[Entry]:
        return self._mended(partial(self._rows, query, wanted, group))

    def _mended(self, read: Callable[[], Sequence[T]]) -> Sequence[T]:
        """Return what is read, once more where the catalogue had to be made anew for it."""
        try:
            return read()
        except Damaged:
            _tell()
            with self.turn() as turn:
                turn.make(self._all_entries())
            return read()

    def _rows(
        self, query: str, wanted: Sequence[str | int], group: Group | None
    ) -> Sequence[Entry]:
        with self._read() as connection:
            rows = connection.execute(query, wanted).fetchall()
        entries = [_entry(*row) for row in rows]
        return [_require_in(group, entry) for entry in entries] if group else entries

    def listed(self) -> str:
        """Return what tells the catalogue that there is from those before and after."""
        try:
            return self._path.with_suffix(LISTED).read_text()
        except FileNotFoundError:
            return ""

    def _tell_listed(self, mark: bytes) -> None:
        # After the commit: what was made of the catalogue before is then no longer good. Who died
        # before it is made good by the next turn. It need not survive a power cut, after which
        # nothing is left in memory.
        beside = self._path.with_suffix(LISTED)
        if not (beside.exists() and beside.read_bytes() == mark):
            write_whole(beside, mark, durable=False)

    def has(self, address: Address) -> bool:
        """Return whether there is an entry of a document."""
        with self._read() as connection:
            return CatalogueTurn(connection, self._path).has(address)

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        if not self._reading.is_made():
            with self.turn():
                pass
        with self._reading.held() as connection:
            yield connection

    def _discard(self) -> None:
        """Take the file away, unless another process has done so since."""
        with locked(self._path, fcntl.LOCK_EX):
            if self._writing.is_sound():
                return
            remove_database(self._path)
        _tell()


def _tell() -> None:
    if structlog.is_configured():  # the command line has no log
        _log.error("damage", thing="catalogue", state="made anew")


class _Connection:
    """A connection to the file in place, opened when first used; one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None
        self._inode = 0

    @contextmanager
    def held(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _telling_damage():
            try:
                yield self._current()
            except sqlite3.DatabaseError as error:
                if is_damage(error):
                    self._close()
                raise

    def is_sound(self) -> bool:
        """Return whether what is in place can be used; it is made where there is nothing."""
        try:
            with self.held():
                return True
        except Damaged:
            return False

    def is_made(self) -> bool:
        """Return whether what is in place can be used, and has the tables in this version."""
        try:
            with self.held() as connection:
                return CatalogueTurn(connection, self._path).is_made()
        except Damaged:
            return False

    def _current(self) -> sqlite3.Connection:
        make_database(self._path)
        inode = self._path.stat().st_ino
        if self._connection is None or inode != self._inode:
            self._close()
            self._connection = _open(self._path)
            self._inode = inode
            self._end = finalize(self, self._connection.close)
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection = None
            self._end()


def _open(path: Path) -> sqlite3.Connection:
    # An entry is acknowledged with its bundle, so it has to survive a power cut as well.
    connection = open_database(path)
    try:
        require_sound(connection)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _telling_damage() -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            raise Damaged("The catalogue is damaged.") from error
        raise


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    (number,) = connection.execute(f"PRAGMA {pragma}").fetchone()
    return int(number)


def _row(entry: Entry) -> tuple[str | bytes, ...]:
    told = json.dumps(asdict(entry), ensure_ascii=False)
    places = cursor(entry), entry.collection, position(entry)
    facts = str(entry.address), entry.address.publisher, *places, told
    return (*facts, check("entry", "\n".join(facts).encode()))


def _grouped(entry: Entry) -> Iterator[tuple[str, ...]]:
    for group in groups_of(entry):
        yield entry.address.publisher, *group, cursor(entry), str(entry.address)


def _require_in(group: Group, entry: Entry) -> Entry:
    if group not in groups_of(entry):
        raise Damaged("The catalogue is damaged.")
    return entry


def _entry(*row: bytes) -> Entry:
    *facts, checked = row
    if checked != check("entry", b"\n".join(facts)):
        raise Damaged("The catalogue is damaged.")
    return _ENTRY.decode(facts[-1])


_ENTRY = Decoder(Entry)
