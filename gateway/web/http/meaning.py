"""One meaning: a request that could be read in two ways is answered in none of them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.core.errors import GatewayError, Malformed, Missing

_HOST = re.compile(rb"(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{0,5})?")
# What divides a path, or ends a text, once it is decoded: a proxy and we may differ about it.
_HIDDEN = re.compile(rb"%(?:2[EFef]|5[Cc]|[01][0-9A-Fa-f]|7[Ff])|%(?![0-9A-Fa-f]{2})")


@lru_cache(maxsize=256)
def is_host(value: bytes) -> bool:
    """Return whether a Host header has the form of a name or an address, with a port or without."""
    return _HOST.fullmatch(value) is not None


def require_one_meaning(scope: Scope) -> None:
    """Raise Malformed for a Host that is not one, Missing for a path that is perhaps another."""
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if not _is_clear(hosts, scope.get("http_version", "1.1")):
        raise Malformed(
            "The Host header is not one host.",
            where="Host",
            hint="Send one Host header, with a name or an address and perhaps a port.",
        )
    path = scope.get("raw_path") or b""
    if b"%" in path and not _is_plain(path):
        raise Missing("page")


def _is_clear(hosts: Sequence[bytes], version: str) -> bool:
    if not hosts:
        return version == "1.0"
    return len(hosts) == 1 and is_host(hosts[0])


def _is_plain(path: bytes) -> bool:
    if _HIDDEN.search(path):
        return False
    try:
        unquote_to_bytes(path).decode()
    except UnicodeDecodeError:
        return False
    return True


class OneMeaning:
    """Refuse what has more than one meaning, in the words of `tell`."""

    def __init__(
        self, app: ASGIApp, tell: Callable[[Request, Exception], Awaitable[Response]]
    ) -> None:
        self._app = app
        self._tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if scope["type"] == "http":
            try:
                require_one_meaning(scope)
            except GatewayError as error:
                app = await self._tell(Request(scope), error)
        await app(scope, receive, send)
