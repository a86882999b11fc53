"""The page on which a document gets another address."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.conditions import Condition
from gateway.core.errors import Conflict, Malformed, Stale
from gateway.usecases.publishing import Publishing
from gateway.usecases.renaming import Renaming
from gateway.web.studio.desk import HOME, StudioPages, done_at, own_address, read_fields
from gateway.web.studio.sessions import Session


class AddressPages:
    """Asks for another address, and gives it."""

    def __init__(self, desk: StudioPages, publishing: Publishing, renaming: Renaming) -> None:
        self._desk = desk
        self._publishing = publishing
        self._renaming = renaming

    def routes(self) -> list[Route]:
        """Return the routes of this page."""
        return [self._desk.route("/documents/{slug}/rename", self.rename, "GET", "POST")]

    async def rename(self, request: Request, session: Session) -> Response:
        """Show the address that a document has, or give it the one that is sent."""
        if request.method != "POST":
            return await self._page(request, session)
        fields = await read_fields(request, session)
        wanted = fields.get("slug", "").strip()
        condition = Condition(match=frozenset({fields.get("edition", "")}))
        try:
            renamed = await self._renaming.rename(own_address(request, session), wanted, condition)
        except (Malformed, Conflict, Stale) as error:
            return await self._page(request, session, wanted, error)
        place = f"{HOME}/documents/{renamed.edition.address.slug}"
        return done_at(place, "renamed", confirmed=renamed.confirmed)

    async def _page(
        self,
        request: Request,
        session: Session,
        wanted: str = "",
        error: Malformed | Conflict | Stale | None = None,
    ) -> Response:
        edition = await self._publishing.current(own_address(request, session))
        return self._desk.page(
            request, session, "rename.html", error, edition=edition, wanted=wanted
        )
