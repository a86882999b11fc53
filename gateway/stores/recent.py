"""Things used of late, as many as there is room for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Things of at most `room` bytes together; the least recently used go first."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._free = room
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def get(self, key: K) -> V | None:
        """Return what is kept under a key."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        self._kept.move_to_end(key)
        return kept[0]

    def keep(self, key: K, thing: V, size: int) -> None:
        """Keep a thing of some bytes in place of what was kept under its key."""
        self.drop(key)
        if size > self._room:
            return  # and let the others stay
        self._kept[key] = thing, size
        self._free -= size
        while self._free < 0:
            _, (_, freed) = self._kept.popitem(last=False)
            self._free += freed

    def charge(self, key: K, size: int) -> None:
        """Take some bytes more for what is kept under a key, because it has grown."""
        kept = self._kept.get(key)
        if kept:
            self.keep(key, kept[0], kept[1] + size)

    def drop(self, key: K) -> None:
        """Let go of what is kept under a key."""
        kept = self._kept.pop(key, None)
        if kept:
            self._free += kept[1]
