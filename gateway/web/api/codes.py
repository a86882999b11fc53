"""Redeem codes: make them, in JSON or as a table, list them without their words, take them back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from anyio import sleep
from starlette.requests import Request
from starlette.responses import Response

from gateway.core.codes import Code
from gateway.core.terms import term_text
from gateway.core.timestamps import timestamp
from gateway.usecases.codes import FEW, CodeRequest, Codes, Minted
from gateway.web.api.operations import GIVING, JSON, Operation
from gateway.web.api.responses import (
    asked,
    done,
    following,
    json,
    moment_if,
    page,
    read_json,
    seconds,
)
from gateway.web.api.schemas.codes import CodeBody, CodeList, CodeView, NewCode, NewCodes
from gateway.web.api.schemas.recorded import Recorded
from gateway.web.http.accept import prefers
from gateway.web.http.csv import CSV, csv_lines, csv_table
from gateway.web.http.headers import CACHE_PRIVATE
from gateway.web.http.under_way import UnderWay

REST = 0.001  # seconds
COLUMNS = ("id", "code", "scope", "uses", "term", "expires", "devices", "note", "made")


class CodesApi:
    """The part of the API that makes codes."""

    def __init__(self, codes: Codes, under_way: UnderWay) -> None:
        self._codes = codes
        self._under_way = under_way

    def operations(self) -> Sequence[Operation]:
        """Return what can be done with codes."""
        return [
            Operation(
                "GET",
                "/api/codes",
                self.list_codes,
                {200: {JSON: CodeList}},
                query=("scope", "after", "limit"),
            ),
            Operation(
                "POST",
                "/api/codes",
                self.make_codes,
                {201: {JSON: NewCodes, CSV: None}, 202: {CSV: None}},
                takes={JSON: CodeBody},
                repeatable=True,
                needs=GIVING,
            ),
            Operation(
                "DELETE",
                "/api/codes/{code}",
                self.revoke_code,
                {204: None, 202: {JSON: Recorded}},
                needs=GIVING,
            ),
        ]

    async def list_codes(self, request: Request, publisher: str) -> Response:
        """List codes by id, without their words."""
        after, limit = page(request)
        scope = request.query_params.get("scope", "")
        found = await self._codes.codes(publisher, scope=scope, after=after, limit=limit + 1)
        shown = [CodeView(**_told(code)) for code in found[:limit]]
        last = found[limit - 1].id if len(found) > limit else ""
        return json(CodeList(shown, following(request, last)))

    async def make_codes(self, request: Request, publisher: str) -> Response:
        """Make redeem codes, whose words are told this once."""
        wish, body = await read_json(request, CodeBody)
        ask, answer = asked(request, body), csv_answer if prefers(request, CSV, JSON) else _json

        async def work() -> Response:
            minted = await self._codes.make(publisher, _request(wish), ask)
            return await answer(minted, 201, confirmed=await self._codes.confirm())

        return self._under_way.answer(publisher, work, in_turn=True)

    async def revoke_code(self, request: Request, publisher: str) -> Response:
        """Take a code back, and every right that came from it."""
        return done(await self._codes.revoke(publisher, request.path_params["code"]))


async def csv_answer(minted: Sequence[Minted], status: int, *, confirmed: bool) -> Response:
    """Return new codes and their words as a table to keep."""
    table = csv_table(COLUMNS, ())
    async for some in _portions(minted):
        rows = (_told(each.code) | {"code": each.word} for each in some)
        table += csv_lines([row[name] for name in COLUMNS] for row in rows)
    status = status if confirmed else 202
    headers = {"content-type": f"{CSV}; charset=utf-8; header=present"}
    headers |= {"content-disposition": 'attachment; filename="codes.csv"'}
    return Response(table, status, headers | {"cache-control": CACHE_PRIVATE})


async def _json(minted: Sequence[Minted], status: int, *, confirmed: bool) -> Response:
    told = NewCodes([], confirmed)
    async for some in _portions(minted):
        told.codes += [NewCode(**_told(each.code), code=each.word) for each in some]
    return json(told, status)


async def _portions(minted: Sequence[Minted]) -> AsyncIterator[Sequence[Minted]]:
    """Yield some at a time; between them others have their turn."""
    for at in range(0, len(minted), FEW):
        yield minted[at : at + FEW]
        await sleep(REST)


def _request(wish: CodeBody) -> CodeRequest:
    return CodeRequest(
        scope=wish.scope,
        count=wish.count,
        uses=wish.uses,
        term=wish.term,
        expires=seconds(wish.expires),
        devices=wish.devices,
        note=wish.note,
    )


def _told(code: Code) -> dict[str, Any]:
    return {
        "id": code.id,
        "scope": str(code.scope),
        "uses": code.max_uses,
        "used": code.uses,
        "term": term_text(code.term),
        "expires": moment_if(code.expires),
        "devices": code.devices,
        "note": code.note,
        "revoked": moment_if(code.revoked_at),
        "made": timestamp(code.made_at),
    }
