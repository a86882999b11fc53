"""The studio's pages: sets them, and lets nobody but a publisher near them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.api_keys import May
from gateway.core.documents import Address, is_name, valid_name
from gateway.core.errors import (
    GatewayError,
    Missing,
    Refused,
    TooManyTries,
    Unauthenticated,
)
from gateway.rendering.encodings import private_representation
from gateway.rendering.pages import Pages
from gateway.rendering.problems import KIND
from gateway.rendering.representations import HTML
from gateway.web.api.operations import require_may
from gateway.web.errors import problem, status_of
from gateway.web.http.accept import negotiate
from gateway.web.http.requests import read_form
from gateway.web.http.sending import see_other, send_private
from gateway.web.studio.sessions import Session, Sessions
from gateway.web.studio.words import OF_THE_WHOLE, WORDS

HOME = "/studio"

Page = Callable[[Request, Session], Awaitable[Response]]
TurnAway = Callable[[Request, Unauthenticated], Awaitable[Response]]

# What an address may say was just done; anything else in it is not shown.
RECORDED = "recorded"
DONE = frozenset(
    {"published", "unchanged", "rolled-back", "renamed", "deleted", "profile"}
    | {"revoked", "code-revoked", "evicted", RECORDED}
)


class StudioPages:
    """What every page of the studio needs."""

    def __init__(self, pages: Pages, sessions: Sessions) -> None:
        self._pages = pages
        self._sessions = sessions

    def route(
        self,
        path: str,
        page: Page,
        *methods: str,
        turn_away: TurnAway | None = None,
        limit: int | None = None,
        needs: frozenset[May] | None = None,
    ) -> Route:
        """Return the route to a page that needs a publisher's session.

        needs: what its key has to allow for a POST, as in Operation; to see it, to read.
        """

        async def answer(request: Request) -> Response:
            try:
                session = await self._sessions.of(request)
            except Unauthenticated as error:
                return await (turn_away or self._turn_away)(request, error)
            if session.key:
                is_post = request.method == "POST"
                require_may(session.key, request.method, needs if is_post else None)
            return await page(request, session)

        return Route(HOME + path, answer, methods=list(methods or ("GET",)), max_body_size=limit)

    async def _turn_away(self, request: Request, error: Unauthenticated) -> Response:
        if request.method == "POST":
            return self.sign_in(request, error)
        return see_other(HOME)

    def sign_in(self, request: Request, error: GatewayError | None = None) -> Response:
        """Return the page to sign in at, and why if there is a reason."""
        guest = self._sessions.guest(request)
        response = self.page(request, guest, "signin.html", error)
        self._sessions.welcome(request, response, guest)
        return response

    def page(
        self,
        request: Request,
        session: Session,
        name: str,
        error: GatewayError | None = None,
        *,
        confirmed: bool = True,
        **context: object,
    ) -> Response:
        """Return a page of the studio, with the status and the notice of an error if any.

        confirmed: what was done for this page is; else it says that it is on record.
        """
        told = problem(error) if error else {}
        body = self._pages.render(
            f"studio/{name}",
            negotiate(request.headers.get("accept-language")),
            publisher=session.publisher,
            csrf_token=session.csrf_token,
            path=request.scope["path"],
            problem=str(told.get("type", "")).removeprefix(KIND),
            where=told.get("where", ""),
            findings_total=len(error.findings) if isinstance(error, Refused) else 0,
            words=WORDS,
            of_the_whole=OF_THE_WHOLE,
            done=_done(request) if confirmed else RECORDED,
            **context,
        )
        status = status_of(error) if error else 200 if confirmed else 202
        response = send_private(request, private_representation(HTML, body), status)
        if isinstance(error, Unauthenticated):
            response.headers["www-authenticate"] = "Bearer"
        if isinstance(error, TooManyTries):
            response.headers["retry-after"] = str(error.retry_after)
        return response


async def read_fields(request: Request, session: Session) -> Mapping[str, str]:
    """Return the fields of a form of this session. Raises CrossSite, TooLarge, Malformed."""
    fields = await read_form(request)
    session.require_csrf_token(fields.get("csrf_token", ""))
    return fields


def own_address(request: Request, session: Session) -> Address:
    """Return the address, under the publisher, of the slug in the path. Raises Missing."""
    slug = request.path_params["slug"]
    if not is_name(slug):
        raise Missing("document")
    return Address(session.publisher, slug)


def mark(request: Request, name: str) -> str:
    """Return where a list goes on, "" for its start. Raises Malformed."""
    text = request.query_params.get(name, "")
    return valid_name(text, name) if text else ""


def done_at(place: str, done: str, *, confirmed: bool) -> Response:
    """Return the way to a page that tells what was done, or that it is only on record yet."""
    return see_other(f"{place}?done={done if confirmed else RECORDED}")


def _done(request: Request) -> str:
    done = request.query_params.get("done", "")
    return done if done in DONE else ""
