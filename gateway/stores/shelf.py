"""Unpacked bundles in memory, each good only while its file is the very same."""

from __future__ import annotations

import os
from collections import OrderedDict
from typing import NamedTuple

from gateway.core.bundles import Bundle
from gateway.core.documents import Address


class Mark(NamedTuple):
    """What tells one file from the next at the same path."""

    mtime_ns: int
    inode: int
    size: int

    @classmethod
    def of(cls, stat: os.stat_result) -> Mark:
        """Return the mark of a file."""
        return cls(stat.st_mtime_ns, stat.st_ino, stat.st_size)


class Kept(NamedTuple):
    """A bundle and the file it was read from."""

    path: str
    mark: Mark
    bundle: Bundle


class Shelf:
    """At most `room` bytes of files, the least recently asked for go first."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._kept: OrderedDict[Address, Kept] = OrderedDict()

    def good(self, address: Address) -> Kept | None:
        """Return what is kept, if its file is unchanged. One stat. Raises OSError."""
        kept = self._kept.get(address)
        if kept is None:
            return None
        try:
            stat = os.stat(kept.path)  # noqa: PTH116 - a Path would cost as much as the stat
        except FileNotFoundError:
            stat = None
        if stat is None or kept.mark != (stat.st_mtime_ns, stat.st_ino, stat.st_size):
            self.keep(address, None)
            return None
        self._kept.move_to_end(address)
        return kept

    def keep(self, address: Address, kept: Kept | None) -> None:
        """Keep a bundle in place of what was kept; None only lets go."""
        before = self._kept.pop(address, None)
        if before:
            self._room += before.mark.size
        if kept is None:
            return
        self._kept[address] = kept
        self._room -= kept.mark.size
        while self._room < 0:
            _, oldest = self._kept.popitem(last=False)
            self._room += oldest.mark.size
