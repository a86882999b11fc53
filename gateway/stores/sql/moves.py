"""What moves along with a document: its editions, and the rights and codes that name it."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select, update

from gateway.core.documents import Address
from gateway.core.rights import Scope, ScopeKind
from gateway.stores.sql import tables as t
from gateway.stores.sql.holders import touch
from gateway.stores.sql.record import SqlChange, batched, is_at


def followed(change: SqlChange, scope: Scope) -> Scope:
    """Return the scope of a document where it is now, and any other as it is."""
    if scope.address is None:
        return scope
    row = change.row(select(t.document.c.moved_to).where(is_at(t.document, scope.address)))
    return replace(scope, name=row["moved_to"]) if row and row["moved_to"] else scope


def move_editions(change: SqlChange, old: Address, new: Address) -> None:
    """Note of each edition of a document that moved, wherever it lies, where the document is."""
    edition = t.edition.c
    is_of_it = (edition.slug == old.slug) & edition.moved_to.is_(None)
    is_its = is_of_it | (edition.moved_to == old.slug)
    move = update(t.edition).where(edition.publisher == old.publisher)
    change.run(move.where(is_its).values(moved_to=new.slug))
    change.run(
        move.where(edition.slug == new.slug, edition.moved_to == new.slug).values(moved_to=None)
    )


def move_rights(change: SqlChange, old: Address, new: Address, at: int) -> None:
    """Let each right and code that names a document name it at its new address."""
    before, after = (str(Scope(a.publisher, ScopeKind.DOCUMENT, a.slug)) for a in (old, new))
    grant, other = t.grant.c, t.grant.alias().c
    # Whoever has the same right to the new address already needs no second one.
    same = (getattr(other, name) == getattr(grant, name) for name in _REFERENCE)
    has_it = select(other.id).where(*same, other.scope == after).exists()
    query = select(grant.id).where(grant.publisher == old.publisher, grant.scope == before, ~has_it)
    moving = [row["id"] for row in change.rows(query.order_by(grant.id).with_for_update())]
    for some in batched(moving):
        newer = {"scope": after, "version": grant.version + 1}
        change.run(update(t.grant).where(grant.id.in_(some)).values(newer))
    if moving:
        touch(change, moving, at)
    code = t.code.c
    is_it = (code.publisher == old.publisher) & (code.scope == before)
    change.run(update(t.code).where(is_it).values(scope=after))


_REFERENCE = ("publisher", "source", "source_ref")
