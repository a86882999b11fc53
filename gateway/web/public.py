"""What everyone sees. It is given a PublicStore only: no paid byte can be reached from here."""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.bundles import IDENTITY
from gateway.core.documents import NAME, Address
from gateway.core.errors import Malformed, Missing, Moved
from gateway.core.profiles import place_of
from gateway.ports import PublicStore
from gateway.rendering.representations import CARD, COLOURS, MARK, OEMBED
from gateway.rendering.static import PREFIX, Static
from gateway.web.http.fast_path import PlainRequest, PreparedResponse, Responder, document_of
from gateway.web.http.headers import CACHE_FOREVER, CACHE_PUBLIC
from gateway.web.http.links import Links
from gateway.web.http.ranges import send_attachment
from gateway.web.http.requests import asked_document, document_and_attachment, document_in
from gateway.web.http.sending import (
    coding_for,
    public_answer,
    response_of,
    send_public,
)
from gateway.web.preview_cache import PreviewCache

SAID = (MARK, COLOURS)
_SAID = re.compile(f"/documents/({NAME})/({'|'.join(map(re.escape, SAID))})".encode(), re.ASCII)


def _said_by(path: bytes) -> tuple[Address, str] | None:
    """Return whose mark or colours a path names, and which of them; None for neither."""
    found = _SAID.fullmatch(path)
    return (place_of(found[1].decode()), found[2].decode()) if found else None


class Public:
    """The public surface. It never looks at a credential."""

    def __init__(
        self,
        store: PublicStore,
        previews: PreviewCache,
        static: Static,
        links: Links,
    ) -> None:
        self._store = store
        self._previews = previews
        self._static = static
        self._links = links

    def routes(self) -> list[Route]:
        """Return the routes of this surface."""
        return [
            *(Route(f"/documents/{{publisher}}/{form}", self.said) for form in SAID),
            Route("/documents/{publisher}/{slug}", self.preview),
            Route("/documents/{publisher}/{slug}/pictures/{name}", self.preview),
            Route("/documents/{publisher}/{slug}/attachments/{name}", self.attachment),
            Route(f"/documents/{{publisher}}/{{slug}}/{CARD}", self.card),
            Route("/oembed", self.oembed),
            Route("/static/{name}", self.asset),
        ]

    def responders(self) -> Mapping[bytes, Responder]:
        """Return who gives ready answers of this surface, by the first segment of the path."""
        return {b"/documents/": self.ready_preview, PREFIX.encode(): self.ready_asset}

    def ready_preview(self, ask: PlainRequest) -> PreparedResponse | None:
        """Return the answer of preview, or of a picture, if it takes no waiting."""
        coding = coding_for(ask)
        variant = self._previews.good(ask.path, coding)
        if variant is None:
            named = document_of(ask.path) or _said_by(ask.path)
            variant = self._previews.fetch(ask.path, coding, *named) if named else None
        return None if variant is None else public_answer(ask, variant)

    async def preview(self, request: Request) -> Response:
        """Send the preview of a document in the form that the path names, or a picture of it."""
        ask, (path, address, form) = PlainRequest.of(request), asked_document(request)
        variant = await self._previews.find(path, coding_for(ask), address, form)
        if variant is None:
            raise Missing("document")
        return response_of(public_answer(ask, variant), variant)

    async def said(self, request: Request) -> Response:
        """Send the mark of a publisher, or the sheet of its colours."""
        ask = PlainRequest.of(request)
        named = _said_by(ask.path)
        variant = await self._previews.find(ask.path, coding_for(ask), *named) if named else None
        if variant is None:
            raise Missing("thing")
        return response_of(public_answer(ask, variant), variant)

    async def card(self, request: Request) -> Response:
        """Send the picture of a document for cards that show links to it."""
        return await self._send(request, document_in(request), CARD)

    async def oembed(self, request: Request) -> Response:
        """Send what other sites show of a document whose address they know (oembed.com)."""
        if request.query_params.get("format", "json") != "json":
            raise Malformed("There is JSON alone.", where="format", hint="Use format=json.")
        url = self._links.ours(request, request.query_params.get("url", ""))
        named = document_of(url.encode())
        if named is None:
            raise Missing("document")
        try:
            return await self._send(request, named[0], OEMBED)
        except Moved as moved:
            return await self._send(request, Address(named[0].publisher, moved.slug), OEMBED)

    async def _send(self, request: Request, address: Address, form: str) -> Response:
        ask = PlainRequest.of(request)
        variant = await self._store.form(address, form, coding_for(ask))
        if variant is None:
            raise Missing("document")
        return response_of(public_answer(ask, variant), variant)

    async def attachment(self, request: Request) -> Response:
        """Send an attachment that the free text of a document shows."""
        address, form = document_and_attachment(request)
        variant = await self._store.form(address, form, IDENTITY)
        if variant is None:
            raise Missing("document")
        return send_attachment(request, variant, CACHE_PUBLIC)

    async def asset(self, request: Request) -> Response:
        """Send an asset; its name holds a hash of its content."""
        name = request.path_params["name"]
        form = self._static.asset(name)
        if form is None:
            raise Missing("asset")
        return send_public(request, form, self._cache(name))

    def ready_asset(self, ask: PlainRequest) -> PreparedResponse | None:
        """Return the answer of asset, None for none that is known."""
        name = ask.path.removeprefix(PREFIX.encode()).decode("latin-1")
        form = self._static.asset(name)
        if form is None:
            return None
        return public_answer(ask, form.variant(coding_for(ask)), self._cache(name))

    def _cache(self, name: str) -> str:
        return CACHE_FOREVER if self._static.lasting(name) else CACHE_PUBLIC
