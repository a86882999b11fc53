"""A gateway with one published document, a right to it, and a reader who has redeemed it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

from gateway import settings as configuration
from gateway.app import open_services
from gateway.bench.load import Faulty
from gateway.bench.processes import Server, free_port, serving
from gateway.core.documents import Address
from gateway.core.grammar import Spelling

ADDRESS = Address("bench", "sample")
FREE = "清晨的码头上，渔船陆续靠岸，称鱼的、记账的、装车的人各忙各的，海风里都是盐味。"
PAID = "合作社的账本显示，今年近海的收成比去年少了一成，而运费涨了两成，利润就薄在这里。"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Publisher:
    """A running gateway, and a publisher's key to it."""

    server: Server
    key: str

    def api(self, method: str, path: str, body: bytes = b"", media_type: str = "") -> bytes:
        """Ask as the publisher; return the body of the answer. Raises Faulty."""
        headers = {"Authorization": f"Bearer {self.key}"}
        if media_type:
            headers["Content-Type"] = media_type
        answer, told = self.server.ask(method, path, headers, body)
        if not 200 <= answer.status < 300:
            raise Faulty(f"{method} {path} was answered with {answer.status}: {told.decode()}")
        return told

    def publish(self, slug: str, text: bytes) -> None:
        """Publish a plain text. Raises Faulty."""
        self.api("PUT", f"/api/documents/{slug}", text, "text/plain")

    def grant(self) -> tuple[str, str]:
        """Grant a right to the sample; return its id and its token. Raises Faulty."""
        wish = json.dumps({"scope": f"document:{ADDRESS.slug}"}).encode()
        made = json.loads(self.api("POST", "/api/grants", wish, "application/json"))
        return made["id"], made["token"]


@dataclass(frozen=True, slots=True)
class Stage:
    """A gateway that has published the sample, and what its actors hold."""

    publisher: Publisher
    token: str
    cookie: str

    @property
    def server(self) -> Server:
        return self.publisher.server


def source(title: str = "码头的早晨") -> bytes:
    """Return a document whose pages have about 3 KB."""
    free, paid = (sentence * 2 for sentence in (FREE, PAID))
    begin, end = Spelling.HASH.value
    return f"{title}\n\n{free}\n\n{begin}{paid}{end}\n\n{FREE}\n".encode()


@contextmanager
def stage(folder: Path, core: int, environment: dict[str, str]) -> Iterator[Stage]:
    """Run a gateway of one worker on one core. Raises Lacking, Faulty."""
    environment = {"PAIDGATE_DATA": str(folder / "data"), **environment}
    key = asyncio.run(_new_key(environment))
    port = free_port()
    command = [sys.executable, "-m", "gateway", "serve", "--port", str(port)]
    with serving(command, port, core, folder / "gateway.log", environment) as server:
        publisher = Publisher(server, key)
        publisher.publish(ADDRESS.slug, source())
        _, token = publisher.grant()
        yield Stage(publisher, token, _redeem(server, token))


async def _new_key(environment: dict[str, str]) -> str:
    services = await open_services(configuration.load(environment), in_process=True)
    try:
        return await services.publishers.add(ADDRESS.publisher)
    finally:
        await services.close()


def _redeem(server: Server, token: str) -> str:
    """Return the cookie that a token is redeemed for, as a browser sends it back."""
    answer, _ = server.ask("POST", "/unlock", FORM, urlencode({"token": token}).encode())
    jar = SimpleCookie(answer.getheader("set-cookie", ""))
    if answer.status != 303 or not jar:
        raise Faulty(f"The token was not redeemed: {answer.status}.")
    return "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items())
