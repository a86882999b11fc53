"""P-CANARY and P-CAP: no paid word in any stream of anyone without a right."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import gateway as package
from gateway.core.bundles import Bundle
from gateway.core.permits import Permit
from tests.properties.canaries import canaries, found_in, needles, paid_with
from tests.properties.public_surface import FIXED, HEADERS, crawl, observe, of_document
from tests.support.answers import Headers
from tests.support.asgi import exchange
from tests.support.samples import SUFFIXES, names
from tests.support.services import Standing, gateway

pytestmark = pytest.mark.anyio

WORDS = canaries(1)


async def canary_gateway() -> Standing:
    side = gateway()
    for slug, form in documents():
        await side.publish(
            slug, f"Title of {slug}\n\nFree.##paidbegin##{paid_with(WORDS)}##paidend##", form=form
        )
    return side


def documents() -> list[tuple[str, str]]:
    """Return slug and format of two documents of each: one may tell of the one before it."""
    return [(f"{form}{number}", form) for form in names() for number in ("", "-2")]


def addresses() -> list[str]:
    return [*FIXED, *(a for slug, _ in documents() for a in of_document(f"demo/{slug}"))]


async def test_no_paid_word_reaches_the_world(logged: list[dict[str, object]]) -> None:
    side = await canary_gateway()
    searched = needles(WORDS)
    seen = await observe(side.app, await crawl(side.app, addresses()), HEADERS)
    streams: dict[bytes, tuple[str, str, Headers]] = {}  # most are the same for many who ask
    for key, answer in seen.items():
        head = "\n".join(f"{n}: {v}" for n, v in answer.headers).encode()
        streams |= {head: key, answer.body: key}
    for stream, key in streams.items():
        assert found_in(stream, searched) == [], key
    assert found_in(repr(logged).encode(), searched) == []


async def test_the_scan_finds_every_word_in_what_the_holder_of_a_right_gets() -> None:
    side = await canary_gateway()
    searched = needles(WORDS)
    for slug, _ in documents():
        _, token = await side.grant(f"document:{slug}")
        for suffix in SUFFIXES:
            bearer = (("authorization", f"Bearer {token}"),)
            answer = await exchange(side.app, "GET", f"/read/demo/{slug}{suffix}", bearer)
            assert answer.status == 200
            found = " ".join(found_in(answer.body, searched))
            assert all(word in found for word in WORDS), (slug, suffix)


async def test_a_right_to_one_document_shows_no_word_of_another() -> None:
    side = await canary_gateway()
    others = canaries(2)
    await side.publish("other", f"Other\n\n##paidbegin##{paid_with(others)}##paidend##")
    _, token = await side.grant("document:other")
    searched = needles(WORDS)
    bearer = (("authorization", f"Bearer {token}"),)
    for address in addresses():
        answer = await exchange(side.app, "GET", address, bearer)
        assert found_in(answer.body, searched) == [], address


async def test_a_refused_document_leaves_no_word_anywhere(logged: list[object]) -> None:
    side = await canary_gateway()
    key = await side.services.publishers.add("demo")
    others = canaries(3)
    searched = needles(others)
    for source in (
        f"T\n\n##paidbegin##{paid_with(others)}",
        f"T\n\n##paidbegln##{paid_with(others)}##paidend##",
        f"T\n\n<img alt='##paidbegin##{others[0]}##paidend##'>",
        f"---\ntitle: ##paidbegin##{others[0]}\n---\nx",
        f"---\ndate: {others[0]}\n---\nT\n",
        paid_with(others) + "\x00",
    ):
        answer = await exchange(
            side.app,
            "PUT",
            "/api/documents/plain",
            (("authorization", f"Bearer {key}"), ("content-type", "text/html")),
            source.encode(),
        )
        assert answer.status == 422
        assert found_in(answer.body, searched) == []
    for address in addresses():
        assert found_in((await exchange(side.app, "GET", address)).body, searched) == []
    assert found_in(repr(logged).encode(), searched) == []


def at_hand(_: object, *__: object) -> None:
    raise AssertionError("the vault was opened")


async def test_the_public_side_never_opens_the_vault() -> None:
    side, twin = await canary_gateway(), await canary_gateway()

    async def closed(_: object, *__: object) -> Bundle:
        raise AssertionError("the vault was opened")

    side.vault.open = closed  # type: ignore[method-assign,assignment]
    side.vault.at_hand = at_hand  # type: ignore[method-assign,assignment]
    side.vault.source = closed  # type: ignore[method-assign,assignment]
    side.vault.public = closed  # type: ignore[method-assign,assignment]
    seen, seen_of_twin = [
        await observe(each.app, addresses(), HEADERS[:1]) for each in (side, twin)
    ]
    assert seen == seen_of_twin


async def test_the_vault_that_is_closed_for_the_test_is_the_one_that_readers_need() -> None:
    side = await canary_gateway()
    _, token = await side.grant("all")

    async def closed(_: Permit) -> Bundle:
        raise AssertionError("the vault was opened")

    side.vault.open = closed  # type: ignore[method-assign,assignment]
    side.vault.at_hand = at_hand  # type: ignore[method-assign,assignment]
    with pytest.raises(AssertionError, match="the vault was opened"):
        await exchange(side.app, "GET", "/read/demo/plain", (("authorization", f"Bearer {token}"),))


@cache
def nodes() -> list[tuple[str, ast.Call | ast.Constant]]:
    """Return every call and every constant of the package, with its module."""
    root = Path(package.__file__).parent
    return [
        (file.relative_to(root).as_posix(), node)
        for file in root.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call | ast.Constant)
    ]


def calls(name: str) -> set[str]:
    """Return the modules of the package that call something by a name."""
    return {
        module
        for module, node in nodes()
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", "")) == name
    }


def test_only_reading_makes_a_permit() -> None:
    assert calls("Permit") == {"usecases/reading.py"}


def test_paid_text_is_revealed_only_where_it_goes_to_the_vault() -> None:
    assert calls("reveal") == {"core/documents.py", "usecases/composing.py"}


def test_markers_are_known_to_the_grammar_alone() -> None:
    known = {
        module
        for module, node in nodes()
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and any(word in node.value for word in ("paidbegin", "paidend", "<paid>"))
        and not re.match("[A-Z][a-z]+ ", node.value)  # a sentence for people
    }
    assert known <= {"core/grammar.py", "core/suspects.py", "core/skeletons.py"}


# --- the scan catches what leaks ---


@pytest.mark.parametrize("disguise", ["base64", "hex", "JSON", "digest", "GB18030", "UTF-16"])
def test_the_scan_sees_through_a_disguise(disguise: str) -> None:
    for needle, name in needles(WORDS).items():
        if name.startswith(disguise):
            assert name in found_in(b"<p data-x='" + needle + b"'>", needles(WORDS))
