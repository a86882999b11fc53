"""A client that sees every byte: one exchange with an ASGI application, headers in order."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Scope

from tests.support.answers import Answer


async def exchange(
    app: ASGIApp,
    method: str,
    target: str,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    scheme: str = "http",
    client: str = "127.0.0.1",
    piece: int = 0,
) -> Answer:
    """Send one request and return the whole answer; piece: bytes of a body that come together."""
    path, _, query = target.partition("?")
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": scheme,
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in (("host", "127.0.0.1:8000"), *headers)
        ],
        "client": (client, 40_000),
        "server": ("127.0.0.1", 8_000),
    }
    sent: list[Message] = []
    step = piece or len(body) or 1
    pieces = [body[at : at + step] for at in range(0, len(body), step)] or [b""]
    waiting = [{"type": "http.request", "body": each, "more_body": True} for each in pieces]
    waiting[-1]["more_body"] = False
    waiting.reverse()

    async def receive() -> Message:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start = sent[0]
    return Answer(
        start["status"],
        tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in start["headers"]),
        b"".join(m.get("body", b"") for m in sent[1:]),
    )
