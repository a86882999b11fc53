"""The ledger in SQL: each method is one transaction, durable when it returns.

A read is one statement, so that it sees one state. A change first locks the row that decides it:
the document's for its edition, the grant's for its devices.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    RowMapping,
    Select,
    Table,
    Update,
    and_,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.core.documents import Address
from gateway.core.errors import Conflict, Missing, Stale, Unavailable, UsedUp
from gateway.core.rights import Grant
from gateway.ports import Answer, Edition, Reader
from gateway.stores import tables as t
from gateway.stores.engines import Engines, open_engines
from gateway.stores.rows import edition_of, edition_row, grant_of, grant_row
from gateway.stores.schema import bring_up
from gateway.stores.sqlite_files import PATIENCE


async def open_ledger(url: str, patience: float = PATIENCE) -> SqlLedger:
    """Open the ledger at sqlite:///path or postgresql://…, its schema brought up to date.

    patience: seconds to wait for a connection, for a turn to write, for an answer.
    Raises Unavailable, NewerSchema.
    """
    with _answering():
        engines = open_engines(url, patience)
    try:
        with _answering():
            await bring_up(engines)
    except BaseException:
        await engines.close()
        raise
    return SqlLedger(engines)


class SqlLedger:
    """The ledger on SQLite or PostgreSQL."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    async def ping(self) -> None:
        """Raise Unavailable unless the ledger can be read."""
        await self._rows(select(t.publisher.c.name).limit(1))

    async def close(self) -> None:
        """Close every connection."""
        await self._engines.close()

    async def _rows(self, query: Select[Any]) -> Sequence[RowMapping]:
        with _answering():
            async with self._engines.reading.connect() as connection:
                return [*(await connection.execute(query)).mappings()]

    async def _row(self, query: Select[Any]) -> RowMapping | None:
        return next(iter(await self._rows(query)), None)

    @asynccontextmanager
    async def _change(self) -> AsyncIterator[_Change]:
        with _answering():
            async with self._engines.turn, self._engines.writing.begin() as connection:
                yield _Change(connection, self._engines)

    # --- publishers ---

    async def add_publisher(self, publisher: str, key_hash: str, at: int) -> None:
        """Add a publisher, or give an existing one another key besides those it has."""
        async with self._change() as change:
            await change.have(t.publisher, name=publisher, made_at=at)
            if key_hash:
                await change.have(
                    t.publisher_key, key_hash=key_hash, publisher=publisher, made_at=at
                )

    async def publisher_of(self, key_hash: str) -> str | None:
        """Return whose key has this hash."""
        key = t.publisher_key.c
        row = await self._row(select(key.publisher).where(key.key_hash == key_hash))
        return row["publisher"] if row else None

    # --- documents ---

    async def current(self, address: Address) -> Edition | None:
        """Return the current edition, None where there is no document or it is deleted."""
        row = await self._row(_current().where(_is_at(t.document, address)))
        return edition_of(row) if row else None

    async def edition(self, address: Address, edition: str) -> Edition | None:
        """Return an edition, current or not."""
        is_it = _is_at(t.edition, address) & (t.edition.c.id == edition)
        row = await self._row(select(t.edition).where(is_it))
        return edition_of(row) if row else None

    async def editions(self, address: Address, before: str, limit: int) -> Sequence[Edition]:
        """Return editions, newest first, that come after `before` in that order ("" = all)."""
        query = select(t.edition).where(_is_at(t.edition, address))
        if before:
            mark = t.edition.alias()
            is_mark = _is_at(mark, address) & (mark.c.id == before)
            place = select(mark.c.number).where(is_mark).scalar_subquery()
            query = query.where(t.edition.c.number < place)
        rows = await self._rows(query.order_by(t.edition.c.number.desc()).limit(limit))
        return [edition_of(row) for row in rows]

    async def documents(self, publisher: str, after: str, limit: int) -> Sequence[Edition]:
        """Return the current editions of a publisher's documents with slug > after, by slug."""
        document = t.document.c
        query = _current().where(document.publisher == publisher, document.slug > after)
        rows = await self._rows(query.order_by(document.slug).limit(limit))
        return [edition_of(row) for row in rows]

    async def make_current(self, edition: Edition, expected: str | None) -> None:
        """Record the edition if new, make it current, and note its projection as unsettled.

        Raises Stale.
        """
        address, at = edition.address, edition.made_at
        async with self._change() as change:
            await change.have(t.publisher, name=address.publisher, made_at=at)
            await change.have(t.document, **address._asdict(), is_unsettled=True, made_at=at)
            await change.point(address, expected, edition.id)
            # Counted under the document's lock, so no two editions have one number.
            number = select(func.coalesce(func.max(t.edition.c.number), 0) + 1)
            number = number.where(_is_at(t.edition, address))
            await change.have(t.edition, **edition_row(edition), number=number.scalar_subquery())

    async def remove(self, address: Address, expected: str) -> None:
        """Delete a document and note its projection as unsettled. Raises Stale."""
        async with self._change() as change:
            await change.point(address, expected, None)

    async def unsettled(self, limit: int) -> Sequence[Address]:
        """Return addresses whose public projection may lag behind the record."""
        document = t.document.c
        query = select(document.publisher, document.slug).where(document.is_unsettled)
        rows = await self._rows(query.order_by(document.publisher, document.slug).limit(limit))
        return [Address(**row) for row in rows]

    async def settle(self, address: Address, edition: str | None) -> bool:
        """Forget that address is unsettled, if `edition` (None: deleted) is still current."""
        async with self._change() as change:
            current = await change.current(address)
            if current == edition:
                await change.run(_update(address).values(is_unsettled=False))
        return current == edition

    # --- grants ---

    async def add_grant(self, grant: Grant) -> Grant:
        """Record a grant, or return the one on record for the same (source, source_ref, scope).

        Raises Conflict where another grant has this id.
        """
        row = grant_row(grant)
        async with self._change() as change:
            await change.have(t.publisher, name=grant.scope.publisher, made_at=grant.made_at)
            if not grant.source_ref:
                await change.run(insert(t.grant).values(row))
                return grant
            await change.have(t.grant, **row)
            known = await change.row(_of_source(row))
        if known is None:
            raise Conflict("Another grant has this id.")
        return grant_of(known)

    async def grant(self, grant: str) -> Grant | None:
        """Return a grant, whosever it is."""
        row = await self._row(_grant(grant))
        return grant_of(row) if row else None

    async def grants(
        self, publisher: str, *, subject: str, scope: str, after: str, limit: int
    ) -> Sequence[Grant]:
        """Return grants of a publisher by id > after; subject and scope filter when not ""."""
        grant = t.grant.c
        query = select(t.grant).where(grant.publisher == publisher, grant.id > after)
        if subject:
            query = query.where(grant.subject == subject)
        if scope:
            query = query.where(grant.scope == scope)
        return [grant_of(row) for row in await self._rows(query.order_by(grant.id).limit(limit))]

    async def revoke(self, grant: str, at: int) -> None:
        """Set revoked_at where it is not set yet; never clear it."""
        stands = (t.grant.c.id == grant) & t.grant.c.revoked_at.is_(None)
        async with self._change() as change:
            await change.run(update(t.grant).where(stands).values(revoked_at=at))

    # --- readers ---

    async def reader(self, reader: str) -> Reader | None:
        """Return a reader with every grant redeemed in it, in the order of redemption."""
        return _reader(reader, await self._rows(_gathered(reader)))

    async def redeem(self, reader: str, grant: str, at: int) -> Reader:
        """Add a grant to a reader (made if new); the same again changes nothing.

        Raises UsedUp, and Missing where there is no such grant.
        """
        redemption = t.redemption.c
        async with self._change() as change:
            row = await change.row(_grant(grant).with_for_update())
            if row is None:
                raise Missing("grant")
            await change.have(t.reader, id=reader, auth_epoch=0, made_at=at)
            is_it = (redemption.grant == grant) & (redemption.reader == reader)
            if not await change.count(t.redemption, is_it):
                if await change.count(t.redemption, redemption.grant == grant) >= row["devices"]:
                    raise UsedUp
                await change.run(
                    insert(t.redemption).values({"reader": reader, "grant": grant, "at": at})
                )
            found = _reader(reader, await change.rows(_gathered(reader)))
        if found is None:
            raise Missing("reader")
        return found

    async def sign_out(self, reader: str) -> None:
        """Raise the reader's auth_epoch, so that its cookies end."""
        epoch = t.reader.c.auth_epoch
        async with self._change() as change:
            await change.run(
                update(t.reader).where(t.reader.c.id == reader).values(auth_epoch=epoch + 1)
            )

    # --- answers ---

    async def answer(self, publisher: str, key: str) -> Answer | None:
        """Return the answer that was kept for a publisher's Idempotency-Key."""
        answer = t.answer.c
        query = select(answer.fingerprint, answer.status, answer.body)
        row = await self._row(query.where(answer.publisher == publisher, answer.key == key))
        return Answer(**row) if row else None

    async def keep_answer(self, publisher: str, key: str, answer: Answer, at: int) -> None:
        """Keep the first answer to a key."""
        facts = {"fingerprint": answer.fingerprint, "status": answer.status, "body": answer.body}
        async with self._change() as change:
            await change.have(t.answer, publisher=publisher, key=key, at=at, **facts)


