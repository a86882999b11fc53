"""What everyone sees. It is given a PublicStore only: no paid byte can be reached from here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.bundles import Entry, Representation
from gateway.core.errors import Malformed, Missing
from gateway.ports import PublicStore, cursor
from gateway.rendering.encodings import NOW, public_representation
from gateway.rendering.pages import Language, Pages
from gateway.rendering.paging import form_of
from gateway.rendering.representations import PAGE
from gateway.rendering.static import PREFIX, Static
from gateway.web.http.fast_path import PlainRequest, PreparedResponse, Responder, document_of
from gateway.web.http.headers import CACHE_FOREVER, CACHE_PUBLIC
from gateway.web.http.requests import asked_page, document_and_form
from gateway.web.http.sending import (
    coding_for,
    liked_coding,
    public_answer,
    send_public,
    send_variant,
)
from gateway.web.preview_cache import PreviewCache

PAGE_SIZE = 20
ROBOTS = (
    b"User-agent: *\nDisallow: /read/\nDisallow: /unlock\nDisallow: /library\nDisallow: /studio\n"
)


class Public:
    """The public surface. It never looks at a credential."""

    def __init__(
        self,
        store: PublicStore,
        previews: PreviewCache,
        pages: Pages,
        static: Static,
        language: Language,
    ) -> None:
        self._store = store
        self._previews = previews
        self._static = static
        self._robots = public_representation("text/plain; charset=utf-8", ROBOTS)

        # Rendered once for each state of the catalogue, not once for each request.
        @lru_cache(maxsize=64)
        def catalogue(entries: tuple[Entry, ...], following: str, is_first: bool) -> Representation:
            body = pages.render(
                "catalogue.html", language, entries=entries, following=following, is_first=is_first
            )
            # Anyone can ask for a state that nobody has asked for.
            return public_representation("text/html; charset=utf-8", body, NOW)

        self._catalogue_form = catalogue

    def routes(self) -> list[Route]:
        """Return the routes of this surface."""
        return [
            Route("/", self.catalogue),
            Route("/documents/{publisher}/{slug}", self.preview),
            Route("/static/{name}", self.asset),
            Route("/robots.txt", self.robots),
        ]

    def responders(self) -> Mapping[bytes, Responder]:
        """Return who gives ready answers of this surface, by the first segment of the path."""
        return {b"/documents/": self.ready_preview, PREFIX.encode(): self.ready_asset}

    def ready_preview(self, ask: PlainRequest) -> PreparedResponse | None:
        """Return the answer of preview if it takes no waiting."""
        coding = coding_for(ask)
        variant = self._previews.good(ask.path, coding)
        if variant is None:
            named = document_of(ask.path)
            variant = self._previews.fetch(ask.path, coding, *named) if named else None
        return None if variant is None else public_answer(ask, variant)

    async def preview(self, request: Request) -> Response:
        """Send the preview of a document in the form that the path names."""
        address, form = document_and_form(request)
        if form == PAGE.name:
            form = form_of(form, asked_page(request))
        try:
            variant = await self._store.form(address, form, liked_coding(request))
        except KeyError:
            raise Missing("page") from None
        if variant is None:
            raise Missing("document")
        return send_variant(request, variant)

    async def catalogue(self, request: Request) -> Response:
        """Send a page of the catalogue, newest first."""
        before = request.query_params.get("before", "")
        if len(before) > 200 or not before.isprintable():
            raise Malformed("This page of the catalogue does not exist.", where="before")
        entries = await self._store.entries("", before, PAGE_SIZE + 1)
        shown = tuple(entries[:PAGE_SIZE])
        following = cursor(shown[-1]) if len(entries) > PAGE_SIZE else ""
        return send_public(request, self._catalogue_form(shown, following, not before))

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

    async def robots(self, request: Request) -> Response:
        """Send robots.txt: private addresses are not for crawlers."""
        return send_public(request, self._robots)
