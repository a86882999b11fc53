"""Absolute links: from the configured origin, else from a Host that is trusted."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request


class Links:
    """Where the gateway is, seen from outside."""

    def __init__(self, base_url: str, trusted_hosts: tuple[str, ...], fallback: str) -> None:
        self._base_url = base_url
        self._trusted = frozenset(trusted_hosts)
        self._fallback = fallback

    def absolute(self, request: Request, path: str) -> str:
        """Return the link to a path of ours; a Host that is not trusted is not believed."""
        return self._origin(request) + path

    def _origin(self, request: Request) -> str:
        if self._base_url:
            return self._base_url
        hosts = request.headers.getlist("host")
        host = hosts[0] if len(hosts) == 1 else ""
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            name = None
        if name in self._trusted and host.lower().partition("@")[2] == "":
            return f"{request.scope.get('scheme', 'http')}://{host}"
        return self._fallback
