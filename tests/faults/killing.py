"""Kill a loop at a random moment after a random step of its own."""

from __future__ import annotations

import multiprocessing
import random
import select
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

PATIENCE = 60.0  # seconds for a process to say or do anything at all

FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload(["tests.faults.loops", "tests.faults.leaks"])

Event = tuple[Any, ...]


def killed(chance: random.Random, target: Callable[..., None], *arguments: object) -> list[Event]:
    """Run a loop, kill it up to about one step after a random one; return what it told."""
    listening, telling = FORKING.Pipe(duplex=False)
    loop = FORKING.Process(target=target, args=(telling, *arguments))
    loop.start()
    telling.close()
    told: list[Event] = []
    begun = [hear(listening, told)]
    for _ in range(chance.randrange(1, 4)):
        begun.append(hear(listening, told))
    pace = (begun[-1] - begun[0]) / (len(begun) - 1)
    kill(loop, after=1.2 * pace * chance.random())
    with suppress(EOFError):
        while True:
            told.append(listening.recv())
    return told


def hear(listening: Connection, told: list[Event]) -> float:
    """Listen until the loop has done a step; return when that was."""
    while True:
        assert listening.poll(PATIENCE), "the loop does nothing"
        told.append(listening.recv())
        if told[-1][0] == "done":
            return time.perf_counter()


def kill(process: Any, after: float) -> None:
    """Kill a process some seconds from now; it must not have ended by itself."""
    ended, _, _ = select.select([process.sentinel], [], [], after)
    assert not ended, f"the process ended by itself: {process.exitcode}"
    process.kill()
    process.join(PATIENCE)
