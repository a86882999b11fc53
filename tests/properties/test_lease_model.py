"""The coherence protocol holds in every small world; without any one of its guards it does not."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from gateway.core.leases import NEVER, Barrier, Change, Leaseholder, Load, Witness
from tests.properties.lease_model import (
    KEYS,
    REVOKER,
    Bounds,
    Code,
    World,
    explore,
    slow_clock,
    twin,
)

# --- the code with one guard taken out -------------------------------------------------------


class EpochAfterLoad(Leaseholder[int]):
    __slots__ = ()

    def end(self, load: Load, value: int | None) -> None:
        super().end(self.begin(load.key), value)


class LeapingWatermark(Leaseholder[int]):
    __slots__ = ()

    def _advance(self, number: int) -> None:
        self._applied = number


class FlushesOnlyAtFirst(Leaseholder[int]):
    __slots__ = ()

    def forget(self) -> None:
        if not self._incarnation:
            super().forget()


class NoQuarantine(Witness):
    __slots__ = ()

    def _settled(self) -> float:
        return NEVER


class OpenAtPublish(Barrier):
    __slots__ = ()

    def is_open(self, now: float, behind: frozenset[str] | None) -> bool:
        return True


class AcknowledgesAtPublish(Witness):
    __slots__ = ()

    def barrier(self, change: Change, now: float) -> Barrier:
        barrier = super().barrier(change, now)
        return OpenAtPublish(barrier.change, barrier.settled, barrier.waited_out)


class PlainPubSub(Leaseholder[int]):
    """What most systems have: drop what is announced, and answer from memory at any time."""

    __slots__ = ()

    def answer(self, key: str, now: float) -> int | None:
        return self._entries.get(key)

    def changed(self, change: Change) -> bool:
        self.drop(change.keys)
        return False


WITHOUT = {
    "1-deadline-from-sending": (Code(counts_from_sending=False), Bounds()),
    "2-slack": (Code(slack=False), Bounds(clock=slow_clock, period=3)),
    "3-epoch-before-load": (Code(leaseholder=EpochAfterLoad), Bounds()),
    "4-contiguous-watermark": (
        Code(leaseholder=LeapingWatermark),
        Bounds(keys=2, changes=2, publishes=2, length=1, slack=0),
    ),
    "5-flush": (Code(leaseholder=FlushesOnlyAtFirst), Bounds(restarts=1)),
    "6-quarantine": (Code(witness=NoQuarantine), Bounds(restarts=1)),
    "7-acknowledge-at-apply": (Code(witness=AcknowledgesAtPublish), Bounds()),
    "8-boot-time": (Code(boot_time=False), Bounds(sleeps=3)),
}
NAIVE = Code(leaseholder=PlainPubSub, witness=AcknowledgesAtPublish)

# Each world leaves out what another has; tests/bench/explore_leases.py combines more of them. The
# number is of states, to notice a world that has become poorer.
WORLDS = {
    "overtaking-and-duplicates": (Bounds(in_flight=2, duplicates=True, length=2), 25_000),
    "crash-and-sleep": (Bounds(restarts=1, sleeps=1, length=2), 25_000),
    "crash-and-published-again": (Bounds(restarts=1, publishes=2, length=1, slack=0), 20_000),
    "slow-clock": (Bounds(clock=slow_clock, period=3), 9_000),
    "two-changes-and-a-short-log": (
        Bounds(changes=2, publishes=2, keep=1, length=1, slack=0),
        20_000,
    ),
    "two-keys": (
        Bounds(keys=2, keys_read=1, changes=2, publishes=2, keep=1, length=1, slack=0),
        45_000,
    ),
    "two-workers": (Bounds(workers=2, readers=1, length=1, slack=0), 50_000),
}


@pytest.fixture(autouse=True)
def _no_cycles() -> Iterator[None]:
    """Spare the collector the walk through a million states; none is part of a cycle."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("name", WORLDS)
def test_no_read_begins_after_a_change_was_acknowledged(name: str) -> None:
    bounds, states = WORLDS[name]
    seen = explore(World(bounds))
    print(f"{name}: {seen}")
    assert not seen.trace
    assert seen.states >= states


@pytest.mark.parametrize("guard", WITHOUT)
def test_without_any_one_guard_a_read_comes_too_late(guard: str) -> None:
    code, bounds = WITHOUT[guard]
    seen = explore(World(bounds, code))
    print(seen)
    assert "confirmed" in seen.trace[-1]


def test_plain_pub_sub_serves_what_was_taken_back() -> None:
    seen = explore(World(Bounds(), NAIVE))
    print(seen)
    assert "reads x0, but x1 was confirmed" in seen.trace[-1]


def test_from_every_state_one_renewal_and_one_load_bring_memory_back() -> None:
    assert not explore(World(Bounds(restarts=1, length=2)), _is_stuck).trace


def _is_stuck(world: World) -> str | None:
    now, authority, leaseholder = (
        world.now(0),
        twin(world.authority),
        twin(world.workers[0].leaseholder),
    )
    renewal = leaseholder.renewal(now)
    leaseholder.renewed(
        renewal, authority.renew(renewal.worker, renewal.incarnation, renewal.applied)
    )
    leaseholder.end(leaseholder.begin(KEYS[0]), world.versions[0])
    found = leaseholder.answer(KEYS[0], now)
    return None if found == world.versions[0] else f"A has {found} in memory"


