"""Moving: a reader takes the library along to another device."""

from __future__ import annotations

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.rendering.qr_codes import qr_code
from gateway.usecases.moving import Moving
from gateway.usecases.reading import Reading
from gateway.web.http.links import Links, unlock_path
from gateway.web.http.requests import require_same_origin
from gateway.web.http.sending import see_other
from gateway.web.readers.cookies import ReaderCookies
from gateway.web.readers.library import LIBRARY
from gateway.web.readers.pages import ReaderPages


class MovePage:
    """The part of the reader surface that gives a link to another device."""

    def __init__(
        self,
        reading: Reading,
        moving: Moving,
        links: Links,
        pages: ReaderPages,
        cookies: ReaderCookies,
    ) -> None:
        self._reading = reading
        self._moving = moving
        self._links = links
        self._pages = pages
        self._cookies = cookies

    def routes(self) -> list[Route]:
        """Return the route of moving."""
        return [Route(f"{LIBRARY}/move", self.move, methods=["POST"])]

    async def move(self, request: Request) -> Response:
        """Give the reader a link, and a QR code of it, that takes it to another device."""
        require_same_origin(request)
        reader = await self._reading.reader(self._cookies.reader(request))
        if reader is None or not reader.grants:
            return see_other(LIBRARY)
        token = await self._moving.token(reader)
        link = self._links.absolute(request, unlock_path(token))
        return self._pages.page(request, "move.html", link=link, picture=Markup(qr_code(link)))  # noqa: S704  drawn by us
