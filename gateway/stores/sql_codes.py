"""Redeem codes on record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, insert, select, update

from gateway.core.codes import Code
from gateway.core.errors import Missing, Revoked, UsedUp
from gateway.core.rights import Grant
from gateway.ports import Reader
from gateway.stores import tables as t
from gateway.stores.record import Change, Record
from gateway.stores.rows import code_of, code_row, grant_row
from gateway.stores.sql_grants import of_source, put_grant, put_in_reader


class Codes(Record):
    """The part of the ledger that counts how often codes are used."""

    async def add_codes(self, codes: Sequence[Code]) -> None:
        """Record new codes. Raises Conflict, and then records none, where one is known."""
        async with self._change() as change:
            for publisher, at in {code.scope.publisher: code.made_at for code in codes}.items():
                await change.have(t.publisher, name=publisher, made_at=at)
            await change.run_all(insert(t.code), [code_row(code) for code in codes])

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

    async def redeem_code(self, code: str, grant: Grant, reader: str, at: int) -> Reader:
        """Use a code once: record the grant and add it to the reader.

        The same (source, source_ref, scope) again uses nothing and gives the grant on record.
        Raises UsedUp, Revoked, and Missing where there is no such code.
        """
        async with self._change() as change:
            row = await change.row(_code(code).with_for_update())
            if row is None:
                raise Missing("code")
            if row["revoked_at"] is not None:
                raise Revoked
            if not await self._is_used(change, grant):
                if row["uses"] >= row["max_uses"]:
                    raise UsedUp
                uses = update(t.code).where(t.code.c.id == code)
                await change.run(uses.values(uses=t.code.c.uses + 1))
            kept = await put_grant(change, grant)
            return await put_in_reader(change, reader, kept, at)

    async def _is_used(self, change: Change, grant: Grant) -> bool:
        return await change.row(of_source(grant_row(grant))) is not None


def _code(code: str) -> Select[Any]:
    return select(t.code).where(t.code.c.id == code)
