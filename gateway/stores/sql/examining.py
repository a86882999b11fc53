"""Whether what is on record can be read and is in order, as far as the record can tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, select, text

from gateway.core.errors import GatewayError
from gateway.core.tokens import KeyState
from gateway.stores.sql import tables as t
from gateway.stores.sql.record import SqlRecord, answering
from gateway.stores.sql.rows import code_of, edition_of, grant_of, key_of, profile_of

MOST = 20  # faults of one table that are told
BATCH = 1_000  # rows in memory at a time

_READ: dict[Table, Callable[[RowMapping], Any]] = {
    t.edition: edition_of,
    t.grant: grant_of,
    t.code: code_of,
    t.publisher_key: key_of,
    t.profile: profile_of,
    t.signing_key: lambda row: KeyState(row["state"]),
}


class Examining(SqlRecord):
    """The part of the ledger that reads all of it."""

    async def examine(self) -> Sequence[str]:
        """Read all that is on record; return what of it cannot be right, in words."""
        with answering():
            return await self._engines.examine(_faults)


def _faults(connection: Connection) -> list[str]:
    faults = list(_file_faults(connection)) if connection.dialect.name == "sqlite" else []
    for table in t.metadata.sorted_tables:
        faults += list(_row_faults(connection, table))[:MOST]
    return faults


def _file_faults(connection: Connection) -> Iterator[str]:
    for (told,) in connection.execute(text(f"PRAGMA integrity_check({MOST})")):
        if told != "ok":
            yield f"the file: {told}"
    for row in connection.execute(text("PRAGMA foreign_key_check")):
        yield f"{row[0]}: a row names one of {row[2]} that is not there"


def _row_faults(connection: Connection, table: Table) -> Iterator[str]:
    read = _READ.get(table, dict)
    key = [column.name for column in table.primary_key]
    for row in connection.execute(select(table)).mappings().yield_per(BATCH):
        try:
            read(row)
        except (GatewayError, ValueError, TypeError, KeyError):
            yield f"{table.name}: {' '.join(str(row[name]) for name in key)} cannot be read"
