"""Documents and their editions on record."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Select, Update, delete, func, select, tuple_, update

from gateway.core.cache_keys import document_key
from gateway.core.documents import Address
from gateway.core.errors import Missing, Stale
from gateway.ports import Edition
from gateway.stores.sql import tables as t
from gateway.stores.sql.moves import move_editions, move_rights
from gateway.stores.sql.record import SqlChange, SqlRecord, answering, changing, is_at, is_same
from gateway.stores.sql.rows import edition_of, edition_row


class SqlDocuments(SqlRecord):
    """The part of the ledger that knows what is published."""

    async def current(self, address: Address) -> Edition | None:
        """Return the current edition, None where there is no document or it is deleted."""
        row = await self._row(_current().where(is_at(t.document, address)))
        return edition_of(row) if row else None

    async def edition(self, address: Address, edition: str) -> Edition | None:
        """Return an edition, current or not."""
        is_it = _is_of(address) & (t.edition.c.id == edition)
        row = await self._row(select(t.edition).where(is_it))
        return edition_of(row) if row else None

    async def editions(self, address: Address, before: str, limit: int) -> Sequence[Edition]:
        """Return editions, newest first, that come after `before` in that order ("" = all)."""
        query = select(t.edition).where(_is_of(address))
        if before:
            mark = t.edition.alias()
            is_mark = is_at(mark, address) & (mark.c.id == before)
            place = select(mark.c.number).where(is_mark).scalar_subquery()
            query = query.where(t.edition.c.number < place)
        rows = await self._rows(query.order_by(t.edition.c.number.desc()).limit(limit))
        return [edition_of(row) for row in rows]

    async def documents(
        self, publisher: str, after: str, limit: int, *, collection: str = ""
    ) -> Sequence[Edition]:
        """Return the current editions of a publisher's documents with slug > after, by slug."""
        # First the page and then its editions: joined at once, a planner may read them all.
        page = _listed(publisher, after, limit, collection).subquery("page")
        is_it = is_same(t.edition, page) & (t.edition.c.id == page.c.id)
        rows = await self._rows(select(t.edition).join(page, is_it))
        return [edition_of(row) for row in sorted(rows, key=itemgetter("slug"))]

    async def all_editions(self, after: Edition | None, limit: int) -> Sequence[Edition]:
        """Return editions of all documents, deleted ones too, by address and id, after one."""
        edition = t.edition.c
        place = edition.publisher, edition.slug, edition.id
        query = select(t.edition)
        if after:
            query = query.where(tuple_(*place) > tuple_(*after.address, after.id))
        rows = await self._rows(query.order_by(*place).limit(limit))
        return [edition_of(row) for row in rows]

    @changing
    def make_current(
        self, change: SqlChange, edition: Edition, expected: str | None, erasures: int = 0
    ) -> None:
        """Record the edition if new, make it current, and note its projection as unsettled.

        Raises Stale.
        """
        change.have(t.publisher, name=edition.address.publisher, made_at=edition.made_at)
        _put_current(change, edition, expected, erasures)

    @changing
    def rename(self, change: SqlChange, before: Edition, after: Edition, erasures: int = 0) -> None:
        """Record an edition at another address, and that the document of `before` moved there.

        Raises Stale.
        """
        old, new, at = before.address, after.address, after.made_at
        for address in sorted((old, new)):  # whoever renames the other way locks in this order too
            change.current(address)
        _put_current(change, after, None, erasures)
        change.point(old, before.id, None, moved_to=new.slug)
        moved = t.document.c.moved_to
        along = update(t.document).where(t.document.c.publisher == old.publisher, moved == old.slug)
        change.run(along.values(moved_to=new.slug, is_unsettled=True))
        move_editions(change, old, new)
        change.note([document_key(old)], at)
        move_rights(change, old, new, at)

    async def moved(self, address: Address) -> str:
        """Return the slug to which a document moved, "" for one that did not."""
        row = await self._row(select(t.document.c.moved_to).where(is_at(t.document, address)))
        return (row["moved_to"] or "") if row else ""

    async def former(self, address: Address) -> Sequence[Address]:
        """Return the addresses from which documents moved to one, in order."""
        document = t.document.c
        is_from = (document.publisher == address.publisher) & (document.moved_to == address.slug)
        rows = await self._rows(select(document.slug).where(is_from).order_by(document.slug))
        return [Address(address.publisher, row["slug"]) for row in rows]

    @changing
    def remove(
        self, change: SqlChange, address: Address, expected: str, at: int | None = None
    ) -> None:
        """Delete a document and note its projection as unsettled. Raises Stale."""
        change.point(address, expected, None, at)
        change.note([document_key(address)], 0)

    async def waiting(self, deleted: int, limit: int) -> Sequence[Address]:
        """Return documents that were deleted until then, or whose erasure has begun, in order."""
        document = t.document.c
        place = document.deleted_at, document.publisher, document.slug
        query = select(*place).where(document.deleted_at <= deleted).order_by(*place).limit(limit)
        return [Address(row["publisher"], row["slug"]) for row in await self._rows(query)]

    async def erasures(self, address: Address) -> int:
        """Return how often the erasure of a document has begun and ended: odd while one runs."""
        row = await self._row(select(t.document.c.erasures).where(is_at(t.document, address)))
        return int(row["erasures"]) if row else 0

    @changing
    def begin_erasing(self, change: SqlChange, address: Address, expected: str | None) -> None:
        """Delete a document with the record of every edition, and note that it is being erased.

        Raises Stale, and Missing where nothing is on record.
        """
        change.current(address)  # its lock
        number = _erasures(change, address)
        editions = change.run(delete(t.edition).where(_is_of(address)))
        if not editions and number % 2 == 0:
            raise Missing("document")
        change.point(address, expected, None, 0)
        change.run(_counted(address).values(erasures=number + 1 - number % 2))
        change.note([document_key(address)], 0)

    @changing
    def end_erasing(self, change: SqlChange, address: Address, erasures: int) -> None:
        """Note that all that was kept of a document is gone, if that is still the same erasure."""
        is_it = t.document.c.erasures == erasures
        after = {"erasures": erasures + 1, "deleted_at": None}
        change.current(address)
        if erasures % 2:
            change.run(_counted(address).where(is_it).values(after))
            change.run(delete(t.edition).where(_is_elsewhere(address)))

    async def elsewhere(self, address: Address) -> Sequence[Edition]:
        """Return the editions of a document that lie where it was before."""
        order = t.edition.c.slug, t.edition.c.id
        rows = await self._rows(select(t.edition).where(_is_elsewhere(address)).order_by(*order))
        return [edition_of(row) for row in rows]

    async def of_others(self, address: Address) -> Collection[str]:
        """Return the ids of editions that lie at an address and are not of its document."""
        query = select(t.edition.c.id).where(is_at(t.edition, address), ~_is_of(address))
        return {row["id"] for row in await self._rows(query)}

    async def scrub(self) -> None:
        """See to it that what was taken off the record is in no file of its own either."""
        with answering():
            await self._engines.scrub()

    async def unsettled(self, limit: int, after: Address | None = None) -> Sequence[Address]:
        """Return addresses whose public projection may lag behind the record, in order.

        Only those after an address, if one is given.
        """
        document = t.document.c
        place = document.publisher, document.slug
        query = select(*place).where(document.is_unsettled)
        if after:
            query = query.where(tuple_(*place) > tuple_(*after))
        rows = await self._rows(query.order_by(*place).limit(limit))
        return [Address(**row) for row in rows]

    @changing
    def settle(
        self, change: SqlChange, address: Address, edition: str | None, moved: str = ""
    ) -> bool:
        """Forget that address is unsettled, if `edition` (None: deleted) is still current."""
        query = select(t.document.c.current_edition, t.document.c.moved_to)
        row = change.row(query.where(is_at(t.document, address)).with_for_update())
        current, place = tuple(row.values()) if row else (None, None)
        is_so = (current, place or "") == (edition, moved)
        if is_so:
            change.settle(address)
        return is_so


