"""Files that survive kill -9 and a power cut: whole or not there, never in between.

A blob is written beside its place, flushed, renamed into place, and the folder is flushed; only
then is it acknowledged. The half-written file has one name per place and is locked while it is
written. So writers of one place queue, and what a crash left is taken over by the next writer.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path, PurePath
from time import time_ns
from typing import TypeVar

from gateway.core.documents import NAME
from gateway.core.errors import Malformed
from gateway.stores.outages import answered, failed, faults

PART = ".part"
CAPACITY = 8 << 20  # bytes; a file system that has less left is as good as full

P = TypeVar("P", bound=PurePath)


@contextmanager
def answering(part: str) -> Iterator[None]:
    """Turn what a disk or a driver raises into Unavailable(part)."""
    try:
        yield
    except faults() as error:
        raise failed(part, error) from error
    answered(part)


def within(root: P, *names: str, suffix: str = "") -> P:
    """Return the path below root that names spell. Raises Malformed unless each is a name.

    A name has no dot and no slash, so the path cannot leave the root or meet a part.
    """
    return root / below(*names, suffix=suffix)


def below(*names: str, suffix: str = "") -> str:
    """Return the relative path that names spell. Raises Malformed unless each is a name.

    The last may be an underscore, which no document is called.
    """
    path = "/".join(names)
    if _NAMES.fullmatch(path) is None or path.count("/") != len(names) - 1:
        raise Malformed("This is not the name of anything stored.", where="name")
    return path + suffix


# Of names of documents: the whole path at once, for every preview that is read comes this way.
_NAMES = re.compile(f"{NAME}(?:/{NAME})*(?:/_)?", re.ASCII)


def make_folder(path: Path, mode: int = 0o755) -> None:
    """Make a folder and those above it, durably. Raises OSError."""
    if not path.parent.is_dir():
        make_folder(path.parent, mode)
    path.mkdir(mode=mode, exist_ok=True)
    # Also when the folder was there: who made it may have died before this.
    _flush_name(path, path.stat().st_ino)


@lru_cache(maxsize=1024)
def _flush_name(folder: Path, inode: int) -> None:  # noqa: ARG001  another folder is another name
    """Make the name of a folder durable, which stays so."""
    flush_folder(folder.parent)


def write_private(
    path: Path, blob: bytes, *, replace: bool = True, part: Path | None = None
) -> None:
    """Write a file that only its owner can read, like write_whole."""
    write_whole(path, blob, mode=0o600, replace=replace, part=part)


def write_whole(
    path: Path,
    blob: bytes,
    *,
    mode: int = 0o644,
    replace: bool = True,
    durable: bool = True,
    part: Path | None = None,
) -> None:
    """Make blob the content of path, all at once. Raises OSError, and then leaves no litter.

    With replace=False a file that is there stays as it is; without `durable` a power cut may
    undo it. `part` is where to write first, in the same folder; files that are written once each
    do well to share one.
    """
    part = part or path.with_name(f".{path.name}{PART}")
    with _locked(part, mode) as file:
        if replace or not path.exists():
            _fill(file, blob, durable=durable)
            part.rename(path)  # from here on the name of the part is free for the next writer
        else:
            part.unlink()
    if durable:  # also when the file was there: who wrote it may have died before this
        flush_folder(path.parent)


@contextmanager
def _locked(part: Path, mode: int) -> Iterator[int]:
    file = _lock(part, mode)
    try:
        yield file
    except BaseException:
        part.unlink()
        raise
    finally:
        os.close(file)


def _lock(part: Path, mode: int) -> int:
    while True:
        file = os.open(part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, mode)
        fcntl.flock(file, fcntl.LOCK_EX)
        if _is_at(file, part):
            return file
        # Whoever held the lock has renamed this file into place: it must not be touched.
        os.close(file)


def _is_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _fill(file: int, blob: bytes, *, durable: bool) -> None:
    os.ftruncate(file, 0)
    rest = memoryview(blob)
    while rest:
        rest = rest[os.write(file, rest) :]
    # To the nanosecond: the kernel's own stamp ticks slowly enough for two writes to share one.
    now = time_ns()
    os.utime(file, ns=(now, now))
    if durable:
        os.fsync(file)


def remove(path: Path) -> None:
    """Take a file away durably; one that is not there is no error. Raises OSError."""
    path.unlink(missing_ok=True)
    if path.parent.is_dir():
        flush_folder(path.parent)


def remove_part(part: Path) -> None:
    """Take away what a crash has left of a file; one that is being written is waited for."""
    if not part.exists():
        return
    with _locked(part, 0o600):
        part.unlink()


def require_room(folder: Path) -> None:
    """Raise OSError unless a folder is there, on a file system with room to write."""
    found = os.statvfs(folder)
    if found.f_blocks and found.f_bavail * found.f_frsize < CAPACITY:  # some tell nothing
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def flush_folder(path: Path) -> None:
    """Make the names in a folder durable. Raises OSError."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
