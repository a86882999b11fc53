"""Bundles that stay on file: of each only what is asked for is read, and only without waiting.

The kernel has most of what is asked for in its memory, once for all processes. What it would have
to fetch from a disk is not at hand, and is read as a whole and in a thread, by whoever needs it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from msgspec import Struct

from gateway.core.bundles import HEAD, Form, Sizes, found_in, head_size, names_in, place_of

BEGINNING = 8192  # bytes; with the head, and the first bodies of most
LARGEST = 8 << 20  # bytes that are read between two requests
KEPT = 1_000  # bytes that a bundle takes in memory of which nothing was asked yet
FORM = 1_500  # bytes that a form takes of which nothing was asked yet

Charge = Callable[[int], None]  # told of the bytes that what is made of a bundle takes


class NotAtHand(OSError):
    """Raised when the kernel would have to wait for a disk, or the file is another one by now."""


class Mark(NamedTuple):
    """What tells one file from the next at the same path."""

    mtime_ns: int
    inode: int
    size: int

    @classmethod
    def of(cls, stat: os.stat_result) -> Mark:
        """Return the mark of a file."""
        return cls(stat.st_mtime_ns, stat.st_ino, stat.st_size)


class Extent(Struct, frozen=True, gc=False):
    """Where a bundle stands: so many bytes of the file of this mark at a path."""

    path: str
    mark: Mark
    start: int
    size: int

    def read(self, place: slice) -> bytes:
        """Return some bytes of the bundle. Raises OSError."""
        file = os.open(self.path, _READ)
        try:
            if Mark.of(os.fstat(file)) != self.mark:
                raise NotAtHand
            return _read(file, self.start + place.start, place.stop - place.start)
        finally:
            os.close(file)

    def part(self, place: slice) -> Extent:
        """Return a part of it."""
        start, size = self.start + place.start, place.stop - place.start
        return Extent(self.path, self.mark, start, size)

    def beginning(self, known: bytes = b"") -> bytes:
        """Return as much as has all of the head, if what is known has not. Raises OSError."""
        if len(known) < HEAD:
            known = self.read(slice(0, min(BEGINNING, self.size)))
        size = head_size(known)
        return known if size <= len(known) else self.read(slice(0, size))


def extent_at(path: str) -> tuple[Extent, bytes]:
    """Return the whole of the file at a path, and what it begins with. Raises OSError."""
    file = os.open(path, _READ)
    try:
        mark = Mark.of(os.fstat(file))
        beginning = _read(file, 0, min(BEGINNING, mark.size))
    finally:
        os.close(file)
    return Extent(path, mark, 0, mark.size), beginning


class FormsOnFile(Mapping[str, Form]):
    """The forms of a bundle, each made when it is first asked for.

    Making one raises OSError, Damaged; and so does reading the bodies of one.
    """

    __slots__ = ("_beginning", "_charge", "_extent", "_made")

    def __init__(self, extent: Extent, beginning: bytes, charge: Charge) -> None:
        self._extent = extent
        self._beginning = beginning  # until a form is asked for: the first is mostly the only one
        self._charge = charge
        self._made: dict[str, Form] = {}

    def __getitem__(self, name: str) -> Form:
        return self._made.get(name) or self._make(name)

    def _make(self, name: str) -> Form:
        known, self._beginning = self._beginning, b""
        beginning = self._extent.beginning(known)
        media_type, etag, at, sizes = found_in(beginning, self._extent.size, name)
        bodies = _Bodies(self._extent, at, sizes, beginning, self._charge)
        form = self._made[name] = Form(media_type, etag, bodies, _Answers(self._charge))
        self._charge(FORM + len(beginning) - len(known))
        return form

    @property
    def size(self) -> int:
        """How many bytes it takes in memory before a form is asked for."""
        return KEPT + len(self._beginning)

    def __iter__(self) -> Iterator[str]:
        return iter(names_in(self._extent.beginning()))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Bodies(Mapping[str, bytes]):
    """Bodies by content coding, each read when it is asked for. Reading one raises OSError."""

    __slots__ = ("_at", "_beginning", "_charge", "_extent", "_sizes")

    def __init__(
        self, extent: Extent, at: int, sizes: Sizes, beginning: bytes, charge: Charge
    ) -> None:
        self._charge = charge
        self._extent = extent
        self._at = at
        self._sizes = sizes
        self._beginning = beginning  # until a body is asked for: the first is mostly the only one

    def __getitem__(self, coding: str) -> bytes:
        place = place_of(coding, self._at, self._sizes)
        beginning, self._beginning = self._beginning, b""
        if beginning:
            self._charge(-len(beginning))
        return beginning[place] if place.stop <= len(beginning) else self._extent.read(place)

    def __contains__(self, coding: object) -> bool:
        return coding in self._sizes

    def __iter__(self) -> Iterator[str]:
        return iter(self._sizes)

    def __len__(self) -> int:
        return len(self._sizes)


class _Answers(dict[Any, Any]):
    """What is made of a form, charged to whoever keeps its bundle."""

    __slots__ = ("_charge",)

    def __init__(self, charge: Charge) -> None:
        self._charge = charge

    def __setitem__(self, key: Any, answer: Any) -> None:
        super().__setitem__(key, answer)
        self._charge(answer.size)


def _read(file: int, start: int, size: int) -> bytes:
    """Read without waiting. Raises OSError where that cannot be."""
    if _WITHOUT_WAITING is None or size > LARGEST:
        raise NotAtHand
    blob = bytearray(size)
    if os.preadv(file, [blob], start, _WITHOUT_WAITING) != size:
        raise NotAtHand
    return bytes(blob)


_READ = os.O_RDONLY | os.O_CLOEXEC
_WITHOUT_WAITING = getattr(os, "RWF_NOWAIT", None)  # Linux has it
