"""Grants, and the readers in which they were redeemed, on record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    delete,
    func,
    insert,
    select,
    update,
)

from gateway.core.cache_keys import grant_key, reader_key
from gateway.core.errors import AlreadyMoved, Conflict, Missing, Revoked, UsedUp
from gateway.core.rights import Grant, Standing
from gateway.ports import ANY_GRANT, Device, Reader, Wanted
from gateway.stores.sql import tables as t
from gateway.stores.sql.holders import raise_readers, touch
from gateway.stores.sql.moves import followed
from gateway.stores.sql.record import SqlChange, SqlRecord, answering, batched, changing
from gateway.stores.sql.rows import grant_of, grant_row

AT_ONCE = 300  # grants, and readers of them, that one transaction revokes


class SqlGrants(SqlRecord):
    """The part of the ledger that knows who may read."""

    @changing
    def add_grant(self, change: SqlChange, grant: Grant) -> Grant:
        """Record a grant, or return the one on record for the same (source, source_ref, scope).

        Raises Conflict where another grant has this id.
        """
        change.have(t.publisher, name=grant.scope.publisher, made_at=grant.made_at)
        return put_grant(change, replace(grant, scope=followed(change, grant.scope)))

    async def grant(self, grant: str) -> Grant | None:
        """Return a grant, whosever it is."""
        row = await self._row(_grant(grant))
        return grant_of(row) if row else None

    async def grants(
        self,
        publisher: str,
        *,
        subject: str,
        scope: str,
        after: str,
        limit: int,
        wanted: Wanted = ANY_GRANT,
    ) -> Sequence[Grant]:
        """Return grants of a publisher by id > after; subject and scope filter when not ""."""
        rows: list[RowMapping] = []
        for query in listed(publisher, subject, scope, after, wanted):
            rows += await self._rows(query.limit(limit))
        return [grant_of(row) for row in sorted(rows, key=itemgetter("id"))[:limit]]

    async def revoke(self, revoked: str, at: int) -> None:
        """Set revoked_at of a grant or code, and of all that came from it, where not set yet.

        The elder first, for nothing comes from what is revoked; and a few in one transaction, so
        that others have their turn between. What is left where this ends early is finished by
        `finish_revocations`.
        """
        await self._revoke_elder(revoked, at)
        await self._revoke_born([revoked], at)

    @changing
    def _revoke_elder(self, change: SqlChange, revoked: str, at: int) -> None:
        code = t.code.c
        is_it = (code.id == revoked) & code.revoked_at.is_(None)
        change.run(update(t.code).where(is_it).values(revoked_at=at))
        _revoke(change, [revoked], at)

    async def _revoke_born(self, generation: Sequence[str], at: int) -> None:
        seen = set(generation)
        while generation:
            born = [row for some in batched(generation) for row in await self._rows(_born(some))]
            for some in _portions([row for row in born if row["revoked_at"] is None]):
                await self._change(partial(_revoke, grants=some, at=at))
            generation = [row["id"] for row in born if row["id"] not in seen]
            seen.update(generation)

    async def finish_revocations(self) -> int:
        """Revoke what came from what is revoked, and return from how many; a crash leaves such."""
        with answering():
            rows = await self._engines.examine(_unfinished)
        for elder, at in rows:
            await self._revoke_born([elder], at)
        return len(rows)

    @changing
    def renew(self, change: SqlChange, grant: str, epoch: int, at: int) -> None:
        """Raise the epoch of a grant's tokens to this one, where it is lower."""
        known = t.grant.c
        newer = {"epoch": epoch, "version": known.version + 1}
        is_lower = (known.id == grant) & (known.epoch < epoch)
        change.run(update(t.grant).where(is_lower).values(newer))
        change.note([grant_key(grant)], at)

    # --- readers ---

    async def reader(self, reader: str) -> Reader | None:
        """Return a reader with every grant redeemed in it, in the order of redemption."""
        return reader_of(reader, await self._rows(gathered(reader)))

    @changing
    def redeem(self, change: SqlChange, reader: str, grant: str, at: int) -> Reader:
        """Add a grant to a reader (made if new); the same again changes nothing.

        Raises UsedUp, and Missing where there is no such grant.
        """
        row = change.row(_grant(grant).with_for_update())
        if row is None:
            raise Missing("grant")
        return put_in_reader(change, reader, grant_of(row), at)

    @changing
    def forget(self, change: SqlChange, reader: str) -> bool:
        """Take a reader off the record, and its id out of every grant."""
        redemption, grant = t.redemption.c, t.grant.c
        is_named = grant.source_ref == grant.parent.concat(f"/{reader}")
        held = select(redemption.grant).where(redemption.reader == reader)
        bare = {"source_ref": grant.parent.concat("/").concat(grant.id)}
        change.run(update(t.grant).where(grant.id.in_(held), is_named).values(bare))
        change.run(delete(t.redemption).where(redemption.reader == reader))
        found = change.run(delete(t.reader).where(t.reader.c.id == reader))
        if found:
            change.note([reader_key(reader)], 0)
        return bool(found)

    @changing
    def sign_out(self, change: SqlChange, reader: str) -> None:
        """Raise the reader's auth_epoch, so that its cookies end, and free its places."""
        known = t.reader.c
        newer = {"auth_epoch": known.auth_epoch + 1, "version": known.version + 1}
        # The reader first: a redemption in it ends with its row.
        change.run(update(t.reader).where(known.id == reader).values(newer))
        change.run(delete(t.redemption).where(t.redemption.c.reader == reader))
        change.note([reader_key(reader)], 0)

    @changing
    def move(self, change: SqlChange, reader: str, epoch: int, to: str, at: int) -> Reader:
        """Raise the reader's auth_epoch from this one on behalf of `to`; again for it: no change.

        Raises AlreadyMoved where it was raised for anybody else, Missing.
        """
        row = change.row(select(t.reader).where(t.reader.c.id == reader).with_for_update())
        if row is None:
            raise Missing("reader")
        key = {"publisher": "", "key": f"move {reader} {epoch}"}
        is_it = (t.answer.c.publisher == "") & (t.answer.c.key == key["key"])
        kept = change.row(select(t.answer.c.fingerprint).where(is_it))
        if kept is None and row["auth_epoch"] == epoch:
            change.run(insert(t.answer).values(**key, fingerprint=to, status=303, body=b"", at=at))
            newer = {"auth_epoch": epoch + 1, "version": t.reader.c.version + 1}
            change.run(update(t.reader).where(t.reader.c.id == reader).values(newer))
        elif kept is None or kept["fingerprint"] != to or row["auth_epoch"] != epoch + 1:
            raise AlreadyMoved
        change.note([reader_key(reader)], at)
        found = reader_of(reader, change.rows(gathered(reader)))
        if found is None:
            raise Missing("reader")
        return found

    async def devices(self, grant: str, limit: int) -> Sequence[Device]:
        """Return the readers in which a grant was redeemed, in that order."""
        redemption = t.redemption.c
        query = select(redemption.reader, redemption.at).where(redemption.grant == grant)
        rows = await self._rows(query.order_by(redemption.at, redemption.reader).limit(limit))
        return [Device(**row) for row in rows]

    @changing
    def evict(self, change: SqlChange, grant: str, reader: str) -> bool:
        """Take a grant out of a reader; return whether it was there."""
        redemption = t.redemption.c
        is_it = (redemption.grant == grant) & (redemption.reader == reader)
        change.row(_grant(grant).with_for_update())
        evicted = change.run(delete(t.redemption).where(is_it))
        if evicted:
            raise_readers(change, [reader])
            change.note([reader_key(reader)], 0)
        return bool(evicted)


