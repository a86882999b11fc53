"""Background work goes on, whatever it meets; a fault is told once, and its end once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
import structlog

from gateway.core.errors import Stale, Unavailable
from gateway.stores.background import LONGEST_PAUSE, QUIET, Background

pytestmark = pytest.mark.anyio

NEVER = 1_000.0  # seconds
WORDS = "what nobody should read"

Logged = list[structlog.typing.EventDict]


class Panic(BaseException):
    """What a driver that is not written in Python may raise."""


class Work:
    """Work that does what it is told next, and then rests."""

    def __init__(self, *raised: BaseException) -> None:
        self._raised = list(raised)
        self.is_resting = asyncio.Event()

    async def __call__(self) -> None:
        if self._raised:
            raise self._raised.pop(0)
        self.is_resting.set()
        await asyncio.Event().wait()


@asynccontextmanager
async def doing(work: Callable[[], object], quiet: float) -> AsyncIterator[Background]:
    """Do some work in the background."""
    background = Background(quiet)
    background.begin("work", work)  # type: ignore[arg-type]
    try:
        async with asyncio.timeout(10):
            yield background
    finally:
        await background.end()


def told(logged: Logged) -> list[tuple[str, str]]:
    """Return what the log says of background work: which, and how it is."""
    return [(x["work"], x["state"]) for x in logged if x.get("event") == "background"]


@pytest.mark.parametrize(
    "error", [ValueError(WORDS), Stale(None), RecursionError(), asyncio.CancelledError(), Panic()]
)
async def test_work_begins_again_after_whatever_it_raises(
    error: BaseException, logged: Logged
) -> None:
    work = Work(error, error)
    async with doing(work, NEVER) as background:
        await work.is_resting.wait()
        assert background.states() == {"work": False}
        assert await background.ping() == "failing"
    assert told(logged) == [("work", "failing")]
    assert WORDS not in str(logged)


async def test_work_is_well_again_when_it_has_met_no_fault_for_a_while(logged: Logged) -> None:
    work = Work(ValueError())
    async with doing(work, 0.0) as background:
        await work.is_resting.wait()
        while await background.ping() != "ok":  # noqa: ASYNC110  nobody else would tell
            await asyncio.sleep(0)
    assert told(logged) == [("work", "failing"), ("work", "well again")]


async def test_a_part_that_is_away_is_no_fault_of_the_work(logged: Logged) -> None:
    work = Work(Unavailable("ledger"))
    async with doing(work, NEVER) as background:
        await work.is_resting.wait()
        assert await background.ping() == "ok"
    assert told(logged) == []


async def test_work_that_was_ended_from_outside_is_told() -> None:
    work = Work()
    async with doing(work, NEVER) as background:
        await work.is_resting.wait()
        (task,) = (task for task in asyncio.all_tasks() if task.get_name() == "work")
        task.cancel()
        await asyncio.wait([task])
        assert await background.ping() == "failing"


async def test_the_end_ends_all_work() -> None:
    work = Work(ValueError())
    async with doing(work, 0.0) as background:
        await work.is_resting.wait()
        await background.end()
        assert background.states() == {}
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "work"]


async def test_work_that_loses_its_cancellation_ends_all_the_same() -> None:
    begun = asyncio.Event()

    async def lose() -> None:
        begun.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    async with doing(lose, NEVER) as background:
        await begun.wait()
        await background.end()


def test_work_that_pauses_after_a_fault_is_not_called_well() -> None:
    assert LONGEST_PAUSE < QUIET
