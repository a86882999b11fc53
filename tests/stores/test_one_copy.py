"""Whoever is sent a long text is sent the copy that is there."""

from __future__ import annotations

import pytest
from anyio import create_task_group
from anyio.lowlevel import checkpoint

from gateway.core.bundles import LONG, Variant
from gateway.core.errors import Busy, Unavailable
from gateway.stores.one_copy import OneCopy

pytestmark = pytest.mark.anyio

SIZE = LONG + 1


class Loads:
    """Loads texts of a size, and counts how often."""

    def __init__(self, size: int = SIZE) -> None:
        self.count = 0
        self._size = size

    async def __call__(self) -> Variant:
        self.count += 1
        await pause()
        return Variant("text/plain", b"", "identity", bytes(self._size))


async def pause() -> None:
    for _ in range(5):
        await checkpoint()


async def test_all_that_ask_at_a_time_get_one_copy_and_it_goes_with_the_last() -> None:
    copies, loads, got = OneCopy(), Loads(), list[Variant]()

    async def ask() -> None:
        got.append(await copies.of("demo", "text", loads))

    async with create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(ask)
    assert loads.count == 1
    assert len({id(one) for one in got}) == 1
    got.clear()
    await ask()
    assert loads.count == 2


async def test_who_asks_after_one_that_failed_is_not_told_of_it() -> None:
    copies, loads, got = OneCopy(), Loads(), list[Variant]()

    async def fail() -> Variant:
        await pause()
        raise Unavailable("store")

    async def ask_in_vain() -> None:
        with pytest.raises(Unavailable):
            await copies.of("demo", "text", fail)

    async def ask() -> None:
        got.append(await copies.of("demo", "text", loads))

    async with create_task_group() as tasks:
        tasks.start_soon(ask_in_vain)
        tasks.start_soon(ask)
    assert got


async def test_one_publisher_has_so_much_room_and_no_other_feels_it() -> None:
    copies, loads = OneCopy(capacity=2 * SIZE), Loads()
    held = [await copies.of("demo", number, loads) for number in range(2)]
    with pytest.raises(Busy):
        await copies.of("demo", 2, loads)
    assert await copies.of("demo", 0, loads) is held[0]
    assert await copies.of("other", 2, loads)
    assert await copies.of("demo", "short", Loads(LONG))
    held.pop()
    assert await copies.of("demo", 2, loads)


async def test_a_text_larger_than_all_the_room_is_sent_alone() -> None:
    copies, loads = OneCopy(capacity=SIZE - 1), Loads()
    held = await copies.of("demo", 1, loads)
    with pytest.raises(Busy):
        await copies.of("demo", 2, loads)
    assert held
