"""The only table of statuses, and how an error is told: as a page, as text or as a problem."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gateway.core import bundles, errors, permits
from gateway.rendering.pages import Language, Pages
from gateway.rendering.problems import KIND, PROBLEM, problem_details
from gateway.rendering.representations import HTML, OTHERS, TEXT
from gateway.web.http.accept import negotiate
from gateway.web.http.headers import CACHE_PRIVATE, CACHE_PUBLIC
from gateway.web.http.straight import straight
from gateway.web.site import ICONS, MANIFEST

STATUS: dict[type[errors.GatewayError], int] = {
    errors.Malformed: 400,
    errors.Refused: 422,
    errors.NewlyPublic: 409,
    errors.TooLarge: 413,
    errors.Unsupported: 415,
    errors.Missing: 404,
    errors.Moved: 308,
    errors.Stale: 412,
    errors.Conflict: 409,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.Unpaid: 402,
    errors.UsedUp: 409,
    errors.TooManyTries: 429,
    errors.TooMuchAtOnce: 429,
    errors.Busy: 503,
    errors.Unavailable: 503,
    bundles.Damaged: 503,
    permits.NotPermitted: 500,
    errors.GatewayError: 500,
}

_BARE = (".xml", *(each.suffix for each in OTHERS if each.media_type.startswith("text/")))
"""How addresses end that are answered in plain words."""

GONE = 499  # in the log alone, as nginx has it: a client that hung up
PUBLIC_PATHS = (
    *("/documents/", "/static/", "/feed.xml", "/sitemap.xml", "/robots.txt", "/search"),
    *("/oembed", "/.well-known/", MANIFEST, *ICONS),
)
_JSON = ("/redeem", "/oembed")  # besides what begins with /api or ends with .json

_SETTLED = (308, 404)  # what is as good for everyone as what is there
_WAITING = (errors.TooManyTries, errors.TooMuchAtOnce, errors.Busy, errors.Unavailable)
_log = structlog.get_logger()


def status_of(error: errors.GatewayError) -> int:
    """Return the status of the nearest class in the table."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def _where(request: Request, slug: str) -> str:
    """Return where the same form, or picture, of a document that moved to a slug is."""
    _, surface, publisher, name, *beside = request.url.path.split("/")
    _, dot, form = name.partition(".")
    path = "/".join(("", surface, publisher, slug + dot + form, *beside))
    return path + ("?" if request.url.query else "") + request.url.query


def problem(error: errors.GatewayError) -> dict[str, Any]:
    """Return the error as a problem with its status from the table."""
    return problem_details(error, status_of(error))


class ErrorResponses:
    """Turns errors into answers. What is public is told alike to everyone."""

    def __init__(self, pages: Pages, language: Language, once: Callable[[], str]) -> None:
        self._pages = pages
        self._once = once

        # Rendered once: strangers ask for what is not there more often than for anything else.
        @lru_cache(maxsize=64)
        def public_page(status: int, kind: str) -> bytes:
            return pages.render(
                "error.html",
                language,
                status=status,
                kind=kind,
                once="",
                document="",
                is_desk=False,
            )

        self._public_page = public_page

    async def on_gateway_error(self, request: Request, error: Exception) -> Response:
        """Answer for an error of ours."""
        assert isinstance(error, errors.GatewayError)
        headers = {}
        if isinstance(error, errors.Moved):
            headers["location"] = _where(request, error.slug)
        if isinstance(error, _WAITING):
            headers["retry-after"] = str(error.retry_after)
        if isinstance(error, errors.Unauthenticated):
            headers["www-authenticate"] = "Bearer"
        return self._answer(request, problem(error), headers)

    async def on_http_exception(self, request: Request, error: Exception) -> Response:
        """Answer for what Starlette refuses: no such path, no such method."""
        assert isinstance(error, HTTPException)
        headers = {}
        told: dict[str, Any] = {"type": "about:blank", "title": error.detail}
        told["status"] = error.status_code
        if error.status_code == 404:
            told = problem(errors.Missing("page"))
        elif error.headers and "Allow" in error.headers:
            # Starlette keeps the methods in a set, whose order differs between processes.
            headers["allow"] = ", ".join(sorted(error.headers["Allow"].split(", ")))
            told["detail"] = "This method is not allowed here."
            told["hint"] = f"Use one of: {headers['allow']}."
        return self._answer(request, told, headers)

    async def on_hang_up(self, _: Request, __: Exception) -> Response:
        """Answer nobody: the client has gone in the middle of its request, which is no fault."""
        return Response(status_code=GONE)

    async def on_fault(self, request: Request, error: Exception) -> Response:
        """Answer for a fault of ours: constant, and without what led to it."""
        _log.error("fault", kind=type(error).__name__, path=request.scope.get("path", "")[:200])
        return self._answer(request, problem(errors.GatewayError()), {})

    def _answer(
        self, request: Request, told: Mapping[str, Any], headers: dict[str, str]
    ) -> Response:
        path, status = request.scope["path"], int(told["status"])
        if status == 404 and request.method in ("GET", "HEAD") and (meant := straight(path)):
            return _moved(meant, request.scope["query_string"])
        is_public = path == "/" or path.startswith(PUBLIC_PATHS)
        headers["cache-control"] = CACHE_PRIVATE
        if is_public:
            headers["vary"] = "Accept-Encoding"
        if is_public and status in _SETTLED:
            headers["cache-control"] = CACHE_PUBLIC
        media_type, body = self._told(request, told, is_public=is_public)
        headers |= {"content-type": media_type, "content-length": str(len(body))}
        return Response(b"" if request.method == "HEAD" else body, status, headers)

    def _told(
        self, request: Request, told: Mapping[str, Any], *, is_public: bool
    ) -> tuple[str, bytes]:
        """Return an error in the media type that its path asks for."""
        path, status = request.scope["path"], int(told["status"])
        if path.startswith("/api") or path in _JSON or path.endswith(".json"):
            return PROBLEM, json.dumps(told, ensure_ascii=False).encode()
        if path.endswith(_BARE):
            words = f"{status} {told.get('detail', '')}\n{told.get('hint', '')}"
            return TEXT, words.strip().encode()
        kind = str(told["type"]).removeprefix(KIND)
        page = self._public_page(status, kind) if is_public else self._own(request, status, kind)
        return HTML, page

    def _own(self, request: Request, status: int, kind: str) -> bytes:
        return self._pages.render(
            "error.html",
            negotiate(request.headers.get("accept-language")),
            status=status,
            kind=kind,
            once=self._once(),
            document=getattr(request.state, "document", ""),
            is_desk=request.scope["path"].startswith("/studio"),
        )


def _moved(path: str, query: bytes) -> Response:
    place = f"{path}?{query.decode('latin-1')}" if query else path
    headers = {"location": place, "cache-control": CACHE_PUBLIC, "vary": "Accept-Encoding"}
    return Response(status_code=301, headers=headers)
