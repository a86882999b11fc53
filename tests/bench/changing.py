"""Print how fast rights are changed on SQLite, by 16 at once and by one alone.

Run it as `python -m tests.bench.changing [--against FOLDER]`: the gateway of another checkout is
measured beside this one, in turn, round after round. What is not confirmed at once is counted.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

from gateway.bench.processes import TICKS, TIMEOUT, Server, free_port
from tests.bench.library import environment
from tests.support.servers import comes_true

WORKERS = 4
AT_ONCE = 16
START = 120.0  # seconds that a gateway has to come up
SCOPE = {"scope": "all"}


class Kind(NamedTuple):
    """A kind of change: how it is asked for, and of what."""

    name: str
    at_once: int
    prepare: Callable[[Gateway, int], list[Asked]]


class Asked(NamedTuple):
    """A request."""

    method: str
    path: str
    body: dict[str, object] | None = None


class Run(NamedTuple):
    """What one run showed: changes in a second, and of 100 the one that took longest, in ms.

    cpu: milliseconds of processor time that all processes of the gateway used for a change.
    """

    rate: float
    p99: float
    cpu: float


@dataclass
class Gateway:
    """A running gateway, and what each kind of change took on it."""

    name: str
    pid: int
    port: int
    key: str
    runs: dict[str, list[Run]] = field(default_factory=dict)
    unconfirmed: int = 0

    def ask(self, connection: HTTPConnection, asked: Asked) -> dict[str, object]:
        """Send a request; return the answer."""
        headers = {"Content-Type": "application/json"}
        if asked.path != "/redeem":
            headers["Authorization"] = f"Bearer {self.key}"
        body = json.dumps(asked.body) if asked.body else None
        connection.request(asked.method, asked.path, body, headers)
        answer = connection.getresponse()
        told = answer.read()
        assert 200 <= answer.status < 300, told
        answered: dict[str, object] = json.loads(told) if told else {}
        self.unconfirmed += not answered.get("confirmed", answer.status != HTTPStatus.ACCEPTED)
        return answered

    def measure(self, kind: Kind, count: int) -> None:
        """Make so many changes of a kind."""
        asked = kind.prepare(self, count)
        connections = [self.connect() for _ in range(kind.at_once)]
        with ThreadPoolExecutor(kind.at_once) as pool:
            began, used = time.perf_counter(), cpu(self.pid)
            shares = [asked[number :: kind.at_once] for number in range(kind.at_once)]
            took = [*pool.map(self._changes, connections, shares)]
            rate = count / (time.perf_counter() - began)
        waits = sorted(wait for each in took for wait in each)
        each = (cpu(self.pid) - used) / count
        run = Run(rate, 1e3 * waits[len(waits) * 99 // 100], 1e3 * each)
        self.runs.setdefault(kind.name, []).append(run)

    def connect(self) -> HTTPConnection:
        """Open a connection."""
        return HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)

    def _changes(self, connection: HTTPConnection, share: list[Asked]) -> list[float]:
        waits = []
        with closing(connection):
            for asked in share:
                began = time.perf_counter()
                self.ask(connection, asked)
                waits.append(time.perf_counter() - began)
        return waits

    def new_grants(self, count: int) -> list[str]:
        """Grant so many rights; return their ids."""
        made = self._changed([Asked("POST", "/api/grants", {**SCOPE}) for _ in range(count)])
        return [str(each["id"]) for each in made]

    def _changed(self, asked: list[Asked]) -> list[dict[str, object]]:
        def share(number: int) -> list[dict[str, object]]:
            with closing(self.connect()) as connection:
                return [self.ask(connection, each) for each in asked[number::AT_ONCE]]

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return [each for told in pool.map(share, range(AT_ONCE)) for each in told]

    def new_words(self, count: int) -> list[str]:
        """Make so many codes; return their words."""
        with closing(self.connect()) as connection:
            told = self.ask(connection, Asked("POST", "/api/codes", {**SCOPE, "count": count}))
        codes = told["codes"]
        assert isinstance(codes, list)
        return [each["code"] for each in codes]


def _grants(_: Gateway, count: int) -> list[Asked]:
    return [Asked("POST", "/api/grants", {**SCOPE}) for _ in range(count)]


def _revocations(gateway: Gateway, count: int) -> list[Asked]:
    return [Asked("DELETE", f"/api/grants/{grant}") for grant in gateway.new_grants(count)]


def _codes(_: Gateway, count: int) -> list[Asked]:
    return [Asked("POST", "/api/codes", {**SCOPE, "count": 1}) for _ in range(count)]


def _redemptions(gateway: Gateway, count: int) -> list[Asked]:
    return [Asked("POST", "/redeem", {"code": word}) for word in gateway.new_words(count)]


KINDS = (
    Kind("grants, 16 at once", AT_ONCE, _grants),
    Kind("revocations, 16 at once", AT_ONCE, _revocations),
    Kind("revocations one by one", 1, _revocations),
    Kind("codes made, 16 at once", AT_ONCE, _codes),
    Kind("codes redeemed, 16 at once", AT_ONCE, _redemptions),
)


@contextmanager
def serving(name: str, checkout: Path, data: Path) -> Iterator[Gateway]:
    """Run the gateway of a checkout."""
    variables = {**os.environ, **environment(data), "PAIDGATE_LOG_LEVEL": "error"}
    run = partial(_run, checkout, variables)
    added = run("publisher", "add", "bench", stdout=subprocess.PIPE)
    told, _ = added.communicate()
    port = free_port()
    process = run("serve", "--port", str(port), "--workers", str(WORKERS), stdout=None)
    try:
        assert comes_true(lambda: _answers(process.pid, port), START), (
            "the gateway does not come up"
        )
        yield Gateway(name, process.pid, port, told.strip().splitlines()[-1])
    finally:
        process.terminate()
        process.wait(TIMEOUT)


def _run(
    checkout: Path, variables: dict[str, str], *arguments: str, stdout: int | None
) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "gateway", *arguments]
    return subprocess.Popen(command, cwd=checkout, env=variables, stdout=stdout, text=True)


def cpu(pid: int) -> float:
    """Return the seconds of processor time of a process and of all that it has started."""
    used: dict[int, float] = {}
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            child = int(path.parent.name)
            used[child] = (int(fields[11]) + int(fields[12])) / TICKS
            children.setdefault(int(fields[1]), []).append(child)
    family = [pid]
    for each in family:
        family += children.get(each, [])
    return sum(used.get(each, 0.0) for each in family)


def _answers(pid: int, port: int) -> bool:
    try:
        answer, _ = Server(pid, port).ask("GET", "/readyz")
    except OSError:
        return False
    return answer.status == 200


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--against", type=Path, help="the folder of another checkout")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--changes", type=int, default=480, help="of each kind in a round")
    given = options.parse_args()
    here = Path(__file__).parents[2]
    checkouts = {"before": given.against, "now": here} if given.against else {"now": here}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        gateways = [
            stack.enter_context(serving(name, checkout, folder / name))
            for name, checkout in checkouts.items()
        ]
        for number in range(given.rounds + 1):
            for kind in KINDS:
                for gateway in gateways:
                    gateway.measure(kind, given.changes // (1 if kind.at_once > 1 else 4))
            if number == 0:  # to warm up
                for gateway in gateways:
                    gateway.runs.clear()
    for kind in KINDS:
        print(f"{kind.name:<28}", "   ".join(told(gateway, kind) for gateway in gateways))
    print("not confirmed at once:", ", ".join(f"{g.name} {g.unconfirmed}" for g in gateways))


def told(gateway: Gateway, kind: Kind) -> str:
    """Return the medians of what a kind of change took."""
    rates, p99s, used = zip(*gateway.runs[kind.name], strict=True)
    rate, p99 = statistics.median(rates), statistics.median(p99s)
    return (
        f"{gateway.name} {rate:4.0f}/s ({min(rates):.0f} to {max(rates):.0f}), "
        f"p99 {p99:4.0f} ms ({min(p99s):.0f} to {max(p99s):.0f}), "
        f"{statistics.median(used):4.1f} ms CPU"
    )


if __name__ == "__main__":
    main()
