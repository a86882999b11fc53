"""The same answers from two servers in turn, round after round."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.bench.load import BROWSER, Faulty, cost
from gateway.bench.nginx import place_of
from gateway.bench.processes import Cores, Server

WARM_UP = 1  # seconds


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of request, and the status that it must have."""

    name: str
    path: str
    headers: Mapping[str, str]
    status: int = 200
    beside: int = 200  # the status of nginx's answer: the bytes as a file, or its own 304

    @property
    def sent(self) -> dict[str, str]:
        """The headers to send: a browser's and its own."""
        return {**BROWSER, **self.headers}


@dataclass(frozen=True, slots=True)
class Sample:
    """Medians want all that was measured."""

    values: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def spread(self) -> tuple[float, float]:
        """The least and the most."""
        return min(self.values), max(self.values)


@dataclass(frozen=True, slots=True)
class Row:
    """What a case costs, in microseconds of processor time for each request."""

    name: str
    ours: Sample = field(default_factory=Sample)
    nginx: Sample = field(default_factory=Sample)

    @property
    def ratio(self) -> float:
        """The median of the ratios of each round: what disturbs a round disturbs both."""
        pairs = zip(self.ours.values, self.nginx.values, strict=True)
        return statistics.median(a / b for a, b in pairs)


def contest(
    wrk: str,
    cases: Sequence[Case],
    ours: Server,
    nginx: Server,
    cores: Cores,
    *,
    rounds: int,
    seconds: int,
    told: Callable[[str], None],
) -> list[Row]:
    """Measure every case on both servers, in turn. Raises Faulty."""
    rows = [Row(case.name) for case in cases]
    pairs = [(case, counterpart(case, ours, nginx)) for case in cases]

    def measure(case: Case, server: Server, length: int) -> float:
        refused = case.status >= 400
        return cost(
            wrk, server, case.path, case.sent, length, cores.load, is_refused=refused
        ).micros

    for mine, its in pairs:
        measure(mine, ours, WARM_UP)
        measure(its, nginx, WARM_UP)
    for number in range(rounds):
        told(f"round {number + 1} of {rounds}")
        for row, (mine, its) in zip(rows, pairs, strict=True):
            row.nginx.values.append(measure(its, nginx, seconds))
            row.ours.values.append(measure(mine, ours, seconds))
    return rows


def counterpart(case: Case, ours: Server, nginx: Server) -> Case:
    """Return the request to nginx that has the same answer. Raises Faulty unless it has."""
    path, headers = f"/{place_of(case.name)}", dict(case.headers)
    if case.status == 304:
        etag = nginx.ask("GET", path, BROWSER)[0].getheader("etag", "")
        headers["If-None-Match"] = etag if case.beside == 304 else '"another"'
    its = Case(case.name, path, headers, case.beside)
    for wanted, there in ((case, ours), (its, nginx)):
        status = there.ask("GET", wanted.path, wanted.sent)[0].status
        if status != wanted.status:
            raise Faulty(f"{wanted.path} was answered with {status}, not {wanted.status}.")
    for difference in _differences(case, its, ours, nginx):
        raise Faulty(f"nginx does not answer the same for {case.name}: {difference}.")
    return its


def _differences(case: Case, its: Case, ours: Server, nginx: Server) -> Iterator[str]:
    mine, body = ours.ask("GET", case.path, case.sent)
    other, copy = nginx.ask("GET", its.path, its.sent)
    if body != copy and mine.status != 304:
        yield f"{len(body)} bytes and {len(copy)}"
    names = {name.lower() for name, _ in mine.getheaders()}
    lacking = names - {name.lower() for name, _ in other.getheaders()}
    if lacking:
        yield f"{', '.join(sorted(lacking))} missing"
