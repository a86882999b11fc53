"""Run a loop until it is killed, before a chosen call of its own or at a random moment."""

from __future__ import annotations

import multiprocessing
import random
import select
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

TIMEOUT = 60.0  # seconds for a process to say or do anything at all

FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload(["tests.faults.loops", "tests.faults.leaks", "tests.faults.racers"])

Event = tuple[Any, ...]
Target = Callable[..., None]
Kill = Callable[..., list[Event]]  # runs a target on its arguments; returns what it told


def before(call: int) -> Kill:
    """Return the kill before a call, counted from the loop's first step on."""

    def kill(target: Target, *arguments: object) -> list[Event]:
        loop, listening = begin(target, call, *arguments)
        told: list[Event] = []
        with suppress(EOFError):
            while True:
                assert listening.poll(TIMEOUT), "the loop does nothing"
                told.append(listening.recv())
        loop.join(TIMEOUT)
        assert loop.exitcode == -signal.SIGKILL, "the process ended by itself"
        return told

    return kill


def at_random(chance: random.Random) -> Kill:
    """Return the kill up to about one step after a random one."""

    def kill(target: Target, *arguments: object) -> list[Event]:
        loop, listening = begin(target, 0, *arguments)
        told: list[Event] = []
        begun = [hear(listening, told)]
        for _ in range(chance.randrange(1, 4)):
            begun.append(hear(listening, told))
        pace = (begun[-1] - begun[0]) / (len(begun) - 1)
        end(loop, after=1.2 * pace * chance.random())
        with suppress(EOFError):
            while True:
                told.append(listening.recv())
        return told

    return kill


def begin(target: Target, *arguments: object) -> tuple[Any, Connection]:
    """Start a loop; return its process, and where it is heard."""
    listening, telling = FORKING.Pipe(duplex=False)
    loop = FORKING.Process(target=target, args=(telling, *arguments))
    loop.start()
    telling.close()
    return loop, listening


def hear(listening: Connection, told: list[Event]) -> float:
    """Listen until the loop has done a step; return when that was."""
    while True:
        assert listening.poll(TIMEOUT), "the loop does nothing"
        told.append(listening.recv())
        if told[-1][0] == "done":
            return time.perf_counter()


def end(process: Any, after: float) -> None:
    """Kill a process some seconds from now; it must not have ended by itself."""
    ended, _, _ = select.select([process.sentinel], [], [], after)
    assert not ended, f"the process ended by itself: {process.exitcode}"
    process.kill()
    process.join(TIMEOUT)
