"""Codes, parents and versions of rights, the outbox of changes, signing keys, audit anchors."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

Name = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("edition", sa.Column("source_digest", sa.Text, nullable=False, server_default=""))
    op.create_index("ix_edition_collection", "edition", ["publisher", "collection", "slug"])
    op.add_column("grant_", sa.Column("parent", Name))
    op.add_column("grant_", sa.Column("version", sa.Integer, nullable=False, server_default="1"))
    op.create_index("ix_grant_parent", "grant_", ["parent"])
    op.add_column("reader", sa.Column("version", sa.Integer, nullable=False, server_default="1"))
    _codes()
    _changes()
    _keys()
    _anchors()


def _codes() -> None:
    op.create_table(
        "code",
        sa.Column("id", Name, nullable=False),
        sa.Column("hash", Name, nullable=False),
        sa.Column("publisher", Name, nullable=False),
        sa.Column("scope", Name, nullable=False),
        sa.Column("max_uses", sa.Integer, nullable=False),
        sa.Column("uses", sa.Integer, nullable=False),
        sa.Column("term", sa.BigInteger),
        sa.Column("devices", sa.Integer, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("expires", sa.BigInteger),
        sa.Column("revoked_at", sa.BigInteger),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_code"),
        sa.ForeignKeyConstraint(["publisher"], ["publisher.name"], name="fk_code_publisher"),
        sa.UniqueConstraint("hash", name="uq_code_hash"),
    )
    op.create_index("ix_code_publisher", "code", ["publisher", "id"])
    op.create_index("ix_code_scope", "code", ["publisher", "scope", "id"])


def _changes() -> None:
    op.create_table(
        "change",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.Identity(), nullable=False
        ),
        sa.Column("key", Name, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_change"),
        sqlite_autoincrement=True,
    )


def _keys() -> None:
    op.create_table(
        "signing_key",
        sa.Column("kid", Name, nullable=False),
        sa.Column("state", Name, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("kid", name="pk_signing_key"),
    )


def _anchors() -> None:
    op.create_table(
        "audit",
        sa.Column("chain", Name, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("hash", Name, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("chain", name="pk_audit"),
    )
