"""Files of chains: folder/<chain>.jsonl, only ever added to, each by the one process that made it.

A chain is called <yyyymmdd>t<hhmmss>-<host>-<8 hex>, so that names sort by time and tell the host.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import socket
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from gateway.core.audit_chains import Head, link
from gateway.core.audit_records import Record
from gateway.stores.files.durable import flush_folder

SUFFIX = ".jsonl"

_NAME = re.compile(r"[0-9]{8}t[0-9]{6}-([a-z0-9-]{1,63})-[0-9a-f]{8}", re.ASCII)


def this_host() -> str:
    """Return what chains call this host."""
    return re.sub(r"[^a-z0-9]+", "-", socket.gethostname().lower())[:63].strip("-") or "host"


def host_of(chain: str) -> str:
    """Return the host that a chain was written on."""
    name = _NAME.fullmatch(chain)
    return name[1] if name else ""


def new_name(host: str, at: int) -> str:
    """Return a name for a chain that begins at a time in Unix seconds."""
    return f"{datetime.fromtimestamp(at, UTC):%Y%m%dt%H%M%S}-{host}-{secrets.token_hex(4)}"


def chains_in(folder: Path) -> list[str]:
    """Return the chains in a folder, the oldest first to the second; none without a folder."""
    if not folder.exists():
        return []
    return sorted(path.stem for path in folder.iterdir() if path.suffix == SUFFIX)


def path_of(folder: Path, chain: str) -> Path:
    """Return the file of a chain."""
    return folder / f"{chain}{SUFFIX}"


def lines_of(folder: Path, chain: str) -> Iterator[bytes]:
    """Return the lines of a chain, each with its end. Raises OSError."""
    with path_of(folder, chain).open("rb") as file:
        yield from file


class ChainFile:
    """One chain that is being written."""

    def __init__(self, folder: Path, start: Head) -> None:
        """Make the file of a chain that begins at `start`. Raises OSError."""
        self.head = self.flushed = self.anchored = start
        self.size = 0
        self.is_lost = False  # what was written may not last
        self._is_torn = False
        self._folder = folder
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._file = os.open(path_of(folder, start.chain), flags, 0o600)

    @property
    def is_sound(self) -> bool:
        """Return whether the chain can go on in this file."""
        return not (self.is_lost or self._is_torn)

    def append(self, records: Sequence[Record], at: int) -> None:
        """Write the next line. Raises OSError, and then leaves no half line if it can."""
        if not os.fstat(self._file).st_nlink:
            self.is_lost = True
            raise _error(errno.ENOENT)  # somebody has removed the file
        line, head = link(self.head, at, records)
        self._is_torn = True
        try:
            _write(self._file, line)
        except OSError:
            os.ftruncate(self._file, self.size)
            self._is_torn = False
            raise
        self.head, self._is_torn = head, False
        self.size += len(line)

    def flush(self) -> None:
        """Make durable what is written. Raises OSError, and then the file is lost."""
        if self.is_lost:
            raise _error(errno.EIO)
        reached = self.head
        try:
            if not self.flushed.number:
                flush_folder(self._folder)
            os.fsync(self._file)
        except OSError:
            self.is_lost = True  # the kernel has let go of it: a second try would prove nothing
            raise
        self.flushed = reached

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def _write(file: int, line: bytes) -> None:
    rest = memoryview(line)
    while rest:
        rest = rest[os.write(file, rest) :]
