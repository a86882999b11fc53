"""A publisher's script at the API, and browsers at the unlock page."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from starlette.types import ASGIApp

from gateway.ports import FailedAttempts
from tests.support.answers import Answer
from tests.support.asgi import exchange
from tests.support.services import Standing, gateway

FORM = ("content-type", "application/x-www-form-urlencoded")


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever has an API key."""

    app: ASGIApp
    key: str

    async def send(self, method: str, target: str, body: bytes = b"", **headers: str) -> Answer:
        """Send a request with the key."""
        named = [(name.replace("_", "-"), value) for name, value in headers.items()]
        bearer = ("authorization", f"Bearer {self.key}")
        return await exchange(self.app, method, target, [bearer, *named], body)

    async def ask(self, method: str, target: str, told: object = None, **headers: str) -> Any:
        """Send JSON, and return what comes back if the answer is good."""
        body = b"" if told is None else json.dumps(told).encode()
        answer = await self.send(method, target, body, **headers)
        assert answer.status < 300, (answer.status, answer.body)
        return answer.json if answer.body else None

    async def make_codes(self, **wish: object) -> list[dict[str, Any]]:
        """Make codes, by default one for everything."""
        told = {"scope": "all", "count": 1} | wish
        found: list[dict[str, Any]] = (await self.ask("POST", "/api/codes", told))["codes"]
        return found


@dataclass(slots=True)
class Browser:
    """A reader's browser: it keeps the cookie."""

    app: ASGIApp
    cookie: str = field(default="")

    async def get(self, target: str) -> Answer:
        """Open a page."""
        return await exchange(self.app, "GET", target, self._headers())

    async def once(self) -> str:
        """Open the unlock page and return what its form carries."""
        return once_in(await self.get("/unlock"))

    async def unlock(
        self, word: str, once: str = "", headers: tuple[tuple[str, str], ...] = ()
    ) -> Answer:
        """Send the unlock form."""
        body = urlencode({"code": word} | ({"once": once} if once else {})).encode()
        answer = await exchange(
            self.app, "POST", "/unlock", [*self._headers(), *headers, FORM], body
        )
        if answer.status == 303:
            self.cookie = answer.cookie
        return answer

    def _headers(self) -> list[tuple[str, str]]:
        return [("cookie", self.cookie)] if self.cookie else []


def once_in(page: Answer) -> str:
    """Return what the unlock form of a page carries, "" for nothing."""
    found = re.search(rb'<input type="hidden" name="once" value="([^"]*)"', page.body)
    return html.unescape(found[1].decode()) if found else ""


async def open_api(attempts: FailedAttempts | None = None) -> tuple[Standing, Caller]:
    """Build a gateway with a publisher, demo, who has published the document d."""
    standing = gateway(1, attempts)
    await standing.publish("d", "A title\n\nFree.\n\n##paidbegin##Paid.##paidend##\n")
    return standing, await caller(standing)


async def caller(standing: Standing, publisher: str = "demo") -> Caller:
    """Return a publisher's script, with a fresh key."""
    return Caller(standing.app, await standing.services.publishers.add(publisher))
