"""When documents were deleted, and how often they were erased."""

from __future__ import annotations

from time import time

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("document", sa.Column("deleted_at", sa.BigInteger))
    op.add_column("document", sa.Column("erasures", sa.Integer, nullable=False, server_default="0"))
    # When they were deleted is not on record: their time begins now.
    document = sa.table(
        "document", sa.column("current_edition"), sa.column("deleted_at", sa.BigInteger)
    )
    is_deleted = document.c.current_edition.is_(None)
    op.execute(sa.update(document).where(is_deleted).values(deleted_at=int(time())))
    is_waiting = sa.column("deleted_at").is_not(None)
    op.create_index(
        "ix_document_deleted",
        "document",
        ["deleted_at", "publisher", "slug"],
        sqlite_where=is_waiting,
        postgresql_where=is_waiting,
    )
