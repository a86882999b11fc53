"""The publisher surface: JSON in and out, and each publisher sees only its own things."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.api_keys import ApiKeys
from gateway.core.api_keys import ApiKey
from gateway.core.errors import BadKey, Malformed
from gateway.explaining import Explaining
from gateway.granting import Granting
from gateway.ports import Formats, Tries
from gateway.publishing import Publishing
from gateway.redeeming import Redeeming
from gateway.repeating import Repeating
from gateway.web.guard import KEYS, guarded
from gateway.web.links import Links
from gateway.web.publishers.answers import json
from gateway.web.publishers.codes import Codes
from gateway.web.publishers.documents import Documents
from gateway.web.publishers.explanations import Explanations
from gateway.web.publishers.grants import Grants
from gateway.web.publishers.keys import Keys
from gateway.web.publishers.openapi import describe
from gateway.web.publishers.operation import routes
from gateway.web.publishers.queries import require_query
from gateway.web.publishers.redemptions import Redemptions
from gateway.web.requests import bearer
from gateway.web.under_way import UnderWay

__all__ = ["Publishers"]


class Publishers:
    """Puts the API together, and is its door."""

    def __init__(
        self,
        publishing: Publishing,
        api_keys: ApiKeys,
        granting: Granting,
        redeeming: Redeeming,
        explaining: Explaining,
        repeating: Repeating,
        tries: Tries,
        formats: Formats,
        links: Links,
        max_upload: int,
        under_way: UnderWay,
    ) -> None:
        self._api_keys = api_keys
        self._tries = tries
        self._links = links
        self.operations = [
            *Documents(publishing, repeating, formats, links, max_upload, under_way).operations(),
            *Grants(granting, links).operations(),
            *Codes(redeeming, under_way).operations(),
            *Keys(api_keys).operations(),
            *Explanations(explaining).operations(),
            *Redemptions(redeeming, granting, tries).operations(),
        ]
        self._description = describe(self.operations)

    def routes(self) -> list[Route]:
        """Return the routes of this surface."""
        described = Route("/openapi.json", self.describe, methods=["GET"])
        return [*routes(self.operations, self._key, require_query), described]

    async def _key(self, request: Request) -> ApiKey:
        try:
            key = bearer(request)
        except Malformed:
            raise BadKey from None
        if not key:
            raise BadKey
        async with guarded(self._tries, request, KEYS):
            return await self._api_keys.known(key)

    async def describe(self, request: Request) -> Response:
        """Return the description of all this, to anyone."""
        server = {"url": self._links.absolute(request, ""), "description": "This gateway."}
        return json(self._description | {"servers": [server]})
