"""Work done once for all who ask before it begins."""

from __future__ import annotations

import anyio
import pytest
from anyio.lowlevel import checkpoint

from gateway.stores.joint import Joint

TURNS = 20  # of the event loop, within which whoever could go on has gone on

pytestmark = pytest.mark.anyio


class Works:
    """Runs that last until they are let go."""

    def __init__(self) -> None:
        self.begun = 0
        self.go = anyio.Event()
        self.answers: list[tuple[str, int]] = []
        self._joint = Joint(self._work)

    async def _work(self) -> int:
        self.begun += 1
        number = self.begun
        await self.go.wait()
        return number

    async def ask(self, name: str) -> None:
        """Ask for a run, and note which one answered."""
        self.answers.append((name, await self._joint()))


async def settled() -> None:
    for _ in range(TURNS):
        await checkpoint()


async def test_who_asks_during_a_run_is_answered_by_one_that_begins_after_it() -> None:
    works = Works()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(works.ask, "first")
        await settled()
        for name in ("second", "third"):
            tasks.start_soon(works.ask, name)
        await settled()
        assert works.begun == 1
        works.go.set()
    assert sorted(works.answers) == [("first", 1), ("second", 2), ("third", 2)]


async def test_who_is_cancelled_takes_nothing_from_others() -> None:
    works = Works()
    async with anyio.create_task_group() as tasks:
        async with anyio.create_task_group() as cancelled:
            cancelled.start_soon(works.ask, "cancelled")
            await settled()
            tasks.start_soon(works.ask, "other")
            await settled()
            cancelled.cancel_scope.cancel()
        works.go.set()
    assert works.answers == [("other", 2)]


async def test_a_run_that_fails_fails_for_those_who_waited_for_it_alone() -> None:
    outcomes = iter([OSError("broken"), None])

    async def work() -> str:
        if error := next(outcomes):
            raise error
        return "done"

    joint = Joint(work)
    with pytest.raises(OSError, match="broken"):
        await joint()
    assert await joint() == "done"
