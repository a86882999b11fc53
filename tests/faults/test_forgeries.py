"""Whoever can write to the Redis of the workers opens nothing and hastens nothing.

`pytest -s` tells what was seen.
"""

from __future__ import annotations

import pytest

from tests.faults.forger import (
    ATTACKS,
    ROUNDS,
    Attack,
    Blind,
    Guards,
    Gullible,
    Timeless,
    Uncalled,
    a_right_made_up,
    a_right_of_another,
    a_right_put_back,
    a_state_put_back,
    attacked,
    leases_made_up,
    leases_taken_away,
    words_made_up,
)

pytestmark = pytest.mark.anyio

TRIES = 8


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
async def test_a_forger_opens_nothing_that_the_ledger_does_not_allow(
    attack: Attack, redis_url: str
) -> None:
    outcome = await attacked(redis_url, attack)
    print(f"\n{attack.__name__}: {outcome}")
    assert outcome == (ROUNDS, 0)


@pytest.mark.parametrize(
    ("attack", "guards"),
    [
        (a_right_made_up, Guards(Gullible)),
        (words_made_up, Guards(Gullible)),
        (a_right_of_another, Guards(Gullible)),
        (a_right_put_back, Guards(roll=Timeless)),
        (leases_made_up, Guards(roll=Uncalled)),
        (leases_taken_away, Guards(roll=Uncalled)),
        (a_state_put_back, Guards(roll=Blind)),
    ],
    ids=lambda each: getattr(each, "__name__", "guards"),
)
async def test_without_a_guard_the_forger_is_seen_to_succeed(
    attack: Attack, guards: Guards, redis_url: str
) -> None:
    # Where a busy machine lets leases run out meanwhile, the forger comes too late: then again.
    for _ in range(TRIES):
        if (await attacked(redis_url, attack, guards)).fooled:
            return
    pytest.fail("Nobody was fooled.")
