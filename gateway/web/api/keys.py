"""API keys: list them, make others that may no more than the one that asks, end them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.core.api_keys import ApiKey, May
from gateway.core.timestamps import timestamp
from gateway.usecases.api_keys import ApiKeys, KeyRequest
from gateway.web.api.operations import JSON, Operation
from gateway.web.api.responses import asked, done, json, moment_if, read_json, seconds
from gateway.web.api.schemas.keys import Key, KeyBody, KeyList, NewKey
from gateway.web.api.schemas.recorded import Recorded


class KeysApi:
    """The part of the API that makes and ends API keys."""

    def __init__(self, api_keys: ApiKeys) -> None:
        self._api_keys = api_keys

    def operations(self) -> Sequence[Operation]:
        """Return what can be done with API keys; which of them, the asking key decides."""
        return [
            Operation("GET", "/api/keys", self.list_keys, {200: {JSON: KeyList}}),
            Operation(
                "POST",
                "/api/keys",
                self.make_key,
                {201: {JSON: NewKey}},
                takes={JSON: KeyBody},
                repeatable=True,
                needs=frozenset(),
            ),
            Operation(
                "DELETE",
                "/api/keys/{key}",
                self.end_key,
                {204: None, 202: {JSON: Recorded}},
                needs=frozenset(),
            ),
        ]

    async def list_keys(self, _: Request, publisher: str) -> Response:
        """List API keys, ended ones too, without their texts."""
        found = await self._api_keys.keys(publisher)
        return json(KeyList([Key(**_told(key)) for key in found]))

    async def make_key(self, request: Request, publisher: str) -> Response:
        """Make an API key that may no more than the one that asks; it is told this once."""
        wish, body = await read_json(request, KeyBody)
        by: ApiKey = request.state.key
        may = sorted(by.may) if wish.may is None else wish.may
        expires = by.expires if wish.expires is None else seconds(wish.expires)
        asks = KeyRequest(wish.label, may, expires)
        key, text = await self._api_keys.make(publisher, asks, by, asked(request, body))
        confirmed = await self._api_keys.confirm()
        return json(NewKey(**_told(key), key=text, confirmed=confirmed), 201)

    async def end_key(self, request: Request, publisher: str) -> Response:
        """End an API key, and every session that was begun with it."""
        key = request.path_params["key"]
        return done(await self._api_keys.end(publisher, key, request.state.key))


def _told(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "label": key.label,
        "may": [str(each) for each in May if each in key.may],
        "expires": moment_if(key.expires),
        "ended": moment_if(key.ended_at),
        "used": moment_if(key.used_at),
        "made": timestamp(key.made_at),
    }
