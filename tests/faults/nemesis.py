"""A nemesis: real processes that are stopped, killed, cut off and emptied while they serve.

Workers read as fast as they can through a proxy that can swallow everything silently; the revoker
changes the ledger and waits for its acknowledgement; somebody is harmed all the time.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import gateway.stores
from gateway.core.leases import Terms
from tests.faults.memories import Memory, make_memory
from tests.faults.witnesses import KEYS, Witnesses

TETHER = Path(gateway.stores.__file__).with_name("tether.py")
WORKERS = 4
PAUSES = (0.05, 0.4, 1.5)  # seconds that somebody is stopped or cut off


class Server(Protocol):
    """The authority's server, on a TCP port of loopback, and what can be done to it."""

    port: int

    def url(self, port: int) -> str:
        """Return its address for clients that come through a port."""

    def signal(self, number: int) -> None:
        """Send a signal to all of its processes."""

    def restart(self) -> None:
        """Kill it without warning and start it again."""


class Proxy:
    """TCP to the server. While it is not open, bytes go in and nothing comes out."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listening: asyncio.Server | None = None
        self._pumps: set[asyncio.Task[None]] = set()
        self.open = asyncio.Event()
        self.open.set()
        self.port = 0

    async def start(self) -> None:
        self._listening = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._listening.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, to_there = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        for source, sink in ((reader, to_there), (there, writer)):
            pump = asyncio.create_task(self._pump(source, sink))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65_536):
                await self.open.wait()
                sink.write(data)
                await sink.drain()
        except OSError:
            pass  # one side is gone; the other hears of it
        finally:
            sink.transport.abort()

    async def stop(self) -> None:
        if self._listening:
            self._listening.close()
        for pump in list(self._pumps):
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        await asyncio.sleep(0)  # transports close at the next turn of the loop


@dataclass
class Report:
    """What a run has shown."""

    checks: int = 0
    remembered: int = 0
    violations: int = 0
    changes: int = 0
    waits: list[float] = field(default_factory=list)  # seconds, of each acknowledged change
    faults: dict[str, int] = field(default_factory=dict)


class Nemesis:
    """One run: workers, a revoker, and faults, for some seconds."""

    def __init__(self, kind: str, server: Server, folder: Path, seed: int) -> None:
        self._kind = kind
        self._server = server
        self._proxy = Proxy(server.port)
        self._path = folder / "witnesses"
        self._witnesses = Witnesses(self._path)
        self._chance = random.Random(seed)
        self._workers: dict[int, subprocess.Popen[bytes]] = {}
        self._report = Report()

    async def run(self, seconds: float, faults: tuple[str, ...]) -> Report:
        """Serve, change and harm for some seconds; return what was seen."""
        await self._proxy.start()
        for worker in range(WORKERS):
            self._spawn(worker)
        # The revoker comes past the proxy: it is the workers who may be cut off.
        memory = make_memory(self._kind, self._server.url(self._server.port), Terms())
        end = time.monotonic() + seconds
        try:
            await asyncio.gather(self._revoke(memory, end), self._harm(end, faults))
        finally:
            await memory.close()
            for process in self._workers.values():
                process.kill()
                process.wait()
            await self._proxy.stop()
        report = self._report
        report.checks, report.remembered, report.violations = self._witnesses.totals()
        return report

    def _spawn(self, worker: int) -> None:
        url = self._server.url(self._proxy.port)
        tether = [sys.executable, "-I", "-S", str(TETHER), str(os.getpid())]
        module = [sys.executable, "-m", "tests.faults.nemesis_worker"]
        self._workers[worker] = subprocess.Popen(
            [*tether, *module, self._kind, url, str(self._path), str(worker)]
        )

    async def _revoke(self, memory: Memory, end: float) -> None:
        version = 0
        while time.monotonic() < end:
            version += 1
            key = self._chance.randrange(KEYS)
            self._witnesses.commit(key, version)
            began = time.monotonic()
            if await memory.announce([f"grant:{key}"]):
                self._witnesses.acknowledge(key, version)
                self._report.waits.append(time.monotonic() - began)
            self._report.changes += 1
            await asyncio.sleep(self._chance.random() * 0.02)

    async def _harm(self, end: float, faults: tuple[str, ...]) -> None:
        while faults and time.monotonic() < end:
            await asyncio.sleep(self._chance.random())
            fault = self._chance.choice(faults)
            await getattr(self, f"_{fault}")()
            self._report.faults[fault] = self._report.faults.get(fault, 0) + 1

    async def _stop_worker(self) -> None:
        worker = self._chance.choice(list(self._workers.values()))
        worker.send_signal(signal.SIGSTOP)
        await self._a_while()
        worker.send_signal(signal.SIGCONT)

    async def _stop_server(self) -> None:
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
        await asyncio.to_thread(self._server.restart)
