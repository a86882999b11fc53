"""Answers that are ready: sent without waiting for anything.

Most requests ask for bytes that lie in memory. They are answered here, before any route, by one
look-up of their raw path. Only what is plain is answered so: for anything else (an error to tell,
a body that comes, bytes to fetch) there is no ready answer, and the request goes the long way
through the routes. Both ways make their answers in `sending`, so that no request can tell which one
it went.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from msgspec import Struct
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.core.companions import PICTURES
from gateway.core.documents import NAME, Address
from gateway.core.errors import GatewayError
from gateway.rendering.paging import form_of
from gateway.rendering.representations import OTHERS, PAGE
from gateway.web.http.access_log import begin_request, note
from gateway.web.http.meaning import is_host, require_one_meaning

LONGEST = 200  # bytes of a path that can be plain
ASKED = "asked the fast path"  # in the state of a request that the server itself has asked it for

Pairs = Sequence[tuple[bytes, bytes]]


class Common(NamedTuple):
    """Headers that many answers have, and how HTTP/1.1 writes them."""

    headers: Pairs
    lines: bytes

    @classmethod
    def of(cls, headers: Pairs) -> Common:
        """Return what answers with these headers share."""
        return cls(headers, b"".join([b"%b: %b\r\n" % header for header in headers]))


Kind = tuple[str, int, bool, bool]  # cache-control, status, to a HEAD, over HTTPS


class PreparedResponse(Struct, frozen=True, gc=False):
    """A whole answer, made once and sent many times."""

    kind: Kind
    # As HTTP/1.1 writes it, but for what changes: the date, and the empty line that ends it.
    head: bytes
    common: Common
    body: bytes

    def __repr__(self) -> str:
        return f"PreparedResponse({self.status})"  # the body may be paid

    @property
    def status(self) -> int:
        return self.kind[1]

    @property
    def headers(self) -> Pairs:
        """All headers, as ASGI wants them."""
        own = (line.partition(b": ") for line in self.head.split(b"\r\n")[1:-1])
        return [*((name, value) for name, _, value in own), *self.common.headers]


class PlainRequest(Struct, frozen=True):
    """A request as far as it decides about an answer, whichever way it goes."""

    path: bytes  # without the query but for one that may ask for a page
    headers: Mapping[bytes, bytes]  # names in small letters
    is_head: bool = False
    is_https: bool = False
    has_query: bool = False

    @classmethod
    def of(cls, request: Request) -> PlainRequest:
        """Return what decides in a request that goes the long way."""
        scope = request.scope
        headers, is_https = by_name(request.headers.raw), scope.get("scheme") == "https"
        return cls(scope["path"].encode(), headers, request.method == "HEAD", is_https)


Responder = Callable[[PlainRequest], PreparedResponse | None]

_METHODS = {b"GET": "GET", b"HEAD": "HEAD"}


class FastPath:
    """Who gives ready answers, by the first segment of the path."""

    def __init__(self, responders: Mapping[bytes, Responder], *, is_https: bool) -> None:
        self._responders = responders
        self._is_https = is_https

    def answer(
        self,
        method: bytes,
        path: bytes,
        headers: Mapping[bytes, bytes],
        is_https: bool,
        has_query: bool = False,
    ) -> PreparedResponse | None:
        """Return the ready answer to a request without a body, None where there is none."""
        responder = self._responders.get(path[: path.find(b"/", 1) + 1])
        name = _METHODS.get(method)
        if responder is None or name is None or len(path) > LONGEST:
            return None
        started, request = time.perf_counter(), begin_request()
        try:
            answer = responder(
                PlainRequest(path, headers, name == "HEAD", is_https or self._is_https, has_query)
            )
        except Exception:
            return None  # the long way meets the same fault, and tells it
        if answer is not None:
            note(name, path.decode("latin-1"), answer.status, started, request)
        return answer


class FastPathMiddleware:
    """Send the ready answer where there is one; for any ASGI server."""

    def __init__(self, app: ASGIApp, ready: FastPath) -> None:
        self._app = app
        self._ready = ready

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_new = scope["type"] == "http" and not scope.get("state", {}).get(ASKED)
        answer = self._answer(scope) if is_new else None
        if answer is None:
            await self._app(scope, receive, send)
            return
        start = {"type": "http.response.start", "status": answer.status}
        await send({**start, "headers": list(answer.headers)})
        await send({"type": "http.response.body", "body": answer.body})

    def _answer(self, scope: Scope) -> PreparedResponse | None:
        try:
            require_one_meaning(scope)
        except GatewayError:
            return None
        if "?" in scope["path"]:  # it was escaped, and is no query
            return None
        path = with_page(scope["path"].encode(), scope["query_string"])
        headers = by_name(scope["headers"])
        is_https = scope["scheme"] == "https"
        has_query = bool(scope["query_string"])
        return self._ready.answer(scope["method"].encode(), path, headers, is_https, has_query)


def with_page(path: bytes, query: bytes) -> bytes:
    """Return what a ready answer goes by: a path, with a query that may ask for a page."""
    return b"%b?%b" % (path, query) if b"page" in query or b"%" in query else path


def plain_headers(pairs: Pairs) -> dict[bytes, bytes] | None:
    """Return headers by name; None where no clear host is among them, or a body comes."""
    headers = by_name(pairs)
    if not is_host(headers.get(b"host", b"")):
        return None
    if headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers:
        return None
    return headers


def by_name(pairs: Pairs) -> dict[bytes, bytes]:
    """Return headers by name; what stands several times is joined (RFC 9110 section 5.3).

    Of what may stand once, no joined value has a meaning: a host or a credential holds no comma.
    """
    headers = dict(pairs)
    if len(headers) == len(pairs):
        return headers
    headers.clear()
    for name, value in pairs:
        joint = b"; " if name == b"cookie" else b", "
        headers[name] = headers[name] + joint + value if name in headers else value
    return headers


@lru_cache(maxsize=2048)
def document_of(path: bytes) -> tuple[Address, str] | None:
    """Return which document, in which form, a path names; None where it names none."""
    found = _DOCUMENT.fullmatch(path)
    if found is None:
        return None
    publisher, slug, form, picture, page = found.groups()
    named = form or picture
    name = named.decode() if named else form_of(PAGE.name, int(page or 1))
    return Address(publisher.decode(), slug.decode()), name


_DOCUMENT = re.compile(
    f"/[a-z]+/({NAME})/({NAME})"
    f"(?:[.]({'|'.join(each.name for each in OTHERS)})|/({PICTURES}/{NAME})"
    r"|\?page=([2-9]|[1-9]\d{1,2}))?".encode(),
    re.ASCII,
)
