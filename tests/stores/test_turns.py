"""Turns between processes: fair, bounded, and given back by the kernel."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.stores.sql.turns import Turn
from tests.faults.killing import TIMEOUT, begin
from tests.support.servers import comes_true
from tests.support.tether import die_with_parent

NEVER = threading.TIMEOUT_MAX  # seconds


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name what is shared; it need not be there."""
    return tmp_path / "shared"


def is_held(path: Path, what: str) -> bool:
    """Return whether somebody has the turn, or is next."""
    with path.with_name(f"{path.name}-{what}").open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def waiting() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "turn"]


@contextmanager
def another(path: Path) -> Iterator[Any]:
    """Have another process hold the turn, until it is killed."""
    process, heard = begin(hold, path)
    assert heard.poll(TIMEOUT)
    try:
        yield process
    finally:
        process.kill()
        process.join()


def hold(telling: Any, path: Path) -> None:
    """Hold the turn for ever."""
    die_with_parent(os.getppid())
    with Turn(path, NEVER).taken():
        telling.send("held")
        signal.pause()


def test_nobody_gets_past_whoever_is_next(path: Path) -> None:
    order: list[str] = []
    one, other = Turn(path, NEVER), Turn(path, NEVER)

    def wait() -> None:
        with other.taken():
            order.append("other")

    with ThreadPoolExecutor(1) as pool:
        with one.taken():
            waited = pool.submit(wait)
            assert comes_true(lambda: is_held(path, "next"))
        with one.taken():
            order.append("one again")
        waited.result(TIMEOUT)
    assert order == ["other", "one again"]


def test_a_turn_is_of_one_alone(path: Path) -> None:
    with Turn(path).taken():
        assert is_held(path, "turn")
    assert not is_held(path, "turn")
    assert not is_held(path, "next")


def test_a_stopped_process_holds_nobody_up_for_more_than_the_limit(path: Path) -> None:
    turn = Turn(path, limit=0.01)
    with another(path) as process:
        os.kill(process.pid, signal.SIGSTOP)
        for _ in range(3):
            with turn.taken():
                assert is_held(path, "turn")  # by who is stopped
            assert len(waiting()) == 1  # as long as the first lasts nobody waits again
    assert comes_true(lambda: not waiting())
    assert not is_held(path, "turn")
    with turn.taken():
        assert is_held(path, "turn")


def test_the_turn_of_a_killed_process_is_free_at_once(path: Path) -> None:
    with another(path) as process, ThreadPoolExecutor(1) as pool:

        def take() -> None:
            with Turn(path, NEVER).taken():
                pass

        taken = pool.submit(take)
        assert comes_true(lambda: is_held(path, "next"))
        process.kill()
        taken.result(TIMEOUT)
    assert not is_held(path, "turn")


def test_whoever_is_next_and_dies_leaves_its_place_to_others(path: Path) -> None:
    with Turn(path).taken(), another_waiting(path) as process:
        process.kill()
        process.join()
        assert not is_held(path, "next")


@contextmanager
def another_waiting(path: Path) -> Iterator[Any]:
    process, _ = begin(hold, path)
    assert comes_true(lambda: is_held(path, "next"), TIMEOUT)
    yield process
    process.kill()
    process.join()


def test_only_its_owner_can_open_what_is_locked(path: Path) -> None:
    with Turn(path).taken():
        modes = {file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert modes == {0o600}