class _Change:
    """One transaction that changes the record."""

    def __init__(self, connection: AsyncConnection, engines: Engines) -> None:
        self._connection = connection
        self._engines = engines

    async def run(self, statement: Any) -> int:
        """Run a statement and return how many rows it changed."""
        return int((await self._connection.execute(statement)).rowcount)

    async def rows(self, query: Select[Any]) -> Sequence[RowMapping]:
        """Return the rows of a query."""
        return [*(await self._connection.execute(query)).mappings()]

    async def row(self, query: Select[Any]) -> RowMapping | None:
        """Return the first row of a query, or None."""
        return next(iter(await self.rows(query)), None)

    async def count(self, table: Table, condition: ColumnElement[bool]) -> int:
        """Return how many rows meet a condition."""
        query = select(func.count()).select_from(table).where(condition)
        return int((await self._connection.execute(query)).scalar_one())

    async def have(self, table: Table, **facts: Any) -> None:
        """See to it that there is a row with these keys."""
        await self.run(self._engines.insert_new(table).values(facts))

    async def current(self, address: Address) -> str | None:
        """Lock a document and return the id of its current edition."""
        query = select(t.document.c.current_edition).where(_is_at(t.document, address))
        row = await self.row(query.with_for_update())
        return row["current_edition"] if row else None

    async def point(self, address: Address, expected: str | None, edition: str | None) -> None:
        """Point a document to another edition, or to none. Raises Stale."""
        current = await self.current(address)
        if current != expected:
            raise Stale(current)
        await self.run(_update(address).values(current_edition=edition, is_unsettled=True))


