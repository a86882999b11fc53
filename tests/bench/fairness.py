"""What one publisher and slow readers cost the others: `python -m tests.bench.fairness`.

Memory with stalled readers of an 8 MiB text; then what another publisher's grants take, and
everybody's previews, while one publisher replays codes, revokes a chain, or sends what is slow.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from sqlalchemy import insert

from gateway.bench.load import Faulty
from gateway.bench.processes import Cores
from gateway.bench.run import PREVIEW
from gateway.bench.stage import Publisher, Stage, stage
from gateway.core.rights import Grant, Scope
from gateway.stores.sql import tables as t
from gateway.stores.sql.ledger import open_ledger
from gateway.stores.sql.rows import grant_row
from tests.serving.test_slow_readers import Reader, granted, held

READERS = 200
LINES = ("0123456789 abcdefghij klmnopqrst uvwxyz" * 25 + "\n\n") * ((8 << 20) // 977)
CHAIN = 20_000
CODES = 10_000
AT_ONCE = 4
ASKED = 400  # previews, and a tenth as many grants, in one measurement
JSON = "application/json"


def main() -> None:
    """Measure, and print a table."""
    with tempfile.TemporaryDirectory() as name, stage(Path(name), Cores.free().server, {}) as made:
        print(f"load of the machine: {os.getloadavg()[0]:.1f}")
        stalled(made)
        compete(made, Path(name) / "data")


def stalled(made: Stage) -> None:
    """Print what stalled readers hold."""
    made.publisher.publish("long", f"Long\n\n##paidbegin##{LINES}##paidend##\n".encode())
    tokens = [granted(made)[1] for _ in range(READERS)]
    with ExitStack() as stack:
        first = Reader(made.server.port, "/read/bench/long.txt", tokens[0])
        size = first.left
        first.take(size)
        first.close()
        before = held(made)
        for token in tokens:
            stack.callback(Reader(made.server.port, "/read/bench/long.txt", token).close)
        grown = held(made) - before
    print(f"{READERS} stalled readers of {size >> 10} KiB: {grown / (1 << 20):.1f} MiB more")


def compete(made: Stage, data: Path) -> None:
    """Print what others get while one publisher keeps the gateway busy."""
    busy, other = made.publisher, Publisher(made.server, _publisher(data, "other"))
    quiet = _measure(other)
    shown = f"{quiet[0]:7.2f} ms preview p50 {quiet[1]:7.2f} mean {quiet[2]:7.1f} grant p99"
    print(f"{'quiet':28} {shown}")
    wish = json.dumps({"scope": "all", "count": CODES}).encode()
    eldest = asyncio.run(_chain(data))
    slow = [
        f"T\n\n##paidbegin##x##paidend##\n\n{s * ((1 << 20) // 2)}".encode() for s in ("[[", "&#")
    ]
    works: dict[str, Callable[[int], object]] = {
        "10,000 codes again, 4 at once": lambda n: _codes(busy, wish, f"codes-{n}"),
        "revoking a chain of 20,000": lambda n: n or busy.api("DELETE", f"/api/grants/{eldest}"),
        "1 MB of [[ and &#": lambda n: _publish(busy, f"slow{n}", slow[n % 2]),
    }
    for name, work in works.items():
        with _kept_up(work):
            got = _measure(other)
        print(
            f"{name:28} {got[0]:7.2f} ({got[0] / quiet[0]:.1f}) ms preview p50 "
            f"{got[1]:7.2f} ({got[1] / quiet[1]:.1f}) mean {got[2]:7.1f} grant p99"
        )


@contextmanager
def _kept_up(work: Callable[[int], object]) -> Iterator[None]:
    over = threading.Event()

    def again(number: int) -> None:
        while not over.is_set():
            try:
                if work(number) == number and number:
                    return
            except (Faulty, OSError):
                pass

    threads = [threading.Thread(target=again, args=(n,), daemon=True) for n in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)  # until all of them are at work
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(2)


def _measure(other: Publisher) -> tuple[float, float, float]:
    """Return milliseconds of previews, median and mean, and of grants, the 99th in a hundred."""
    previews, grants = [], []
    for number in range(ASKED):
        began = time.perf_counter()
        other.server.ask("GET", PREVIEW)
        previews.append(time.perf_counter() - began)
        if number % 4 == 0:
            began = time.perf_counter()
            other.api("POST", "/api/grants", b'{"scope": "all"}', JSON)
            grants.append(time.perf_counter() - began)
    middle, mean = sorted(previews)[ASKED // 2], sum(previews) / ASKED
    return 1e3 * middle, 1e3 * mean, 1e3 * sorted(grants)[-2]


def _codes(busy: Publisher, wish: bytes, key: str) -> None:
    headers = {"Authorization": f"Bearer {busy.key}", "Content-Type": JSON, "Idempotency-Key": key}
    busy.server.ask("POST", "/api/codes", headers, wish)


def _publish(busy: Publisher, slug: str, body: bytes) -> None:
    busy.api("PUT", f"/api/documents/{slug}", body, "text/markdown")


def _publisher(data: Path, name: str) -> str:
    from gateway import settings as configuration
    from gateway.app import open_services

    async def make() -> str:
        settings = configuration.load({"PAIDGATE_DATA": str(data)})
        services = await open_services(settings, in_process=True)
        try:
            return await services.publishers.add(name)
        finally:
            await services.close()

    return asyncio.run(make())


async def _chain(data: Path) -> str:
    """Record a chain as deep as earlier versions let it become; return its head."""
    ledger = await open_ledger(f"sqlite:///{data}/ledger.db")
    head = Grant(id="c" * 32, scope=Scope.parse("bench", "all"), subject="", note="", source="api",
                 source_ref="", starts=1, ends=None, devices=3, parent="", made_at=1)  # fmt: skip
    rows, parent = [grant_row(head)], head.id
    for number in range(CHAIN):
        child = replace(head, id=f"{number:032x}", parent=parent)
        rows.append(grant_row(child))
        parent = child.id
    await ledger._change(lambda change: change.run_all(insert(t.grant), rows))
    await ledger.close()
    return head.id


if __name__ == "__main__":
    main()
