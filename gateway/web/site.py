"""What the site tells machines of itself: robots.txt, icons, manifest, security.txt."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.bundles import Representation
from gateway.core.errors import Missing
from gateway.rendering.encodings import NOW, public_representation
from gateway.rendering.listings import SITE
from gateway.rendering.pages import Language
from gateway.rendering.representations import TEXT
from gateway.rendering.static import Static
from gateway.web.http.links import Links
from gateway.web.http.sending import send_public

PRIVATE = ("/read", "/studio", "/api", "/unlock", "/library", "/redeem", "/signout")
"""Where paths begin that are not for crawlers."""

MANIFEST = "/site.webmanifest"
ICONS: Mapping[str, str] = {
    "/favicon.ico": "favicon.ico",
    "/apple-touch-icon.png": "touch-icon.png",
}
_GOOD_FOR = timedelta(days=180)  # by RFC 9116 less than a year


class Site:
    """The same for everyone, and for every document."""

    def __init__(self, static: Static, links: Links, language: Language, contact: str) -> None:
        named = {path: static.asset(static.named(name)) for path, name in ICONS.items()}
        self._icons = {path: form for path, form in named.items() if form}
        self._links = links
        self._contact = contact
        self._manifest = public_representation(
            "application/manifest+json", _manifest(static, language)
        )

    def routes(self) -> list[Route]:
        """Return the routes of this surface."""
        return [
            Route("/robots.txt", self.robots),
            Route(MANIFEST, self.manifest),
            Route("/.well-known/security.txt", self.security),
            *(Route(path, self.icon) for path in ICONS),
        ]

    async def robots(self, request: Request) -> Response:
        """Send robots.txt: private addresses are not for crawlers."""
        return send_public(request, _robots(self._links.origin(request)))

    async def manifest(self, request: Request) -> Response:
        """Send what a phone shows of a site that is put on its screen."""
        return send_public(request, self._manifest)

    async def icon(self, request: Request) -> Response:
        """Send an icon from where browsers look that were told of none."""
        return send_public(request, self._icons[request.scope["path"]])

    async def security(self, request: Request) -> Response:
        """Send whom to tell of a weakness, if anybody was named."""
        if not self._contact:
            raise Missing("page")
        until = datetime.now(UTC).date() + _GOOD_FOR
        path = self._links.absolute(request, request.scope["path"])
        return send_public(request, _security(self._contact, until.isoformat(), path))


@lru_cache(maxsize=64)
def _robots(origin: str) -> Representation:
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in PRIVATE), ""]
    lines += [f"Sitemap: {origin}/sitemap.xml", ""]
    return public_representation(TEXT, "\n".join(lines).encode(), NOW)


@lru_cache(maxsize=64)
def _security(contact: str, until: str, canonical: str) -> Representation:
    lines = f"Contact: {contact}\nExpires: {until}T00:00:00Z\nCanonical: {canonical}\n"
    return public_representation(TEXT, lines.encode(), NOW)


def _manifest(static: Static, language: Language) -> bytes:
    icons = [
        {"src": static.url("favicon.svg"), "type": "image/svg+xml", "sizes": "any"},
        {"src": static.url("touch-icon.png"), "type": "image/png", "sizes": "180x180"},
    ]
    facts = {
        "name": SITE,
        "short_name": SITE,
        "lang": language,
        "start_url": "/",
        "display": "browser",
        "background_color": "#ffffff",
        "theme_color": "#ffffff",
        "icons": icons,
    }
    return (json.dumps(facts, ensure_ascii=False, indent=1) + "\n").encode()