# --- statements --------------------------------------------------------------------------------


def _is_at(table: FromClause, address: Address) -> ColumnElement[bool]:
    return and_(table.c.publisher == address.publisher, table.c.slug == address.slug)


def _update(address: Address) -> Update:
    return update(t.document).where(_is_at(t.document, address))


def _current() -> Select[Any]:
    document, edition = t.document.c, t.edition.c
    is_it = (edition.publisher == document.publisher) & (edition.slug == document.slug)
    return select(t.edition).join(t.document, is_it & (edition.id == document.current_edition))


def _grant(grant: str) -> Select[Any]:
    return select(t.grant).where(t.grant.c.id == grant)


def _of_source(row: dict[str, Any]) -> Select[Any]:
    names = ("publisher", "source", "source_ref", "scope")
    return select(t.grant).where(*(t.grant.c[name] == row[name] for name in names))


def _gathered(reader: str) -> Select[Any]:
    redemption = t.redemption.c
    return (
        select(t.reader.c.auth_epoch, t.grant)
        .outerjoin(t.redemption, redemption.reader == t.reader.c.id)
        .outerjoin(t.grant, t.grant.c.id == redemption.grant)
        .where(t.reader.c.id == reader)
        .order_by(redemption.at, redemption.grant)
    )


def _reader(reader: str, rows: Sequence[RowMapping]) -> Reader | None:
    if not rows:
        return None
    grants = tuple(grant_of(row) for row in rows if row["id"] is not None)
    return Reader(reader, rows[0]["auth_epoch"], grants)


# --- errors ------------------------------------------------------------------------------------


@contextmanager
def _answering() -> Iterator[None]:
    # Never chained: what a driver says may hold statements and values.
    try:
        yield
    except IntegrityError:
        raise Conflict("The ledger holds something else under this name.") from None
    except (SQLAlchemyError, OSError) as error:
        unavailable = Unavailable("ledger")
        unavailable.add_note(type(error).__name__)
        raise unavailable from None
