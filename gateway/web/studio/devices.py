"""The devices of a right: where it was redeemed, and how to send one away."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.moments import moment
from gateway.granting import Granting
from gateway.web.studio.desk import HOME, Desk, done_at, read_fields
from gateway.web.studio.sessions import Session


class Devices:
    """The page of one right."""

    def __init__(self, desk: Desk, granting: Granting) -> None:
        self._desk = desk
        self._granting = granting

    def routes(self) -> list[Route]:
        """Return the routes of this page."""
        route = self._desk.route
        return [
            route("/grants/{grant}", self.devices),
            route("/grants/{grant}/devices/{device}/evict", self.evict, "POST"),
        ]

    async def devices(self, request: Request, session: Session) -> Response:
        """Show where a right was redeemed."""
        grant = await self._granting.own(session.publisher, request.path_params["grant"])
        found = await self._granting.devices(session.publisher, grant.id)
        rows = [(device.reader, moment(device.at)) for device in found]
        return self._desk.page(request, session, "devices.html", grant=grant, rows=rows)

    async def evict(self, request: Request, session: Session) -> Response:
        """Send a device away, and say so when it reads no more with this right."""
        await read_fields(request, session)
        grant, device = request.path_params["grant"], request.path_params["device"]
        confirmed = await self._granting.evict(session.publisher, grant, device)
        return done_at(f"{HOME}/grants/{grant}", "evicted", confirmed=confirmed)
