"""Fingerprints of what belongs to this ledger: the root secret."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

Name = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "fingerprint",
        sa.Column("what", Name, nullable=False),
        sa.Column("value", Name, nullable=False),
        sa.PrimaryKeyConstraint("what", name="pk_fingerprint"),
    )
