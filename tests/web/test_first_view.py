"""What a browser needs before it shows a page comes at once: it fits into the first round trip."""

from __future__ import annotations

import pytest
from selectolax.lexbor import LexborHTMLParser
from starlette.types import ASGIApp

from tests.properties.register import text_of
from tests.support.answers import Answer
from tests.support.asgi import exchange
from tests.support.services import gateway
from tests.web.sheets import ROOT

pytestmark = pytest.mark.anyio

MOST = 14 << 10  # bytes, as ten segments of a new connection carry them
FIRST = sorted((ROOT / "content" / "demo").glob("*.*"))
BROWSER = ("accept-encoding", "gzip, deflate, br, zstd")


async def weighed(app: ASGIApp, place: str) -> tuple[Answer, int]:
    """Return an answer, and how many bytes it is on the wire."""
    answer = await exchange(app, "GET", place, [BROWSER])
    assert answer.status == 200, place
    return answer, sum(len(n) + len(v) + 4 for n, v in answer.headers) + len(answer.body)


async def test_what_the_first_view_waits_for_is_small() -> None:
    side = gateway(base_url="https://read.example")
    for file in FIRST:
        form = {".md": "markdown", ".txt": "plain"}[file.suffix]
        await side.publish(file.stem, file.read_text("utf-8"), form=form)
    places = [f"/documents/demo/{file.stem}" for file in FIRST]
    for place in (*places, "/", "/documents/demo", "/search", "/unlock", "/library"):
        answer, size = await weighed(side.app, place)
        tree = LexborHTMLParser(text_of(answer))
        waited = [n.attributes["href"] for n in tree.css("link[rel=stylesheet]")]
        waited += [n.attributes["src"] for n in tree.css("script[src]:not([defer])")]
        assert waited
        size += sum([(await weighed(side.app, each or ""))[1] for each in waited])
        assert size <= MOST, (place, size)
