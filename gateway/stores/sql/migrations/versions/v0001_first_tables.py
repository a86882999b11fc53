"""Publishers, documents, grants and readers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

Name = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    _publishers()
    _documents()
    _grants()
    _readers()
    _answers()


def _publishers() -> None:
    op.create_table(
        "publisher",
        sa.Column("name", Name, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_publisher"),
    )
    op.create_table(
        "publisher_key",
        sa.Column("key_hash", Name, nullable=False),
        sa.Column("publisher", Name, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name="pk_publisher_key"),
        sa.ForeignKeyConstraint(
            ["publisher"], ["publisher.name"], name="fk_publisher_key_publisher"
        ),
    )


def _documents() -> None:
    op.create_table(
        "document",
        sa.Column("publisher", Name, nullable=False),
        sa.Column("slug", Name, nullable=False),
        sa.Column("current_edition", Name),
        sa.Column("is_unsettled", sa.Boolean, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("publisher", "slug", name="pk_document"),
        sa.ForeignKeyConstraint(["publisher"], ["publisher.name"], name="fk_document_publisher"),
    )
    unsettled = sa.column("is_unsettled") == sa.true()
    op.create_index(
        "ix_document_unsettled",
        "document",
        ["publisher", "slug"],
        sqlite_where=unsettled,
        postgresql_where=unsettled,
    )
    op.create_table(
        "edition",
        sa.Column("publisher", Name, nullable=False),
        sa.Column("slug", Name, nullable=False),
        sa.Column("id", Name, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("format", Name, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("collection", Name, nullable=False),
        sa.Column("public_digest", sa.Text, nullable=False),
        sa.Column("published", sa.Text, nullable=False),
        sa.Column("updated", sa.Text, nullable=False),
        sa.Column("sections", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("publisher", "slug", "id", name="pk_edition"),
        sa.ForeignKeyConstraint(
            ["publisher", "slug"],
            ["document.publisher", "document.slug"],
            name="fk_edition_publisher_slug",
        ),
        sa.UniqueConstraint("publisher", "slug", "number", name="uq_edition_publisher_slug_number"),
    )


def _grants() -> None:
    op.create_table(
        "grant_",
        sa.Column("id", Name, nullable=False),
        sa.Column("publisher", Name, nullable=False),
        sa.Column("scope", Name, nullable=False),
        sa.Column("subject", Name, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("source", Name, nullable=False),
        sa.Column("source_ref", Name),
        sa.Column("starts", sa.BigInteger, nullable=False),
        sa.Column("ends", sa.BigInteger),
        sa.Column("devices", sa.Integer, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_grant_"),
        sa.ForeignKeyConstraint(["publisher"], ["publisher.name"], name="fk_grant__publisher"),
        sa.UniqueConstraint(
            "publisher",
            "source",
            "source_ref",
            "scope",
            name="uq_grant__publisher_source_source_ref_scope",
        ),
    )
    op.create_index("ix_grant_publisher", "grant_", ["publisher", "id"])
    op.create_index("ix_grant_subject", "grant_", ["publisher", "subject", "id"])
    op.create_index("ix_grant_scope", "grant_", ["publisher", "scope", "id"])


def _readers() -> None:
    op.create_table(
        "reader",
        sa.Column("id", Name, nullable=False),
        sa.Column("auth_epoch", sa.Integer, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reader"),
    )
    op.create_table(
        "redemption",
        sa.Column("reader", Name, nullable=False),
        sa.Column("grant", Name, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("reader", "grant", name="pk_redemption"),
        sa.ForeignKeyConstraint(["reader"], ["reader.id"], name="fk_redemption_reader"),
        sa.ForeignKeyConstraint(["grant"], ["grant_.id"], name="fk_redemption_grant"),
    )
    op.create_index("ix_redemption_grant", "redemption", ["grant"])


def _answers() -> None:
    op.create_table(
        "answer",
        sa.Column("publisher", Name, nullable=False),
        sa.Column("key", Name, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("publisher", "key", name="pk_answer"),
    )
