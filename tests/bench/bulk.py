"""Print how fast a folder is published, on one processor and on two, and who took the time.

Run it as `python -m tests.bench.bulk [FILES [ROUNDS]]`. Each round publishes into an empty gateway,
and then once more, where nothing has changed. The processes that compose are told from the one
that records, by their processor time.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tests.bench.library import environment
from tests.bench.scale import TICK
from tests.bench.texts import address_of, text_of

PROCESSORS = (1, 2)


class Run(NamedTuple):
    """What one run took, in seconds."""

    wall: float
    recording: float  # processor time of the process that the command line started
    composing: float  # and of those that it started


def publish(folder: Path, processors: int) -> Run:
    """Publish the sources in a folder with the command line."""
    cores = set(sorted(os.sched_getaffinity(0))[:processors])
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", "publish", str(folder / "sources")],
        env={**os.environ, **environment(folder / "data")},
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    own = 0.0
    while True:
        # Looked at while it is there; what is missed at the end is one look.
        with suppress(FileNotFoundError):
            fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
            own = max(own, (int(fields[11]) + int(fields[12])) / TICK)
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        time.sleep(0.02)
    wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, "some were refused"
    return Run(wall, own, usage.ru_utime + usage.ru_stime - own)


def write_sources(folder: Path, files: int) -> None:
    """Write so many sources into a folder."""
    for number in range(files):
        address = address_of(number)
        path = folder / address.publisher / f"{address.slug}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text_of(number))


def main(files: str = "500", rounds: str = "5") -> None:
    count = int(files)
    for processors in PROCESSORS:
        first: list[Run] = []
        again: list[Run] = []
        for _ in range(int(rounds)):
            with tempfile.TemporaryDirectory() as folder:
                write_sources(Path(folder, "sources"), count)
                first.append(publish(Path(folder), processors))
                again.append(publish(Path(folder), processors))
        print(f"{count} documents on {processors} of {os.cpu_count()} processors")
        row("new", first, count)
        row("unchanged", again, count)


def row(name: str, runs: list[Run], count: int) -> None:
    """Print the medians of some runs."""
    rates = [count / run.wall for run in runs]
    told = f"{statistics.median(rates):7.1f}/s ({min(rates):.1f} to {max(rates):.1f})"
    recording, composing = (
        statistics.median(times) / count * 1e3
        for times in ([run.recording for run in runs], [run.composing for run in runs])
    )
    print(f"  {name:<10}{told}, ms each: composing {composing:.1f}, recording {recording:.1f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
