"""Unlocking: a page with one button, and what its form does."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.documents import Address
from gateway.core.errors import BadToken, GatewayError, Malformed, Unavailable
from gateway.ports import FailedAttempts
from gateway.rendering.body import GO_ON
from gateway.rendering.encodings import private_representation
from gateway.rendering.paging import address_of
from gateway.rendering.sheets import UNLOCK
from gateway.usecases.moving import MovedReader, Moving
from gateway.usecases.profiles import Profiles
from gateway.usecases.reading import Credential, Reading
from gateway.usecases.redeeming import Redeemed, Redeeming
from gateway.web.http.links import token_in
from gateway.web.http.rate_limit import CODES, rate_limited
from gateway.web.http.requests import proves_same_origin, read_form, require_same_origin
from gateway.web.http.sending import see_other, send_private
from gateway.web.readers.cookies import ReaderCookies
from gateway.web.readers.library import LIBRARY
from gateway.web.readers.pages import ReaderPages

ONCE = "/once"  # named by the style sheet, for a form that somebody begins to fill in

_NO_PICTURE = private_representation("image/svg+xml", b'<svg xmlns="http://www.w3.org/2000/svg"/>')


class Unlocking:
    """The part of the reader surface where codes and links are redeemed."""

    def __init__(
        self,
        reading: Reading,
        redeeming: Redeeming,
        moving: Moving,
        profiles: Profiles,
        attempts: FailedAttempts,
        pages: ReaderPages,
        cookies: ReaderCookies,
    ) -> None:
        self._reading = reading
        self._redeeming = redeeming
        self._moving = moving
        self._profiles = profiles
        self._attempts = attempts
        self._pages = pages
        self._cookies = cookies

    def routes(self) -> list[Route]:
        """Return the routes of unlocking."""
        return [
            Route(UNLOCK, self.unlock, methods=["GET", "POST"]),
            Route(ONCE, self.once),
        ]

    async def unlock(self, request: Request) -> Response:
        """Show a page with one button, or redeem what it sends."""
        return await (self._redeem if request.method == "POST" else self._ask)(request)

    async def _ask(self, request: Request) -> Response:
        # Links are opened by mail scanners and previewers too: a GET consumes and sets nothing.
        tokens = request.query_params.getlist("token")
        if len(tokens) > 1:
            raise Malformed("There are several tokens in the link.", where="token")
        token = tokens[0] if tokens else ""
        opening = await self._redeeming.look(token) if token else None
        return self._pages.page(
            request,
            "unlock.html",
            token=token,
            once=self._redeeming.once(),
            opening=opening,
            by=await self._profiles.name(opening.grant.scope.publisher) if opening else "",
            is_move=bool(token) and await self._is_move(token),
        )

    async def _is_move(self, token: str) -> bool:
        try:
            return await self._moving.is_move(token)
        except Unavailable:
            return False

    async def _redeem(self, request: Request) -> Response:
        require_same_origin(request)
        fields = await read_form(request)
        wanted = _address_in(fields.get("document", ""))
        request.state.document = wanted or ""  # the page of an error leads back to it
        word = (fields.get("token") or fields.get("code") or "").strip()
        if not word:
            raise BadToken
        once, token = self._once(request, fields), token_in(word) or word
        async with rate_limited(self._attempts, request, CODES, word):
            known = await self._reading.reader(self._cookies.reader(request))
            redeemed: Redeemed | MovedReader
            if await self._moving.is_move(token):
                redeemed = await self._moving.move(token, known, once)
            else:
                redeemed = await self._redeeming.redeem(token, known, once)
        own = redeemed.address if isinstance(redeemed, Redeemed) else None
        address = own or await self._readable(wanted, redeemed.cookie)
        place = await self._place(address, redeemed.cookie) if address else LIBRARY
        if redeemed.confirmed:
            response = see_other(place)
        else:
            done = "unlocked" if isinstance(redeemed, Redeemed) else "moved"
            response = self._pages.page(request, "recorded.html", 202, done=done, place=place)
        self._cookies.set_reader(request, response, redeemed.cookie)
        return response

    async def _place(self, address: Address, reader_cookie: str) -> str:
        """Return where a text goes on after its preview."""
        try:
            told = await self._reading.open(address, Credential("", reader_cookie), GO_ON)
            number = int(told.text.body)
        except GatewayError:  # it has one page, or cannot be read just now
            number = 1
        return f"{address_of(f'/read/{address}', number)}#{GO_ON}"

    async def once(self, request: Request) -> Response:
        """Let a browser that begins to fill in a form be known when it sends it again."""
        response = send_private(request, _NO_PICTURE)
        known = self._cookies.once(request)
        if not self._redeeming.is_once(known):
            self._cookies.set_once(request, response, self._redeeming.once())
        return response

    def _once(self, request: Request, fields: Mapping[str, str]) -> str:
        """Return what is the same where a form is sent again, "" where nothing can be."""
        # A page that is the same for all carries nothing: there its style sheet asks for a cookie.
        told = self._cookies.once(request)
        if not self._redeeming.is_once(told):
            # Whoever could send a form from elsewhere must not choose the reader that it makes.
            told = fields.get("once", "") if proves_same_origin(request) else ""
        return told if self._redeeming.is_once(told) else ""

    async def _readable(self, wanted: Address | None, reader_cookie: str) -> Address | None:
        """Return the wanted document if this reader may read it."""
        if wanted is None:
            return None
        try:
            await self._reading.check(wanted, Credential("", reader_cookie))
        except GatewayError:
            return None
        return wanted


def _address_in(field: str) -> Address | None:
    """Return the address in a field, None where there is none."""
    publisher, _, slug = field.partition("/")
    try:
        return Address.of(publisher, slug)
    except Malformed:
        return None
