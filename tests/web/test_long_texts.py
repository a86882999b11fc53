"""A long text goes out in chunks, and stops where the right to it stops."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from starlette.types import Message, Scope

from gateway.core.bundles import LONG
from gateway.core.companions import ATTACHMENTS, PICTURES
from gateway.core.documents import Address
from gateway.core.errors import Revoked
from gateway.web.http.sending import UNCHECKED
from tests.support import pictures
from tests.support.asgi import exchange
from tests.support.services import Standing, gateway

pytestmark = pytest.mark.anyio

LINES = ("0123456789abcde " * 64 + "\n\n") * (LONG // 500)  # few and long: soon set
SOURCE = f"Report\n\nFree.##paidbegin##{LINES}##paidend##\n"
TARGET = "/read/demo/report.txt"

Meanwhile = Callable[[], Awaitable[object]]


async def shown() -> tuple[Standing, str, str]:
    """Return a gateway with a long text, and the id and the token of a grant."""
    side = gateway()
    await side.publish("report", SOURCE)
    grant, token = await side.grant("all")
    return side, grant.id, token


async def sent(
    side: Standing, token: str, meanwhile: Meanwhile, target: str = TARGET
) -> tuple[int, int]:
    """Read the text slowly, with something else meanwhile; return what came and was told."""
    scope: Scope = {
        "type": "http", "method": "GET", "path": target, "raw_path": target.encode(),
        "query_string": b"", "scheme": "http", "http_version": "1.1", "root_path": "",
        "headers": [(b"host", b"127.0.0.1"), (b"authorization", f"Bearer {token}".encode())],
        "client": ("127.0.0.1", 1),
    }  # fmt: skip
    came = told = 0

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal came, told
        if message["type"] == "http.response.start":
            told = int(dict(message["headers"])[b"content-length"])
            return
        if came == UNCHECKED:
            await meanwhile()  # as a server does that waits for a slow client before it sends
        came += len(message["body"])

    await side.app(scope, receive, send)
    return came, told


async def test_a_long_text_comes_whole() -> None:
    side, _, token = await shown()

    async def nothing() -> None:
        return

    came, told = await sent(side, token, nothing)
    assert came == told > 2 * LONG
    answer = await exchange(side.app, "GET", TARGET, [("authorization", f"Bearer {token}")])
    assert len(answer.body) == told


async def test_a_long_text_stops_where_the_right_is_taken_back() -> None:
    side, grant, token = await shown()
    came, told = await sent(side, token, lambda: side.services.granting.revoke("demo", grant))
    assert came == UNCHECKED < told
    with pytest.raises(Revoked):
        await side.services.redeeming.redeem(token, None)


async def test_a_long_text_stops_where_the_document_is_deleted() -> None:
    side, _, token = await shown()
    address = (await side.services.publishing.documents("demo", "", 1))[0].address
    came, told = await sent(side, token, lambda: side.services.publishing.delete(address))
    assert came == UNCHECKED < told


@pytest.mark.parametrize(
    ("name", "kind", "body"),
    [
        ("a.pdf", ATTACHMENTS, b"%PDF-1.7" + bytes(2 * LONG)),
        ("a.png", PICTURES, pictures.noise(1_200, 900)),
    ],
)
async def test_a_long_picture_or_attachment_stops_where_the_right_is_taken_back(
    name: str, kind: str, body: bytes
) -> None:
    side = gateway()
    address = Address("demo", "report")
    await side.services.picturing.put(address, name, body, kind)
    text = f"# T\n\nFree.\n\n##paidbegin##\n\n![a]({name}) [b]({name})\n\n##paidend##\n"
    await side.publish("report", text, form="markdown")
    grant, token = await side.grant("all")
    bearer = [("authorization", f"Bearer {token}")]
    page = (await exchange(side.app, "GET", "/read/demo/report", bearer)).body.decode()
    target = page.partition('="/read/demo/report/')[2].partition('"')[0]
    came, told = await sent(
        side,
        token,
        lambda: side.services.granting.revoke("demo", grant.id),
        f"/read/demo/report/{target}",
    )
    assert came == UNCHECKED < LONG < told


async def test_each_read_of_a_long_text_is_recorded_once() -> None:
    side, grant, token = await shown()
    await exchange(side.app, "GET", TARGET, [("authorization", f"Bearer {token}")])
    records = side.services.audit.records  # type: ignore[attr-defined]
    assert [record.on for record in records if record.what == "read"] == [grant]
