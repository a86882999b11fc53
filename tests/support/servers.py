"""Real, private Redis and PostgreSQL servers, which end with their context or with its process.

The kernel ends a server when the *thread* that started it ends, so start one from a thread that
lasts: pytest's main thread does.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from gateway.bench.processes import free_port as free_port
from tools.needs import NEEDS, find_program, lacking

TETHER = Path(__file__).with_name("tether.py")
TIMEOUT = 120.0  # seconds; a loaded machine is slow, a broken server says so at once


class ServerError(Exception):
    """A server is missing or did not come up; the text says what to do or what it printed."""


@contextmanager
def redis_server(*more: str) -> Iterator[str]:
    """Run an empty Redis or Valkey on a unix socket and yield its URL.

    more: what else it is told; users must be named in the URL then.
    """
    program = program_for("redis", "redis-server", "valkey-server")
    with private_folder("redis") as folder:
        path = folder / "redis.sock"
        place = ["--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700"]
        with running([program, *place, "--save", "", *more], folder, lambda: answers_ping(path)):
            yield f"unix://{path}"


def as_admin(url: str) -> str:
    """Return the URL of a Redis as somebody who may do anything there."""
    user, at, path = url.removeprefix("unix://").rpartition("@")
    return f"unix://admin:admin@{path}" if user and at else url


@contextmanager
def postgres_server() -> Iterator[str]:
    """Run an empty PostgreSQL on loopback and yield its URL, password included."""
    initdb, postgres = (program_for("postgres", name) for name in ("initdb", "postgres"))
    with private_folder("postgres") as folder:
        password, data = secrets.token_hex(16), folder / "data"
        secret = folder / "password"
        secret.write_text(password)
        plain = ["--username=paidgate", "--encoding=UTF8", "--no-locale", "--no-sync"]
        run([initdb, *plain, "--auth=scram-sha-256", f"--pwfile={secret}", "-D", str(data)], folder)
        port = free_port()
        options = ["-D", str(data), "-k", str(folder), "-h", "127.0.0.1", "-p", str(port), "-F"]
        url = f"postgresql://paidgate:{password}@127.0.0.1:{port}/postgres"
        with running([postgres, *options], folder, lambda: answers_select(url)):
            yield url


def answers_ping(path: Path) -> bool:
    """Return whether a Redis answers PING at a unix socket."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        try:
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith((b"+PONG", b"-NOAUTH"))
        except OSError:
            return False


def answers_select(url: str) -> bool:
    """Return whether a PostgreSQL answers SELECT 1."""
    psql = program_for("postgres", "psql")
    command = [psql, "--no-psqlrc", "-tAc", "SELECT 1", url]
    answer = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL)
    return answer.stdout.strip() == b"1"


# --- how they run ------------------------------------------------------------------------------


def program_for(need: str, *names: str) -> str:
    """Return the path of a program, or fail with what to install."""
    found = find_program(*names)
    if not found:
        raise ServerError(lacking(NEEDS[need]))
    return found


def account() -> str:
    """Return the account that servers run as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextmanager
def private_folder(name: str) -> Iterator[Path]:
    """Make a folder for a server's account, and take it away afterwards."""
    # Short, and not pytest's: a socket's path has 107 bytes, and that account cannot enter there.
    folder = Path(tempfile.mkdtemp(prefix=f"paidgate-{name}-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, account())
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def tethered(command: Sequence[str | Path], user: str = "") -> list[str]:
    """Return the command that runs another one, as the servers' account unless a user is given,
    until this process ends."""
    launcher = [sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), user or account()]
    return [*launcher, *map(str, command)]


def run(command: Sequence[str | Path], folder: Path) -> None:
    """Run a command to its end in a folder."""
    done = subprocess.run(tethered(command), cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise ServerError(f"{command[0]} failed: {done.stderr}")


@contextmanager
def running(
    command: Sequence[str | Path],
    folder: Path,
    is_up: Callable[[], bool],
    *,
    user: str = "",
    environment: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """Run a server until the context ends, with some more in its environment."""
    log = folder / "log"
    with log.open("wb") as output:
        if os.geteuid() == 0:
            shutil.chown(log, account())  # some open it anew, as /dev/stdout
        server = subprocess.Popen(
            tethered(command, user),
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for pytest, which then stops the server
        )
    try:
        comes_true(lambda: is_up() or server.poll() is not None)
        if not is_up():
            raise ServerError(f"{command[0]} did not come up: {log.read_text()}")
        yield
    finally:
        stop(server)


def stop(server: subprocess.Popen[bytes]) -> None:
    """End a server, gently first."""
    server.send_signal(signal.SIGINT)
    try:
        server.wait(TIMEOUT)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def comes_true(condition: Callable[[], bool], timeout: float = TIMEOUT) -> bool:
    """Ask again and again until a condition holds; say whether it did within some seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
