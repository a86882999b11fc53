"""What is logged and what is recorded of one request can be brought together."""

from __future__ import annotations

import pytest
import structlog
from starlette.types import Receive, Scope, Send

from gateway.core.records import REQUEST, Act, Record
from gateway.web.logs import AccessLog
from tests.asgi import exchange

pytestmark = pytest.mark.anyio


async def test_a_record_has_the_request_id_of_the_log() -> None:
    seen: list[tuple[str, str]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        record = Record(1, Act.READ, "reader:r1")
        seen.append((record.request, structlog.contextvars.get_contextvars()["request"]))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    before = REQUEST.set("")
    for _ in range(2):
        await exchange(AccessLog(app), "GET", "/")
    REQUEST.reset(before)
    assert [recorded == logged for recorded, logged in seen] == [True, True]
    assert len({recorded for recorded, _ in seen}) == 2