# --- long runs -------------------------------------------------------------------------------

# Microseconds. Two clocks are as wrong as the slack allows, in the directions that hurt most.
RATES = {REVOKER: 1_019_900, 0: 980_100, 1: 1_000_000, 2: 1_019_900}
LONG = Bounds(
    workers=len(RATES) - 1,
    keys=3,
    publishes=10**9,
    keep=4,
    length=1_000_000,
    slack=20_000,
    clock=lambda process, time: time * RATES[process] // 1_000_000,
)

places = st.integers(0, LONG.workers - 1)
keys = st.integers(0, LONG.keys - 1)
picks = st.integers(0, 7)


class LongRun(RuleBasedStateMachine):
    """Random runs with real terms, three workers, and anything that may befall them."""

    code = Code()

    def __init__(self) -> None:
        super().__init__()
        self.world = World(LONG, self.code)
        self.lives = LONG.workers

    @rule(ticks=st.sampled_from([1_000, 20_000, 250_000, 970_000, 1_030_000]))
    def pass_time(self, ticks: int) -> None:
        self.world = self.world.pass_time(ticks)

    @rule(place=places, ticks=st.sampled_from([250_000, 970_000]))
    def sleep(self, place: int, ticks: int) -> None:
        self.world = self.world.sleep(place, ticks)

    @rule(place=places)
    def ask(self, place: int) -> None:
        self.world = self.world.ask(place)

    @rule(place=places, pick=picks, again=st.booleans())
    def carry(self, place: int, pick: int, again: bool) -> None:
        """Bring a renewal or an answer to where it goes, whichever it is."""
        messages = sorted(self.world.workers[place].net, key=repr)
        if messages:
            message = messages[pick % len(messages)]
            bring = self.world.answer if message.lease is None else self.world.hear
            self.world = bring(place, message, again=again)

    @rule(place=places, pick=picks)
    def lose(self, place: int, pick: int) -> None:
        messages = sorted(self.world.workers[place].net, key=repr)
        if messages:
            self.world = self.world.lose(place, messages[pick % len(messages)])

    @rule(place=places)
    def renew(self, place: int) -> None:
        """Renew as it goes on a good day: there and back at once."""
        before = self.world.workers[place].net
        self.world = self.world.ask(place)
        for _ in range(2):
            for message in self.world.workers[place].net - before:
                bring = self.world.answer if message.lease is None else self.world.hear
                self.world = bring(place, message)

    @rule(place=places, pick=picks)
    def push(self, place: int, pick: int) -> None:
        recent = self.world.published[::-1][: pick + 1]
        if recent:
            self.world = self.world.push(place, recent[-1])

    @rule(place=places, key=keys)
    def begin(self, place: int, key: int) -> None:
        self.world = self.world.begin(place, key)

    @rule(place=places, pick=picks)
    def end(self, place: int, pick: int) -> None:
        readings = self.world.workers[place].readings
        if readings:
            self.world = self.world.end(place, readings[pick % len(readings)])

    @rule(place=places, key=keys)
    def read(self, place: int, key: int) -> None:
        """Load as it goes on a good day: at once."""
        world = self.world.begin(place, key)
        self.world = world.end(place, world.workers[place].readings[-1])

    @rule(key=keys, publishes=st.booleans())
    def change(self, key: int, publishes: bool) -> None:
        self.world = self.world.commit(key)
        if publishes:
            self.world = self.world.publish(key)

    @rule(key=keys)
    def publish(self, key: int) -> None:
        self.world = self.world.publish(key)

    @rule(pick=picks)
    def expire(self, pick: int) -> None:
        now = self.world.now(REVOKER)
        ripe = [w for w in self.world.waiting if now >= w.barrier.waited_out]
        if ripe:
            self.world = self.world.expire(ripe[pick % len(ripe)])

    @rule(place=st.sampled_from([None] * 12 + [0, 1, 2]))
    def kill_worker(self, place: int | None) -> None:
        """Now and then kill a worker."""
        if place is not None:
            self.lives += 1
            self.world = self.world.replace_worker(place, f"life {self.lives}")

    @rule(happens=st.sampled_from([False] * 3 + [True]))
    def restart_authority(self, happens: bool) -> None:
        """Now and then crash the authority."""
        if happens:
            self.world = self.world.restart()

    @invariant()
    def no_read_is_late(self) -> None:
        assert self.world.violation() is None


def test_no_long_run_reads_too_late() -> None:
    run_state_machine_as_test(LongRun, settings=_settings(examples=150))


@pytest.mark.parametrize("guard", ["5-flush", "6-quarantine", "7-acknowledge-at-apply"])
def test_long_runs_find_what_lacks_a_guard(guard: str) -> None:
    machine = type("Crippled", (LongRun,), {"code": WITHOUT[guard][0]})
    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine, settings=_settings(examples=1000, shrinks=False))


def _settings(examples: int, *, shrinks: bool = True) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=80,
        derandomize=True,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=set(Phase) - (set() if shrinks else {Phase.shrink, Phase.explain}),
    )
