"""Turns between processes: whoever has waited longest is next, and nobody waits for the dead.

A turn is a locked file: it is given back when the file is closed, which the kernel does for a
process that is killed. Whoever is next holds a second lock until its turn comes, so that no other,
and not whoever had the turn before, gets past it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from threading import Thread
from typing import BinaryIO

LIMIT = 0.5  # seconds that one waits for its turn: many times what a turn takes


class Turn:
    """The turn of a process at what several share. What holds that together is not the turn."""

    def __init__(self, path: Path, limit: float = LIMIT) -> None:
        self._turn = path.with_name(f"{path.name}-turn")
        self._next = path.with_name(f"{path.name}-next")
        self._limit = limit
        self._late: Thread | None = None  # waits for a turn that has not come in time

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold the turn once it comes; where it does not come in time, do without. Raises OSError.

        While a turn that is late has not come, nobody here waits for another.
        """
        with self._take() or nullcontext():
            yield

    def _take(self) -> BinaryIO | None:
        if self._late and self._late.is_alive():
            return None
        try:
            return self._come(fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return self._await()

    def _await(self) -> BinaryIO | None:
        coming: Future[BinaryIO] = Future()
        # A thread of its own: there is no other way to stop waiting for a lock.
        waiter = Thread(target=self._wait, args=(coming,), name="turn", daemon=True)
        waiter.start()
        try:
            return coming.result(self._limit)
        except TimeoutError:
            if not coming.cancel():  # it has come just now
                return coming.result()
            self._late = waiter
            return None

    def _wait(self, coming: Future[BinaryIO]) -> None:
        try:
            turn = self._come(fcntl.LOCK_EX)
        except OSError as error:
            if coming.set_running_or_notify_cancel():
                coming.set_exception(error)
            return
        if coming.set_running_or_notify_cancel():
            coming.set_result(turn)
        else:
            turn.close()

    def _come(self, lock: int) -> BinaryIO:
        """Return the locked file. Raises OSError."""
        with _open(self._next) as place:
            fcntl.flock(place, lock)
            turn = _open(self._turn)
            try:
                fcntl.flock(turn, lock)
            except BaseException:
                turn.close()
                raise
            return turn


def _open(path: Path) -> BinaryIO:
    # Its owner's alone: whoever can open it can hold it.
    return open(path, "ab", buffering=0, opener=partial(os.open, mode=0o600))
