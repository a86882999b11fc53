"""Reading: the full text for the holder of a right, what everyone knows for anybody else."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.bundles import IDENTITY, Variant
from gateway.core.companions import ATTACHMENTS, PICTURES
from gateway.core.documents import Address
from gateway.core.errors import Missing, Revoked, Unpaid
from gateway.rendering.pages import Language
from gateway.rendering.paging import address_of, form_of
from gateway.rendering.press import REFUSED
from gateway.rendering.representations import PAGE
from gateway.usecases.reading import Credential, Opened, Reading
from gateway.web.errors import STATUS, status_of
from gateway.web.http.accept import negotiate
from gateway.web.http.credentials import bearer_in
from gateway.web.http.fast_path import PlainRequest, PreparedResponse, Responder, document_of
from gateway.web.http.headers import CACHE_PRIVATE
from gateway.web.http.ranges import send_attachment
from gateway.web.http.requests import asked_document, document_and_attachment
from gateway.web.http.sending import Check, coding_for, private_answer, response_of, see_other
from gateway.web.http.under_way import UnderWay
from gateway.web.preview_cache import PreviewCache
from gateway.web.readers.cookies import ReaderCookies
from gateway.web.readers.refusals import Refusals

UNPAID = STATUS[Unpaid]

_NOTHING = Credential()


class FullTexts:
    """The part of the reader surface that sends full texts and what stands beside them."""

    def __init__(
        self,
        reading: Reading,
        previews: PreviewCache,
        refusals: Refusals,
        under_way: UnderWay,
        cookies: ReaderCookies,
    ) -> None:
        self._reading = reading
        self._previews = previews
        self._refusals = refusals
        self._under_way = under_way
        self._cookies = cookies

    def responders(self) -> Mapping[bytes, Responder]:
        """Return who gives ready answers, by the first segment of the path."""
        return {b"/read/": self.ready_read}

    def routes(self) -> list[Route]:
        """Return the routes of reading."""
        return [
            Route("/read/{publisher}/{slug}", self.read),
            Route("/read/{publisher}/{slug}/pictures/{name}", self.read),
            Route("/read/{publisher}/{slug}/attachments/{name}", self.attachment),
        ]

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
            # The public side knows where a document that moved is now.
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
            return see_other(address_of(public, _page_of(form)))
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
        reader_cookie = self._cookies.reader_in(ask)
        return _NOTHING if reader_cookie is None else Credential("", reader_cookie)


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
