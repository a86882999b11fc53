"""The shelf: what was fetched once is fetched again only when the store has something else."""

from __future__ import annotations

import pytest

from gateway.core.bundles import Damaged, Variant
from gateway.core.documents import Address
from gateway.ports import Seal
from gateway.stores.memory import MemoryPublicStore
from gateway.web.preview_cache import PreviewCache
from tests.stores.things import HERE, THERE, bundle

pytestmark = pytest.mark.anyio

PATH = b"/documents/demo/first"


class Counted(MemoryPublicStore):
    """A store that counts how often it is asked."""

    asked = 0

    def ready(self, address: Address, form: str, coding: str) -> tuple[Seal, Variant] | None:
        self.asked += 1
        return super().ready(address, form, coding)


def shown(previews: PreviewCache, coding: str = "br", address: Address = HERE) -> bytes | None:
    """Ask as a surface does; return the body."""
    path = b"/documents/" + str(address).encode()
    variant = previews.good(path, coding) or previews.fetch(path, coding, address, "html")
    return variant.body if variant else None


def body(name: str, coding: str = "br") -> bytes:
    return bundle(name).forms["html"].bodies[coding]


async def test_what_was_fetched_is_good_until_it_is_replaced_or_deleted() -> None:
    store = Counted()
    previews = PreviewCache(store)
    for number, name in enumerate(("e1", "e2", "e1"), 1):
        await store.put(HERE, bundle(name))
        assert [shown(previews) for _ in range(3)] == [body(name)] * 3
        assert store.asked == number
    await store.delete(HERE)
    assert previews.good(PATH, "br") is None
    assert shown(previews) is None


async def test_codings_and_paths_are_kept_apart() -> None:
    store = Counted()
    previews = PreviewCache(store)
    await store.put(HERE, bundle("e1"))
    await store.put(THERE, bundle("e2", THERE))
    for _ in range(2):
        assert shown(previews, "br") == body("e1", "br")
        assert shown(previews, "identity") == body("e1", "identity")
        assert shown(previews, "br", THERE) == body("e2", "br")
    assert store.asked == 3


async def test_what_finds_no_room_is_fetched_again() -> None:
    store = Counted()
    size = bundle("e1").forms["html"].variant("br").size
    for capacity, asked in ((size - 1, 3), (size, 1)):
        store.asked = 0
        previews = PreviewCache(store, capacity)
        await store.put(HERE, bundle("e1"))
        assert [shown(previews) for _ in range(3)] == [body("e1")] * 3
        assert store.asked == asked


async def test_what_was_never_put_is_not_there() -> None:
    previews = PreviewCache(Counted())
    assert previews.good(PATH, "br") is None
    assert shown(previews) is None


class Slow(Counted):
    """A store of which nothing is at hand, or what is is damaged."""

    is_damaged = False
    waited = 0

    def ready(self, address: Address, form: str, coding: str) -> tuple[Seal, Variant] | None:
        super().ready(address, form, coding)
        if self.is_damaged:
            raise Damaged
        return None

    async def form(self, address: Address, form: str, coding: str) -> Variant | None:
        self.waited += 1
        return await super().form(address, form, coding)


async def test_who_can_wait_is_given_what_is_kept_before_anything_else() -> None:
    store = Counted()
    previews = PreviewCache(store)
    await store.put(HERE, bundle("e1"))
    found = [await previews.find(PATH, "br", HERE, "html") for _ in range(3)]
    assert [variant.body if variant else None for variant in found] == [body("e1")] * 3
    assert store.asked == 1
    await store.delete(HERE)
    assert await previews.find(PATH, "br", HERE, "html") is None


@pytest.mark.parametrize("is_damaged", [False, True])
async def test_what_is_not_at_hand_is_waited_for(is_damaged: bool) -> None:
    store = Slow()
    store.is_damaged = is_damaged
    await store.put(HERE, bundle("e1"))
    found = await PreviewCache(store).find(PATH, "br", HERE, "html")
    assert found is not None
    assert (found.body, store.waited) == (body("e1"), 1)
