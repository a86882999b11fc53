"""Engines for the ledger's two databases: the one place where they differ.

On SQLite a read and a change each go over to a thread and back once, for to go over costs more than
to read; changes wait in a queue, and are made several at once. On PostgreSQL writers lock the rows
they change. On both a read is one statement and no more.
"""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from anyio import CancelScope, CapacityLimiter, fail_after, to_thread
from sqlalchemy import Connection, Table, create_engine, event, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL, make_url

from gateway.stores.files.sqlite import TIMEOUT, make_database, require_sound
from gateway.stores.sql.changes import Changes
from gateway.stores.sql.turns import Turn

# Private to this gateway among the advisory locks of a PostgreSQL database.
MIGRATING = 0x5061_6964

# Of a process, on SQLite. More would only contend for the interpreter; one alone would let a read
# that waits for the disk hold up all others.
READS_AT_ONCE = 2
CACHE = 512  # KiB of the database that a connection that reads keeps

SMALL = 16 << 20  # bytes of a database that is read through whenever it is opened

T = TypeVar("T")


class Engines(ABC):
    """A way to read, and a way to change."""

    @abstractmethod
    async def read(self, work: Callable[[Connection], T]) -> T:
        """Return what comes of work that reads; each of its statements stands alone."""

    @abstractmethod
    async def examine(self, work: Callable[[Connection], T]) -> T:
        """Return what comes of work that reads all there is, however long that takes."""

    @abstractmethod
    async def change(self, work: Callable[[Connection], T]) -> T:
        """Return what comes of work in a transaction of its own, once it is durable.

        If the work raises, nothing of it is done. Cancelled, a change that has begun is made or
        undone before the caller is.
        """

    @abstractmethod
    def insert_new(self, table: Table) -> Any:
        """Return an insert that does nothing where a key is there already."""

    async def scrub(self) -> None:  # noqa: B027  a server tidies up by itself
        """See to it that what was taken out is in no file of this database's own either."""

    @abstractmethod
    async def close(self) -> None:
        """Close every connection."""


def open_engines(url: str, timeout: float = TIMEOUT) -> Engines:
    """Return engines for sqlite:///path or postgresql://…; nothing connects yet.

    patience: seconds to wait for a connection, for a turn, for an answer. Raises OSError where
    the SQLite file cannot be made, and sqlite3.Error where it is damaged.
    """
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        return _Sqlite(address, timeout)
    return _Postgresql(address, timeout)


class _Sqlite(Engines):
    def __init__(self, address: URL, timeout: float) -> None:
        path = self._path = Path(address.database or "").absolute()
        make_database(path)
        if path.stat().st_size <= SMALL:
            with closing(sqlite3.connect(path, timeout=timeout)) as connection:
                require_sound(connection)
        # Never made by connecting: it would be empty, and anybody's to read.
        place = address.set(database=path.as_uri()).update_query_dict({"uri": "true", "mode": "rw"})
        options: dict[str, Any] = {
            "hide_parameters": True,
            "max_overflow": 0,
            "pool_timeout": timeout,
            "connect_args": {"timeout": timeout, "check_same_thread": False},
        }
        place = place.set(drivername="sqlite+pysqlite")
        self._writing = create_engine(place, pool_size=1, **options)
        event.listen(self._writing, "connect", _set_up)
        event.listen(self._writing, "begin", _begin)
        # SQLite's own waiting is a sleep, and unfair.
        self._changes = Changes(self._writing, Turn(path))
        self._reading = create_engine(
            place, pool_size=READS_AT_ONCE, skip_autocommit_rollback=True, **options
        )
        event.listen(self._reading, "connect", _set_up)
        event.listen(self._reading, "connect", _only_read)
        # Theirs alone: reads wait for each other, and not for whatever else takes a thread.
        self._threads = CapacityLimiter(READS_AT_ONCE)
        self._patience = timeout

    async def read(self, work: Callable[[Connection], T]) -> T:
        with fail_after(self._patience):
            return await to_thread.run_sync(self._lend, work, limiter=self._threads)

    async def examine(self, work: Callable[[Connection], T]) -> T:
        return await to_thread.run_sync(self._lend, work)

    def _lend(self, work: Callable[[Connection], T]) -> T:
        with self._reading.connect() as connection:
            return work(connection)

    async def change(self, work: Callable[[Connection], T]) -> T:
        return await self._changes.make(work)

    async def scrub(self) -> None:
        await to_thread.run_sync(self._scrub)

    def _scrub(self) -> None:
        with closing(sqlite3.connect(self._path, timeout=self._patience)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def insert_new(self, table: Table) -> Any:
        return sqlite.insert(table).on_conflict_do_nothing()

    async def close(self) -> None:
        await self._changes.close()
        self._writing.dispose()
        self._reading.dispose()


def _set_up(connection: Any, _: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten
    cursor.close()


def _only_read(connection: Any, _: object) -> None:
    connection.execute("PRAGMA query_only = ON").close()
    # The kernel has the file in its memory once for all; what a worker has, it has once more.
    connection.execute(f"PRAGMA cache_size = -{CACHE}").close()


def _begin(connection: Connection) -> None:
    # A writer locks when it begins, so that none has to give up in the middle.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


class _Postgresql(Engines):
    def __init__(self, address: URL, timeout: float) -> None:
        # Slow to import, for it brings all that maps objects, and often not needed.
        from sqlalchemy.ext.asyncio import create_async_engine

        self._writing = create_async_engine(
            address.set(drivername="postgresql+asyncpg"),
            hide_parameters=True,
            pool_timeout=timeout,
            connect_args={"timeout": timeout, "command_timeout": timeout},
        )
        self._reading = self._writing.execution_options(isolation_level="AUTOCOMMIT")

    async def read(self, work: Callable[[Connection], T]) -> T:
        async with self._reading.connect() as connection:
            return await connection.run_sync(work)

    async def examine(self, work: Callable[[Connection], T]) -> T:
        return await self.read(work)

    async def change(self, work: Callable[[Connection], T]) -> T:
        # Once begun it is not cut off: what then became of it nobody could tell.
        with CancelScope(shield=True):
            async with self._writing.begin() as connection:
                done = await connection.run_sync(work)
        return done

    async def close(self) -> None:
        await self._writing.dispose()

    def insert_new(self, table: Table) -> Any:
        from sqlalchemy.dialects import postgresql  # slow to import, and often not needed

        return postgresql.insert(table).on_conflict_do_nothing()


def hold_schema(connection: Connection) -> None:
    """Be the only one who migrates, until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATING})
    # On SQLite a writer is alone as it is.
