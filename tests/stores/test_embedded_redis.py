"""The private server: one for a data folder, its owner's alone, and never left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
import redis

from gateway.core.errors import Unavailable
from gateway.stores.redis.embedded import EmbeddedRedis, server_program
from tests.faults.memories import embedded_in
from tests.faults.processes import living_in
from tests.support.servers import answers_ping, comes_true

KEEPERS = 6
TIMEOUT = 60.0  # seconds
KEEP = """
import asyncio, sys
from pathlib import Path
from gateway.stores.redis.embedded import EmbeddedRedis
asyncio.run(EmbeddedRedis(*map(Path, sys.argv[1:])).keep())
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Make a data folder."""
    return made(tmp_path / "data")


def made(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True)
    return folder


def answers(server: EmbeddedRedis) -> bool:
    return comes_true(lambda: answers_ping(server.socket), TIMEOUT)


@contextmanager
def started(data: Path) -> Iterator[EmbeddedRedis]:
    """Start a server from this process."""
    server = embedded_in(data)
    server.ensure()
    try:
        assert answers(server)
        yield server
    finally:
        server.stop()


def living(server: EmbeddedRedis) -> frozenset[int]:
    return living_in(server.socket.parent)


def only(processes: frozenset[int]) -> int:
    (process,) = processes
    return process


# --- one at any time, as long as somebody is there ---------------------------------------------


class Watch:
    """Looks all the time at how many servers there are."""

    def __init__(self, server: EmbeddedRedis) -> None:
        self._server = server
        self._over = Event()
        self._thread = Thread(target=self._look)
        self.most = 0

    def _look(self) -> None:
        while not self._over.is_set():
            self.most = max(self.most, len(living(self._server)))

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


@contextmanager
def keepers(data: Path) -> Iterator[dict[int, subprocess.Popen[bytes]]]:
    """Have several processes keep one server, all started at once; by process id."""
    command = [sys.executable, "-c", KEEP, str(data), server_program() or ""]
    processes = [subprocess.Popen(command) for _ in range(KEEPERS)]
    try:
        yield {process.pid: process for process in processes}
    finally:
        for process in processes:
            process.kill()
            process.wait()


def starter_of(process: int) -> int:
    line = Path(f"/proc/{process}/stat").read_text()
    return int(line.rpartition(")")[2].split()[1])


def test_of_many_that_race_one_starts_it_and_when_that_is_killed_another_does(data: Path) -> None:
    server = embedded_in(data)
    with Watch(server) as watch, keepers(data) as left:
        while left:
            assert answers(server)
            process = only(living(server))
            starter = left.pop(starter_of(process))
            starter.kill()
            starter.wait()
            # With the last of them it is gone for good.
            assert comes_true(lambda gone=process: gone not in living(server), TIMEOUT)  # type: ignore[misc]
        assert not living(server)
    assert watch.most == 1


def test_it_is_gone_when_all_who_keep_it_are_killed_at_once(data: Path) -> None:
    server = embedded_in(data)
    with keepers(data):
        assert answers(server)
    assert comes_true(lambda: not living(server), TIMEOUT)


def test_one_that_is_killed_is_started_again_over_the_socket_it_left(data: Path) -> None:
    with started(data) as server:
        os.kill(only(living(server)), signal.SIGKILL)
        assert comes_true(lambda: not living(server), TIMEOUT)
        assert server.socket.exists()

        def is_back() -> bool:  # what has let go of its folder is not quite dead yet
            server.ensure()
            return answers_ping(server.socket)

        assert comes_true(is_back, TIMEOUT)


def test_one_that_stands_still_gets_no_rival(data: Path) -> None:
    with started(data) as server:
        process = only(living(server))
        os.kill(process, signal.SIGSTOP)
        embedded_in(data).ensure()
        assert living(server) == {process}


def test_one_whose_folder_was_taken_away_gets_no_rival(data: Path) -> None:
    with started(data) as server:
        shutil.rmtree(server.socket.parent)
        other = embedded_in(data)
        other.ensure()
        assert living(other) == frozenset()
    other.ensure()
    assert answers(other)
    other.stop()


def test_only_who_has_started_it_ends_it(data: Path) -> None:
    with started(data) as server:
        other = embedded_in(data)
        other.ensure()
        other.stop()
        assert living(server)
        server.stop()
        assert not living(server)


def test_an_interruption_from_the_keyboard_is_not_for_it(data: Path) -> None:
    with started(data) as server:
        process = only(living(server))
        assert os.getpgid(process) != os.getpgid(0)
        assert os.getsid(process) != os.getsid(0)


# --- its owner's alone -------------------------------------------------------------------------


def test_only_its_owner_can_reach_it(data: Path) -> None:
    with started(data) as server:
        folder = server.socket.parent
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / "redis.sock").stat().st_mode & 0o077 == 0
        with redis.Redis.from_url(server.url) as client:
            assert client.config_get("port") == {"port": "0"}
            assert client.config_get("save") == {"save": ""}


def open_to_others(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o750)


def elsewhere(folder: Path) -> None:
    target = folder.with_name("target")
    target.mkdir(mode=0o700)
    folder.symlink_to(target)


def a_file(folder: Path) -> None:
    folder.touch(mode=0o600)


@pytest.mark.parametrize("make", [open_to_others, elsewhere, a_file])
def test_a_folder_that_is_not_private_is_refused(make: Callable[[Path], None], data: Path) -> None:
    server = embedded_in(data)
    make(server.socket.parent)
    with pytest.raises(Unavailable):
        server.ensure()


def test_a_folder_of_another_is_refused(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = embedded_in(data)
    server.socket.parent.mkdir(mode=0o700)
    monkeypatch.setattr(os, "getuid", lambda: os.geteuid() + 1)
    with pytest.raises(Unavailable):
        server.ensure()


@pytest.mark.parametrize("name", ["x" * 200, "数据" * 40, "with a space, #hash ?query %41"])
def test_every_data_folder_has_a_server_of_its_own(name: str, tmp_path: Path) -> None:
    with started(made(tmp_path / name / "a")) as one, started(made(tmp_path / name / "b")) as other:
        assert one.socket.parent != other.socket.parent
        for server in (one, other):
            assert server.socket.parent.stat().st_mode & 0o777 == 0o700
            with redis.Redis.from_url(server.url) as client:
                assert client.ping()
    for server in (one, other):
        shutil.rmtree(server.socket.parent)  # a long path has its socket elsewhere
