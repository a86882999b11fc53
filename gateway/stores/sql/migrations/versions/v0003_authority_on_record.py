"""The authority that workers go by, and which houses serve."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

Name = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "authority_record",
        sa.Column("one", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("id", Name, nullable=False),
        sa.Column("kind", Name, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("house", Name, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_authority_record"),
    )
    op.create_table(
        "attendance",
        sa.Column("house", Name, nullable=False),
        sa.Column("times", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house", name="pk_attendance"),
    )
