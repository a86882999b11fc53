"""Signing out: a reader ends, in this browser and in every copy of its cookies."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.usecases.reading import Reading
from gateway.usecases.redeeming import Redeeming
from gateway.web.http.requests import require_same_origin
from gateway.web.http.sending import see_other
from gateway.web.readers.cookies import ReaderCookies
from gateway.web.readers.pages import ReaderPages


class SigningOut:
    """The part of the reader surface that ends a reader."""

    def __init__(
        self, reading: Reading, redeeming: Redeeming, pages: ReaderPages, cookies: ReaderCookies
    ) -> None:
        self._reading = reading
        self._redeeming = redeeming
        self._pages = pages
        self._cookies = cookies

    def routes(self) -> list[Route]:
        """Return the route of signing out."""
        return [Route("/signout", self.sign_out, methods=["POST"])]

    async def sign_out(self, request: Request) -> Response:
        """End this reader's cookies, here and in every copy."""
        require_same_origin(request)
        reader = await self._reading.reader(self._cookies.reader(request))
        if await self._redeeming.sign_out(reader):
            response = see_other("/")
        else:
            response = self._pages.page(request, "recorded.html", 202, done="signed-out", place="/")
        self._cookies.end_reader(request, response)
        # Another one at once: a browser may not fetch it again for a page that it remembers.
        self._cookies.set_once(request, response, self._redeeming.once())
        return response
