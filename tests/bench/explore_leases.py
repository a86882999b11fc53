"""Explore larger worlds of the coherence protocol than the test suite has time for.

python -m tests.bench.explore_leases [name …]
"""

from __future__ import annotations

import gc
import sys
import time

from tests.properties.lease_model import Bounds, World, explore, slow_clock

WORLDS = {
    "two-readers": Bounds(workers=2, length=2),
    "crash-and-overtaking": Bounds(restarts=1, in_flight=2, length=2),
    "crash-and-published-again": Bounds(restarts=1, publishes=2),
    "crash-and-slow-clock": Bounds(restarts=1, clock=slow_clock, period=3),
    "two-crashes": Bounds(restarts=2, length=2),
    "two-changes": Bounds(changes=2, publishes=2),
    "two-keys": Bounds(keys=2, changes=2, publishes=2, keep=1, length=1, slack=0),
    "two-workers-and-crash": Bounds(workers=2, readers=1, restarts=1, length=1, slack=0),
}


def main(names: list[str]) -> int:
    """Explore the worlds named, or all; print what was seen; return 1 after a violation."""
    gc.disable()  # no state is part of a cycle
    states, wrong = 0, False
    for name in names or WORLDS:
        began = time.monotonic()
        seen = explore(World(WORLDS[name]))
        states, wrong = states + seen.states, wrong or bool(seen.trace)
        print(f"{name}: {seen} in {time.monotonic() - began:.0f} s", flush=True)
    print(f"{states} states in all, {'a violation' if wrong else 'no violation'}")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
