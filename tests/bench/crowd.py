"""A load beside 5,000 idle connections and 200 slow writers, and the same load without them.

Run it as `python -m tests.bench.crowd`. Loopback only; it stops by itself. Every idle connection
has had an answer before, and asks again at the end: one that is refused or cut off is told.
"""

from __future__ import annotations

import argparse
import resource
import selectors
import socket
import statistics
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from gateway.bench.load import cost
from gateway.bench.processes import Cores, Server, on_core, programs
from gateway.bench.run import PREVIEW, cases_of
from gateway.bench.stage import stage

IDLE = 5_000
SLOW = 200
FLUSH_INTERVAL = 0.5  # seconds between two bytes of a slow writer
MEGABYTE = 1 << 20

HEAD = f"GET {PREVIEW} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: br\r\n".encode()
WHOLE = HEAD + b"\r\n"
SLOW_HEAD = HEAD + b"X-Slow: " + b"s" * 10_000


@dataclass
class Crowd:
    """Connections that do nothing, and some that do next to nothing."""

    server: Server
    idle: list[socket.socket] = field(default_factory=list)
    parted: int = 0  # slow writers that the server did not wait for
    _over: threading.Event = field(default_factory=threading.Event)

    def _connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.server.port), timeout=30)

    def come(self) -> None:
        """Connect, and let every idle connection have one answer."""
        for _ in range(IDLE):
            self.idle.append(self._connect())
            assert self.is_served(self.idle[-1])

    @staticmethod
    def is_served(client: socket.socket) -> bool:
        """Ask once, and say whether the whole answer came."""
        client.sendall(WHOLE)
        received = b""
        while chunk := client.recv(65_536):
            received += chunk
            head, end, body = received.partition(b"\r\n\r\n")
            if end and len(body) == int(head.lower().partition(b"content-length: ")[2].split()[0]):
                return head.startswith(b"HTTP/1.1 200 ")
        return False

    def write_slowly(self) -> None:
        """Send a byte of each slow request now and then, until the crowd goes."""
        writers = [self._connect() for _ in range(SLOW)]
        places = [0] * SLOW
        while not self._over.wait(FLUSH_INTERVAL):
            for number, writer in enumerate(writers):
                with suppress(OSError):
                    writer.send(SLOW_HEAD[places[number] :][:1])
                    places[number] += 1
            for number in self._cut_off(writers):
                self.parted += 1
                writers[number].close()
                writers[number], places[number] = self._connect(), 0
        for writer in writers:
            writer.close()

    @staticmethod
    def _cut_off(writers: list[socket.socket]) -> list[int]:
        with selectors.DefaultSelector() as waiting:
            for number, writer in enumerate(writers):
                waiting.register(writer, selectors.EVENT_READ, number)
            return [key.data for key, _ in waiting.select(0)]

    def go(self) -> int:
        """Ask on every idle connection once more, close all; return how many were not served."""
        lost = 0
        for client in self.idle:
            try:
                lost += not self.is_served(client)
            except OSError:
                lost += 1
            client.close()
        self._over.set()
        return lost


@contextmanager
def crowd(server: Server) -> Iterator[Crowd]:
    """Have a crowd at a server."""
    made = Crowd(server)
    made.come()
    writing = threading.Thread(target=made.write_slowly)
    writing.start()
    try:
        yield made
    finally:
        made._over.set()
        writing.join()


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=int, default=5)
    given = options.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 2 * IDLE), hard))
    (wrk,) = programs("wrk")
    cores = Cores.free()
    ratios, lost, parted, calm_memory, memory = [], 0, 0, 0, 0
    with tempfile.TemporaryDirectory() as name, stage(Path(name), cores.server, {}) as ours:
        case = cases_of(ours)[0]

        def micros() -> float:
            return cost(wrk, ours.server, case.path, case.sent, given.seconds, cores.load).micros

        micros()
        for number in range(given.rounds):
            calm = micros()
            calm_memory = calm_memory or ours.server.memory()
            with on_core(cores.load), crowd(ours.server) as people:
                crowded = micros()
                memory = max(memory, ours.server.memory())
                lost += people.go()
            parted += people.parted
            ratios.append(crowded / calm)
            print(f"round {number + 1}: {calm:.1f} us alone, {crowded:.1f} us in the crowd")
    print(f"ratio {statistics.median(ratios):.2f}x ({min(ratios):.2f}-{max(ratios):.2f})")
    print(f"idle connections that were not served again: {lost} of {IDLE * given.rounds}")
    print(f"slow writers that were not waited for: {parted}")
    print(f"memory {calm_memory / MEGABYTE:.0f} MB alone, {memory / MEGABYTE:.0f} MB in the crowd")


if __name__ == "__main__":
    main()
