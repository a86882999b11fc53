"""How long this process waits, and lets others have their turn."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable

import anyio

from gateway.settings import Settings

ANNOUNCE = 1.0  # seconds between looks for changes that nobody has told
POLL_INTERVAL = 0.05  # seconds between two looks at whether another process has confirmed a change
REST = 0.001  # seconds


def timeout(settings: Settings) -> float:
    """Return for how many seconds a command waits until a worker has confirmed what it did."""
    return 3 * ANNOUNCE + 2 * settings.lease


async def looks(seconds: float) -> AsyncIterator[None]:
    """Yield now and then for some seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        await anyio.sleep(POLL_INTERVAL)
        yield


async def undivided(work: Callable[[], Awaitable[bool]]) -> bool:
    """Go through with some work, also where whoever asks for it is interrupted meanwhile."""
    with anyio.CancelScope(shield=True):
        done = await work()
    return done  # noqa: RET504  for mypy the scope may end early


async def rest() -> None:
    """Let others have their turn, for about as long as a piece of what is much takes."""
    await anyio.sleep(REST)
