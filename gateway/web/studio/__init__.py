"""The studio: the publisher surface for people, in the browser; the same use cases as the API."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.errors import BadKey, Expired, TooManyTries, Unauthenticated
from gateway.ports import FailedAttempts, Formats, PublicStore
from gateway.rendering.pages import Pages
from gateway.rendering.press import PagePress
from gateway.usecases.use_cases import UseCases
from gateway.web.http.links import Links
from gateway.web.http.rate_limit import KEYS, rate_limited
from gateway.web.http.requests import read_form, require_same_origin
from gateway.web.http.sending import see_other
from gateway.web.http.under_way import UnderWay
from gateway.web.studio.batches import BatchPage
from gateway.web.studio.codes import CodePages
from gateway.web.studio.desk import HOME, StudioPages, read_fields
from gateway.web.studio.devices import DevicePages
from gateway.web.studio.documents import DocumentPages
from gateway.web.studio.editor import Editor
from gateway.web.studio.grants import GrantPages
from gateway.web.studio.profiles import ProfilePage
from gateway.web.studio.renaming import AddressPages
from gateway.web.studio.sessions import Session, Sessions

__all__ = ["Studio"]


class Studio:
    """Puts the pages of the studio together, and is its door."""

    def __init__(
        self,
        use_cases: UseCases,
        attempts: FailedAttempts,
        formats: Formats,
        store: PublicStore,
        pages: Pages,
        links: Links,
        under_way: UnderWay,
        *,
        is_https: bool,
        max_upload: int,
    ) -> None:
        publishing, granting, codes = use_cases.publishing, use_cases.granting, use_cases.codes
        self._api_keys = use_cases.api_keys
        self._attempts = attempts
        self._sessions = Sessions(use_cases.api_keys, is_https=is_https)
        self._desk = StudioPages(pages, self._sessions)
        self._documents = DocumentPages(self._desk, publishing, store, links, formats)
        self._editor = Editor(
            self._desk,
            self._sessions,
            publishing,
            use_cases.profiles,
            formats,
            PagePress(pages),
            max_upload,
        )
        self._batches = BatchPage(self._desk, self._sessions, publishing, formats, max_upload)
        self._addresses = AddressPages(self._desk, publishing, use_cases.renaming)
        self._grants = GrantPages(self._desk, publishing, granting, codes, links)
        self._codes = CodePages(self._desk, self._grants, codes, under_way)
        self._profile = ProfilePage(self._desk, self._sessions, use_cases.profiles)
        self._devices = DevicePages(self._desk, granting, links)

    def routes(self) -> list[Route]:
        """Return the routes of the studio."""
        route = self._desk.route
        return [
            route("", self._documents.listing, turn_away=self._welcome),
            Route(f"{HOME}/signin", self.sign_in, methods=["POST"]),
            route("/signout", self.sign_out, "POST", needs=frozenset()),
            *self._documents.routes(),
            *self._addresses.routes(),
            *self._editor.routes(),
            *self._batches.routes(),
            *self._grants.routes(),
            *self._codes.routes(),
            *self._devices.routes(),
            *self._profile.routes(),
        ]

    async def _welcome(self, request: Request, error: Unauthenticated) -> Response:
        # No session is no fault; one that ended is worth a word.
        return self._desk.sign_in(request, error if isinstance(error, Expired) else None)

    async def sign_in(self, request: Request) -> Response:
        """Begin a session for whoever has an API key."""
        require_same_origin(request)
        fields = await read_form(request)
        self._sessions.guest(request).require_csrf_token(fields.get("csrf_token", ""))
        try:
            # A key that cannot be one is looked up like any other: the answer takes as long.
            async with rate_limited(self._attempts, request, KEYS):
                key = await self._api_keys.known(fields.get("key", "").strip())
        except (BadKey, TooManyTries) as error:
            return self._desk.sign_in(request, error)
        response = see_other(HOME)
        await self._sessions.begin(request, response, key)
        return response

    async def sign_out(self, request: Request, session: Session) -> Response:
        """End the session, here and in every copy."""
        await read_fields(request, session)
        response = see_other(HOME)
        await self._sessions.end(request, response, session)
        return response
