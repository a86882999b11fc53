"""The load: wrk with the headers that browsers send."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.bench.processes import Server, on_core

CONNECTIONS = 16
BROWSER = {
    "User-Agent": (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/141.0.0.0 Safari/537.36"
    ),
    "Accept": (
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
    ),
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "none",
    "Upgrade-Insecure-Requests": "1",
}

_SERVED = re.compile(r"(\d+) requests in ")
_NOT_2XX = re.compile(r"Non-2xx or 3xx responses: (\d+)")


class Faulty(Exception):
    """Raised when a server answers anything but what is measured."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a stretch of load has cost a server."""

    requests: int
    cpu: float  # seconds

    @property
    def micros(self) -> float:
        """Microseconds of processor time for each request."""
        return self.cpu / self.requests * 1e6


def cost(
    wrk: str, server: Server, path: str, headers: Mapping[str, str], seconds: int, core: int,
    *, is_refused: bool | None = False, script: Path | None = None,
) -> Cost:  # fmt: skip
    """Load a server for some seconds from another core, as wrk's script says. Raises Faulty.

    is_refused: whether every answer has to be a refusal; None: some may be.
    """
    command = [
        wrk,
        "-t1",
        f"-c{CONNECTIONS}",
        f"-d{seconds}s",
        *(["-s", str(script)] if script else []),
    ]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    before = server.cpu()
    with on_core(core):
        told = subprocess.run(  # noqa: S603  our own command
            [*command, f"http://127.0.0.1:{server.port}{path}"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    spent = server.cpu() - before
    served, refused = _number(_SERVED, told), _number(_NOT_2XX, told)
    is_right = is_refused is None or refused == (served if is_refused else 0)
    if not served or not is_right or "Socket errors" in told:
        raise Faulty(f"{path} was not answered as it should be:\n{told}")
    return Cost(served, spent)


def _number(pattern: re.Pattern[str], told: str) -> int:
    found = pattern.search(told)
    return int(found[1]) if found else 0
