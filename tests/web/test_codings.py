"""What is sent compressed is read as what it is, within the same bound, or refused."""

from __future__ import annotations

import gzip
import sys
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable

import brotli
import pytest

from gateway.core.errors import Malformed
from gateway.web.http.codings import CODINGS, STEP, decoded
from tests.support.services import gateway
from tests.web.caller import Caller, caller

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

pytestmark = pytest.mark.anyio

LIMIT = 64 << 10
TEXT = "标题\n\nFree words.\n\n##paidbegin##Paid.##paidend##\n".encode()
PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
    "deflate": zlib.compress,
}


async def api() -> Caller:
    return await caller(gateway(max_upload=str(LIMIT)))


async def undone(coding: str, *parts: bytes) -> bytes:
    async def come() -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    return b"".join([piece async for piece in decoded(coding, come())])


def test_every_coding_is_tried() -> None:
    assert list(PACK) == list(CODINGS)


@pytest.mark.parametrize("coding", [*PACK, "identity", "GZIP"])
async def test_an_upload_is_published_as_what_it_was_before(coding: str) -> None:
    one = await api()
    body = PACK.get(coding.lower(), bytes)(TEXT)
    headers = {"content_type": "text/plain", "content_encoding": coding}
    assert (await one.send("PUT", "/api/documents/d", body, **headers)).status == 201
    assert (await one.send("GET", "/api/documents/d/source")).body == TEXT
    assert (await one.send("POST", "/api/documents/d/check", body, **headers)).status == 200


@pytest.mark.parametrize("coding", PACK)
async def test_json_may_be_compressed_too(coding: str) -> None:
    body = PACK[coding](b'{"scope": "all"}')
    assert (
        await (await api()).send("POST", "/api/grants", body, content_encoding=coding)
    ).status == 201


@pytest.mark.parametrize("coding", ["compress", "snappy", "gzip, br", "gzip, gzip", "aes128gcm"])
async def test_a_coding_that_nobody_undoes_is_told(coding: str) -> None:
    headers = {"content_type": "text/plain", "content_encoding": coding}
    answer = await (await api()).send("PUT", "/api/documents/d", TEXT, **headers)
    assert answer.status == 415
    assert b"gzip, br, zstd, deflate, identity" in answer.body


@pytest.mark.parametrize("coding", PACK)
async def test_what_unfolds_beyond_the_bound_is_too_large_and_never_held(coding: str) -> None:
    body = PACK[coding](b" " * (64 << 20))
    assert len(body) < LIMIT or coding in ("gzip", "deflate")
    one = await api()
    headers = {"content_type": "text/plain", "content_encoding": coding}
    tracemalloc.start()
    answer = await one.send("PUT", "/api/documents/d", body[:LIMIT], **headers)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer.status == 413
    assert most < 32 * STEP


@pytest.mark.parametrize("coding", PACK)
async def test_what_is_cut_short_longer_or_something_else_is_refused(coding: str) -> None:
    whole = PACK[coding](TEXT)
    for wrong in (b"", whole[:-1], whole[: len(whole) // 2], TEXT, whole + b"more", whole + b"\0"):
        with pytest.raises(Malformed):
            await undone(coding, wrong)


@pytest.mark.parametrize("coding", PACK)
async def test_pieces_of_any_size_give_the_same(coding: str) -> None:
    whole = PACK[coding](TEXT * 9_000)
    for size in (1, 7, 4_096, len(whole)):
        parts = [whole[at : at + size] for at in range(0, min(len(whole), len(whole)), size)]
        assert await undone(coding, *parts) == TEXT * 9_000


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
async def test_members_that_follow_one_another_are_one_text(coding: str) -> None:
    assert await undone(coding, PACK[coding](b"one ") + PACK[coding](b"two")) == b"one two"
