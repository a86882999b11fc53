"""Whose rights change with a grant: whoever bears its token, and the readers that hold it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update

from gateway.core.cache_keys import grant_key, reader_key
from gateway.stores.sql import tables as t
from gateway.stores.sql.record import SqlChange, batched


def touch(change: SqlChange, grants: Sequence[str], at: int) -> None:
    """Note the holders of grants as changed: the grants themselves, and their readers."""
    redemption = t.redemption.c
    readers: set[str] = set()
    for some in batched(grants):
        query = select(redemption.reader).where(redemption.grant.in_(some)).distinct()
        readers |= {row["reader"] for row in change.rows(query)}
    raise_readers(change, sorted(readers))
    change.note([*map(grant_key, grants), *map(reader_key, readers)], at)


def raise_readers(change: SqlChange, readers: Sequence[str]) -> None:
    """Raise the versions of readers, whose rights have changed."""
    known = t.reader.c
    newer = {"version": known.version + 1}
    for some in batched(readers):
        change.run(update(t.reader).where(known.id.in_(some)).values(newer))
