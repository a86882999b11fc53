"""What is not a request for a text: dividing, publishing, revoking, resting."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from gateway.bench.contest import Sample
from gateway.bench.processes import Server
from gateway.bench.stage import Publisher, source
from gateway.core.grammar import Spelling, scan
from gateway.core.markers import divide

DOCUMENTS = 20  # published in each round
GRANTS = 10  # revoked in each round
REST = 2.0  # seconds without a request, in each round

_PARAGRAPH = "压实各级书记的责任，全面推进振兴。去年的增长率为5.3%，他说：“开始！”\n\n"
_PAID = "正文".join(Spelling.HASH.value)
_UNIT = _PARAGRAPH * 20 + f"## 标题\n\n#话题# 全年￥59.9起。\n{_PAID}\n\n"


def splitter(megabytes: int) -> Iterator[tuple[str, Callable[[], float]]]:
    """Yield each part of the splitter by name, and what measures it in MB of UTF-8 per second."""
    text = _UNIT * (megabytes * 1_000_000 // len(_UNIT.encode()) + 1)
    size = len(text.encode()) / 1e6
    divide("é#")  # makes its tables
    for name, run in (("divide", divide), ("without the near-miss search", scan)):
        yield name, _speed(run, text, size)


def _speed(run: Callable[[str], object], text: str, size: float) -> Callable[[], float]:
    def measure() -> float:
        start = time.process_time()
        run(text)
        return size / (time.process_time() - start)

    return measure


def publication(publisher: Publisher, round_number: int) -> float:
    """Publish fresh documents over HTTP, one after another; return how many in a second."""
    start = time.perf_counter()
    for number in range(DOCUMENTS):
        text = source(f"第{round_number}轮第{number}篇")
        publisher.publish(f"round-{round_number}-{number}", text)
    return DOCUMENTS / (time.perf_counter() - start)


def revocation(publisher: Publisher) -> Sample:
    """Return how long each of some revocations took to be acknowledged, in milliseconds."""
    taken = Sample()
    for grant, _ in [publisher.grant() for _ in range(GRANTS)]:
        start = time.perf_counter()
        publisher.api("DELETE", f"/api/grants/{grant}")
        taken.values.append((time.perf_counter() - start) * 1000)
    return taken


def rest(server: Server) -> float:
    """Return the processor time that a server takes without any request, in ms for each second.

    The cost of a request has its share of it, which counts where a busy machine serves but few.
    """
    start, before = time.perf_counter(), server.cpu()
    time.sleep(REST)
    return (server.cpu() - before) * 1000 / (time.perf_counter() - start)
