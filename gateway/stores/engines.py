"""Engines for the ledger's two databases: the one place where they differ.

On SQLite a writer takes its turn when its transaction begins, so that none has to give up in the
middle. On PostgreSQL writers lock the rows they change, and a read is one statement and no more.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anyio import Lock
from sqlalchemy import Connection, Table, event, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from gateway.stores.sqlite_files import PATIENCE, make_database

# Private to this gateway among the advisory locks of a PostgreSQL database.
MIGRATING = 0x5061_6964


@dataclass(frozen=True, slots=True)
class Engines:
    """An engine to read with and one to write with, on one pool of connections."""

    reading: AsyncEngine
    writing: AsyncEngine
    turn: AbstractAsyncContextManager[Any]  # of this process; SQLite alone needs it

    def insert_new(self, table: Table) -> Any:
        """Return an insert that does nothing where a key is there already."""
        if self.writing.dialect.name == "sqlite":
            return sqlite.insert(table).on_conflict_do_nothing()
        from sqlalchemy.dialects import postgresql  # slow to import, and often not needed

        return postgresql.insert(table).on_conflict_do_nothing()

    async def close(self) -> None:
        """Close every connection."""
        await self.writing.dispose()


def open_engines(url: str, patience: float = PATIENCE) -> Engines:
    """Return engines for sqlite:///path or postgresql://…; nothing connects yet.

    patience: seconds to wait for a connection, for a turn, for an answer. Raises OSError where
    the SQLite file cannot be made.
    """
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        return _sqlite(address, patience)
    return _postgresql(address, patience)


def _sqlite(address: URL, patience: float) -> Engines:
    make_database(Path(address.database or ""))
    engine = create_async_engine(
        address.set(drivername="sqlite+aiosqlite"),
        hide_parameters=True,
        pool_timeout=patience,
        connect_args={"timeout": patience},
    )
    event.listen(engine.sync_engine, "connect", _set_up)
    writing = engine.execution_options()
    event.listen(writing.sync_engine, "begin", _take_turn)
    # Within a process writers queue here: SQLite's own waiting is a sleep, and unfair.
    return Engines(engine, writing, Lock())


def _set_up(connection: Any, _: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _take_turn(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _postgresql(address: URL, patience: float) -> Engines:
    engine = create_async_engine(
        address.set(drivername="postgresql+asyncpg"),
        hide_parameters=True,
        pool_timeout=patience,
        connect_args={"timeout": patience, "command_timeout": patience},
    )
    reading = engine.execution_options(isolation_level="AUTOCOMMIT")
    return Engines(reading, engine, nullcontext())


def hold_schema(connection: Connection) -> None:
    """Be the only one who migrates, until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATING})
    # On SQLite a writer is alone as it is.
