"""Gone means gone, under every harm: no read that begins after an acknowledgement is from before.

Not collected by default: `pytest -s tests/faults/prove_nemesis.py`. PAIDGATE_NEMESIS sets for how
many seconds each authority is harmed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from gateway.core.leases import Terms
from tests.faults.harmed import HarmedServer, harmed_postgres, harmed_redis
from tests.faults.nemesis import Nemesis, Report

SECONDS = float(os.environ.get("PAIDGATE_NEMESIS", "12"))
EVERYTHING = ("stop_worker", "kill_worker", "stop_server", "restart_server", "cut_off")

Start = Callable[[], AbstractContextManager[HarmedServer]]

pytestmark = pytest.mark.anyio


async def harmed(
    kind: str, start: Start, folder: Path, faults: tuple[str, ...], seconds: float = SECONDS
) -> Report:
    with start() as server:
        report = await Nemesis(kind, server, folder, seed=1).run(seconds, faults)
    print(f"\n{kind}: {told(report)}")
    return report


def told(report: Report) -> str:
    """Return a report in a line."""
    waits = sorted(report.waits) or [0.0]
    p50, p99 = (1000 * waits[len(waits) * part // 100] for part in (50, 99))
    return (
        f"{report.checks} checks, {report.remembered} from memory, {report.violations} violations; "
        f"{report.changes} changes, {len(report.waits)} acknowledged, p50 {p50:.0f} ms, "
        f"p99 {p99:.0f} ms; {report.faults}"
    )


@pytest.mark.parametrize(
    ("kind", "start"), [("redis", harmed_redis), ("postgres", harmed_postgres)]
)
async def test_no_read_begins_from_before_an_acknowledged_change(
    kind: str, start: Start, tmp_path: Path
) -> None:
    report = await harmed(kind, start, tmp_path, EVERYTHING)
    assert report.violations == 0
    assert report.remembered > report.checks // 2
    assert len(report.waits) > 10
    assert report.faults


async def test_messages_alone_serve_what_is_gone(tmp_path: Path) -> None:
    report = await harmed("naive", harmed_redis, tmp_path, ("stop_worker", "cut_off"))
    assert report.violations > 0


async def test_a_healthy_acknowledgement_does_not_wait_for_leases_to_run_out(
    tmp_path: Path,
) -> None:
    report = await harmed("redis", harmed_redis, tmp_path, ())
    assert report.violations == 0
    waits = sorted(report.waits)
    assert waits[len(waits) // 2] < Terms().wait / 4
