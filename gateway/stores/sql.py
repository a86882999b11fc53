"""The ledger in SQL: each method is one transaction, durable when it returns."""

from __future__ import annotations

from gateway.stores.engines import open_engines
from gateway.stores.record import answering
from gateway.stores.schema import bring_up
from gateway.stores.sql_codes import Codes
from gateway.stores.sql_documents import Documents
from gateway.stores.sql_examining import Examining
from gateway.stores.sql_grants import Grants
from gateway.stores.sql_keys import Keys
from gateway.stores.sql_roll import Roll
from gateway.stores.sql_upkeep import Upkeep
from gateway.stores.sqlite_files import PATIENCE


async def open_ledger(url: str, patience: float = PATIENCE) -> SqlLedger:
    """Open the ledger at sqlite:///path or postgresql://…, its schema brought up to date.

    patience: seconds to wait for a connection, for a turn to write, for an answer.
    Raises Unavailable, NewerSchema.
    """
    with answering():
        engines = open_engines(url, patience)
    try:
        with answering():
            await bring_up(engines)
    except BaseException:
        await engines.close()
        raise
    return SqlLedger(engines)


class SqlLedger(Documents, Grants, Codes, Keys, Upkeep, Roll, Examining):
    """The ledger on SQLite or PostgreSQL."""
