"""Header values that every answer shares, and the wrapper that sets them."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Every public answer is the same whoever asks; a private one is for nobody's cache.
CACHE_PUBLIC = "public, max-age=60, stale-while-revalidate=600"
CACHE_FOREVER = "public, max-age=31536000, immutable"
CACHE_PRIVATE = "private, no-store"

SECURITY = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' https: data:; "
        "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
}
# Of what is public: it is the same whoever asks, so pages of other sites may have it as well.
FOR_EVERY_SITE = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "ETag, Link",
    "cross-origin-resource-policy": "cross-origin",
}
PUBLIC_REFERRER = "strict-origin"  # a shop may know which site its buyer comes from
HSTS = "max-age=63072000; includeSubDomains"

Pairs = list[tuple[bytes, bytes]]

_PLAIN = [(name.encode(), value.encode()) for name, value in SECURITY.items()]
_HTTPS = [*_PLAIN, (b"strict-transport-security", HSTS.encode())]


def secured(headers: Sequence[tuple[bytes, bytes]], *, is_https: bool) -> Pairs:
    """Return headers with every security header that is not among them."""
    own = {name.lower() for name, _ in headers}
    return [*headers, *(pair for pair in (_HTTPS if is_https else _PLAIN) if pair[0] not in own)]


class SecurityHeaders:
    """Add the security headers to every answer that has none of its own."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self._app = app
        self._is_https = is_https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_https = self._is_https or scope.get("scheme") == "https"

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = secured(message.get("headers", ()), is_https=is_https)
            await send(message)

        await self._app(scope, receive, send_secured)
