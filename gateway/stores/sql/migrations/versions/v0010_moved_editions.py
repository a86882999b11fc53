"""Where the documents of editions moved to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

Name = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("edition", sa.Column("moved_to", Name))
    document = sa.table("document", *(sa.column(each) for each in _ADDRESS), sa.column("moved_to"))
    edition = sa.table("edition", *(sa.column(each) for each in _ADDRESS), sa.column("moved_to"))
    is_it = sa.and_(*(document.c[each] == edition.c[each] for each in _ADDRESS))
    place = sa.select(document.c.moved_to).where(is_it).scalar_subquery()
    op.execute(sa.update(edition).values(moved_to=place))
    has_moved = sa.column("moved_to").is_not(None)
    op.create_index(
        "ix_edition_moved",
        "edition",
        ["publisher", "moved_to", "slug", "id"],
        sqlite_where=has_moved,
        postgresql_where=has_moved,
    )


_ADDRESS = ("publisher", "slug")
