"""What was measured, for people and for machines."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gateway.bench.contest import Row, Sample

PARTS = ("paidgate", "starlette", "uvicorn", "uvloop", "httptools")


@dataclass(frozen=True, slots=True)
class Report:
    """All results of one run."""

    rows: list[Row]
    works: dict[str, tuple[Sample, str]]  # by name: values and their unit
    machine: dict[str, str]
    rounds: int
    seconds: int

    def as_json(self) -> dict[str, Any]:
        """Return everything that JSON can hold, single values too."""
        return {
            "machine": self.machine,
            "rounds": self.rounds,
            "seconds": self.seconds,
            "requests": [
                {
                    "name": row.name,
                    "ratio": row.ratio,
                    "gateway_us": _numbers(row.ours),
                    "nginx_us": _numbers(row.nginx),
                }
                for row in self.rows
            ],
            "works": [
                {"name": name, "unit": unit, **_numbers(sample)}
                for name, (sample, unit) in self.works.items()
            ],
        }

    def text(self) -> str:
        """Return it in tables."""
        lines = ["CPU for each request, in microseconds", "", *_requests(self.rows), ""]
        if self.works:
            lines += ["The other works", "", *_works(self.works), ""]
        lines.append(f"medians of {self.rounds} rounds of {self.seconds} s, one worker on one core")
        lines.append(", ".join(f"{name} {value}" for name, value in self.machine.items()))
        return "\n".join(lines)


def _requests(rows: list[Row]) -> list[str]:
    header = ("request", "gateway", "least-most", "nginx", "least-most", "ratio")
    body = ((r.name, *_shown(r.ours), *_shown(r.nginx), f"{r.ratio:.2f}x") for r in rows)
    return _table(header, *body)


def _works(works: dict[str, tuple[Sample, str]]) -> list[str]:
    body = ((name, *_shown(sample), unit) for name, (sample, unit) in works.items())
    return _table(("work", "median", "least-most", "unit"), *body)


def _table(*rows: tuple[str, ...]) -> list[str]:
    """Return lines with the first column to the left and the others to the right."""
    name, *widths = (max(map(len, column)) for column in zip(*rows, strict=True))
    return [
        "  ".join([row[0].ljust(name), *map(str.rjust, row[1:], widths)]).rstrip() for row in rows
    ]


def _numbers(sample: Sample) -> dict[str, Any]:
    least, most = sample.spread
    return {"median": sample.median, "least": least, "most": most, "values": sample.values}


def _shown(sample: Sample) -> tuple[str, str]:
    least, most = sample.spread
    return f"{sample.median:.1f}", f"{least:.1f}-{most:.1f}"


def machine(nginx: str, wrk: str) -> dict[str, str]:
    """Return what this runs on, and the versions of what runs."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{part: version(part) for part in PARTS},
        "nginx": _last_word(nginx, "-v").partition("/")[2],
        "wrk": _last_word(wrk, "-v"),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _last_word(*command: str) -> str:
    told = subprocess.run(command, capture_output=True, text=True)  # noqa: S603  our own command
    words = (told.stdout + told.stderr).splitlines()[0].partition(" [")[0].split()
    return next((word for word in words if any(c.isdigit() for c in word)), "")
