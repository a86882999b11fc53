"""Redeem codes on record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    and_,
    func,
    insert,
    or_,
    select,
    update,
)

from gateway.core.codes import Code, State
from gateway.core.errors import Expired, GatewayError, Missing, Revoked, UsedUp
from gateway.core.rights import Grant, Standing
from gateway.ports import Reader
from gateway.stores.sql import tables as t
from gateway.stores.sql.grants import put_grant, put_in_reader
from gateway.stores.sql.moves import followed
from gateway.stores.sql.record import SqlChange, SqlRecord, changing
from gateway.stores.sql.rows import code_of, code_row, grant_of


class SqlCodes(SqlRecord):
    """The part of the ledger that counts how often codes are used."""

    @changing
    def add_codes(self, change: SqlChange, codes: Sequence[Code]) -> None:
        """Record new codes. Raises Conflict, and then records none, where one is known."""
        for publisher, at in {code.scope.publisher: code.made_at for code in codes}.items():
            change.have(t.publisher, name=publisher, made_at=at)
        moved = {scope: followed(change, scope) for scope in {code.scope for code in codes}}
        rows = [code_row(replace(code, scope=moved[code.scope])) for code in codes]
        change.run_all(insert(t.code), rows)

    async def code(self, code_hash: str) -> Code | None:
        """Return the code with a hash."""
        row = await self._row(select(t.code).where(t.code.c.hash == code_hash))
        return code_of(row) if row else None

    async def code_by_id(self, code: str) -> Code | None:
        """Return a code, whosever it is."""
        row = await self._row(_code(code))
        return code_of(row) if row else None

    async def codes(
        self, publisher: str, after: str, limit: int, *, scope: str = ""
    ) -> Sequence[Code]:
        """Return codes of a publisher by id > after; scope filters when not ""."""
        code = t.code.c
        query = select(t.code).where(code.publisher == publisher, code.id > after)
        if scope:
            query = query.where(code.scope == scope)
        return [code_of(row) for row in await self._rows(query.order_by(code.id).limit(limit))]

    @changing
    def redeem_code(
        self, change: SqlChange, code: str, grant: Grant, reader: str, at: int
    ) -> Reader:
        """Open a code in a reader: the grant that it has there, a new one, or one with a place.

        A new one uses the code once and is recorded as given, under the number of the use.
        Raises Revoked (also of the grant), Expired, UsedUp, and Missing where there is no code.
        """
        row = change.row(_code(code).with_for_update())
        if row is None:
            raise Missing("code")
        known = code_of(row)
        if known.revoked_at is not None:
            raise Revoked
        opened = (
            change.row(_held(known, grant, reader))
            or self._use(change, known, grant, at)
            or change.row(_open(known, grant, at).with_for_update())
        )
        if opened is None:
            raise _refusal(change, known, grant, at)
        return put_in_reader(change, reader, grant_of(opened), at)

    def _use(self, change: SqlChange, code: Code, grant: Grant, at: int) -> RowMapping | None:
        if code.state(at) is not State.OPEN:
            return None
        number = code.uses + 1
        change.run(update(t.code).where(t.code.c.id == code.id).values(uses=number))
        made = put_grant(change, replace(grant, source_ref=f"{code.id}/{number}"))
        return change.row(select(t.grant).where(t.grant.c.id == made.id).with_for_update())


def _of(code: Code, grant: Grant) -> ColumnElement[bool]:
    """Return the condition that a grant came from a code, by redemption as the given one."""
    return and_(t.grant.c.parent == code.id, t.grant.c.source == grant.source)


def _held(code: Code, grant: Grant, reader: str) -> Select[Any]:
    redemption = t.redemption.c
    query = select(t.grant).join(t.redemption, redemption.grant == t.grant.c.id)
    return query.where(_of(code, grant), redemption.reader == reader).with_for_update(of=t.grant)


def _open(code: Code, grant: Grant, at: int) -> Select[Any]:
    """Return the query for a grant of a code that stands and has a free place."""
    known, redemption = t.grant.c, t.redemption.c
    taken = select(func.count()).where(redemption.grant == known.id).scalar_subquery()
    stands = and_(known.revoked_at.is_(None), or_(known.ends.is_(None), known.ends > at))
    # One of many is somebody's own: only who has left it leaves it to another.
    is_free = taken < (known.devices if code.max_uses == 1 else 1)
    query = select(t.grant).where(_of(code, grant), stands, is_free)
    return query.order_by(known.made_at, known.id).limit(1)


def _refusal(change: SqlChange, code: Code, grant: Grant, at: int) -> GatewayError:
    """Return why a code opens nothing."""
    if code.uses < code.max_uses:
        return Expired()
    if code.max_uses > 1:
        return UsedUp()
    row = change.row(select(t.grant).where(_of(code, grant)).limit(1))
    standing = grant_of(row).standing(at) if row else Standing.STANDS
    return {Standing.REVOKED: Revoked, Standing.ENDED: Expired}.get(standing, UsedUp)()


def _code(code: str) -> Select[Any]:
    return select(t.code).where(t.code.c.id == code)
