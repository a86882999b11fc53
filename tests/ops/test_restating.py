"""A change of what a publisher says brings all that is public up by itself, and loses nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.core.audit_records import OPERATOR
from gateway.core.bundles import Damaged
from gateway.core.documents import Address
from gateway.core.profiles import UNSAID, Profile, place_of
from gateway.ops.renewing import Renewing
from gateway.ops.restating import Restating
from gateway.usecases.composing import Composed, Task
from tests.support.asgi import exchange
from tests.support.services import Standing, gateway

pytestmark = pytest.mark.anyio

SOURCE = "---\ntitle: A letter\nlanguage: en\n---\nFree.##paidbegin##paid##paidend##"
LETTER = Address("demo", "letter")


async def at_once() -> None:
    return


def restating(side: Standing) -> Restating:
    """Return what a worker does in the background."""
    renewing = Renewing(side.services.mending, side.store, at_once)
    return Restating(renewing, side.ledger, side.services.profiles)


async def say(side: Standing, name: str) -> Profile:
    return await side.services.profiles.change("demo", {"name": name}, by=OPERATOR)


async def said(side: Standing) -> list[str]:
    """Return by what name each document is listed."""
    return [entry.by for entry in await side.store.entries("demo", "", 999)]


async def standing(count: int = 1) -> Standing:
    side = gateway()
    for number in range(count):
        await side.publish(f"letter-{number}" if number else "letter", SOURCE)
    return side


async def test_every_document_says_the_new_name_and_is_settled() -> None:
    side = await standing(3)
    await say(side, "Lamp")
    assert await said(side) == ["demo"] * 3
    assert not await side.services.profiles.is_shown("demo")
    await restating(side)()
    assert await said(side) == ["Lamp"] * 3
    assert await side.services.profiles.is_shown("demo")


async def test_what_says_the_name_already_is_left_as_it_is() -> None:
    side = await standing(2)
    await say(side, "Lamp")
    await restating(side)()
    listed = await side.store.listed()
    await restating(side)()
    await say(side, "Lamp")
    await restating(side)()
    assert await side.store.listed() == listed


async def test_a_publisher_that_says_nothing_costs_no_document_anything() -> None:
    side = await standing(2)
    listed = await side.store.listed()
    await restating(side)()
    assert await side.store.listed() == listed
    assert await side.ledger.unshown("", 9) == []


async def test_a_document_that_was_composed_before_a_change_is_brought_up_after_it() -> None:
    side = await standing()
    publishing = side.services.publishing
    usual = publishing._composer

    async def late(task: Task) -> Composed:
        """Compose with the name that there was, and let all pages be set again meanwhile."""
        composed = await usual.compose(task)
        publishing._composer = usual
        await say(side, "Lamp")
        await restating(side)()
        assert await side.services.profiles.is_shown("demo")
        return composed

    publishing._composer = replace(usual, compose=late)
    await side.publish("second", SOURCE)
    assert sorted(await said(side)) == ["Lamp", "demo"]
    await restating(side)()
    assert await said(side) == ["Lamp", "Lamp"]


async def test_an_earlier_edition_that_is_rolled_back_to_says_the_new_name() -> None:
    side = await standing()
    first = await side.services.publishing.current(LETTER)
    await side.publish("letter", SOURCE.replace("Free.", "Free again."))
    await say(side, "Lamp")
    await restating(side)()
    await side.services.publishing.roll_back(LETTER, first.id)
    await restating(side)()
    assert await said(side) == ["Lamp"]
    assert (await side.services.publishing.current(LETTER)).id == first.id


async def test_a_document_that_was_renamed_says_the_new_name() -> None:
    side = await standing()
    await say(side, "Lamp")
    await side.services.renaming.rename(LETTER, "another")
    await restating(side)()
    assert await said(side) == ["Lamp"]


async def test_a_change_while_pages_are_set_again_is_brought_up_too() -> None:
    side = await standing(3)
    mending, changed = side.services.mending, list[Profile]()
    set_again = mending.set_again

    async def slow(address: Address) -> None:
        await set_again(address)
        if not changed:
            changed.append(await say(side, "Later"))

    await say(side, "Lamp")
    object.__setattr__(mending, "set_again", slow)
    await restating(side)()
    assert not await side.services.profiles.is_shown("demo")
    await restating(side)()
    assert await said(side) == ["Later"] * 3
    assert await side.services.profiles.is_shown("demo")


async def test_a_document_that_cannot_be_set_again_hinders_no_other() -> None:
    side = await standing(2)
    other = await side.services.publishing.current(Address("demo", "letter-1"))
    await side.vault.erase(other.address, [other.id])
    await say(side, "Lamp")
    await restating(side)()
    assert sorted(await said(side)) == ["Lamp", "demo"]
    assert await side.services.profiles.is_shown("demo")
    assert (await exchange(side.app, "GET", "/documents/demo/letter-1")).status == 200


async def test_of_two_that_show_what_is_said_the_later_word_stays() -> None:
    side = await standing()
    await say(side, "First")
    profiles = side.services.profiles
    before = await side.ledger.profile("demo")
    read = side.ledger.profile

    async def late(publisher: str) -> Profile:
        """Return what was said before something else was said and shown."""
        object.__setattr__(side.ledger, "profile", read)
        await say(side, "Second")
        return before

    await side.store.delete(place_of("demo"))
    object.__setattr__(side.ledger, "profile", late)
    await profiles.show("demo")
    shown = await side.store.get(place_of("demo"))
    assert shown
    assert shown.edition == (await side.ledger.profile("demo")).stamp


async def test_what_is_shown_of_a_publisher_is_read_back_and_made_anew() -> None:
    side = await standing()
    await say(side, "Lamp")
    stamp = (await side.ledger.profile("demo")).stamp
    profiles = side.services.profiles
    assert await profiles.says("demo", stamp)
    await side.store.delete(place_of("demo"))
    assert not await profiles.says("demo", stamp)
    await profiles.show("demo")
    assert await profiles.says("demo", stamp)


async def test_a_profile_that_is_damaged_keeps_no_other_publisher_waiting() -> None:
    side = await standing()
    await side.publish("letter", SOURCE, publisher="another")
    for name in ("another", "demo"):
        await side.services.profiles.change(name, {"name": "Lamp"})
    read = side.ledger.profile

    async def damaged(publisher: str) -> Profile:
        if publisher == "another":
            raise Damaged("A stored profile is damaged.")
        return await read(publisher)

    object.__setattr__(side.ledger, "profile", damaged)
    await side.store.delete(place_of("another"))
    await restating(side)()
    assert await said(side) == ["Lamp"]
    # And it can be said anew.
    assert await side.services.profiles.of("another") == UNSAID
