"""Who may answer from memory."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

Name = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "roll",
        sa.Column("worker", Name, nullable=False),
        sa.Column("doubt", Name, nullable=False),
        sa.PrimaryKeyConstraint("worker", name="pk_roll"),
    )
