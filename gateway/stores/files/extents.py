"""Bundles that stay on file: of each only what is asked for is read, and only without waiting.

The kernel has most of what is asked for in its memory, once for all processes. What it would have
to fetch from a disk is not at hand, and is read as a whole and in a thread, by whoever needs it.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress

from msgspec import Struct

from gateway.core.bundles import (
    IDENTITY,
    LONG,
    MOVED,
    Variant,
    found_in,
    head_end,
    headers_for,
    require_whole,
    require_whole_head,
)
from gateway.core.errors import Missing

BEGINNING = 8192  # bytes; with the head of most bundles, and their first bodies


class NotAtHand(OSError):
    """Raised when the kernel would have to wait for a disk, or there is too much to read."""


class FileSeal(Struct, frozen=True, gc=False):
    """Which file stands at a path: what tells it from the one before and the next."""

    path: str
    mtime_ns: int
    inode: int
    size: int

    def holds(self) -> bool:
        """Return whether the file is still there. One stat."""
        try:
            stat = os.stat(self.path)  # noqa: PTH116 - a Path would cost as much as the stat
        except OSError:
            return False
        return (
            stat.st_mtime_ns == self.mtime_ns
            and stat.st_ino == self.inode
            and stat.st_size == self.size
        )


def variant_at(
    path: str,
    of: str,
    form: str,
    coding: str,
    locate: Callable[[bytes | bytearray], slice] | None = None,
    *,
    waits: bool = False,
) -> tuple[FileSeal, Variant]:
    """Return a form of the bundle in a file that is said to be of something, and which file it is.

    The form is in the coding, or else as it is. locate tells, of a file that begins so, where in
    it the bundle stands, where that is not all of it. waits: for a disk, and for what is long.
    Raises OSError, Damaged, Missing where the bundle is whole and has no such form, and KeyError
    where it stands for one that moved.
    """
    read: Callable[[int, int, int], bytes | bytearray] = _read if waits else _read_at_hand
    file = os.open(path, _READ)
    try:
        stat = os.fstat(file)  # of the open file: the path may name another one by now
        seal = FileSeal(path, stat.st_mtime_ns, stat.st_ino, stat.st_size)
        known = read(file, 0, min(BEGINNING, seal.size))
        start, size = 0, seal.size
        if locate:
            place = locate(known)
            start, size, known = place.start, place.stop - place.start, known[place]
        end = head_end(known, size)
        if end > len(known):
            known = read(file, start, end)
        try:
            media_type, etag, chosen, at, checked = found_in(known, end, size, form, coding)
        except KeyError:
            require_whole_head(of, known, end)
            if _has(known, end, size, MOVED):
                raise  # the whole tells where its document is
            raise Missing("thing") from None
        is_known = at.stop <= len(known)
        body = known[at] if is_known else read(file, start + at.start, at.stop - at.start)
        require_whole(of, checked, body)
        variant = Variant(media_type, etag, chosen, bytes(body))
        with suppress(KeyError):  # what is private has none, nor has what is of before
            _, _, _, at, checked = found_in(known, end, size, headers_for(form), IDENTITY)
            is_known = at.stop <= len(known)
            head = known[at] if is_known else read(file, start + at.start, at.stop - at.start)
            require_whole(of, checked, head)
            variant.head = bytes(head)
        return seal, variant
    finally:
        os.close(file)


def _has(known: bytes | bytearray, end: int, size: int, form: str) -> bool:
    with suppress(KeyError):
        return bool(found_in(known, end, size, form, IDENTITY))
    return False


def _read(file: int, start: int, size: int) -> bytes:
    blob = os.pread(file, size, start)
    if len(blob) != size:
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    return blob


def _read_at_hand(file: int, start: int, size: int) -> bytearray:
    """Read without waiting. Raises OSError where that cannot be, ENOTSUP where it never can."""
    if _WITHOUT_WAITING is None:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
    if size > LONG:
        raise NotAtHand
    blob = bytearray(size)
    if os.preadv(file, [blob], start, _WITHOUT_WAITING) != size:
        raise NotAtHand
    return blob


_READ = os.O_RDONLY | os.O_CLOEXEC
_WITHOUT_WAITING = getattr(os, "RWF_NOWAIT", None)  # Linux has it
