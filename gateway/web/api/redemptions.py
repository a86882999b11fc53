"""Redeem for programs: a code or a token becomes a bearer token. No API key is asked for."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from gateway.core.errors import Malformed
from gateway.ports import FailedAttempts
from gateway.usecases.granting import Granting
from gateway.usecases.redeeming import Redeeming
from gateway.web.api.operations import JSON, Operation
from gateway.web.api.responses import asked, json, moment_if, read_json
from gateway.web.api.schemas.redemptions import RedeemedView, Redemption
from gateway.web.http.links import token_in
from gateway.web.http.rate_limit import CODES, rate_limited


class Redemptions:
    """The part of the API that readers' programs use."""

    def __init__(self, redeeming: Redeeming, granting: Granting, attempts: FailedAttempts) -> None:
        self._redeeming = redeeming
        self._granting = granting
        self._attempts = attempts

    def operations(self) -> Sequence[Operation]:
        """Return what can be done without an API key."""
        return [
            Operation(
                "POST",
                "/redeem",
                self.redeem,
                {200: {JSON: RedeemedView}},
                takes={JSON: Redemption},
                one_of=("code", "token"),
                repeatable=True,
                is_open=True,
                refuses=(401, 403, 404, 429),
            )
        ]

    async def redeem(self, request: Request, _: str) -> Response:
        """Redeem a code or a token: it takes a place of its right, as a browser does."""
        told, _body = await read_json(request, Redemption)
        if bool(told.code) is bool(told.token):
            raise Malformed(
                "It is not clear what to redeem.", where="body", hint="Send a code or a token."
            )
        word = (told.code or told.token).strip()
        key = asked(request).key
        async with rate_limited(self._attempts, request, CODES, word):
            once = f"key {key}" if key else ""
            redeemed = await self._redeeming.redeem(token_in(word) or word, None, once)
        grant = redeemed.grant
        answer = RedeemedView(
            token=await self._granting.token(grant),
            scope=str(grant.scope),
            document=None if redeemed.address is None else str(redeemed.address),
            ends=moment_if(grant.ends),
            confirmed=redeemed.confirmed,
        )
        return json(answer)
