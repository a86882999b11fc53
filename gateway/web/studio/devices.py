"""The devices of a right: where it was redeemed, and how to send one away."""

from __future__ import annotations

import secrets

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.timestamps import timestamp
from gateway.usecases.granting import Granting
from gateway.usecases.idempotency import IdempotencyKey
from gateway.web.api.operations import GIVING
from gateway.web.http.links import Links, unlock_path
from gateway.web.studio.desk import HOME, StudioPages, done_at, read_fields
from gateway.web.studio.grants import once_of
from gateway.web.studio.sessions import Session


class DevicePages:
    """The page of one right."""

    def __init__(self, desk: StudioPages, granting: Granting, links: Links) -> None:
        self._desk = desk
        self._granting = granting
        self._links = links

    def routes(self) -> list[Route]:
        """Return the routes of this page."""
        route = self._desk.route
        return [
            route("/grants/{grant}", self.devices),
            route("/grants/{grant}/renew", self.renew, "POST", needs=GIVING),
            route("/grants/{grant}/devices/{device}/evict", self.evict, "POST", needs=GIVING),
        ]

    async def devices(self, request: Request, session: Session) -> Response:
        """Show where a right was redeemed."""
        return await self._page(request, session)

    async def renew(self, request: Request, session: Session) -> Response:
        """Make a new link for a right, and show it; those from before are void."""
        fields = await read_fields(request, session)
        ask = IdempotencyKey(once_of(fields))
        grant = request.path_params["grant"]
        renewed, confirmed = await self._granting.renew(session.publisher, grant, ask)
        path = unlock_path(await self._granting.token(renewed))
        link = self._links.absolute(request, path)
        return await self._page(request, session, link, confirmed=confirmed)

    async def _page(
        self, request: Request, session: Session, link: str = "", *, confirmed: bool = True
    ) -> Response:
        grant = await self._granting.own(session.publisher, request.path_params["grant"])
        found = await self._granting.devices(session.publisher, grant.id)
        rows = [(device.reader, timestamp(device.at)) for device in found]
        return self._desk.page(
            request,
            session,
            "devices.html",
            confirmed=confirmed,
            grant=grant,
            rows=rows,
            link=link,
            once=secrets.token_hex(16),
        )

    async def evict(self, request: Request, session: Session) -> Response:
        """Send a device away, and say so when it reads no more with this right."""
        await read_fields(request, session)
        grant, device = request.path_params["grant"], request.path_params["device"]
        confirmed = await self._granting.evict(session.publisher, grant, device)
        return done_at(f"{HOME}/grants/{grant}", "evicted", confirmed=confirmed)