def _put_current(change: SqlChange, edition: Edition, expected: str | None, erasures: int) -> None:
    address, at = edition.address, edition.made_at
    change.have(t.document, **address._asdict(), is_unsettled=True, made_at=at)
    if (expected is None and _erasures(change, address) != erasures) or erasures % 2:
        raise Stale(None)
    change.point(address, expected, edition.id)
    # Counted under the document's lock, so no two editions have one number.
    number = select(func.coalesce(func.max(t.edition.c.number), 0) + 1)
    number = number.where(is_at(t.edition, address))
    change.have(t.edition, **edition_row(edition), number=number.scalar_subquery())
    is_it = is_at(t.edition, address) & (t.edition.c.id == edition.id)
    change.run(
        update(t.edition).where(is_it, t.edition.c.moved_to.is_not(None)).values(moved_to=None)
    )
    change.note([document_key(address)], at)


def _is_of(address: Address) -> ColumnElement[bool]:
    """Return the condition that an edition is of the document that is at an address, or was last.

    Whatever lies there besides is of one that was there before.
    """
    place = select(t.document.c.moved_to).where(is_at(t.document, address)).scalar_subquery()
    return is_at(t.edition, address) & t.edition.c.moved_to.is_not_distinct_from(place)


def _is_elsewhere(address: Address) -> ColumnElement[bool]:
    edition = t.edition.c
    return (edition.publisher == address.publisher) & (edition.moved_to == address.slug)


def _erasures(change: SqlChange, address: Address) -> int:
    query = select(t.document.c.erasures).where(is_at(t.document, address))
    row = change.row(query.with_for_update())
    return int(row["erasures"]) if row else 0


def _counted(address: Address) -> Update:
    return update(t.document).where(is_at(t.document, address))


def _current() -> Select[Any]:
    document, edition = t.document, t.edition.c
    is_it = is_same(t.edition, document) & (edition.id == document.c.current_edition)
    return select(t.edition).join(document, is_it)


def _listed(publisher: str, after: str, limit: int, collection: str) -> Select[Any]:
    """Return the query for a page of documents by slug, and the id of the edition of each."""
    document, edition = t.document.c, t.edition.c
    if collection:
        # From the index of collections, which knows earlier editions too.
        current = select(document.current_edition).where(is_same(t.document, t.edition))
        query = select(edition.publisher, edition.slug, edition.id).where(
            edition.collection == collection, edition.id == current.scalar_subquery()
        )
        place = edition
    else:
        query = select(
            document.publisher, document.slug, document.current_edition.label("id")
        ).where(document.current_edition.is_not(None))
        place = document
    query = query.where(place.publisher == publisher, place.slug > after)
    return query.order_by(place.slug).limit(limit)
