"""What API keys may do and until when, sessions begun with them, epochs of tokens, and seeds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

Name = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("grant_", sa.Column("epoch", sa.Integer, nullable=False, server_default="0"))
    _keys()
    _sessions()
    _seeds()


def _keys() -> None:
    every = "publish,grant,read"
    op.add_column("publisher_key", sa.Column("label", sa.Text, nullable=False, server_default=""))
    op.add_column("publisher_key", sa.Column("may", Name, nullable=False, server_default=every))
    for name in ("expires", "ended_at", "used_at"):
        op.add_column("publisher_key", sa.Column(name, sa.BigInteger))
    op.create_index("ix_publisher_key_publisher", "publisher_key", ["publisher", "key_hash"])


def _sessions() -> None:
    op.create_table(
        "studio_session",
        sa.Column("id", Name, nullable=False),
        sa.Column("key_hash", Name, nullable=False),
        sa.Column("ends", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_studio_session"),
        sa.ForeignKeyConstraint(
            ["key_hash"], ["publisher_key.key_hash"], name="fk_studio_session_key_hash"
        ),
    )
    op.create_index("ix_studio_session_ends", "studio_session", ["ends"])


def _seeds() -> None:
    op.create_table(
        "seed",
        sa.Column("publisher", Name, nullable=False),
        sa.Column("key", Name, nullable=False),
        sa.Column("seed", Name, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("publisher", "key", name="pk_seed"),
    )
    op.create_index("ix_seed_at", "seed", ["at"])
