"""A client that hangs up is no error: nothing is raised, and no place in the code is logged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import structlog
from starlette.types import Message, Scope

from tests.support.services import gateway

pytestmark = pytest.mark.anyio

FORM = ("content-type", "application/x-www-form-urlencoded")
PARTS = ("content-type", "multipart/form-data; boundary=x")
REQUESTS = [
    ("PUT", "/api/documents/story", (("content-type", "text/plain"),)),
    ("POST", "/api/grants", (("content-type", "application/json"),)),
    ("POST", "/unlock", (FORM, ("origin", "http://127.0.0.1:8000"))),
    ("POST", "/studio/publish", (PARTS, ("origin", "http://127.0.0.1:8000"))),
]


@pytest.mark.parametrize(("method", "path", "more"), REQUESTS)
async def test_a_client_that_hangs_up_is_no_error(
    method: str,
    path: str,
    more: tuple[tuple[str, str], ...],
    logged: list[structlog.typing.EventDict],
) -> None:
    here = gateway()
    key = await here.services.publishers.add("demo")
    headers = (("host", "127.0.0.1:8000"), ("content-length", "100000"), *more)
    if path.startswith("/api"):
        headers += (("authorization", f"Bearer {key}"),)
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers],
        "client": ("127.0.0.1", 40_000),
        "server": ("127.0.0.1", 8_000),
    }
    coming: list[Message] = [
        {"type": "http.request", "body": b"the first of", "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Mapping[str, Any]] = []

    async def receive() -> Message:
        return coming.pop(0) if coming else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await here.app(scope, receive, send)
    assert not [line for line in logged if line.get("log_level") in ("error", "critical")]
    assert sent[0]["status"] < 500
