"""Walks through the gateway: which of its files are called, and in which order."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, cast

from starlette.types import ASGIApp

from gateway.app import build, open_services
from gateway.settings import load
from tests.support.answers import Answer
from tests.support.asgi import exchange
from tools.venv import ROOT

GATEWAY = f"{ROOT / 'gateway'}/"
SOURCE = b"---\ntitle: A title\n---\n\nFree. ##paidbegin##Paid.##paidend## Free.\n"
HERE = "http://127.0.0.1:8000"

Walks = dict[str, list[str]]


class Walker:
    """Asks a gateway, and writes down the files that each request calls, in whichever thread."""

    def __init__(self) -> None:
        self.walks: Walks = {}
        self._walk: list[str] = []

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch this thread, and those that begin meanwhile."""
        sys.setprofile(self._look)
        threading.setprofile(self._look)
        try:
            yield
        finally:
            threading.setprofile(cast("Any", None))
            sys.setprofile(None)

    def _look(self, frame: FrameType, event: str, _: object) -> None:
        file = frame.f_code.co_filename
        if event == "call" and file.startswith(GATEWAY):
            self._walk.append(file.removeprefix(GATEWAY))

    async def ask(
        self,
        app: ASGIApp,
        name: str,
        status: int,
        method: str,
        path: str,
        body: bytes = b"",
        **headers: str,
    ) -> Answer:
        """Send a request, and keep its walk under a name."""
        lines = [(name.replace("_", "-"), value) for name, value in headers.items()]
        self._walk = self.walks[name] = []
        try:
            answer = await exchange(app, method, path, lines, body)
        finally:
            self._walk = []
        assert answer.status == status, answer.body
        return answer


async def walked(folder: Path) -> Walks:
    """Publish, read, grant, redeem and revoke on real stores, and return the walk of each."""
    settings, walker = load({"PAIDGATE_DATA": str(folder)}), Walker()
    with walker.watching():
        services = await open_services(settings, in_process=True, serving=lambda _: None)
        try:
            await services.indexing.fill()
            key = await services.publishers.add("demo")
            await _day(partial(walker.ask, build(services)), f"Bearer {key}")
        finally:
            await services.close()
    return walker.walks


async def _day(ask: Callable[..., Awaitable[Answer]], key: str) -> None:
    form, page = "application/x-www-form-urlencoded", "/documents/demo/a-text"
    typed = {"authorization": key, "content_type": "text/markdown"}
    await ask("document", 201, "PUT", "/api/documents/a-text", SOURCE, **typed)
    await ask("fetched preview", 200, "GET", page)
    await ask("preview", 200, "GET", page)
    await ask("search", 200, "GET", "/search?q=title")
    typed["content_type"] = "application/json"
    wish = json.dumps({"scope": "document:a-text", "term": "30d"}).encode()
    grant = json.loads((await ask("granted", 201, "POST", "/api/grants", wish, **typed)).body)
    bearer = f"Bearer {grant['token']}"
    await ask("read", 200, "GET", "/read/demo/a-text", authorization=bearer)
    token = f"token={grant['token']}".encode()
    await ask(
        *("redeemed", 303, "POST", "/unlock", token),
        content_type=form,
        origin=HERE,
        sec_fetch_site="same-origin",
    )
    await ask("revoked", 204, "DELETE", f"/api/grants/{grant['id']}", authorization=key)
    await ask("refused", 403, "GET", "/read/demo/a-text", authorization=bearer)
