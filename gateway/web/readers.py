"""What readers do: unlock, read, see their library, sign out. Nothing here is cached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from itertools import groupby

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.bundles import IDENTITY, Variant
from gateway.core.companions import ATTACHMENTS, PICTURES
from gateway.core.documents import Address
from gateway.core.errors import (
    BadToken,
    GatewayError,
    Malformed,
    Missing,
    Revoked,
    Unavailable,
    Unpaid,
)
from gateway.ports import FailedAttempts
from gateway.rendering.body import GO_ON
from gateway.rendering.encodings import private_representation
from gateway.rendering.pages import Language, Pages
from gateway.rendering.paging import address_of, form_of
from gateway.rendering.press import REFUSED
from gateway.rendering.qr_codes import qr_code
from gateway.rendering.representations import HTML, PAGE
from gateway.rendering.sheets import UNLOCK
from gateway.usecases.moving import MovedReader, Moving
from gateway.usecases.reading import Credential, Opened, Reading, Shelved
from gateway.usecases.redeeming import COOKIE_LIFE, ONCE_LIFE, Redeemed, Redeeming
from gateway.web.errors import STATUS, status_of
from gateway.web.http.accept import negotiate
from gateway.web.http.credentials import bearer_in, cookie, cookie_in
from gateway.web.http.fast_path import PlainRequest, PreparedResponse, Responder, document_of
from gateway.web.http.headers import CACHE_PRIVATE
from gateway.web.http.links import Links, token_in
from gateway.web.http.ranges import send_attachment
from gateway.web.http.rate_limit import CODES, rate_limited
from gateway.web.http.requests import (
    asked_document,
    document_and_attachment,
    proves_same_origin,
    read_form,
    require_same_origin,
)
from gateway.web.http.sending import (
    Check,
    coding_for,
    private_answer,
    response_of,
    send_private,
)
from gateway.web.http.under_way import UnderWay
from gateway.web.preview_cache import PreviewCache
from gateway.web.refusals import Refusals

LIBRARY_SIZE = 100
ONCE = "/once"  # named by the style sheet, for a form that somebody begins to fill in
UNPAID = STATUS[Unpaid]

_NOTHING = Credential()
_NO_PICTURE = private_representation("image/svg+xml", b'<svg xmlns="http://www.w3.org/2000/svg"/>')


class Readers:
    """The reader surface."""

    def __init__(
        self,
        reading: Reading,
        redeeming: Redeeming,
        attempts: FailedAttempts,
        previews: PreviewCache,
        pages: Pages,
        under_way: UnderWay,
        moving: Moving,
        links: Links,
        *,
        is_https: bool,
    ) -> None:
        self._reading = reading
        self._redeeming = redeeming
        self._attempts = attempts
        self._previews = previews
        self._pages = pages
        self._refusals = Refusals(pages)
        self._under_way = under_way
        self._moving = moving
        self._links = links
        self._is_https = is_https

    def responders(self) -> Mapping[bytes, Responder]:
        """Return who gives ready answers of this surface, by the first segment of the path."""
        return {b"/read/": self.ready_read}

    def routes(self) -> list[Route]:
        """Return the routes of this surface."""
        return [
            Route("/read/{publisher}/{slug}", self.read),
            Route("/unlock", self.unlock, methods=["GET", "POST"]),
            Route(ONCE, self.once),
            Route("/read/{publisher}/{slug}/pictures/{name}", self.read),
            Route("/read/{publisher}/{slug}/attachments/{name}", self.attachment),
            Route("/library", self.library),
            Route("/library/move", self.move, methods=["POST"]),
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
        token = tokens[0] if tokens else ""
        return self._page(
            request,
            "unlock.html",
            token=token,
            once=self._redeeming.once(),
            opening=await self._redeeming.look(token) if token else None,
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
            known = await self._reading.reader(self._reader_cookie(request))
            redeemed: Redeemed | MovedReader
            if await self._moving.is_move(token):
                redeemed = await self._moving.move(token, known, once)
            else:
                redeemed = await self._redeeming.redeem(token, known, once)
        own = redeemed.address if isinstance(redeemed, Redeemed) else None
        address = own or await self._readable(wanted, redeemed.cookie)
        place = await self._place(address, redeemed.cookie) if address else "/library"
        if redeemed.confirmed:
            response = _see_other(place)
        else:
            done = "unlocked" if isinstance(redeemed, Redeemed) else "moved"
            response = self._page(request, "recorded.html", 202, done=done, place=place)
        self._set_cookie(request, response, redeemed.cookie, COOKIE_LIFE)
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
        known = cookie(request, _cookie_name(self._secure(request), "_once"))
        if not self._redeeming.is_once(known):
            self._set_cookie(request, response, self._redeeming.once(), ONCE_LIFE, "_once")
        return response

    def _once(self, request: Request, fields: Mapping[str, str]) -> str:
        """Return what is the same where a form is sent again, "" where nothing can be."""
        # A page that is the same for all carries nothing: there its style sheet asks for a cookie.
        told = cookie(request, _cookie_name(self._secure(request), "_once"))
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

    async def read(self, request: Request) -> Response:
        """Send the full text to the holder of a right, else the preview or a problem."""
        ask, (_, address, form) = PlainRequest.of(request), asked_document(request)
        credential = self._shown(ask)
        try:
            opened = await self._open(address, credential, _full(ask, form), coding_for(ask))
        except Unpaid as error:
            return await self._refuse(ask, address, form, error)
        except Revoked as error:
            if PAGE.name != form.partition(".")[0]:
                raise
            return await self._refuse(ask, address, form, error)
        check = partial(self._reading.check, address, credential)
        work = partial(self._send, ask, opened, check)
        # A page may ask for all of its pictures at once.
        if opened.text.is_long and not form.startswith(PICTURES):
            return self._under_way.answer(opened.holder.key, work)
        return await work()

    async def attachment(self, request: Request) -> Response:
        """Send an attachment of paid text to the holder of a right, else a problem."""
        ask = PlainRequest.of(request)
        (address, form), credential = document_and_attachment(request), self._shown(ask)
        try:
            opened = await self._open(address, credential, form, IDENTITY)
        except Unpaid as error:
            return await self._refuse(ask, address, form, error)
        check = partial(self._reading.check, address, credential)
        work = partial(self._send_attachment, request, opened, check)
        if opened.text.is_long:
            return self._under_way.answer(opened.holder.key, work)
        return await work()

    async def _open(
        self, address: Address, credential: Credential, form: str, coding: str
    ) -> Opened:
        try:
            return await self._reading.open(address, credential, form, coding)
        except Missing:
            # Of a document that moved the public side says where it is.
            await self._told(address, form)
            raise

    async def _send_attachment(self, request: Request, opened: Opened, check: Check) -> Response:
        self._reading.note(opened)
        return send_attachment(request, opened.text, CACHE_PRIVATE, check)

    async def _send(self, ask: PlainRequest, opened: Opened, check: Check) -> Response:
        self._reading.note(opened)
        return response_of(private_answer(ask, opened.text), opened.text, check)

    async def _refuse(
        self, ask: PlainRequest, address: Address, form: str, error: Unpaid | Revoked
    ) -> Response:
        if isinstance(error, Unpaid) and error.is_free:
            public = ask.path.decode().replace("/read/", "/documents/", 1)
            return _see_other(address_of(public, _page_of(form)))
        preview = await self._told(address, form)
        if preview is None:
            raise Missing("document")
        told = self._refusals.told(preview, form.partition(".")[0], error)
        return response_of(private_answer(ask, told, status_of(error)), told)

    def ready_read(self, ask: PlainRequest) -> PreparedResponse | None:
        """Return the answer of read if it takes no waiting."""
        named = document_of(ask.path)
        if named is None:
            return None
        address, form = named
        try:
            shown, full, coding = self._shown(ask), _full(ask, form), coding_for(ask)
            variant, status = self._reading.ready(address, shown, full, coding), 200
        except Unpaid as error:
            if error.is_free or error.ended is not None:
                return None
            variant, status = self._refusal(address, form), UNPAID
        return None if variant is None else private_answer(ask, variant, status)

    def _refusal(self, address: Address, form: str) -> Variant | None:
        key, form = _refused(address, form)
        kept = self._previews.good(key, IDENTITY)
        return kept or self._previews.fetch(key, IDENTITY, address, form)

    async def _told(self, address: Address, form: str) -> Variant | None:
        """Return what a reader without a right gets. Raises Moved."""
        key, form = _refused(address, form)
        return await self._previews.find(key, IDENTITY, address, form)

    def _shown(self, ask: PlainRequest) -> Credential:
        """Return the credential of a request. Raises Malformed."""
        given = ask.headers.get(b"authorization")
        if given is not None:
            return Credential(bearer_in(given))
        shown = ask.headers.get(b"cookie")
        if shown is None:
            return _NOTHING
        return Credential("", cookie_in(shown, _cookie_name(ask.is_https or self._is_https)))

    async def library(self, request: Request) -> Response:
        """Show what this reader may read."""
        after = _after(request)
        cookie = self._reader_cookie(request)
        found = await self._reading.shelf(cookie, LIBRARY_SIZE + 1, after)
        shelved = found[:LIBRARY_SIZE]
        following = str(shelved[-1].edition.address) if len(found) > LIBRARY_SIZE else ""
        return self._page(
            request,
            "library.html",
            shelves=_shelves(shelved),
            count=len(shelved),
            places=await self._reading.places(cookie),
            following=following,
            is_first=after is None,
            once=self._redeeming.once(),
        )

    async def move(self, request: Request) -> Response:
        """Give the reader a link, and a QR code of it, that takes it to another device."""
        require_same_origin(request)
        reader = await self._reading.reader(self._reader_cookie(request))
        if reader is None or not reader.grants:
            return _see_other("/library")
        token = await self._moving.token(reader)
        link = self._links.absolute(request, f"{UNLOCK}?token={token}")
        return self._page(request, "move.html", link=link, picture=Markup(qr_code(link)))  # noqa: S704  drawn by us

    async def sign_out(self, request: Request) -> Response:
        """End this reader's cookies, here and in every copy."""
        require_same_origin(request)
        reader = await self._reading.reader(self._reader_cookie(request))
        if await self._redeeming.sign_out(reader):
            response = _see_other("/")
        else:
            response = self._page(request, "recorded.html", 202, done="signed-out", place="/")
        self._set_cookie(request, response, "", 0)
        # Another one at once: a browser may not fetch it again for a page that it remembers.
        self._set_cookie(request, response, self._redeeming.once(), ONCE_LIFE, "_once")
        return response

    def _page(self, request: Request, name: str, status: int = 200, **context: object) -> Response:
        language = negotiate(request.headers.get("accept-language"))
        body = self._pages.render(name, language, **context)
        return send_private(request, private_representation(HTML, body), status)

    # --- the cookie ---

    def _secure(self, request: Request) -> bool:
        return self._is_https or request.scope.get("scheme") == "https"

    def _reader_cookie(self, request: Request) -> str:
        return cookie(request, _cookie_name(self._secure(request)))

    def _set_cookie(
        self, request: Request, response: Response, value: str, life: int, suffix: str = ""
    ) -> None:
        response.set_cookie(
            _cookie_name(self._secure(request), suffix),
            value,
            max_age=life,
            path="/",
            secure=self._secure(request),
            httponly=True,
            samesite="lax",
        )


