"""The ledger in SQL: each method is one transaction, durable when it returns."""

from __future__ import annotations

from gateway.stores.sql.codes import SqlCodes
from gateway.stores.sql.documents import SqlDocuments
from gateway.stores.sql.engines import open_engines
from gateway.stores.sql.examining import Examining
from gateway.stores.sql.grants import SqlGrants
from gateway.stores.sql.keys import SqlKeys
from gateway.stores.sql.profiles import SqlProfiles
from gateway.stores.sql.record import answering
from gateway.stores.sql.roll import SqlRoll
from gateway.stores.sql.schema import bring_up
from gateway.stores.sql.upkeep import Upkeep


async def open_ledger(url: str) -> SqlLedger:
    """Open the ledger at sqlite:///path or postgresql://…, its schema brought up to date.

    Raises Unavailable, NewerSchema.
    """
    with answering():
        engines = open_engines(url)
    try:
        with answering():
            await bring_up(engines)
    except BaseException:
        await engines.close()
        raise
    return SqlLedger(engines)


class SqlLedger(
    SqlDocuments, SqlGrants, SqlCodes, SqlKeys, SqlProfiles, Upkeep, SqlRoll, Examining
):
    """The ledger on SQLite or PostgreSQL."""
