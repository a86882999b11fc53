"""P-NI-AGG for the search: whatever is asked, what it answers is a function of free text alone.

Two gateways hold documents that differ in paid text only; then both are asked for words of the
free texts, of both paid texts, and for what means something to databases.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any
from zlib import crc32

import pytest

from gateway.app import build, build_services
from gateway.core.bundles import Bundle, Entry
from gateway.core.documents import Address
from gateway.core.search_terms import SearchQuery
from gateway.ports import Edition, Vault
from gateway.ports.search_index import Hit, Hits, IndexChange
from gateway.stores.memory import MemorySearchIndex
from tests.properties import texts
from tests.properties.public_surface import HEADERS, observe, searches
from tests.properties.test_non_interference import Pair, sound_pairs
from tests.support.answers import Answer
from tests.support.asgi import exchange
from tests.support.services import SECRET, Standing, gateway

pytestmark = pytest.mark.anyio

DOCUMENTS = 8
FEW = 3  # are enough to catch what leaks
OPERATORS = ('"', "a* OR b", "NOT x", "NEAR(的 一)", "title:的", ".*", "%", "的' OR '1'='1")
BOUNDS = ("", "&publisher=demo", "&publisher=demo&collection=c", "&page=2", "&page=50")
ATTRIBUTES = (*(f.name for kind in (Entry, Edition, Bundle) for f in fields(kind)), "sort", "order")
HIDDEN = "龘靐齉"  # stands in paid text alone


def queries(chance: random.Random, pairs: Sequence[Pair]) -> Iterator[str]:
    """Yield what to ask for: words of either side, parts of them, and what is no word."""
    for each in pairs:
        for source in each.sources:
            words = re.findall(r"\w+", source)
            for word in chance.sample(words, 2):
                start = chance.randrange(len(word))
                yield word[start : start + chance.randrange(1, 5)]
            yield " ".join(chance.sample(words, 2))
    yield texts.words(chance, 3)
    yield HIDDEN
    yield "Title"  # of every document
    yield from OPERATORS


def addresses(chance: random.Random, pairs: Sequence[Pair]) -> Iterator[str]:
    """Yield every search, some within bounds and with fields that nobody knows."""
    for address in searches(queries(chance, pairs)):
        yield address
        yield f"{address}{chance.choice(BOUNDS)}&{chance.choice(ATTRIBUTES)}=1"


def hiding(pairs: Sequence[Pair]) -> list[Pair]:
    """Return the pairs with a word more in one of both paid texts."""
    found = []
    for each in pairs:
        one, other = each.sources
        end = next(e for e in ("##paidend##", "$$paidend$$", "</paid>") if e in one)
        found.append(replace(each, sources=(one.replace(end, HIDDEN + end, 1), other)))
    return found


async def answers(side: Standing, asked: Sequence[str]) -> Mapping[Any, Answer]:
    return await observe(side.app, asked, HEADERS[:2])


async def published(sides: Sequence[Standing], pairs: Sequence[Pair]) -> None:
    for each in pairs:
        for side, source in zip(sides, each.sources, strict=True):
            await side.publish(each.slug, source, form=each.form)


@pytest.mark.parametrize("seed", range(2))
async def test_what_is_found_does_not_depend_on_what_is_paid(seed: int) -> None:
    chance = random.Random(seed)
    pairs = sound_pairs(chance, DOCUMENTS)
    sides = gateway(), gateway()
    await published(sides, pairs)
    asked = list(addresses(chance, pairs))
    one, other = [await answers(side, asked) for side in sides]
    assert one == other
    assert {answer.status for answer in one.values()} <= {200, 304, 400, 404, 405}
    found = [a for a in one.values() if b"<mark>" in a.body]
    assert len(found) > DOCUMENTS  # or nothing was compared


async def test_an_edit_of_paid_text_changes_nothing_that_is_found() -> None:
    chance = random.Random(3)
    pairs = sound_pairs(chance, DOCUMENTS)
    edited, untouched = gateway(), gateway()
    before = [replace(each, sources=(each.sources[0],) * 2) for each in pairs]
    await published((edited, untouched), before)
    for side in (edited, untouched):
        side.clock.at += 86_400
    for each in reversed(pairs):
        await edited.publish(each.slug, each.sources[1], form=each.form)
    asked = list(addresses(chance, pairs))
    assert await answers(edited, asked) == await answers(untouched, asked)


# --- the checker catches what leaks ---


class OverSources(MemorySearchIndex):
    """An index of sources: the mistake of many."""

    def __init__(self, vault: Vault) -> None:
        super().__init__()
        self._vault = vault
        self.sources: dict[Address, str] = {}

    async def put(self, changes: Sequence[IndexChange]) -> None:
        await super().put(changes)
        for address, bundle, _ in changes:
            if bundle:
                source = await self._vault.source(address, bundle.edition)
                self.sources[address] = source.decode(errors="replace")


class FindsSources(OverSources):
    """Finds a document by words of its source."""

    async def find(self, query: SearchQuery, first: int, limit: int) -> Hits:
        hits = await super().find(query, first, limit)
        seen = {hit.entry.address for hit in hits.found}
        for address, source in self.sources.items():
            held = self._held.get(address)
            if held and address not in seen and any(run in source for run in query.runs):
                hits = Hits(hits.total + 1, [*hits.found, Hit(held[0].entry, held[0].text)])
        return hits


class OrdersByDigest(OverSources):
    """Puts hits in the order of a digest of their sources."""

    async def find(self, query: SearchQuery, first: int, limit: int) -> Hits:
        total, found = await super().find(query, first, limit)
        order = sorted(found, key=lambda hit: crc32(self.sources[hit.entry.address].encode()))
        return Hits(total, order)


class CutsFromSources(OverSources):
    """Shows snippets of sources."""

    async def find(self, query: SearchQuery, first: int, limit: int) -> Hits:
        total, found = await super().find(query, first, limit)
        return Hits(total, [hit._replace(text=self.sources[hit.entry.address]) for hit in found])


class CountsSources(OverSources):
    """Counts what only a source holds."""

    async def find(self, query: SearchQuery, first: int, limit: int) -> Hits:
        total, found = await super().find(query, first, limit)
        more = sum(any(run in source for run in query.runs) for source in self.sources.values())
        return Hits(total + more, found)


def leaky(index: type[OverSources]) -> Standing:
    """Build a gateway on an index that leaks."""
    side = gateway()
    services = build_services(
        side.services.settings,
        side.ledger,
        side.store,
        side.vault,
        SECRET,
        side.clock,
        index=index(side.vault),
    )
    return replace(side, services=services, app=build(services))


@pytest.mark.parametrize("index", [FindsSources, OrdersByDigest, CutsFromSources, CountsSources])
async def test_the_checker_catches_a_search_that_leaks(index: type[OverSources]) -> None:
    chance = random.Random(4)
    pairs = hiding(sound_pairs(chance, FEW))
    sides = leaky(index), leaky(index)
    await published(sides, pairs)
    asked = list(addresses(chance, pairs))
    one, other = [await answers(side, asked) for side in sides]
    assert one != other


async def test_a_word_that_only_paid_text_holds_is_found_in_no_form() -> None:
    chance = random.Random(5)
    pairs = hiding(sound_pairs(chance, DOCUMENTS))
    side = gateway()
    await published((side, gateway()), pairs)
    for address in searches([HIDDEN, HIDDEN[:1], HIDDEN[1:]]):
        answer = await exchange(side.app, "GET", address)
        assert b"<mark>" not in answer.body
        assert b'"total": 0' in answer.body or not address.startswith("/search.json")
