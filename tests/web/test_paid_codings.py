"""A long full text is sent compressed to its holder, and is the same text."""

from __future__ import annotations

import brotli
import pytest

from gateway.rendering.encodings import FIRST_PACKETS
from gateway.rendering.representations import REPRESENTATIONS
from tests.support.answers import Answer
from tests.support.asgi import exchange
from tests.support.services import Standing, gateway

pytestmark = pytest.mark.anyio

BR, GZIP = ("accept-encoding", "gzip, br"), ("accept-encoding", "gzip")
PAID = "".join(f"付费的第{number}句话。\n\n" for number in range(FIRST_PACKETS // 20))
LONG = f"# Title\n\nFree.\n\n##paidbegin##\n{PAID}\n##paidend##\n"
SHORT = "# Title\n\nFree.\n\n##paidbegin##\nPaid.\n##paidend##\n"


async def read(side: Standing, slug: str, end: str, *more: tuple[str, str]) -> Answer:
    """Read a document with a right to it."""
    _, token = await side.grant("all")
    headers = (("authorization", f"Bearer {token}"), *more)
    return await exchange(side.app, "GET", f"/read/demo/{slug}{end}", headers)


@pytest.mark.parametrize("end", [each.suffix for each in REPRESENTATIONS])
async def test_a_long_text_is_the_same_text_in_fewer_bytes(end: str) -> None:
    side = gateway()
    await side.publish("long", LONG, form="markdown")
    for _ in range(2):  # waited for, and at hand
        plain, small = await read(side, "long", end), await read(side, "long", end, BR)
        assert (plain.header("content-encoding"), small.header("content-encoding")) == ("", "br")
        assert brotli.decompress(small.body) == plain.body
        assert len(small.body) < len(plain.body) / 2
        assert plain.header("vary") == small.header("vary") == "Accept-Encoding"
        assert small.header("cache-control") == "private, no-store"
        assert (await read(side, "long", end, GZIP)).body == plain.body


@pytest.mark.parametrize("end", [each.suffix for each in REPRESENTATIONS])
async def test_what_the_first_packets_hold_is_sent_as_it_is(end: str) -> None:
    side = gateway()
    await side.publish("short", SHORT, form="markdown")
    answer = await read(side, "short", end, BR)
    assert len(answer.body) <= FIRST_PACKETS
    assert answer.header("content-encoding") == ""


async def test_what_is_made_for_a_request_is_never_compressed() -> None:
    side = gateway()
    await side.publish("long", LONG, form="markdown")
    _, token = await side.grant("all")
    for target in (f"/unlock?token={token}", "/library", "/studio"):
        answer = await exchange(side.app, "GET", target, (BR,))
        assert answer.header("content-encoding") == "", target
