"""The whole benchmark."""

from __future__ import annotations

import http.client
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote

from gateway.bench import report, works
from gateway.bench.contest import Case, Sample, contest
from gateway.bench.load import BROWSER, Faulty
from gateway.bench.nginx import nginx
from gateway.bench.processes import Cores, Server, on_core, programs
from gateway.bench.stage import ADDRESS, Stage, stage

PREVIEW = f"/documents/{ADDRESS}"
READ = f"/read/{ADDRESS}"
SEARCH = f"/search?q={quote('码头')}"
INDEXING = 30.0  # seconds that a document takes at most to be found
SPLIT = 8  # megabytes

Told = Callable[[str], None]


def run(rounds: int, seconds: int, told: Told, megabytes: int = SPLIT) -> report.Report:
    """Measure everything. Raises Lacking, Faulty."""
    nginx_path, wrk = programs("nginx", "wrk")
    cores = Cores.free()
    with tempfile.TemporaryDirectory(prefix="paidgate-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with stage(folder, cores.server, {}) as ours:
            _wait_for_search(ours.server)
            cases = cases_of(ours)
            answers = answers_of(cases, ours.server)
            with nginx(nginx_path, folder / "nginx", answers, cores.server) as its:
                rows = contest(
                    wrk, cases, ours.server, its, cores,
                    rounds=rounds, seconds=seconds, told=told,
                )  # fmt: skip
            done = _works(ours, cores, rounds, megabytes, told)
    return report.Report(rows, done, report.machine(nginx_path, wrk), rounds, seconds)


def cases_of(ours: Stage) -> list[Case]:
    """Return every kind of request that is measured."""
    etag = ours.server.ask("GET", PREVIEW, BROWSER)[0].getheader("etag", "")
    return [
        Case("preview", PREVIEW, {}),
        Case("preview on a connection that closes", PREVIEW, {"Connection": "close"}),
        Case("304", PREVIEW, {"If-None-Match": etag}, 304),
        Case("304 beside a 304 of nginx", PREVIEW, {"If-None-Match": etag}, 304, 304),
        Case("full read by cookie", READ, {"Cookie": ours.cookie}),
        Case("full read by bearer", READ, {"Authorization": f"Bearer {ours.token}"}),
        Case("refused read", READ, {}, 402),
        Case("catalogue", "/", {}),
        Case("feed", "/feed.xml", {}),
        Case("search", SEARCH, {}),
    ]


def _wait_for_search(server: Server) -> None:
    """Wait until the sample is found. Raises Faulty."""
    end = time.monotonic() + INDEXING
    while str(ADDRESS).encode() not in server.ask("GET", SEARCH, {})[1]:
        if time.monotonic() > end:
            raise Faulty(f"The sample was not found within {INDEXING:.0f} s.")
        time.sleep(0.1)


def answers_of(
    cases: Sequence[Case], server: Server
) -> dict[str, tuple[http.client.HTTPResponse, bytes]]:
    """Return the answer to each case, by name; of a 304 the bytes that it stands for."""
    answers = {}
    for case in cases:
        answer, body = server.ask("GET", case.path, case.sent)
        if case.status == 304:
            whole, body = server.ask("GET", case.path, BROWSER)
            answer = answer if case.beside == 304 else whole
        answers[case.name] = (answer, body)
    return answers


def _works(
    ours: Stage, cores: Cores, rounds: int, megabytes: int, told: Told
) -> dict[str, tuple[Sample, str]]:
    done: dict[str, tuple[Sample, str]] = {}
    told("dividing")
    with on_core(cores.server):
        for name, measure in works.splitter(megabytes):
            speeds = Sample([measure() for _ in range(rounds)])
            done[f"splitter, {megabytes} MB: {name}"] = (speeds, "MB/s")
    told("publishing")
    rates = Sample([works.publication(ours.publisher, number) for number in range(rounds)])
    done["publication over HTTP"] = (rates, "documents/s")
    told("revoking")
    taken = Sample([ms for _ in range(rounds) for ms in works.revocation(ours.publisher).values])
    done["revoke to acknowledged"] = (taken, "ms")
    told("resting")
    rests = Sample([works.rest(ours.server) for _ in range(rounds)])
    done["at rest"] = (rests, "ms of CPU/s")
    return done
