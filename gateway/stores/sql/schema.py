"""The version of the ledger's schema: looked at when the ledger is opened, raised by migrations.

Alembic imports slowly, so it is imported only where there is something to do.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from gateway.core.errors import GatewayError
from gateway.stores.sql.engines import Engines, hold_schema

if TYPE_CHECKING:
    from alembic.config import Config

# Revisions are numbers of four digits, so that their order is the order of their names.
HEAD = "0011"
MIGRATIONS = Path(__file__).with_name("migrations")


class NewerSchema(GatewayError):
    """Raised when a newer gateway has raised the schema of this ledger."""

    hint = "Run the newer gateway, or restore a backup that was made before it ran."

    def __init__(self, version: str) -> None:
        super().__init__(
            f"The ledger has schema {version}, and this gateway knows up to {HEAD} only."
        )


async def bring_up(engines: Engines) -> None:
    """Raise the schema to HEAD, one process at a time. Raises NewerSchema."""
    if await engines.read(stored_version) == HEAD:
        return
    await engines.change(_migrate)


def _migrate(connection: Connection) -> None:
    hold_schema(connection)
    version = stored_version(connection)
    if version > HEAD:
        raise NewerSchema(version)
    if version < HEAD:
        from alembic import command

        command.upgrade(alembic_config(connection), "head")


def stored_version(connection: Connection) -> str:
    """Return the revision of a ledger's schema, "" for an empty ledger."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


def alembic_config(connection: Connection | None = None) -> Config:
    """Return what Alembic needs to migrate on a connection, within its transaction."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config