# --- within a transaction ----------------------------------------------------------------------


def put_grant(change: SqlChange, grant: Grant) -> Grant:
    """Record a grant, or return the one on record for its reference. Raises Conflict."""
    row = grant_row(grant)
    if grant.parent:
        _require_parent(change, grant.parent)
    if grant.source_ref:
        change.have(t.grant, **row)
        known = change.row(of_source(row))
        if known is None:
            raise Conflict("Another grant has this id.")
        grant = grant_of(known)
    else:
        change.run(insert(t.grant).values(row))
    change.note([grant_key(grant.id)], grant.made_at)
    return grant


def put_in_reader(change: SqlChange, reader: str, grant: Grant, at: int) -> Reader:
    """Add a grant whose row is locked to a reader, made if new. Raises UsedUp."""
    redemption = t.redemption.c
    change.have(t.reader, id=reader, auth_epoch=0, version=0, made_at=at)
    is_it = (redemption.grant == grant.id) & (redemption.reader == reader)
    if not change.count(t.redemption, is_it):
        if change.count(t.redemption, redemption.grant == grant.id) >= grant.devices:
            raise UsedUp
        change.run(insert(t.redemption).values({"reader": reader, "grant": grant.id, "at": at}))
        raise_readers(change, [reader])
    # Noted also when nothing has changed: whoever redeemed before may have died before telling.
    change.note([reader_key(reader)], at)
    found = reader_of(reader, change.rows(gathered(reader)))
    if found is None:
        raise Missing("reader")
    return found


def _require_parent(change: SqlChange, parent: str) -> None:
    """Lock a grant or code that another comes from. Raises Missing, Revoked."""
    row = change.row(_grant(parent).with_for_update())
    if row is None:
        code = select(t.code.c.revoked_at).where(t.code.c.id == parent)
        row = change.row(code.with_for_update())
    if row is None:
        raise Missing("parent")
    if row["revoked_at"] is not None:
        raise Revoked


