"""A memory of bounded size: what was asked for longest ago goes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """At most `room` bytes of values; one that is larger is not kept."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def get(self, key: K) -> V | None:
        """Return what is kept, and keep it longer."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        self._kept.move_to_end(key)
        return kept[0]

    def keep(self, key: K, value: V, size: int) -> None:
        """Keep a value of so many bytes in place of what was kept."""
        self.drop(key)
        self._kept[key] = value, size
        self._room -= size
        while self._room < 0:
            _, (_, freed) = self._kept.popitem(last=False)
            self._room += freed

    def drop(self, key: K) -> None:
        """Let go of a value."""
        _, freed = self._kept.pop(key, (None, 0))
        self._room += freed
