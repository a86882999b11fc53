"""Engines for the ledger's two databases: the one place where they differ.

On SQLite a writer takes its turn when its transaction begins, so that none has to give up in the
middle; a read goes over to a thread and back once, for to go over costs more than to read. On
PostgreSQL writers lock the rows they change. On both a read is one statement and no more.
"""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, closing, nullcontext
from pathlib import Path
from typing import Any, TypeVar

from anyio import CapacityLimiter, Lock, fail_after, to_thread
from sqlalchemy import Connection, Table, create_engine, event, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from gateway.stores.files.sqlite import TIMEOUT, make_database, require_sound

# Private to this gateway among the advisory locks of a PostgreSQL database.
MIGRATING = 0x5061_6964

# Of a process, on SQLite. More would only contend for the interpreter; one alone would let a read
# that waits for the disk hold up all others.
READS_AT_ONCE = 2
CACHE = 512  # KiB of the database that a connection that reads keeps

SMALL = 16 << 20  # bytes of a database that is read through whenever it is opened

T = TypeVar("T")


class Engines(ABC):
    """A way to read, and an engine to write with."""

    def __init__(self, writing: AsyncEngine, turn: AbstractAsyncContextManager[Any]) -> None:
        self.writing = writing
        self.turn = turn  # of this process; SQLite alone needs it

    @abstractmethod
    async def read(self, work: Callable[[Connection], T]) -> T:
        """Return what comes of work that reads; each of its statements stands alone."""

    @abstractmethod
    async def examine(self, work: Callable[[Connection], T]) -> T:
        """Return what comes of work that reads all there is, however long that takes."""

    @abstractmethod
    def insert_new(self, table: Table) -> Any:
        """Return an insert that does nothing where a key is there already."""

    async def scrub(self) -> None:  # noqa: B027  a server tidies up by itself
        """See to it that what was taken out is in no file of this database's own either."""

    async def close(self) -> None:
        """Close every connection."""
        await self.writing.dispose()


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
        engine = create_async_engine(
            place.set(drivername="sqlite+aiosqlite"),
            hide_parameters=True,
            pool_timeout=timeout,
            connect_args={"timeout": timeout},
        )
        event.listen(engine.sync_engine, "connect", _set_up)
        event.listen(engine.sync_engine, "begin", _take_turn)
        # Within a process writers queue here: SQLite's own waiting is a sleep, and unfair.
        super().__init__(engine, Lock())
        self._reading = create_engine(
            place.set(drivername="sqlite+pysqlite"),
            hide_parameters=True,
            pool_size=READS_AT_ONCE,
            max_overflow=0,
            pool_timeout=timeout,
            skip_autocommit_rollback=True,
            connect_args={"timeout": timeout, "check_same_thread": False},
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

    async def scrub(self) -> None:
        await to_thread.run_sync(self._scrub)

    def _scrub(self) -> None:
        with closing(sqlite3.connect(self._path, timeout=self._patience)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def insert_new(self, table: Table) -> Any:
        return sqlite.insert(table).on_conflict_do_nothing()

    async def close(self) -> None:
        self._reading.dispose()
        await super().close()


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


def _take_turn(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


class _Postgresql(Engines):
    def __init__(self, address: URL, timeout: float) -> None:
        engine = create_async_engine(
            address.set(drivername="postgresql+asyncpg"),
            hide_parameters=True,
            pool_timeout=timeout,
            connect_args={"timeout": timeout, "command_timeout": timeout},
        )
        super().__init__(engine, nullcontext())
        self._reading = engine.execution_options(isolation_level="AUTOCOMMIT")

    async def read(self, work: Callable[[Connection], T]) -> T:
        async with self._reading.connect() as connection:
            return await connection.run_sync(work)

    async def examine(self, work: Callable[[Connection], T]) -> T:
        return await self.read(work)

    def insert_new(self, table: Table) -> Any:
        from sqlalchemy.dialects import postgresql  # slow to import, and often not needed

        return postgresql.insert(table).on_conflict_do_nothing()


def hold_schema(connection: Connection) -> None:
    """Be the only one who migrates, until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATING})
    # On SQLite a writer is alone as it is.
