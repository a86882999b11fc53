"""Gone means gone, under every harm: no read that begins after an acknowledgement is from before.

And what is acknowledged as granted is there. PAIDGATE_NEMESIS sets for how many seconds each
authority is harmed; `pytest -s` tells what was seen.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.core.leases import Terms
from tests.faults.harmed import HarmedEmbedded, harmed_postgres, harmed_redis
from tests.faults.nemesis import Nemesis, Report, Server
from tests.faults.witnesses import Witnesses, is_denied, is_gone, rights_of
from tests.support.servers import comes_true

SECONDS = float(os.environ.get("PAIDGATE_NEMESIS", "4"))
LEAST = 1_000  # answers from memory, without which a run has shown nothing
ANY = ("stop_worker", "kill_worker", "stop_server", "restart_server")

# One at a time: each takes all that there is of the machine.
pytestmark = pytest.mark.anyio


@contextmanager
def harmed_embedded(folder: Path) -> Iterator[HarmedEmbedded]:
    """Watch the server that a gateway keeps, and see that none is left behind."""
    server = HarmedEmbedded(folder / "data")
    yield server
    assert comes_true(lambda: not server.living())
    assert server.most == 1


async def harmed(kind: str, server: Server, folder: Path, faults: tuple[str, ...]) -> Report:
    def is_enough(report: Report) -> bool:
        has_shown = report.seen.remembered > LEAST and len(report.waits) > 10
        has_shared = bool(report.seen.shared) or kind == "postgres"
        return has_shown and has_shared and set(report.faults) == set(faults)

    report = await Nemesis(kind, server, folder, seed=1).run(SECONDS, faults, is_enough)
    print(f"\n{kind}: {told(report)}")
    return report


def told(report: Report) -> str:
    """Return a report in a line."""
    waits = sorted(report.waits) or [0.0]
    p50, p99, most = (
        1000 * waits[min(len(waits) * part // 100, len(waits) - 1)] for part in (50, 99, 100)
    )
    return (
        f"{report.seen}; {report.changes} changes, {len(report.waits)} acknowledged, "
        f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, most {most:.0f} ms, "
        f"beside outages {1000 * max(report.excesses, default=0.0):.0f} ms; {dict(report.faults)}"
    )


def hold(report: Report) -> None:
    """Hold a run to the promise."""
    assert (report.seen.gone, report.seen.denied) == (0, 0)


@pytest.mark.long
async def test_on_redis_no_read_begins_from_before_an_acknowledged_change(tmp_path: Path) -> None:
    with harmed_redis() as server:
        hold(await harmed("redis", server, tmp_path, (*ANY, "cut_off", "empty_server")))


@pytest.mark.long
async def test_on_postgres_no_read_begins_from_before_an_acknowledged_change(
    tmp_path: Path,
) -> None:
    with harmed_postgres() as server:
        hold(await harmed("postgres", server, tmp_path, (*ANY, "cut_off")))


async def test_embedded_no_read_begins_from_before_an_acknowledged_change(tmp_path: Path) -> None:
    with harmed_embedded(tmp_path) as server:
        hold(await harmed("embedded", server, tmp_path, (*ANY, "empty_server")))


async def test_a_healthy_acknowledgement_does_not_wait_for_leases_to_run_out(
    tmp_path: Path,
) -> None:
    with harmed_redis() as server:
        report = await harmed("redis", server, tmp_path, ())
    assert report.seen.violations == 0
    # Were each to wait, none would be shorter; on a busy machine some are longer anyhow.
    waits = sorted(report.waits)
    assert waits[len(waits) // 4] < Terms().wait


# --- the checker sees what is wrong ------------------------------------------------------------


async def test_messages_alone_serve_what_is_gone_and_deny_what_is_granted(tmp_path: Path) -> None:
    with harmed_redis() as server:
        nemesis = Nemesis("naive", server, tmp_path, seed=1)
        # What is remembered when the messages stop stays so: a right, or that there is none.
        report = await nemesis.run(
            0.0, ("cut_off",), lambda report: min(report.seen.gone, report.seen.denied) > 0
        )
    print(f"\nnaive: {told(report)}")


def test_an_answer_is_held_against_every_state_that_it_overlaps(tmp_path: Path) -> None:
    witnesses = Witnesses(tmp_path / "witnesses")
    given = witnesses.commit(0)
    assert not is_denied(None, witnesses.acknowledged(0), witnesses.committed(0))
    witnesses.acknowledge(0, given)
    assert is_denied(None, given, given)
    assert not is_gone(rights_of(0, given), given)
    taken = witnesses.commit(0)
    assert not is_denied(None, given, taken)
    assert not is_gone(rights_of(0, given), given)
    witnesses.acknowledge(0, taken)
    assert is_gone(rights_of(0, given), taken)
    assert not is_denied(None, taken, taken)
