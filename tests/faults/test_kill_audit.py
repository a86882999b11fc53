"""P-AUDIT under kill -9: no acknowledged change is missing, and every chain stays whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from gateway.core.audit_chains import records
from gateway.core.audit_records import Act
from gateway.ops.audit_log import verify
from gateway.stores.files.chains import lines_of
from tests.faults import leaks, loops
from tests.faults.killing import Kill, before
from tests.faults.loops import FileAnchors, OpenAudit, open_audit

CALLS = range(1, 61)

pytestmark = pytest.mark.anyio


async def kill_and_look(
    folder: Path, kills: Iterable[Kill], opening: OpenAudit = open_audit
) -> tuple[list[str], Counter[str]]:
    """Kill whoever writes the audit, again and again; return what is wrong, and what was seen."""
    seen = Counter[str]()
    done: set[int] = set()
    begun = 0
    for kill in kills:
        told = kill(loops.run, loops.keep_records, folder, begun + 1, opening)
        begun = max(number for _, number in told)
        done |= {number for what, number in told if what == "done"}
        wrong = await faults_left(folder, done, seen)
        seen["kills"] += 1
        if wrong:
            return wrong, seen
    return [], seen


async def faults_left(folder: Path, done: set[int], seen: Counter[str]) -> list[str]:
    """Return each fault of the chains, and each acknowledged change that is not in them."""
    anchors = await FileAnchors(folder / "anchors").anchors()
    found = verify(folder / "audit", anchors, "here")
    # What was killed before its first acknowledgement may leave a chain that nobody knows of: then
    # nothing that is promised may be in it.
    known = [report for report in found.reports if report.is_anchored]
    wrong = [f"{report.chain}: {fault.what}" for report in known for fault in report.faults]
    wrong += [f"{anchor.chain} is missing" for anchor in found.missing]
    kept = {
        record.on
        for report in known
        for record in records(lines_of(folder / "audit", report.chain))
        if record.what == Act.GRANT
    }
    seen["changes"] = len(done)
    seen["chains"] = len(found.reports)
    seen["torn"] = sum(report.is_torn for report in found.reports)
    seen["anchors"] = len(anchors)
    return wrong + [f"change {number} is missing" for number in done if f"g{number}" not in kept]


async def test_an_audit_that_is_killed_misses_no_acknowledged_change_and_stays_whole(
    tmp_path: Path,
) -> None:
    wrong, seen = await kill_and_look(tmp_path, map(before, CALLS))
    assert wrong == []
    assert seen["kills"] == len(CALLS)
    assert seen["chains"] > len(CALLS)  # lives that filled more than one
    assert seen["anchors"] > len(CALLS) // 4


@pytest.mark.parametrize(
    ("opening", "sign"), [(leaks.hasty, "is missing"), (leaks.bold, "cut short")]
)
async def test_the_checker_catches_an_audit_that_is(
    opening: OpenAudit, sign: str, tmp_path: Path
) -> None:
    wrong, _ = await kill_and_look(tmp_path, map(before, CALLS), opening)
    assert any(sign in each for each in wrong), wrong
