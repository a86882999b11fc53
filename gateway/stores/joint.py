"""Work that is done once for all who ask for it before it begins."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Joint(Generic[T]):
    """A way to do some work: one at a time, and each time for all who wait for it.

    What was asked for while it ran is done by the next run, which begins after it was asked for.
    """

    def __init__(self, work: Callable[[], Awaitable[T]]) -> None:
        self._work = work
        self._running: asyncio.Task[T] | None = None
        self._next: asyncio.Task[T] | None = None

    async def __call__(self) -> T:
        """Return what comes of a run that begins after this; who is cancelled leaves it to run."""
        if self._next is None or self._next.done():
            self._next = asyncio.create_task(self._run(self._running))
        return await asyncio.shield(self._next)

    async def _run(self, before: asyncio.Task[T] | None) -> T:
        if before and not before.done():
            await asyncio.wait([before])
        self._running, self._next = self._next, None  # who comes from now on comes too late
        return await self._work()
