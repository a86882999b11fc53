"""Servers that can be harmed: stopped, emptied, killed and started again at the same place."""

from __future__ import annotations

import getpass
import os
import secrets
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import redis

from tests.faults.memories import embedded_in
from tests.faults.processes import living_in
from tests.support.s3 import S3, has_bucket, s3_command
from tests.support.servers import (
    answers_select,
    comes_true,
    free_port,
    private_folder,
    program_for,
    run,
    tethered,
)


class HarmedServer:
    """One server of a command; its processes are a group of their own."""

    def __init__(
        self,
        command: list[str],
        folder: Path,
        port: int,
        address: str,
        is_up: Callable[[], bool],
        kill: signal.Signals,
        user: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.port = port
        self._environment = {**os.environ, **(environment or {})}
        self._command = tethered(command, user)
        self._folder = folder
        self._address = address
        self._is_up = is_up
        self._kill = kill
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, port: int) -> str:
        """Return its address for clients that come through a port."""
        return self._address.format(port=port)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        assert comes_true(self._is_up), (self._folder / "log").read_text()[-2_000:]

    def signal(self, number: int) -> None:
        """Send a signal to all of its processes."""
        assert self._process
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def stop(self) -> None:
        """End it without warning."""
        assert self._process
        self.signal(signal.SIGCONT)
        self._process.send_signal(self._kill)
        self._process.wait()

    def restart(self) -> None:
        """Kill it without warning and start it again."""
        self.stop()
        self.start()

    def empty(self) -> None:
        """Have a Redis forget everything."""
        _flush(self.url(self.port))


class HarmedEmbedded:
    """The private server of a gateway; whatever happens to it, the gateway starts it again."""

    port = 0  # nobody can stand between it and the gateway

    def __init__(self, data: Path) -> None:
        self._data = data
        self._embedded = embedded_in(data)
        self.most = 0  # servers that were seen at one moment

    def url(self, port: int) -> str:
        """Return where the gateway keeps it."""
        return str(self._data)

    def living(self) -> frozenset[int]:
        """Return its processes, and remember if there were ever several."""
        found = living_in(self._embedded.socket.parent)
        self.most = max(self.most, len(found))
        return found

    def signal(self, number: int) -> None:
        """Send it a signal."""
        for process in self.living():
            with suppress(ProcessLookupError):
                os.kill(process, number)

    def restart(self) -> None:
        """Kill it without warning, and wait until another has come."""
        self.signal(signal.SIGKILL)
        assert comes_true(self._answers)

    def _answers(self) -> bool:
        with suppress(redis.RedisError), redis.Redis.from_url(self._embedded.url) as client:
            return bool(client.ping())
        return False

    def empty(self) -> None:
        """Have it forget everything."""
        _flush(self._embedded.url)


def _flush(url: str) -> None:
    with suppress(redis.RedisError), redis.Redis.from_url(url, socket_timeout=1) as client:
        client.flushall()


def _answers_ping(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as client:
            client.sendall(b"PING\r\n")
            return client.recv(16) == b"+PONG\r\n"
    except OSError:
        return False


@contextmanager
def harmed_redis() -> Iterator[HarmedServer]:
    """Run an empty Redis on a TCP port; it forgets everything when it restarts."""
    program = program_for("redis", "redis-server", "valkey-server")
    with private_folder("harmed") as folder:
        port = free_port()
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
        address = "redis://127.0.0.1:{port}/0"
        server = HarmedServer(
            command, folder, port, address, lambda: _answers_ping(port), signal.SIGKILL
        )
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def harmed_postgres(kill: signal.Signals = signal.SIGQUIT) -> Iterator[HarmedServer]:
    """Run a PostgreSQL on a TCP port; a restart is an immediate one, as after a crash.

    kill: the signal that ends its postmaster.
    """
    initdb, postgres = (program_for("postgres", name) for name in ("initdb", "postgres"))
    with private_folder("harmed") as folder:
        password, data, secret = secrets.token_hex(16), folder / "data", folder / "password"
        secret.write_text(password)
        plain = ["--username=paidgate", "--encoding=UTF8", "--no-locale", "--no-sync"]
        run([initdb, *plain, "--auth=scram-sha-256", f"--pwfile={secret}", "-D", str(data)], folder)
        port = free_port()
        options = ["-D", str(data), "-k", str(folder), "-h", "127.0.0.1", "-p", str(port), "-F"]
        address = f"postgresql://paidgate:{password}@127.0.0.1:{{port}}/postgres"
        url = address.format(port=port)
        server = HarmedServer(
            [postgres, *options], folder, port, address, lambda: answers_select(url), kill
        )
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def harmed_s3() -> Iterator[tuple[S3, HarmedServer]]:
    """Run an S3 server; it keeps its objects when it restarts."""
    with private_folder("harmed") as folder:
        s3, command = s3_command(folder)
        server = HarmedServer(
            command,
            folder,
            int(s3.endpoint.rpartition(":")[2]),
            s3.endpoint,
            lambda: has_bucket(s3),
            signal.SIGKILL,
            user=getpass.getuser(),  # another may not reach into .venv/
            environment={**s3.environment, "TMPDIR": str(folder)},
        )
        server.start()
        try:
            yield s3, server
        finally:
            server.stop()
