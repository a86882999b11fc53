"""One copy of what many are sent at the same time, for as long as anybody is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import TypeVar
from weakref import WeakValueDictionary

from anyio import CapacityLimiter, Lock

from gateway.core.bundles import LONG, Variant
from gateway.core.errors import Busy

CAPACITY = 128 << 20  # bytes of one publisher's long texts that are on their way at a time
AGAIN = 5  # seconds to wait before another try
AT_ONCE = 4  # threads that read some

V = TypeVar("V", Variant, Variant | None)


class OneCopy:
    """Variants that somebody holds; whoever asks for one of them gets the same."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._room = capacity
        self._held: WeakValueDictionary[tuple[str, Hashable], Variant] = WeakValueDictionary()
        self._turns: WeakValueDictionary[tuple[str, Hashable], Lock] = WeakValueDictionary()
        self.threads = CapacityLimiter(AT_ONCE)

    async def of(self, publisher: str, which: Hashable, load: Callable[[], Awaitable[V]]) -> V:
        """Return what somebody holds already, else what is loaded, once for all that ask.

        Raises Busy where too much of this publisher's is held.
        """
        key = publisher, which
        turn = self._turns.get(key)
        if turn is None:
            turn = self._turns[key] = Lock()
        async with turn:
            found = self._held.get(key) or await load()
            if found is not None and key not in self._held:
                self._require_room(publisher, len(found.body))
                self._held[key] = found
            return found

    def _require_room(self, publisher: str, size: int) -> None:
        held = [len(one.body) for (whose, _), one in [*self._held.items()] if whose == publisher]
        # One that is larger than all the room is sent when nothing else is.
        if size > LONG and held and sum(held) + size > self._room:
            raise Busy(AGAIN)
