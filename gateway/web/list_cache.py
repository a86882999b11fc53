"""What was made of lists, in memory: good while the lists are the ones that it was made of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from weakref import WeakValueDictionary

from anyio import Lock

from gateway.core.bundles import OBJECTS, Representation
from gateway.core.clock_cache import ClockCache
from gateway.ports import PublicStore

CAPACITY = 16 << 20  # bytes kept in memory

Made = Representation | None
Make = Callable[[], Awaitable[Made]]


class ListCache:
    """At most CAPACITY bytes; what is used least of late goes first."""

    def __init__(self, store: PublicStore) -> None:
        self._store = store
        self._recent: ClockCache[Hashable, tuple[str, Made]] = ClockCache(CAPACITY)
        self._turns: WeakValueDictionary[Hashable, Lock] = WeakValueDictionary()

    async def get(self, key: Hashable, make: Make) -> Made:
        """Return what is kept under a key if it is still good, else what is made, once for all."""
        mark = await self._store.listed()
        good = self._good(key, mark)
        if good:
            return good[1]
        turn = self._turns.get(key)
        if turn is None:
            turn = self._turns[key] = Lock()
        async with turn:
            # Asked before it is made: what changes meanwhile makes it bad at once.
            mark = await self._store.listed()
            good = self._good(key, mark)
            if good:
                return good[1]
            made = await make()
            self._recent.keep(key, (mark, made), OBJECTS + (made.size if made else 0))
            return made

    def ready(self, key: Hashable) -> Made:
        """Return what is kept under a key if it is still good, and that takes no waiting."""
        mark = self._store.listed_now()
        good = None if mark is None else self._good(key, mark)
        return good[1] if good else None

    def _good(self, key: Hashable, mark: str) -> tuple[str, Made] | None:
        kept = self._recent.get(key)
        return kept if kept and kept[0] == mark else None
