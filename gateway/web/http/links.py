"""Links: absolute, from the configured origin or else a Host that is trusted; and unlock links."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote, urlsplit

from starlette.requests import Request

from gateway.rendering.sheets import UNLOCK

PORT = 8000  # of the gateway, where nothing else is said


def token_in(pasted: str) -> str:
    """Return the one token in a text, however it came out of a message; "" for none or several.

    Around it, and in it, a message may have set blanks, line breaks, brackets and a full stop.
    """
    shown = "".join(c for c in pasted if not c.isspace() and unicodedata.category(c) != "Cf")
    tokens = set(_TOKEN.findall(shown))
    return tokens.pop() if len(tokens) == 1 else ""


# A signature has 43 letters, so that a word behind it is no part of it.
_TOKEN = re.compile(r"pg1\.[a-z0-9]{1,16}\.\.?[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}")


def unlock_path(token: str) -> str:
    """Return the path of the unlock link of a token."""
    return f"{UNLOCK}?token={quote(token)}"


class Links:
    """Where the gateway is, seen from outside. base: as it is set, "" where it is not."""

    def __init__(self, base_url: str, trusted_hosts: tuple[str, ...]) -> None:
        self.base = base_url
        self._trusted = frozenset(trusted_hosts)

    def absolute(self, request: Request, path: str) -> str:
        """Return the link to a path of ours; a Host that is not trusted is not believed."""
        return self.origin(request) + path

    def ours(self, request: Request, url: str) -> str:
        """Return the path of a link if it is one of ours, else ""."""
        origin = self.origin(request)
        path = url.removeprefix(origin) if url.startswith(f"{origin}/") else ""
        return path.partition("?")[0].partition("#")[0]

    def origin(self, request: Request) -> str:
        """Return our origin, as a link begins with it."""
        hosts = request.headers.getlist("host")
        host = hosts[0] if len(hosts) == 1 else ""
        _, port = request.scope.get("server") or ("", None)
        # Else the port that we serve on, whoever asks.
        known = self.known_origin(host, request.scope.get("scheme", "http"))
        return known or f"http://127.0.0.1:{port or PORT}"

    def known_origin(self, host: str, scheme: str) -> str:
        """Return our origin as the settings or a Host that is trusted tell it, "" for neither."""
        if self.base:
            return self.base
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            name = None
        is_trusted = name in self._trusted and host.lower().partition("@")[2] == ""
        return f"{scheme}://{host}" if is_trusted else ""
