"""Things used of late, as many as there is room for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

SPARE = 32  # the last part of so many is for what comes again: things grow after they are kept
FEW = 64  # that were met of late are remembered, or half as many as are kept


class Recent(Generic[K, V]):
    """Things of at most `room` bytes together; the least recently used go first.

    Where the room is full, what comes for the first time of late finds no place: most of what is
    asked for once is not asked for again soon, and would drive out what is.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._free = room
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._met: set[K] = set()  # had no place, or lost it

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
        if self._free - size < self._room // SPARE and key not in self._met:
            self._meet(key)
            return
        self._met.discard(key)
        self._kept[key] = thing, size
        self._free -= size
        self._make_room()

    def charge(self, key: K, size: int) -> None:
        """Take some bytes more for what is kept under a key, because it has grown."""
        kept = self._kept.get(key)
        if kept is None:
            return
        thing, before = kept
        if before + size > self._room:
            self.drop(key)
            return
        self._kept[key] = thing, before + size
        self._free -= size
        self._make_room()

    def drop(self, key: K) -> None:
        """Let go of what is kept under a key."""
        kept = self._kept.pop(key, None)
        if kept:
            self._free += kept[1]
            self._meet(key)

    def _meet(self, key: K) -> None:
        if len(self._met) >= max(FEW, len(self._kept) // 2):
            self._met.clear()
        self._met.add(key)

    def _make_room(self) -> None:
        while self._free < 0:
            _, (_, freed) = self._kept.popitem(last=False)
            self._free += freed
