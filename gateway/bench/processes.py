"""Programs to measure: each on one core, told apart from what else the machine does."""

from __future__ import annotations

import http.client
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from itertools import cycle
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")  # per second, in /proc/<pid>/stat
TIMEOUT = 120.0  # seconds to come up, to answer or to end, on whatever machine
SHARE = 50  # ports that are for one process
PORTS = range(10_000, 32_000)  # from 32,768 on the system gives them to clients, at any moment
PLACES = "/usr/sbin:/usr/local/sbin:/sbin"  # not always on an ordinary account's PATH


class Lacking(Exception):
    """Raised when programs are missing; the text says what to install."""


@dataclass(frozen=True, slots=True)
class Cores:
    """Where the measured server runs, and where the load."""

    server: int
    load: int

    @classmethod
    def free(cls) -> Cores:
        """Return the first and the last core that this process may use."""
        allowed = sorted(os.sched_getaffinity(0))
        return cls(allowed[0], allowed[-1])


def programs(*names: str) -> list[str]:
    """Return the paths of programs. Raises Lacking with what to install for all that miss."""
    path = f"{os.environ.get('PATH', os.defpath)}:{PLACES}"
    found = {name: shutil.which(name, path=path) for name in names}
    missing = " ".join(name for name, place in found.items() if not place)
    if missing:
        raise Lacking(
            f"The benchmark needs {missing}. Install what is missing "
            f"(on Debian and Ubuntu, as root: apt-get install {missing})."
        )
    return [place for place in found.values() if place]


def free_port() -> int:
    """Return a TCP port of the loopback interface that nothing uses now.

    No other process is given it as long as this one lives: it may be a while until it is bound.
    """
    ports = _own_ports(os.getpid())
    while True:
        port = next(ports)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@cache
def _own_ports(process: int) -> Iterator[int]:  # noqa: ARG001  a fork has ports of its own
    """Return the ports that this process has claimed, in a circle."""
    shares = [PORTS[first : first + SHARE] for first in range(0, len(PORTS), SHARE)]
    while True:
        share = secrets.choice(shares)
        claim = socket.socket(socket.AF_UNIX)
        with suppress(OSError):  # another process has claimed it
            claim.bind(f"\0paidgate ports from {share[0]}")
            _claims.append(claim)
            return cycle(share)
        claim.close()


_claims: list[socket.socket] = []  # each for the life of its process


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Run on one core what is started within."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})  # inherited
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@dataclass(frozen=True, slots=True)
class Server:
    """A running server to ask and to measure."""

    pid: int
    port: int

    def cpu(self) -> float:
        """Return the seconds of processor time, user and system, that it has used."""
        stat = Path(f"/proc/{self.pid}/stat").read_text()
        fields = stat.rpartition(")")[2].split()  # the name before may hold anything
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self) -> int:
        """Return the bytes of memory that it holds."""
        pages = Path(f"/proc/{self.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """Send one request; return the answer and its body. Raises OSError."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        try:
            connection.request(method, path, body or None, dict(headers or {}))
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()


@contextmanager
def serving(
    command: Sequence[str], port: int, core: int, log: Path, environment: Mapping[str, str]
) -> Iterator[Server]:
    """Run a server on one core until the context ends. Raises Lacking if it does not come up."""
    with log.open("wb") as output, on_core(core):
        process = subprocess.Popen(  # noqa: S603  our own command
            command,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        server = Server(process.pid, port)
        if not _comes_up(server, process):
            raise Lacking(f"{command[0]} did not come up: {log.read_text(errors='replace')}")
        yield server
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(TIMEOUT)
        if process.poll() is None:
            process.kill()
            process.wait()


def _comes_up(server: Server, process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError, http.client.HTTPException):
            server.ask("GET", "/healthz")
            return True
        time.sleep(0.02)
    return False
