"""What publishers say of themselves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

Name = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "profile",
        sa.Column("publisher", Name, nullable=False),
        sa.Column("stamp", Name, nullable=False),
        sa.Column("blob", sa.LargeBinary, nullable=False),
        sa.Column("changes", sa.BigInteger, nullable=False),
        sa.Column("shown", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("publisher", name="pk_profile"),
        sa.ForeignKeyConstraint(["publisher"], ["publisher.name"], name="fk_profile_publisher"),
    )
    is_unshown = sa.column("shown") < sa.column("changes")
    op.create_index(
        "ix_profile_unshown",
        "profile",
        ["publisher"],
        sqlite_where=is_unshown,
        postgresql_where=is_unshown,
    )
