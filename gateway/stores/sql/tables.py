"""The tables of the ledger, the same on SQLite and PostgreSQL. Every change is a migration too."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    column,
    true,
)

# Names and ids are compared byte by byte, whatever the language of the database.
Name = String().with_variant(String(collation="C"), "postgresql")

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)


def _index_where(name: str, condition: ColumnElement[bool], *columns: Column[Any]) -> Index:
    """Return an index of the rows that meet a condition."""
    return Index(name, *columns, sqlite_where=condition, postgresql_where=condition)


publisher = Table(
    "publisher",
    metadata,
    Column("name", Name, primary_key=True),
    Column("made_at", BigInteger, nullable=False),
)

profile = Table(
    "profile",  # what a publisher says of itself
    metadata,
    Column("publisher", Name, ForeignKey(publisher.c.name), primary_key=True),
    Column("stamp", Name, nullable=False),
    Column("blob", LargeBinary, nullable=False),
    # How often its pages came to say something else, and up to which time they were set again.
    Column("changes", BigInteger, nullable=False),
    Column("shown", BigInteger, nullable=False),
)
_index_where("ix_profile_unshown", column("shown") < column("changes"), profile.c.publisher)

publisher_key = Table(
    "publisher_key",
    metadata,
    Column("key_hash", Name, primary_key=True),
    Column("publisher", Name, ForeignKey(publisher.c.name), nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("label", Text, nullable=False),
    Column("may", Name, nullable=False),  # words of core.api_keys, with commas
    Column("expires", BigInteger),
    Column("ended_at", BigInteger),
    Column("used_at", BigInteger),
    Index("ix_publisher_key_publisher", "publisher", "key_hash"),
)

studio_session = Table(
    "studio_session",
    metadata,
    Column("id", Name, primary_key=True),
    Column("key_hash", Name, ForeignKey(publisher_key.c.key_hash), nullable=False),
    Column("ends", BigInteger, nullable=False),
    Index("ix_studio_session_ends", "ends"),
)

document = Table(
    "document",
    metadata,
    Column("publisher", Name, ForeignKey(publisher.c.name), primary_key=True),
    Column("slug", Name, primary_key=True),
    Column("current_edition", Name),  # null: deleted
    Column("is_unsettled", Boolean, nullable=False),  # the public projection may lag behind
    Column("made_at", BigInteger, nullable=False),
    Column("deleted_at", BigInteger),  # null: nothing of it waits to be erased
    Column("erasures", Integer, nullable=False, server_default="0"),  # odd: one is under way
    Column("moved_to", Name),  # a slug; null: it did not move
)
_index_where(
    "ix_document_moved",
    column("moved_to").is_not(None),
    document.c.publisher,
    document.c.moved_to,
    document.c.slug,
)
_index_where(
    "ix_document_deleted",
    column("deleted_at").is_not(None),
    document.c.deleted_at,
    document.c.publisher,
    document.c.slug,
)
_index_where(
    "ix_document_unsettled", column("is_unsettled") == true(), document.c.publisher, document.c.slug
)

edition = Table(
    "edition",
    metadata,
    Column("publisher", Name, primary_key=True),
    Column("slug", Name, primary_key=True),
    Column("id", Name, primary_key=True),
    Column("number", Integer, nullable=False),  # counts the editions of one document
    Column("made_at", BigInteger, nullable=False),
    Column("format", Name, nullable=False),
    Column("title", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("collection", Name, nullable=False),
    Column("public_digest", Text, nullable=False),
    Column("published", Text, nullable=False),
    Column("updated", Text, nullable=False),
    Column("sections", JSON, nullable=False),
    Column("source_digest", Text, nullable=False),
    Column("moved_to", Name),  # the slug where its document is; null: it is here
    ForeignKeyConstraint(["publisher", "slug"], [document.c.publisher, document.c.slug]),
    UniqueConstraint("publisher", "slug", "number"),
    Index("ix_edition_collection", "publisher", "collection", "slug"),
)
_index_where(
    "ix_edition_moved",
    column("moved_to").is_not(None),
    edition.c.publisher,
    edition.c.moved_to,
    edition.c.slug,
    edition.c.id,
)

grant = Table(
    "grant_",  # `grant` is a word of SQL
    metadata,
    Column("id", Name, primary_key=True),
    Column("publisher", Name, ForeignKey(publisher.c.name), nullable=False),
    Column("scope", Name, nullable=False),
    Column("subject", Name, nullable=False),
    Column("note", Text, nullable=False),
    Column("source", Name, nullable=False),
    Column("source_ref", Name),  # null: none, and then nothing has to be unique
    Column("starts", BigInteger, nullable=False),
    Column("ends", BigInteger),
    Column("devices", Integer, nullable=False),
    Column("parent", Name),  # a grant or a code; null: none
    Column("version", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),  # of its tokens: those of an earlier one are void
    Column("revoked_at", BigInteger),
    Column("made_at", BigInteger, nullable=False),
    UniqueConstraint("publisher", "source", "source_ref", "scope"),
    Index("ix_grant_parent", "parent"),
    Index("ix_grant_publisher", "publisher", "id"),
    Index("ix_grant_subject", "publisher", "subject", "id"),
    Index("ix_grant_scope", "publisher", "scope", "id"),
    Index("ix_grant_source", "publisher", "source", "id"),
)
_index_where(
    "ix_grant_source_ref",
    column("source_ref").is_not(None),
    grant.c.publisher,
    grant.c.source_ref,
    grant.c.id,
)

reader = Table(
    "reader",
    metadata,
    Column("id", Name, primary_key=True),
    Column("auth_epoch", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("made_at", BigInteger, nullable=False),
)

redemption = Table(
    "redemption",
    metadata,
    Column("reader", Name, ForeignKey(reader.c.id), primary_key=True),
    Column("grant", Name, ForeignKey(grant.c.id), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Index("ix_redemption_grant", "grant"),
)

answer = Table(
    "answer",
    metadata,
    Column("publisher", Name, primary_key=True),
    Column("key", Name, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
)

seed = Table(
    "seed",
    metadata,
    Column("publisher", Name, primary_key=True),
    Column("key", Name, primary_key=True),
    Column("seed", Name, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("ix_seed_at", "at"),
)

code = Table(
    "code",
    metadata,
    Column("id", Name, primary_key=True),
    Column("hash", Name, nullable=False),
    Column("publisher", Name, ForeignKey(publisher.c.name), nullable=False),
    Column("scope", Name, nullable=False),
    Column("max_uses", Integer, nullable=False),
    Column("uses", Integer, nullable=False),
    Column("term", BigInteger),
    Column("devices", Integer, nullable=False),
    Column("note", Text, nullable=False),
    Column("expires", BigInteger),
    Column("revoked_at", BigInteger),
    Column("made_at", BigInteger, nullable=False),
    UniqueConstraint("hash"),
    Index("ix_code_publisher", "publisher", "id"),
    Index("ix_code_scope", "publisher", "scope", "id"),
)

outbox = Table(
    "change",
    metadata,
    # Counted up for good: a number that is used again could be confirmed by mistake.
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True),
    Column("key", Name, nullable=False),
    Column("at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

signing_key = Table(
    "signing_key",
    metadata,
    Column("kid", Name, primary_key=True),
    Column("state", Name, nullable=False),
    Column("made_at", BigInteger, nullable=False),
)

anchor = Table(
    "audit",
    metadata,
    Column("chain", Name, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("hash", Name, nullable=False),
    Column("at", BigInteger, nullable=False),
)

authority_record = Table(
    "authority_record",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),  # there is one at most
    Column("id", Name, nullable=False),
    Column("kind", Name, nullable=False),
    Column("place", Text, nullable=False),
    Column("house", Name, nullable=False),
    Column("made_at", BigInteger, nullable=False),
)

attendance = Table(
    "attendance",
    metadata,
    Column("house", Name, primary_key=True),
    Column("times", BigInteger, nullable=False),
)

roll = Table(
    "roll",  # of workers that may answer from memory
    metadata,
    Column("worker", Name, primary_key=True),
    Column("doubt", Name, nullable=False),  # the word of whoever doubts that it lives
)

fingerprint = Table(
    "fingerprint",  # of what belongs to this ledger
    metadata,
    Column("what", Name, primary_key=True),
    Column("value", Name, nullable=False),
)
