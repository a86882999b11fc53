"""Print what a library costs: the start, the memory, and each list, with few things and with many.

Run it as `python -m tests.bench.scale FOLDER…`, each made by tests.bench.library. Processor time is
that of the gateway's processes, taken from /proc; medians of rounds.
"""

from __future__ import annotations

import http.client
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from typing import NamedTuple
from urllib.parse import quote

import anyio

from gateway.app import open_services
from gateway.core.rights import Grant
from gateway.settings import load
from tests.bench.library import DAY, EPOCH, environment, grant_of, id_of, zipf
from tests.bench.texts import address_of
from tests.support.servers import free_port

ROUNDS = 5
READS = 4_000
LISTS = 200
TICK = os.sysconf("SC_CLK_TCK")

Answer = tuple[int, bytes]


class Serving(NamedTuple):
    """A gateway that serves a library."""

    process: subprocess.Popen[bytes]
    port: int
    seconds: float  # from its start to its first answer

    def cpu(self) -> float:
        """Return the processor time of the gateway so far, in seconds."""
        return sum(_cpu(pid) for pid in _family(self.process.pid))

    def resident(self) -> float:
        """Return the resident memory of the process that serves, in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024


def _family(pid: int) -> Iterator[int]:
    yield pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield from _family(int(child))


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


@contextmanager
def serving(folder: Path, cores: set[int]) -> Iterator[Serving]:
    """Serve a library, until the context ends."""
    port = free_port()
    command = [sys.executable, "-m", "gateway", "serve", "--port", str(port)]
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        env={**os.environ, **environment(folder), "PAIDGATE_LOG_LEVEL": "error"},
        stdout=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    try:
        while not _answers(port):
            if process.poll() is not None or time.monotonic() - began > 60:
                raise SystemExit("the gateway does not start")
            time.sleep(0.002)
        yield Serving(process, port, time.monotonic() - began)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        return ask(connection, "/")[0] == 200
    except OSError:
        return False
    finally:
        connection.close()


def ask(connection: http.client.HTTPConnection, path: str, **headers: str) -> Answer:
    """Ask for a path and return status and body."""
    connection.request("GET", path, headers={"accept-encoding": "br", **headers})
    answer = connection.getresponse()
    return answer.status, answer.read()


# --- what is asked -----------------------------------------------------------------------------


class Library(NamedTuple):
    """What there is in a folder, and what a publisher and its readers have in hand."""

    documents: int
    grants: int
    key: str
    tokens: tuple[tuple[str, str], ...]  # path and token of a right that stands

    @classmethod
    async def open(cls, folder: Path) -> Library:
        with closing(sqlite3.connect(folder / "ledger.db")) as ledger:
            (documents,) = ledger.execute("SELECT count(*) FROM document").fetchone()
            (grants,) = ledger.execute("SELECT count(*) FROM grant_").fetchone()
        services = await open_services(load(environment(folder)), in_process=True)
        key = await services.publishers.add("publisher-0")
        rng = Random(7)
        tokens = []
        for _ in range(min(READS, grants)):
            grant = grant_of(zipf(rng, grants), documents)
            tokens.append((_path(grant, documents, rng), await services.granting.token(grant)))
        await services.close()
        return cls(documents, grants, key, tuple(tokens))


def _path(grant: Grant, documents: int, rng: Random) -> str:
    if grant.scope.name.startswith("d"):
        return f"/read/{grant.scope.publisher}/{grant.scope.name}.txt"
    # The wider scopes are asked for something that they may not cover; the work is the same.
    return f"/read/{address_of(zipf(rng, documents))}.txt"


def measured(gateway: Serving, requests: list[tuple[str, dict[str, str]]]) -> float:
    """Return the gateway's microseconds of processor time for each request."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=60)
    before = gateway.cpu()
    for path, headers in requests:
        status, _ = ask(connection, path, **headers)
        assert status in (200, 402), (path, status)
    connection.close()
    return (gateway.cpu() - before) / len(requests) * 1e6


def questions(library: Library, seed: int) -> dict[str, list[tuple[str, dict[str, str]]]]:
    """Return what is asked, by its name."""
    rng = Random(seed)
    key = {"authorization": f"Bearer {library.key}"}
    addresses = [address_of(zipf(rng, library.documents)) for _ in range(READS)]
    slugs = [f"d{rng.randrange(library.documents):07}" for _ in range(LISTS)]
    moments = [EPOCH + 60 * rng.randrange(library.documents) for _ in range(LISTS)]
    days = [time.strftime("%Y-%m-%dT%H:%M:%SZ ", time.gmtime(timestamp)) for timestamp in moments]
    ids = [id_of("grant", rng.randrange(DAY)) for _ in range(LISTS)]
    return {
        "preview": [(f"/documents/{address}", {}) for address in addresses],
        "full read": [
            (path, {"authorization": f"Bearer {token}"}) for path, token in library.tokens
        ],
        "catalogue": [(f"/?before={quote(day)}", {}) for day in days],
        "API documents": [(f"/api/documents?after={slug}", key) for slug in slugs],
        "API grants": [(f"/api/grants?after={grant}", key) for grant in ids],
    }


def main(*folders: str) -> None:
    cores = set(list(os.sched_getaffinity(0))[:1])
    for folder in map(Path, folders):
        library = anyio.run(Library.open, folder.absolute())
        print(f"{library.documents} documents, {library.grants} grants", flush=True)
        starts: list[float] = []
        spent: list[float] = []
        for _ in range(ROUNDS):
            with serving(folder.absolute(), cores) as gateway:
                starts.append(gateway.seconds)
                spent.append(gateway.cpu())
        row("first answer", starts, "s", 2)
        row("processor time until then", spent, "s", 2)
        with serving(folder.absolute(), cores) as gateway:
            costs: dict[str, list[float]] = {}
            for seed in range(ROUNDS):
                for name, requests in questions(library, seed).items():
                    costs.setdefault(name, []).append(measured(gateway, requests))
            for name, each in costs.items():
                row(name, each, "µs", 0)
            row("resident memory", [gateway.resident()], "MB", 0)


def row(name: str, values: list[float], unit: str, places: int) -> None:
    """Print the median of values, and between which they lie."""
    middle, least, most = statistics.median(values), min(values), max(values)
    print(f"  {name:<28}{middle:10.{places}f} {unit:<3} ({least:.{places}f} to {most:.{places}f})")


if __name__ == "__main__":
    main(*sys.argv[1:])
