"""What kills at random moments: `make search` runs it, PAIDGATE_KILLS times (200) in each test.

The suite kills before chosen calls; this finds what happens within a call, or beside it.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.faults import test_kill, test_kill_audit
from tests.faults.killing import at_random

KILLS = int(os.environ.get("PAIDGATE_KILLS", "200"))

pytestmark = pytest.mark.anyio


async def test_stores_that_are_killed_hold_one_whole_edition_of_each_document(
    tmp_path: Path,
) -> None:
    kill = at_random(random.Random(1))
    wrong, left = await test_kill.kill_and_look(tmp_path, [kill] * KILLS)
    print(f"\n{left}")
    assert wrong == []


async def test_a_command_line_that_is_killed_leaves_one_whole_edition_of_each_document(
    tmp_path: Path,
) -> None:
    kill = at_random(random.Random(2))
    assert await test_kill.kill_command_line(tmp_path, [kill] * KILLS) == []


async def test_no_acknowledged_grant_redemption_or_revocation_is_lost(tmp_path: Path) -> None:
    kill = at_random(random.Random(4))
    assert await test_kill.kill_granting(tmp_path, [kill] * KILLS) == []


async def test_an_audit_that_is_killed_misses_no_acknowledged_change_and_stays_whole(
    tmp_path: Path,
) -> None:
    kill = at_random(random.Random(1))
    wrong, seen = await test_kill_audit.kill_and_look(tmp_path, [kill] * KILLS)
    print(f"\n{seen}")
    assert wrong == []
