"""P-LIN of codes: however many race for a code, and whoever dies, it is used as often as it says.

The small form runs in the suite; PAIDGATE_RACE=64x100 sets processes and rounds.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import count
from multiprocessing.connection import Connection, wait
from typing import Any

import anyio

from gateway.usecases.codes import CodeRequest
from tests.faults import racers
from tests.faults.killing import FORKING, begin
from tests.faults.racers import LOST, WON, Race, fresh_once

RACERS, ROUNDS = map(int, os.environ.get("PAIDGATE_RACE", "16x3").split("x"))
USES = 10
DEVICES = 7  # of a code good for one use
KILLED = 0.5  # of the racers
TIMEOUT = 120.0  # seconds without a word from anyone

_numbers = count()


@dataclass(slots=True)
class Racer:
    """One reader, in whichever process it is now."""

    once: str
    process: Any
    hearing: Connection
    outcome: tuple[str, str] | None = None
    kills: int = 0


class Track:
    """One round: starts the racers at once, has some die, and these come again."""

    def __init__(self, race: Race, racers: int, kills: int) -> None:
        self._race = race
        self._go, self._starter = FORKING.Pipe(duplex=False)
        once = [fresh_once(f"r{next(_numbers)}") for _ in range(racers)]
        # Each who dies does so before another call: as long as there are calls, all are met.
        calls = [*range(1, kills + 1), *[0] * (racers - kills)]
        self.racers = [self._start(*each) for each in zip(once, calls, strict=True)]

    def _start(self, once: str, call: int = 0) -> Racer:
        arguments = (call, self._go, self._race, once)
        process, hearing = begin(racers.run, *arguments)
        return Racer(once, process, hearing)

    def run(self) -> None:
        """Race until everyone has an answer."""
        for each in self.racers:
            assert each.hearing.poll(TIMEOUT), "a racer does not get ready"
            assert each.hearing.recv() == "ready"
        self._starter.close()  # every racer hears the end of it at the same time
        while running := [each for each in self.racers if each.outcome is None]:
            heard = wait([each.hearing for each in running], TIMEOUT)
            assert heard, "nobody gets an answer"
            for each in running:
                if each.hearing in heard:
                    self._hear(each)
        for each in self.racers:
            each.process.join()
            each.hearing.close()

    def _hear(self, racer: Racer) -> None:
        try:
            told = racer.hearing.recv()
        except EOFError:  # it died before it could tell: it comes again, as the same reader
            racer.hearing.close()
            racer.kills += 1
            again = self._start(racer.once)
            racer.process, racer.hearing = again.process, again.hearing
            return
        if told != "ready":
            racer.outcome = told


async def make_code(url: str, uses: int) -> tuple[str, str]:
    """Put a code with so many uses or, where it is one, devices on record; return id and word."""
    services = await racers.open_services(Race(url, "", racers.open_careful))
    wish = CodeRequest("all", uses=uses, devices=DEVICES)
    (minted,) = await services.codes.make("demo", wish)
    await services.ledger.close()
    return minted.code.id, minted.word


async def flaws(url: str, code: str, track: Track, uses: int) -> list[str]:
    """Return what is wrong with what stands on record after a round."""
    services = await racers.open_services(Race(url, "", racers.open_careful))
    known = await services.ledger.code_by_id(code)
    assert known
    found, after = [], ""
    while page := await services.ledger.grants(
        "demo", subject="", scope="", after=after, limit=500
    ):
        found += [grant for grant in page if grant.parent == code]
        after = page[-1].id
    readers = {d.reader for each in found for d in await services.ledger.devices(each.id, 99)}
    outcomes = [each.outcome for each in track.racers]
    winners = set()
    for outcome in outcomes:
        if outcome and outcome[0] == WON:
            reader = await services.reading.reader(outcome[1])
            winners.add(reader.id if reader and len(reader.grants) == 1 else "nobody")
    waiting = await services.ledger.outbox(9)
    await services.ledger.close()
    expected = min(uses if uses > 1 else DEVICES, len(outcomes))
    checks = {
        f"uses {known.uses}": known.uses == min(uses, expected),
        f"grants {len(found)}": len(found) == min(uses, expected),
        f"told {len(winners)}": len(winners) == expected,
        "others than told": winners == readers,
        "answers": sum(o == (LOST, "") for o in outcomes) == len(outcomes) - expected,
        "untold changes": not waiting,
    }
    return [name for name, holds in checks.items() if not holds]


def race(
    url: str, rounds: int, open_ledger: racers.OpenLedger, *, kills: float, uses: int = USES
) -> list[str]:
    """Run rounds, and return what was wrong with any."""
    wrong: list[str] = []
    killed = 0
    for number in range(rounds):
        code, word = anyio.run(make_code, url, uses)
        meeting = FORKING.Barrier(RACERS)
        track = Track(Race(url, word, open_ledger, meeting), RACERS, int(kills * RACERS))
        track.run()
        killed += sum(each.kills for each in track.racers)
        found = anyio.run(flaws, url, code, track, uses)
        print(f"round {number}: {RACERS} for {uses} uses, {killed} killed so far, flaws {found}")
        wrong += found
    assert killed >= (rounds if kills else 0)
    return wrong


def test_a_code_is_used_exactly_as_often_as_it_says_whoever_dies(ledger_url: str) -> None:
    assert race(ledger_url, ROUNDS, racers.open_careful, kills=KILLED) == []


def test_a_code_good_for_one_opens_in_exactly_its_devices_whoever_dies(ledger_url: str) -> None:
    assert race(ledger_url, ROUNDS, racers.open_careful, kills=KILLED, uses=1) == []


def test_the_race_notices_a_ledger_that_looks_first_and_counts_later(ledger_url: str) -> None:
    assert race(ledger_url, 1, racers.open_careless, kills=0.0)
