"""Linked data is what its types say it is, on every public page that has some."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema_rs import ValidationError
from selectolax.lexbor import LexborHTMLParser

from tests.browser.wild import SOURCES
from tests.properties.public_surface import crawl
from tests.support.asgi import exchange
from tests.support.services import gateway
from tests.web.schemas import valid_linked_data

pytestmark = pytest.mark.anyio

ORIGIN = "https://read.example"


async def told() -> dict[str, Any]:
    """Return what every public page says of itself that the catalogue leads to."""
    side = gateway(base_url=ORIGIN)
    for slug, source in SOURCES.items():
        await side.publish(slug, source, form="markdown")
    found = {}
    for place in await crawl(side.app, ["/"], 300):
        body = (await exchange(side.app, "GET", place)).body.decode("utf-8", "replace")
        for script in LexborHTMLParser(body).css("script[type='application/ld+json']"):
            found[place] = json.loads(script.text())
    return found


async def test_every_page_says_of_itself_what_its_types_ask_for() -> None:
    found = await told()
    assert {each.split("/")[3] for each in found if each.count("/") == 4} >= {"authors", "tags"}
    assert {f"/documents/demo/{slug}" for slug in SOURCES} < {*found}
    for place, data in found.items():
        valid_linked_data(data)
        own = data.get("url") or data["@graph"][0].get("url")
        assert own.startswith(ORIGIN), place


@pytest.mark.parametrize(
    ("place", "name", "value"),
    [
        ("/documents/demo/longest", "datePublished", "31 January"),
        ("/documents/demo/longest", "url", "/documents/demo/longest"),
        ("/documents/demo/longest", "author", "Maren"),
        ("/documents/demo/longest", "isAccessibleForFree", "False"),
        ("/documents/demo/longest", "colour", "red"),
        ("/documents/demo", "@graph", []),
    ],
)
async def test_the_schema_refuses_what_is_none(place: str, name: str, value: object) -> None:
    data = (await told())[place]
    valid_linked_data(data)
    with pytest.raises(ValidationError):
        valid_linked_data(data | {name: value})
