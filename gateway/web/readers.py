"""What readers do: unlock, read, see their library, sign out. Nothing here is cached."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.bundles import IDENTITY, Bundle, Form
from gateway.core.documents import Address
from gateway.core.errors import BadToken, Malformed, Missing, Unpaid
from gateway.granting import COOKIE_LIFE, Granting
from gateway.ports import PublicStore, Tries
from gateway.reading import Credential, Reading
from gateway.redeeming import Redeeming
from gateway.web.errors import PROBLEM, problem, status_of
from gateway.web.forms import private_form
from gateway.web.guard import guarded
from gateway.web.headers import CACHE_PRIVATE
from gateway.web.pages import Pages, negotiate
from gateway.web.press import HTML, REFUSED
from gateway.web.requests import (
    bearer,
    cookie,
    document_and_form,
    proves_same_origin,
    read_form,
    require_same_origin,
)
from gateway.web.sending import send_private

LIBRARY_SIZE = 100
DOOR = "unlock"


class Readers:
    """The reader surface."""

    def __init__(
        self,
        reading: Reading,
        granting: Granting,
        redeeming: Redeeming,
        tries: Tries,
        store: PublicStore,
        pages: Pages,
        *,
        is_https: bool,
    ) -> None:
        self._reading = reading
        self._granting = granting
        self._redeeming = redeeming
        self._tries = tries
        self._store = store
        self._pages = pages
        self._is_https = is_https

    def routes(self) -> list[Route]:
        """Return the routes of this surface."""
        return [
            Route("/unlock", self.unlock, methods=["GET", "POST"]),
            Route("/read/{publisher}/{slug}", self.read),
            Route("/library", self.library),
            Route("/signout", self.sign_out, methods=["POST"]),
        ]

    async def unlock(self, request: Request) -> Response:
        """Show a page with one button, or redeem what it sends."""
        return await (self._redeem if request.method == "POST" else self._ask)(request)

    async def _ask(self, request: Request) -> Response:
        # Links are opened by mail scanners and previewers too: a GET consumes and sets nothing.
        tokens = request.query_params.getlist("token")
        if len(tokens) > 1:
            raise Malformed("There are several tokens in the link.", where="token")
        once = self._granting.once()
        return self._page(request, "unlock.html", token=tokens[0] if tokens else "", once=once)

    async def _redeem(self, request: Request) -> Response:
        require_same_origin(request)
        fields = await read_form(request)
        word = (fields.get("token") or fields.get("code") or "").strip()
        if not word:
            raise BadToken
        # Whoever could send a form from elsewhere must not choose the reader that it makes.
        once = fields.get("once", "") if proves_same_origin(request) else ""
        async with guarded(self._tries, request, DOOR):
            known = await self._reading.reader(self._reader_cookie(request))
            redeemed = await self._redeeming.redeem(word, known, once)
        address = redeemed.address
        response = _see_other(f"/read/{address}" if address else "/library")
        self._set_cookie(request, response, redeemed.cookie, COOKIE_LIFE)
        return response

    async def read(self, request: Request) -> Response:
        """Send the full text to the holder of a right, else the preview or a problem."""
        address, form = document_and_form(request)
        token = bearer(request)
        credential = Credential(token, "" if token else self._reader_cookie(request))
        try:
            full = await self._reading.read(address, credential)
        except Unpaid as error:
            return await self._refuse(request, address, form, error)
        return send_private(request, self._form(request, full, form))

    def _form(self, request: Request, bundle: Bundle, form: str) -> Form:
        if form != "html":
            return bundle.forms[form]
        language = negotiate(request.headers.get("accept-language"))
        return bundle.forms[f"html.{language}"]

    async def _refuse(
        self, request: Request, address: Address, form: str, error: Unpaid
    ) -> Response:
        preview = await self._store.get(address)
        if preview is None:
            raise Missing("document")
        status = status_of(error)
        if form != "json":
            return send_private(request, preview.forms[REFUSED if form == "html" else form], status)
        known = json.loads(preview.forms["json"].bodies[IDENTITY])
        told = problem(error) | {"offers": known["offers"], "unlock": known["unlock"]}
        return send_private(request, private_form(PROBLEM, json.dumps(told).encode()), status)

    async def library(self, request: Request) -> Response:
        """Show what this reader may read."""
        editions = await self._reading.library(self._reader_cookie(request), LIBRARY_SIZE)
        once = self._granting.once()
        return self._page(request, "library.html", editions=editions, once=once)

    async def sign_out(self, request: Request) -> Response:
        """End this reader's cookies, here and in every copy."""
        require_same_origin(request)
        await self._granting.sign_out(await self._reading.reader(self._reader_cookie(request)))
        response = _see_other("/")
        self._set_cookie(request, response, "", 0)
        return response

    def _page(self, request: Request, name: str, **context: object) -> Response:
        language = negotiate(request.headers.get("accept-language"))
        body = self._pages.render(name, language, **context)
        return send_private(request, private_form(HTML, body))

    # --- the cookie ---

    def _cookie_name(self, request: Request) -> str:
        return "__Host-paidgate" if self._secure(request) else "paidgate"

    def _secure(self, request: Request) -> bool:
        return self._is_https or request.scope.get("scheme") == "https"

    def _reader_cookie(self, request: Request) -> str:
        return cookie(request, self._cookie_name(request))

    def _set_cookie(self, request: Request, response: Response, value: str, life: int) -> None:
        response.set_cookie(
            self._cookie_name(request),
            value,
            max_age=life,
            path="/",
            secure=self._secure(request),
            httponly=True,
            samesite="lax",
        )


def _see_other(location: str) -> Response:
    headers = {"location": location, "cache-control": CACHE_PRIVATE}
    return Response(status_code=303, headers=headers)
