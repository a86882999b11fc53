"""What a data folder is called, and whether anybody serves from it.

A copy of the folder has another name: two houses that share a ledger must never pass for one.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

import anyio

from gateway.stores.files.durable import write_private

KEPT = "house"
SERVING = "serving"
POLL_INTERVAL = 0.02  # seconds between two looks at a lock


def house_name(data: Path) -> str:
    """Return the name of a data folder, made at the first call. Raises OSError."""
    path = data / KEPT
    if not path.exists():
        write_private(path, secrets.token_hex(16).encode(), replace=False)
    told = b"%b %d" % (path.read_bytes(), path.stat().st_ino)  # a copy has another inode
    return sha256(told).hexdigest()[:32]


class Presence:
    """A lock that each process has which serves from a data folder, until it ends."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._file = -1

    async def enter(self) -> bool:
        """Begin to serve; return whether nobody else does. Raises OSError."""
        async with self._turn():
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            self._file = os.open(self._data / SERVING, flags, 0o600)
            is_alone = _takes(self._file)
            fcntl.flock(self._file, fcntl.LOCK_SH)
        return is_alone

    async def leave(self, last: Callable[[], Awaitable[None]]) -> None:
        """Serve no more; whoever is the last one does something before another can enter."""
        if self._file < 0:
            return
        async with self._turn():
            try:
                if _takes(self._file):
                    await last()
            finally:
                os.close(self._file)
                self._file = -1

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        turn = os.open(self._data / KEPT, os.O_RDONLY | os.O_CLOEXEC)
        try:
            while not _takes(turn):  # noqa: ASYNC110  other processes have it, and tell nobody
                await anyio.sleep(POLL_INTERVAL)
            yield
        finally:
            os.close(turn)


def _takes(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