def _shelves(shelved: Sequence[Shelved]) -> list[tuple[str, str, list[Shelved]]]:
    """Return documents by the publisher and the collection that they belong to."""

    def place(one: Shelved) -> tuple[str, str]:
        return one.edition.address.publisher, one.edition.collection

    ordered = sorted(shelved, key=place)
    return [(*where, list(group)) for where, group in groupby(ordered, key=place)]


def _after(request: Request) -> Address | None:
    after = request.query_params.get("after", "")
    publisher, _, slug = after.partition("/")
    return Address.of(publisher, slug) if after else None


def _address_in(field: str) -> Address | None:
    """Return the address in a field, None where there is none."""
    publisher, _, slug = field.partition("/")
    try:
        return Address.of(publisher, slug)
    except Malformed:
        return None


def _full(ask: PlainRequest, form: str) -> str:
    """Return the name of a form of the full text, whose page speaks the reader's language."""
    if not form.startswith(PAGE.name):
        return form
    accept_language = ask.headers.get(b"accept-language", b"").decode("latin-1")
    return _spoken(form, negotiate(accept_language))


@lru_cache(maxsize=512)
def _spoken(form: str, language: Language) -> str:
    return form_of(f"{PAGE.name}.{language}", _page_of(form))


def _page_of(form: str) -> int:
    return int(form.partition(".")[2] or 1)


@lru_cache(maxsize=2048)
def _refused(address: Address, form: str) -> tuple[bytes, str]:
    """Return how what a reader without a right gets is called in memory and in its bundle.

    It is one for all pages, and one for all that stands beside.
    """
    beside = form.startswith((PICTURES, ATTACHMENTS))
    name = REFUSED["json"] if beside else REFUSED.get(form.partition(".")[0], form)
    return f"/read/{address}.{name}".encode(), name


def _cookie_name(is_https: bool, suffix: str = "") -> str:
    return ("__Host-paidgate" if is_https else "paidgate") + suffix


def _see_other(location: str) -> Response:
    headers = {"location": location, "cache-control": CACHE_PRIVATE}
    return Response(status_code=303, headers=headers)
