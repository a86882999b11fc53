"""Things used of late, as many as there is room for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

from msgspec import Struct

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

FEW = 64  # that were met of late are remembered, or half as many as are kept


class Kept(Struct, Generic[V], gc=False):
    """A thing of some bytes, and whether it was used since it was last looked at."""

    thing: V
    size: int
    used: bool = False


class ClockCache(Generic[K, V]):
    """Things of at most `room` bytes together; what was not used of late goes first.

    They go in the order in which they came, but what was used since has a second chance (CLOCK,
    Corbato 1968): to use one moves nothing. Where the room is full, what comes for the first time
    of late finds no place: most of what is asked for once is not asked for again soon, and would
    drive out what is.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._free = capacity
        self._kept: OrderedDict[K, Kept[V]] = OrderedDict()
        self._met: set[K] = set()  # had no place, or lost it

    def get(self, key: K) -> V | None:
        """Return what is kept under a key."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        kept.used = True
        return kept.thing

    def keep(self, key: K, thing: V, size: int) -> None:
        """Keep a thing of some bytes in place of what was kept under its key."""
        if key in self._kept:
            self.drop(key)
        if size > self._free and key not in self._met:
            self._meet(key)
        elif size <= self._capacity:  # else let the others stay
            self._met.discard(key)
            while self._free < size:
                self._part_with_one()
            self._kept[key] = Kept(thing, size)
            self._free -= size

    def drop(self, key: K) -> None:
        """Let go of what is kept under a key."""
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._free += kept.size
            self._meet(key)

    def _part_with_one(self) -> None:
        key, kept = self._kept.popitem(last=False)
        if kept.used:
            kept.used = False
            self._kept[key] = kept
        else:
            self._free += kept.size

    def _meet(self, key: K) -> None:
        if len(self._met) >= max(FEW, len(self._kept) // 2):
            self._met.clear()
        self._met.add(key)
