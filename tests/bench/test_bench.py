"""The benchmark runs and tells everything; what it measures is nobody's promise here."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from gateway.bench.contest import Row, Sample
from gateway.bench.processes import Lacking, Server, programs
from gateway.bench.report import Report

ROWS = [
    "preview",
    "preview on a connection that closes",
    "304",
    "304 beside a 304 of nginx",
    "full read by cookie",
    "full read by bearer",
    "refused read",
    "catalogue",
    "feed",
    "search",
]
WORKS = ["splitter", "splitter", "publication", "revoke to acknowledged", "at rest"]


def bench(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway", "bench", "--rounds", "1", "--seconds", "1"]
    return subprocess.run([*command, *options], capture_output=True, text=True)


@pytest.mark.long
def test_the_benchmark_tells_every_row() -> None:
    done = bench("--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [row["name"] for row in told["requests"]] == ROWS
    for row in told["requests"]:
        assert row["ratio"] > 0
        assert len(row["gateway_us"]["values"]) == len(row["nginx_us"]["values"]) == 1
    assert [work["name"].split(",")[0].split(" over")[0] for work in told["works"]] == WORKS
    assert all(work["least"] <= work["median"] <= work["most"] for work in told["works"])
    assert {"processor", "cores", "python", "nginx", "wrk"} <= set(told["machine"])
    assert all(told["machine"].values())


def test_the_report_is_a_table_of_all_that_was_measured() -> None:
    row = Row("preview", Sample([30.0, 31.5, 33.0]), Sample([20.0, 21.0, 22.0]))
    works = {"splitter": (Sample([512.0]), "MB/s")}
    told = Report([row], works, {"cores": "2"}, rounds=3, seconds=1).text().splitlines()
    assert told[2:4] == [
        "request  gateway  least-most  nginx  least-most  ratio",
        "preview     31.5   30.0-33.0   21.0   20.0-22.0  1.50x",
    ]
    assert "splitter   512.0  512.0-512.0  MB/s" in told
    assert told[-2:] == ["medians of 3 rounds of 1 s, one worker on one core", "cores 2"]


def test_missing_programs_are_all_named_with_how_to_get_them() -> None:
    with pytest.raises(Lacking, match="apt-get install no-such no-other"):
        programs("no-such", "sh", "no-other")


def test_the_time_of_a_process_is_its_own() -> None:
    before = Server(os.getpid(), 0).cpu()
    while Server(os.getpid(), 0).cpu() == before:
        pass
    assert Server(os.getppid(), 0).memory() > 0
