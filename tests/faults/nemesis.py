"""A nemesis: real processes that are stopped, killed, cut off and emptied while they serve.

Workers read as fast as they can through a proxy that can swallow everything silently; revokers
change the ledger and insist until it is acknowledged; somebody is harmed all the time.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

import gateway.process
from gateway.core.leases import Terms
from tests.faults.memories import Memory, make_memory
from tests.faults.proxy import Proxy
from tests.faults.witnesses import KEYS, Counts, Witnesses
from tests.support.servers import comes_true

TETHER = Path(gateway.process.__file__)
WORKERS = 4
REVOKERS = 2  # memories of those who change; each key has one who changes it
PAUSES = (0.05, 0.4, 1.5)  # seconds that somebody is stopped or cut off
TIMEOUT = 60.0  # seconds for every worker to begin, and for enough to be seen


class Server(Protocol):
    """The authority's server, on a TCP port of loopback (0: on none), and what it can suffer."""

    @property
    def port(self) -> int: ...

    def url(self, port: int) -> str:
        """Return its address for clients that come through a port."""

    def signal(self, number: int) -> None:
        """Send a signal to all of its processes."""

    def restart(self) -> None:
        """Kill it without warning and start it again."""

    def empty(self) -> None:
        """Have it forget everything."""


class Span(NamedTuple):
    """A stretch of time, in seconds of one clock."""

    begin: float
    end: float

    def overlap(self, other: Span) -> float:
        """Return for how long both last."""
        return max(0.0, min(self.end, other.end) - max(self.begin, other.begin))


@dataclass
class Report:
    """What a run has shown."""

    seen: Counts = field(default_factory=Counts)
    changes: int = 0
    acknowledged: list[Span] = field(default_factory=list)  # of each change, from its commit on
    outages: list[Span] = field(default_factory=list)  # of the authority, as revokers know it
    faults: Counter[str] = field(default_factory=Counter)

    @property
    def waits(self) -> list[float]:
        """How many seconds each acknowledgement took."""
        return [span.end - span.begin for span in self.acknowledged]

    @property
    def excesses(self) -> list[float]:
        """How many seconds each took beside the outages that it met."""
        return [
            span.end - span.begin - sum(map(span.overlap, self.outages))
            for span in self.acknowledged
        ]


class Nemesis:
    """One run: workers, revokers, and faults."""

    def __init__(self, kind: str, server: Server, folder: Path, seed: int) -> None:
        self._kind = kind
        self._server = server
        self._proxy = Proxy(server.port)
        self._path = folder / "witnesses"
        self._witnesses = Witnesses(self._path)
        self._chance = random.Random(seed)
        self._workers: dict[int, subprocess.Popen[bytes]] = {}
        self._report = Report()
        self._over = asyncio.Event()

    async def run(
        self, seconds: float, faults: tuple[str, ...], is_enough: Callable[[Report], bool]
    ) -> Report:
        """Serve, change and harm for some seconds and until it is enough; return what was seen."""
        if self._server.port:
            await self._proxy.start()
        # The revokers come past the proxy: it is the workers who may be cut off.
        url = self._server.url(self._server.port)
        memories = [make_memory(self._kind, url, Terms()) for _ in range(REVOKERS)]
        try:
            await self._start()
            # Who is new waits out what it does not know of; that once is no fault.
            await asyncio.gather(*(memory.announce(["nothing"]) for memory in memories))
            least = time.monotonic() + seconds
            revoking = (self._revoke(memories[key % REVOKERS], key) for key in range(KEYS))
            await asyncio.gather(self._harm(faults), self._watch(least, is_enough), *revoking)
        finally:
            for memory in memories:
                await memory.close()
            for process in self._workers.values():
                process.kill()
                process.wait()
            await self._proxy.stop()
        self._report.seen = self._witnesses.totals()
        return self._report

    async def _start(self) -> None:
        """Start the workers, and wait until each of them serves."""
        for worker in range(WORKERS):
            self._spawn(worker)
        assert await asyncio.to_thread(comes_true, self._all_serve, TIMEOUT)

    def _all_serve(self) -> bool:
        return all(self._witnesses.counts(worker).checks for worker in self._workers)

    def _spawn(self, worker: int) -> None:
        url = self._server.url(self._proxy.port)
        tether = [sys.executable, "-I", "-S", str(TETHER), str(os.getpid())]
        module = [sys.executable, "-m", "tests.faults.nemesis_worker"]
        self._workers[worker] = subprocess.Popen(
            [*tether, *module, self._kind, url, str(self._path), str(worker)]
        )

    async def _watch(self, least: float, is_enough: Callable[[Report], bool]) -> None:
        try:
            while not (time.monotonic() > least and is_enough(self._report)):
                assert time.monotonic() < least + TIMEOUT, f"not enough was seen: {self._report}"
                await asyncio.sleep(0.05)
                self._report.seen = self._witnesses.totals()
        finally:
            self._over.set()

    async def _revoke(self, memory: Memory, key: int) -> None:
        """Give the right to a key, take it back, and so on; insist on each acknowledgement."""
        while not self._over.is_set():
            version = self._witnesses.commit(key)
            began = time.monotonic()
            self._report.changes += 1
            while not await memory.announce([f"grant:{key}"]):
                if self._over.is_set():
                    return
                await asyncio.sleep(0.02)
            self._witnesses.acknowledge(key, version)
            self._report.acknowledged.append(Span(began, time.monotonic()))
            await asyncio.sleep(self._chance.random() * 0.1)

    async def _harm(self, faults: tuple[str, ...]) -> None:
        while faults:
            for fault in self._chance.sample(faults, len(faults)):
                await asyncio.sleep(self._chance.random() / 2)
                if self._over.is_set():
                    return
                await getattr(self, f"_{fault}")()
                self._report.faults[fault] += 1

    @contextmanager
    def _outage(self) -> Iterator[None]:
        began = time.monotonic()
        yield
        self._report.outages.append(Span(began, time.monotonic()))

    async def _stop_worker(self) -> None:
        worker = self._chance.choice(list(self._workers.values()))
        worker.send_signal(signal.SIGSTOP)
        await self._a_while()
        worker.send_signal(signal.SIGCONT)

    async def _stop_server(self) -> None:
        with self._outage():
            self._server.signal(signal.SIGSTOP)
            await self._a_while()
            self._server.signal(signal.SIGCONT)

    async def _cut_off(self) -> None:
        self._proxy.open.clear()
        await self._a_while()
        self._proxy.open.set()

    async def _a_while(self) -> None:
        await asyncio.sleep(self._chance.choice(PAUSES))

    async def _kill_worker(self) -> None:
        worker = self._chance.choice(list(self._workers))
        self._workers[worker].kill()
        self._workers[worker].wait()
        self._spawn(worker)

    async def _restart_server(self) -> None:
        with self._outage():
            await asyncio.to_thread(self._server.restart)

    async def _empty_server(self) -> None:
        await asyncio.to_thread(self._server.empty)
