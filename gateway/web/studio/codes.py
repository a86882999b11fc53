"""Codes: make some, keep their words while they are shown, take them back."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.errors import Malformed
from gateway.ports import Edition
from gateway.usecases.codes import CodeRequest, Codes
from gateway.usecases.idempotency import IdempotencyKey
from gateway.web.api.codes import csv_answer
from gateway.web.api.operations import GIVING
from gateway.web.http.under_way import UnderWay
from gateway.web.studio.desk import StudioPages, done_at, read_fields
from gateway.web.studio.grants import GrantPages, chosen_scope, number, once_of, place_of
from gateway.web.studio.sessions import Session

# What asks for the same codes again.
AGAIN = ("csrf_token", "once", "scope", "count", "uses", "term")


class CodePages:
    """The pages of codes; their list is on the pages of rights."""

    def __init__(
        self, desk: StudioPages, grants: GrantPages, codes: Codes, under_way: UnderWay
    ) -> None:
        self._desk = desk
        self._grants = grants
        self._codes = codes
        self._under_way = under_way

    def routes(self) -> list[Route]:
        """Return the routes of these pages."""
        route = self._desk.route
        return [
            route("/codes", self.make, "POST", needs=GIVING),
            route("/documents/{slug}/codes", self.make, "POST", needs=GIVING),
            route("/codes/{code}/revoke", self.revoke, "POST", needs=GIVING),
        ]

    async def make(self, request: Request, session: Session) -> Response:
        """Make codes and show their words; the same form again, and they come as a table."""
        edition = await self._grants.edition(request, session)
        fields = await read_fields(request, session)
        work = partial(self._make, request, session, edition, fields)
        return self._under_way.answer(session.publisher, work, in_turn=True)

    async def _make(
        self,
        request: Request,
        session: Session,
        edition: Edition | None,
        fields: Mapping[str, str],
    ) -> Response:
        try:
            ask = IdempotencyKey(once_of(fields))
            minted = await self._codes.make(session.publisher, _request(fields, edition), ask)
        except Malformed as error:
            return await self._grants.page(request, session, edition, error, fields=fields)
        confirmed = await self._codes.confirm()
        if fields.get("as") == "csv":
            return await csv_answer(minted, 200, confirmed=confirmed)
        return self._desk.page(
            request,
            session,
            "minted.html",
            confirmed=confirmed,
            edition=edition,
            minted=[each.word for each in minted],
            again={name: fields[name] for name in AGAIN if name in fields},
        )

    async def revoke(self, request: Request, session: Session) -> Response:
        """Take a code back, and say so when no worker serves what came from it any more."""
        fields = await read_fields(request, session)
        confirmed = await self._codes.revoke(session.publisher, request.path_params["code"])
        return done_at(place_of(fields), "code-revoked", confirmed=confirmed)


def _request(fields: Mapping[str, str], edition: Edition | None) -> CodeRequest:
    return CodeRequest(
        scope=chosen_scope(fields, edition),
        count=number(fields, "count"),
        uses=number(fields, "uses"),
        term=fields.get("term", ""),
    )
