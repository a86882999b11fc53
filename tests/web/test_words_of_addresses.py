"""What is called like a word of an address is found as anything else is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

import pytest
from starlette.routing import Route

from gateway.app import build
from gateway.core.documents import is_name
from gateway.rendering.listings import FEED
from gateway.rendering.representations import CARD, REPRESENTATIONS
from tests.support.asgi import exchange
from tests.support.services import gateway

pytestmark = pytest.mark.anyio

NAME = re.compile(r"{[a-z]+(?::path)?}")


def routes() -> list[Route]:
    app = build(gateway().services)
    return [route for route in app.routes if isinstance(route, Route)]


def words() -> list[str]:
    """Return the words of all addresses that are names too."""
    return sorted({part for route in routes() for part in route.path.split("/") if is_name(part)})


WORDS = words()


def paths(route: Route) -> Iterator[str]:
    """Yield the paths of a route in which everything is called like a word of an address."""
    between = NAME.split(route.path)
    for some in product(WORDS, repeat=len(between) - 1):
        yield "".join(part for pair in zip(between, (*some, ""), strict=True) for part in pair)


def strangers(known: list[Route]) -> set[tuple[str, str]]:
    """Return the routes some of whose paths another route takes, and that."""
    found = set[tuple[str, str]]()
    for route in known:
        rivals = [each for each in known if (each.methods or set()) & (route.methods or set())]
        for path in paths(route):
            taker = next(each for each in rivals if each.path_regex.match(path))
            if taker is not route:
                found.add((route.path, taker.path))
    return found


def test_no_name_is_taken_for_a_word_of_another_address() -> None:
    assert strangers(routes()) == set()


@pytest.mark.parametrize("word", WORDS)
async def test_a_document_may_be_called_like_a_word_of_an_address(word: str) -> None:
    standing = gateway()
    source = f"---\ntitle: A title\ncollection: {word}\n---\n\nFree.\n"
    await standing.publish(word, source, form="markdown", publisher=word)
    document, collection = f"/documents/{word}/{word}", f"/documents/{word}/collections/{word}"
    forms = [f"{document}{each.suffix}" for each in REPRESENTATIONS]
    lists = [
        f"{path}{feed}" for path in (f"/documents/{word}", collection) for feed in ("", f"/{FEED}")
    ]
    for path in (*forms, *lists, f"{document}/{CARD}"):
        assert (await exchange(standing.app, "GET", path)).status == 200, path
