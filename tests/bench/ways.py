"""What a request costs that is less plain, beside the plain one: `python -m tests.bench.ways`.

Processor time of one worker for each request, both in turn, and the median of the ratios.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from gateway.bench.contest import Case
from gateway.bench.load import cost
from gateway.bench.processes import Cores, programs
from gateway.bench.run import cases_of
from gateway.bench.stage import stage

KINDS = ("preview", "full read by cookie", "full read by bearer", "refused read")


BODY = 'wrk.method, wrk.body = "GET", "x"'  # a script of wrk


def repeated(case: Case) -> Case:
    """Return the request with a header that stands twice."""
    return replace(case, headers={**case.headers, "X-More": "a", "x-more": "b"})


def empty(case: Case) -> Case:
    """Return the request with a body of no bytes."""
    return replace(case, headers={**case.headers, "Content-Length": "0"})


def upgrading(case: Case) -> Case:
    """Return the request with an offer to go on in HTTP/2, as some clients make it."""
    offer = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMA"}
    return replace(case, headers={**case.headers, **offer})


def encoded(case: Case) -> Case:
    """Return the request with a letter of its path encoded, which goes the long way."""
    return replace(case, path=f"{case.path[:-1]}%{ord(case.path[-1]):02x}")


WAYS: dict[str, Callable[[Case], Case]] = {
    "a repeated header": repeated,
    "Content-Length: 0": empty,
    "an offer of HTTP/2": upgrading,
    "a body": lambda case: case,
    "an encoded letter": encoded,
}


def main() -> None:
    """Measure, and print a table."""
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=int, default=2)
    options.add_argument("kinds", nargs="*", default=KINDS)
    given = options.parse_args()
    (wrk,) = programs("wrk")
    cores = Cores.free()
    with tempfile.TemporaryDirectory() as name, stage(Path(name), cores.server, {}) as ours:
        (script := Path(name) / "body.lua").write_text(BODY)

        def micros(case: Case, script: Path | None = None) -> float:
            refused = case.status >= 400
            return cost(
                wrk, ours.server, case.path, case.sent, given.seconds, cores.load,
                is_refused=refused, script=script,
            ).micros  # fmt: skip

        for case in cases_of(ours):
            for way, changed in WAYS.items() if case.name in given.kinds else ():
                body = script if way == "a body" else None
                pairs = [(micros(changed(case), body), micros(case)) for _ in range(given.rounds)]
                other, plain = map(statistics.median, zip(*pairs, strict=True))
                ratio = statistics.median(a / b for a, b in pairs)
                print(f"{case.name}, {way}: {other:.1f} us, {ratio:.2f} times {plain:.1f}")


if __name__ == "__main__":
    main()
