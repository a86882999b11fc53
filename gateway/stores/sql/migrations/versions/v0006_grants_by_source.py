"""Grants are found by their source, and by their reference in it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_index("ix_grant_source", "grant_", ["publisher", "source", "id"])
    is_named = sa.column("source_ref").is_not(None)
    op.create_index(
        "ix_grant_source_ref",
        "grant_",
        ["publisher", "source_ref", "id"],
        sqlite_where=is_named,
        postgresql_where=is_named,
    )
