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
from tests.http import test_kill_served

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


def test_nothing_that_was_acknowledged_is_lost_and_every_change_is_told(
    tmp_path: Path,
) -> None:
    chance = random.Random(1)
    targets, doings = test_kill_served.TARGETS, ("grant", "redeem", "revoke", "")
    kills = ((chance.choice(targets), chance.choice(doings)) for _ in range(KILLS // 10))
    test_kill_served.kill_and_look(tmp_path, kills)
