"""Where documents moved to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

Name = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("document", sa.Column("moved_to", Name))
    has_moved = sa.column("moved_to").is_not(None)
    op.create_index(
        "ix_document_moved",
        "document",
        ["publisher", "moved_to", "slug"],
        sqlite_where=has_moved,
        postgresql_where=has_moved,
    )
