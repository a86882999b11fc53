"""Background work: what ends in a fault begins again; the fault is told once, and its end once.

A fault is what nobody foresaw. Where a part does not answer, that part tells it itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from gateway.core.errors import Unavailable
from gateway.stores.outages import reason

FIRST_PAUSE = 0.1  # seconds from a fault until the work begins again, doubled up to
LONGEST_PAUSE = 5.0
QUIET = 6.0  # seconds without a fault until the work is well again; more than the longest pause

Work = Callable[[], Awaitable[object]]

_log = structlog.get_logger()


class Background:
    """All work that a process does besides the requests, by name."""

    def __init__(self, quiet: float = QUIET) -> None:
        self._quiet = quiet
        self._kept: dict[str, _Kept] = {}

    def begin(self, name: str, work: Work, pause: float = 0.0) -> None:
        """Do some work now, and again whenever it has ended and a pause in seconds is over."""
        self._kept[name] = _Kept(name, work, pause, self._quiet)

    def states(self) -> Mapping[str, bool]:
        """Return whether each work is well, by name."""
        return {name: kept.is_well for name, kept in self._kept.items()}

    async def ping(self) -> str:
        """Say in a word whether all work is well."""
        return "ok" if all(self.states().values()) else "failing"

    async def end(self) -> None:
        """End all work."""
        ended, self._kept = self._kept, {}
        for kept in ended.values():
            kept.task.cancel()
        await asyncio.gather(*(kept.task for kept in ended.values()), return_exceptions=True)


class _Kept:
    """One work that is kept going."""

    def __init__(self, name: str, work: Work, pause: float, quiet: float) -> None:
        self._name = name
        self._work = work
        self._pause = pause
        self._quiet = quiet
        self._faulty: asyncio.TimerHandle | None = None  # until it is well again
        self._after_fault = FIRST_PAUSE
        self.task = asyncio.create_task(self._keep(), name=name)

    @property
    def is_well(self) -> bool:
        return not self._faulty and not self.task.done()

    async def _keep(self) -> None:
        try:
            while not self.task.cancelling():  # a driver can lose a cancellation
                pause = await self._once()
                await asyncio.sleep(pause)
        finally:
            if self._faulty:
                self._faulty.cancel()

    async def _once(self) -> float:
        """Do the work; return for how many seconds to pause then."""
        try:
            await self._work()
        except Unavailable:
            pass  # the next time tries again
        except BaseException as error:
            # A driver's panic is no Exception, nor is a cancellation that was another's.
            if self.task.cancelling() or isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise
            return self._failed(error)
        return self._pause

    def _failed(self, error: BaseException) -> float:
        if self._faulty:
            self._faulty.cancel()
        else:
            # Of the error its kind alone, for its words may quote.
            _log.error("background", work=self._name, state="failing", kind=reason(error))
        self._faulty = asyncio.get_running_loop().call_later(self._quiet, self._recovered)
        pause, self._after_fault = self._after_fault, min(2 * self._after_fault, LONGEST_PAUSE)
        return pause

    def _recovered(self) -> None:
        self._faulty, self._after_fault = None, FIRST_PAUSE
        _log.warning("background", work=self._name, state="well again")