def _revoke(change: SqlChange, grants: Sequence[str], at: int) -> None:
    grant = t.grant.c
    query = select(grant.id).where(grant.id.in_(grants)).order_by(grant.id).with_for_update()
    if not change.rows(query):
        return
    stands = grant.id.in_(grants) & grant.revoked_at.is_(None)
    newer = {"revoked_at": at, "version": grant.version + 1}
    change.run(update(t.grant).where(stands).values(newer))
    touch(change, grants, at)


# --- statements --------------------------------------------------------------------------------


def _grant(grant: str) -> Select[Any]:
    return select(t.grant).where(t.grant.c.id == grant)


def _born(parents: Sequence[str]) -> Select[Any]:
    """Return the query for what came from some, and in how many readers each is."""
    grant, redemption = t.grant.c, t.redemption.c
    readers = select(func.count()).where(redemption.grant == grant.id).scalar_subquery()
    query = select(grant.id, grant.revoked_at, readers.label("readers"))
    return query.where(grant.parent.in_(parents)).order_by(grant.id)


def _portions(rows: Sequence[RowMapping]) -> Iterator[list[str]]:
    """Yield ids in portions whose change takes the turn for a few milliseconds."""
    some: list[str] = []
    size = 0
    for row in rows:
        weight = 1 + row["readers"]
        if some and size + weight > AT_ONCE:
            yield some
            some, size = [], 0
        some.append(row["id"])
        size += weight
    if some:
        yield some


def _unfinished(connection: Connection) -> list[tuple[str, int]]:
    child, found = t.grant.alias(), list[tuple[str, int]]()
    for elder in (t.grant, t.code):
        is_left = (child.c.parent == elder.c.id) & child.c.revoked_at.is_(None)
        query = select(elder.c.id, elder.c.revoked_at).where(
            elder.c.revoked_at.is_not(None), select(child.c.id).where(is_left).exists()
        )
        found += [(row.id, row.revoked_at) for row in connection.execute(query)]
    return found


def listed(
    publisher: str, subject: str, scope: str, after: str, wanted: Wanted
) -> Sequence[Select[Any]]:
    """Return the queries for the grants that are wanted, each in the order of one index."""
    grant = t.grant.c
    facts = {
        "source_ref": wanted.source_ref,
        "subject": subject,
        "source": wanted.source,
        "scope": scope,
    }
    # Fewest first: a reference has few grants, and a scope may have nearly all. The index is that
    # of the first, and what is computed has none.
    first, *rest = [name for name, value in facts.items() if value] or [""]
    query = select(t.grant).where(grant.publisher == publisher, grant.id > after)
    query = query.where(*(grant[name].concat("") == facts[name] for name in rest))
    if wanted.standing:
        query = query.where(_stands_so(wanted.standing, wanted.now))
    if first:
        query = query.where(grant[first] == facts[first])
    query = query.order_by(grant.id)
    if not wanted.scopes:
        return [query]
    if first:
        return [query.where(grant.scope.concat("").in_(wanted.scopes))]
    return [query.where(grant.scope == each) for each in wanted.scopes]


def _stands_so(standing: Standing, now: int) -> ColumnElement[bool]:
    grant = t.grant.c
    has_begun, has_ended = grant.starts <= now, and_(grant.ends.is_not(None), grant.ends <= now)
    return {
        Standing.REVOKED: grant.revoked_at.is_not(None),
        Standing.NOT_YET: and_(grant.revoked_at.is_(None), ~has_begun),
        Standing.ENDED: and_(grant.revoked_at.is_(None), has_begun, has_ended),
        Standing.STANDS: and_(grant.revoked_at.is_(None), has_begun, ~has_ended),
    }[standing]


def of_source(row: dict[str, Any]) -> Select[Any]:
    """Return the query for the grant of the same source and scope, of which there is one."""
    names = ("publisher", "source", "source_ref", "scope")
    return select(t.grant).where(*(t.grant.c[name] == row[name] for name in names))


def gathered(reader: str) -> Select[Any]:
    """Return the query for a reader and its grants, in the order of redemption."""
    redemption = t.redemption.c
    return (
        select(t.reader.c.auth_epoch, t.reader.c.version.label("reader_version"), t.grant)
        .outerjoin(t.redemption, redemption.reader == t.reader.c.id)
        .outerjoin(t.grant, t.grant.c.id == redemption.grant)
        .where(t.reader.c.id == reader)
        .order_by(redemption.at, redemption.grant)
    )


def reader_of(reader: str, rows: Sequence[RowMapping]) -> Reader | None:
    """Return the reader in the rows of `gathered`."""
    if not rows:
        return None
    grants = tuple(grant_of(row) for row in rows if row["id"] is not None)
    return Reader(reader, rows[0]["auth_epoch"], grants, rows[0]["reader_version"])
