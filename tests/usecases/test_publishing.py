"""What is published already is not published again, and what would look different is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import count

import pytest

from gateway.app import build_services
from gateway.core.bundles import IDENTITY, Bundle
from gateway.core.conditions import Condition
from gateway.core.documents import Address
from gateway.core.errors import Stale
from gateway.ports import Sealed
from gateway.rendering.workers import Here
from gateway.stores.memory import MemoryPublicStore
from gateway.usecases.composers import Composer
from gateway.usecases.composing import Composed, Task
from gateway.usecases.publishing import Publishing
from gateway.usecases.showing import PAGE
from gateway.usecases.submissions import Submission
from tests.stores.things import sealed
from tests.support.services import SECRET, Standing, composing_with, gateway

pytestmark = pytest.mark.anyio

ADDRESS = Address("demo", "a")
WORDS = b"Title\n\nFree.##paidbegin##Paid.##paidend##"
SOURCE = Submission(ADDRESS, WORDS, "plain")


class Counting:
    """Composes, and counts how often."""

    def __init__(self, stamp: str = "1") -> None:
        self.side = gateway()
        self.count = 0
        self.publishing = self.stamped(stamp)

    def stamped(self, stamp: str) -> Publishing:
        """Return the publishing of a gateway that sets pages otherwise."""
        side: Standing = self.side
        composing = Here("")

        async def compose(task: Task) -> Composed:
            self.count += 1
            return await composing.compose(task)

        composer = Composer(compose, composing.prepare, stamp)
        return composing_with(side.services, composer).publishing


async def test_the_same_again_is_the_same_edition_and_composes_nothing() -> None:
    here = Counting()
    first = await here.publishing.publish(SOURCE)
    again = await here.publishing.publish(SOURCE)
    assert (first.created, again.created, here.count) == (True, False, 1)
    assert again.edition == first.edition


async def test_a_condition_is_kept_for_the_same_again() -> None:
    here = Counting()
    await here.publishing.publish(SOURCE)
    with pytest.raises(Stale):
        await here.publishing.publish(SOURCE, Condition(match=frozenset({"other"})))


@pytest.mark.parametrize(
    "other",
    [
        replace(SOURCE, body=WORDS.replace(b"Paid.", b"Sold.")),
        replace(SOURCE, body=WORDS + b"\n"),
        replace(SOURCE, format="markdown"),
        replace(SOURCE, language="de"),
    ],
)
async def test_anything_else_is_another_edition(other: Submission) -> None:
    here = Counting()
    first = await here.publishing.publish(SOURCE)
    second = await here.publishing.publish(other)
    assert second.edition.id != first.edition.id
    assert (await here.publishing.current(ADDRESS)).id == second.edition.id


@pytest.mark.parametrize("other", [{"charset": "utf-8"}, {"language": "en"}])
async def test_the_same_text_sent_in_another_way_is_the_same_edition(
    other: dict[str, str],
) -> None:
    here = Counting()
    first = await here.publishing.publish(SOURCE)
    again = await here.publishing.publish(replace(SOURCE, **other))  # type: ignore[arg-type]
    assert again.edition == first.edition


async def test_a_gateway_that_sets_pages_otherwise_renders_anew() -> None:
    here = Counting("1")
    first = await here.publishing.publish(SOURCE)
    second = await here.stamped("2").publish(SOURCE)
    assert second.edition.id != first.edition.id
    assert second.edition.updated == first.edition.updated


@pytest.mark.parametrize(
    ("words", "is_same"),
    [
        (WORDS.replace(b"Paid.", b"Paid. " * 200), True),  # another size step
        (WORDS.replace(b"Free.", b"Freer."), False),
        (WORDS + WORDS[5:], False),  # another section
    ],
)
async def test_no_date_tells_that_a_paid_text_grew(words: bytes, is_same: bool) -> None:
    here = Counting()
    first = (await here.publishing.publish(SOURCE)).edition
    here.side.clock.at += 86_400
    second = (await here.publishing.publish(replace(SOURCE, body=words))).edition
    assert second.published == first.published
    assert (second.updated == first.updated) is is_same


async def test_an_edition_from_before_digests_is_rendered_anew() -> None:
    here = Counting()
    first = await here.publishing.publish(SOURCE)
    older = replace(first.edition, id="older", source_digest="")
    public = await here.side.vault.public(ADDRESS, first.edition.id)
    await here.side.vault.keep(ADDRESS, "older", Sealed(WORDS, public, public))
    await here.side.ledger.make_current(older, first.edition.id)
    assert (await here.publishing.publish(SOURCE)).edition.id not in ("older", first.edition.id)


async def test_after_a_roll_back_what_was_current_is_published_again() -> None:
    here = Counting()
    first = await here.publishing.publish(SOURCE)
    later = replace(SOURCE, body=WORDS + b" More.")
    second = await here.publishing.publish(later)
    await here.publishing.roll_back(ADDRESS, first.edition.id)
    assert (await here.publishing.publish(SOURCE)).edition == first.edition
    third = await here.publishing.publish(later)
    assert third.edition.id not in (first.edition.id, second.edition.id)


async def test_what_was_deleted_is_published_again() -> None:
    here = Counting()
    await here.publishing.publish(SOURCE)
    await here.publishing.delete(ADDRESS)
    assert (await here.publishing.publish(SOURCE)).created
    assert await here.side.store.get(ADDRESS)


async def test_the_same_again_shows_what_a_dead_process_has_not_shown() -> None:
    here = Counting()
    first = await here.publishing.publish(SOURCE)
    await here.side.store.delete(ADDRESS)
    await here.publishing.publish(SOURCE)
    shown = await here.side.store.get(ADDRESS)
    assert shown
    assert shown.edition == first.edition.id
    assert b"Free." in shown.forms["txt"].bodies[IDENTITY]


async def test_unchanged_documents_are_found_among_many() -> None:
    here = Counting()
    count = 2 * PAGE + 7
    first = (await here.publishing.publish(SOURCE)).edition
    kept = sealed("e")
    wanted = {}
    for number in range(count):
        address, edition = Address("demo", f"d{number}"), f"e{number}"
        await here.side.vault.keep(address, edition, kept)
        await here.side.store.put(address, replace(kept.public, edition=edition))
        await here.side.ledger.make_current(replace(first, id=edition, address=address), None)
        wanted[address] = first.source_digest if number % 3 else "another"
    wanted[Address("demo", "unknown")] = "any"
    wanted[Address("other", "d1")] = here.publishing.digest(SOURCE)
    found = await here.publishing.unchanged(wanted)
    assert set(found) == {Address("demo", f"d{number}") for number in range(count) if number % 3}


async def test_a_few_documents_are_found_in_few_reads() -> None:
    here = Counting()
    reads = 0

    class Ledger:
        """Holds very many documents, and counts how often it is asked."""

        async def documents(self, publisher: str, after: str, limit: int) -> list[object]:
            nonlocal reads
            reads += 1
            return []

    here.publishing._ledger = Ledger()  # type: ignore[assignment]
    await here.publishing.unchanged({Address("demo", f"d{n}"): "x" for n in range(1_000)})
    assert reads == 1


@pytest.mark.parametrize("damaged", ["a", "b", "c"])
async def test_a_damaged_document_keeps_no_other_from_being_settled(damaged: str) -> None:
    side = gateway()
    for slug in "abc":
        edition = (await side.publish(slug, "Title\n\nFree.")).edition
        if slug == damaged:
            await side.ledger.make_current(replace(edition, id="lost"), edition.id)
        else:
            await side.ledger.remove(edition.address, edition.id)
    failed = await side.services.publishing.recover()
    assert list(failed) == await side.ledger.unsettled(9) == [Address("demo", damaged)]


async def test_what_changes_all_the_time_is_tried_once_and_left_for_the_next_time() -> None:
    side, store = gateway(), MemoryPublicStore()
    services = build_services(
        side.services.settings, side.ledger, store, side.vault, SECRET, side.clock
    )
    edition = (await services.publishing.publish(SOURCE)).edition
    await side.ledger.remove(ADDRESS, edition.id)
    attempts = count()

    async def outdated(address: Address) -> str:
        assert next(attempts) < 100
        return "long ago"

    store.mark = outdated  # type: ignore[method-assign]
    assert await services.publishing.recover() == {}
    assert await side.ledger.unsettled(9) == [ADDRESS]


# --- who comes too late ------------------------------------------------------------------------


class Late(MemoryPublicStore):
    """A store that lets others go first, once, and whose caller dies when it is done."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], Awaitable[object]] | None = None
        self.fences = True

    async def put(self, address: Address, bundle: Bundle, since: str | None = None) -> None:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is None:
            await super().put(address, bundle, since)
            return
        await meanwhile()
        try:
            await super().put(address, bundle, since if self.fences else None)
        finally:
            raise KeyboardInterrupt


@pytest.mark.parametrize("fences", [True, False])
@pytest.mark.parametrize("deletes", [True, False])
async def test_whoever_settles_late_and_dies_shows_nothing_of_before(
    *, fences: bool, deletes: bool
) -> None:
    side, store = gateway(), Late()
    services = build_services(
        side.services.settings, side.ledger, store, side.vault, SECRET, side.clock
    )
    newer, newest = (
        replace(SOURCE, body=WORDS.replace(b"Free", word)) for word in (b"Newer", b"Newest")
    )
    await services.publishing.publish(SOURCE)
    store.fences = fences
    store.meanwhile = lambda: (
        services.publishing.delete(ADDRESS) if deletes else services.publishing.publish(newest)
    )
    with pytest.raises(KeyboardInterrupt):
        await services.publishing.publish(newer)
    await services.publishing.recover()
    shown, current = await store.get(ADDRESS), await side.ledger.current(ADDRESS)
    is_right = (shown and shown.edition) == (current and current.id)
    assert is_right == fences
