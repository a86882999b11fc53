"""What a request waits for is compressed with little effort; the text is the same."""

from __future__ import annotations

import gzip

import brotli
import pytest
import zstandard

from gateway.core.bundles import IDENTITY
from gateway.rendering.encodings import NOW, ONCE, public_representation
from tests.support.asgi import exchange
from tests.support.services import gateway

HTML = "text/html; charset=utf-8"
BODY = b"".join(b"<p>Line %d of some words.</p>\n" % number for number in range(500))


def test_effort_changes_the_codings_and_nothing_that_they_say() -> None:
    quick, strong = public_representation(HTML, BODY, NOW), public_representation(HTML, BODY)
    assert quick.etag == strong.etag
    for form in (quick, strong):
        assert form.bodies[IDENTITY] == BODY
        assert brotli.decompress(form.bodies["br"]) == BODY
        assert zstandard.decompress(form.bodies["zstd"]) == BODY
        assert gzip.decompress(form.bodies["gzip"]) == BODY


def test_publication_takes_more_effort_than_a_request() -> None:
    assert all(now < once for now, once in zip(NOW, ONCE, strict=True))
    assert public_representation(HTML, BODY) == public_representation(HTML, BODY, ONCE)


@pytest.mark.anyio
@pytest.mark.parametrize("coding", ["br", "zstd", "gzip"])
async def test_a_page_of_the_catalogue_is_made_with_little_effort(coding: str) -> None:
    side = gateway()
    for number in range(5):
        await side.publish(f"d{number}", f"Title {number}\n\nSome free words.")
    plain = await exchange(side.app, "GET", "/")
    coded = await exchange(side.app, "GET", "/", (("accept-encoding", coding),))
    assert coded.body == public_representation(HTML, plain.body, NOW).bodies[coding]
