"""The publisher surface: JSON in and out, and each publisher sees only its own things."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.api_keys import ApiKey
from gateway.core.errors import BadKey, Malformed
from gateway.ports import FailedAttempts, Formats
from gateway.usecases.use_cases import UseCases
from gateway.web.api.addresses import AddressesApi
from gateway.web.api.codes import CodesApi
from gateway.web.api.companions import CompanionsApi
from gateway.web.api.documents import DocumentsApi
from gateway.web.api.explanations import Explanations
from gateway.web.api.grants import GrantsApi
from gateway.web.api.keys import KeysApi
from gateway.web.api.openapi import describe
from gateway.web.api.operations import routes
from gateway.web.api.profiles import ProfilesApi
from gateway.web.api.queries import require_query
from gateway.web.api.redemptions import Redemptions
from gateway.web.api.responses import json
from gateway.web.http.credentials import bearer
from gateway.web.http.links import Links
from gateway.web.http.rate_limit import KEYS, rate_limited
from gateway.web.http.under_way import UnderWay

__all__ = ["Api"]


class Api:
    """Puts the API together, and is its door."""

    def __init__(
        self,
        use_cases: UseCases,
        attempts: FailedAttempts,
        formats: Formats,
        links: Links,
        under_way: UnderWay,
        *,
        max_upload: int,
    ) -> None:
        publishing, idempotency = use_cases.publishing, use_cases.idempotency
        granting, redeeming = use_cases.granting, use_cases.redeeming
        self._api_keys = use_cases.api_keys
        self._attempts = attempts
        self._links = links
        documents = DocumentsApi(use_cases, formats, links, max_upload, under_way)
        addresses = AddressesApi(documents, publishing, use_cases.renaming, idempotency, formats)
        self.operations = [
            *documents.operations(),
            *addresses.operations(),
            *CompanionsApi(use_cases.picturing, max_upload).operations(),
            *GrantsApi(granting, links).operations(),
            *CodesApi(use_cases.codes, under_way).operations(),
            *ProfilesApi(use_cases.profiles, links).operations(),
            *KeysApi(use_cases.api_keys).operations(),
            *Explanations(use_cases.explaining).operations(),
            *Redemptions(redeeming, granting, attempts).operations(),
        ]

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
        async with rate_limited(self._attempts, request, KEYS):
            return await self._api_keys.known(key)

    @cached_property
    def _description(self) -> dict[str, Any]:
        return describe(self.operations)

    async def describe(self, request: Request) -> Response:
        """Return the description of all this, to anyone."""
        server = {"url": self._links.absolute(request, ""), "description": "This gateway."}
        return json(self._description | {"servers": [server]})
