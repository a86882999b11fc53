"""A small world around core/leases.py: ledger, network, clocks and crashes.

Rule: only the world is modelled here; the protocol is the very code of production, or that code
with one guard taken out. Where one order of events can only do more harm than another, the harmful
one is taken: what may be acknowledged is acknowledged at once, and a publisher or a poll is
answered at once.

A violation is a read that begins after the acknowledgement of a change and is answered from memory
(or from a load that it joins) as if the change were not; whether it gave a right or took it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NamedTuple, TypeVar

from gateway.core.leases import (
    Authority,
    Barrier,
    Change,
    Lease,
    Leaseholder,
    Load,
    Renewal,
    Terms,
    Witness,
)

T = TypeVar("T")

REVOKER = -1
WORKERS = "ABCDEFGH"
KEYS = "xyz"

Clock = Callable[[int, int], int]  # of REVOKER or of a worker by number, at a true time


def true_clock(process: int, time: int) -> int:
    return time


def slow_clock(process: int, time: int) -> int:
    """Let worker A lose every third tick: as much as the slack of Terms(3, 1) allows."""
    return time - time // 3 if process == 0 else time


@dataclass(frozen=True)
class Code:
    """The code under test."""

    leaseholder: type[Leaseholder[int]] = Leaseholder
    witness: type[Witness] = Witness
    slack: bool = True
    counts_from_sending: bool = True
    boot_time: bool = True


WHOLE = Code()


@dataclass(frozen=True)
class Bounds:
    """How much may happen. Times are ticks; there is no bound on how long a run is."""

    workers: int = 1
    readers: int = 8  # the first so many workers read; others only hold leases
    keys: int = 1
    keys_read: int = 8  # the first so many keys are read; others only change
    changes: int = 1  # commits in all
    publishes: int = 1  # in all: what one publisher has published another may publish again
    restarts: int = 0  # of the authority, always empty
    sleeps: int = 0  # of a worker's machine, a tick each
    in_flight: int = 1  # renewals and answers on their way, per worker
    loads: int = 1  # under way, per worker
    duplicates: bool = False  # of renewals and answers; a push comes any number of times anyway
    keep: int = 8  # changes in the authority's log
    length: int = 3
    slack: int = 1
    clock: Clock = true_clock
    period: int = 1  # after which the clocks stand to each other as before


class Message(NamedTuple):
    """A renewal on its way to the authority, or with its answer on the way back."""

    renewal: Renewal
    lease: Lease | None = None


class Reading(NamedTuple):
    """A load under way, and the version that it has found."""

    key: int
    load: Load
    version: int


class Worker(NamedTuple):
    """A worker, its machine, and its half of the network."""

    leaseholder: Leaseholder[int]
    slept: int = 0
    readings: tuple[Reading, ...] = ()
    net: frozenset[Message] = frozenset()


class Waiting(NamedTuple):
    """A revoker that waits to acknowledge that a key has a version."""

    barrier: Barrier
    key: int
    version: int


class World:
    """One state. Every event is a method that returns the state after it."""

    def __init__(self, bounds: Bounds, code: Code = WHOLE) -> None:
        terms = Terms(bounds.length, bounds.slack if code.slack else 0, asking=0)
        self.bounds = bounds
        self.code = code
        self.terms = terms
        self.time = 0
        self.versions = (0,) * bounds.keys  # on the ledger
        self.acknowledged = (0,) * bounds.keys
        self.published: tuple[Change, ...] = ()
        self.restarts = 0
        self.sleeps = 0
        self.authority = Authority("i0", bounds.keep)
        self.workers = tuple(Worker(code.leaseholder(n, terms)) for n in WORKERS[: bounds.workers])
        self.witness = code.witness(terms)
        self.witness.saw("i0", -bounds.length - bounds.slack)  # long known
        self.waiting: tuple[Waiting, ...] = ()
        self._keys: tuple[tuple[Any, ...] | None, ...] = (None,) * bounds.workers

    def now(self, process: int) -> int:
        """Return what the clock of a worker or the revoker shows."""
        shown = self.bounds.clock(process, self.time)
        return shown if process == REVOKER else shown - self.workers[process].slept

    # --- time ---------------------------------------------------------------------------------

    def pass_time(self, ticks: int = 1) -> World:
        return self._after(time=self.time + ticks, _keys=(None,) * len(self._keys))

    def sleep(self, place: int, ticks: int = 1) -> World:
        """Suspend the machine of a worker; only a boot-time clock goes on meanwhile."""
        worker = self.workers[place]
        lost = 0 if self.code.boot_time else ticks
        world = self._with(place, worker._replace(slept=worker.slept + lost))
        return world._after(sleeps=self.sleeps + 1).pass_time(ticks)

    # --- workers ------------------------------------------------------------------------------

    def ask(self, place: int) -> World:
        worker = self.workers[place]
        message = Message(worker.leaseholder.renewal(self.now(place)))
        return self._with(place, worker._replace(net=worker.net | {message}))

    def hear(self, place: int, message: Message, *, again: bool = False) -> World:
        """Bring the authority's answer to its worker."""
        worker, renewal = self.workers[place], message.renewal
        assert message.lease is not None
        if not self.code.counts_from_sending:
            renewal = replace(renewal, sent=self.now(place))
        leaseholder = twin(worker.leaseholder)
        leaseholder.renewed(renewal, message.lease)
        net = worker.net if again else worker.net - {message}
        return self._with(place, worker._replace(leaseholder=leaseholder, net=net))

    def push(self, place: int, change: Change) -> World:
        worker = self.workers[place]
        leaseholder = twin(worker.leaseholder)
        leaseholder.changed(change)
        if is_twin(leaseholder, worker.leaseholder):
            return self  # most have heard it before
        return self._with(place, worker._replace(leaseholder=leaseholder))

    def begin(self, place: int, key: int) -> World:
        """Begin a load; what it finds is decided now, where it is oldest."""
        worker = self.workers[place]
        leaseholder = twin(worker.leaseholder)
        reading = Reading(key, leaseholder.begin(KEYS[key]), self.versions[key])
        return self._with(
            place, worker._replace(leaseholder=leaseholder, readings=(*worker.readings, reading))
        )

    def end(self, place: int, reading: Reading) -> World:
        worker = self.workers[place]
        leaseholder = twin(worker.leaseholder)
        leaseholder.end(reading.load, reading.version)
        readings = tuple(other for other in worker.readings if other is not reading)
        return self._with(place, worker._replace(leaseholder=leaseholder, readings=readings))

    def replace_worker(self, place: int, name: str) -> World:
        """Kill a worker and start another in its place; what it has sent may still arrive."""
        net = frozenset(m for m in self.workers[place].net if m.lease is None)
        return self._with(place, Worker(self.code.leaseholder(name, self.terms), net=net))

    # --- the authority ------------------------------------------------------------------------

    def answer(self, place: int, message: Message, *, again: bool = False) -> World:
        worker, renewal, authority = self.workers[place], message.renewal, twin(self.authority)
        lease = authority.renew(renewal.worker, renewal.incarnation, renewal.applied)
        net = (worker.net if again else worker.net - {message}) | {Message(renewal, lease)}
        return self._with(place, worker._replace(net=net), authority=authority)

    def lose(self, place: int, message: Message) -> World:
        worker = self.workers[place]
        return self._with(place, worker._replace(net=worker.net - {message}))

    def restart(self) -> World:
        """Crash the authority and start it empty; the revoker hears of it at once."""
        incarnation, witness = f"i{self.restarts + 1}", twin(self.witness)
        witness.saw(incarnation, self.now(REVOKER))
        authority = Authority(incarnation, self.bounds.keep)
        return self._after(restarts=self.restarts + 1, authority=authority, witness=witness)

    # --- the revoker --------------------------------------------------------------------------

    def commit(self, key: int) -> World:
        return self._after(versions=_set(self.versions, key, self.versions[key] + 1))

    def publish(self, key: int) -> World:
        """Publish what the ledger says of a key; it may be what another has published."""
        authority, witness = twin(self.authority), twin(self.witness)
        change = authority.publish([KEYS[key]])
        barrier = witness.barrier(change, self.now(REVOKER))
        return self._after(
            authority=authority,
            witness=witness,
            published=(*self.published, change),
            waiting=(*self.waiting, Waiting(barrier, key, self.versions[key])),
        )

    def expire(self, waiting: Waiting) -> World:
        change, authority = waiting.barrier.change, twin(self.authority)
        authority.expire(change.incarnation, change.number)
        rest = tuple(other for other in self.waiting if other is not waiting)
        return self._after(authority=authority, waiting=rest)

    # --- what must never be -------------------------------------------------------------------

    def violation(self) -> str | None:
        """Say which read, if it began now, would miss an acknowledged change."""
        if not any(self.acknowledged):
            return None
        for place, worker in enumerate(self.workers):
            now, leaseholder, name = self.now(place), worker.leaseholder, WORKERS[place]
            for key, wanted in enumerate(self.acknowledged):
                found = leaseholder.answer(KEYS[key], now)
                if found is not None and found < wanted:
                    return f"{name} reads {KEYS[key]}{found}, but {KEYS[key]}{wanted} was confirmed"
            for reading in worker.readings:
                key, found, wanted = reading.key, reading.version, self.acknowledged[reading.key]
                if found < wanted and leaseholder.loading(KEYS[key], now) is reading.load:
                    return f"{name} joins {KEYS[key]}{found}, but {KEYS[key]}{wanted} was confirmed"
        return None

    def _with(self, place: int, worker: Worker, **changed: Any) -> World:
        return self._after(
            workers=_set(self.workers, place, worker),
            _keys=_set(self._keys, place, None),
            **changed,
        )

    def _after(self, **changed: Any) -> World:
        world = object.__new__(World)
        world.__dict__.update(self.__dict__, **changed)
        if world.waiting:
            world._acknowledge()
        return world

    def _acknowledge(self) -> None:
        now = self.now(REVOKER)
        kept = []
        for waiting in self.waiting:
            barrier, key = waiting.barrier, waiting.key
            behind = self.authority.behind(barrier.change.incarnation, barrier.change.number)
            opened = barrier.is_open(now, behind)
            if opened and waiting.version > self.acknowledged[key]:
                self.acknowledged = _set(self.acknowledged, key, waiting.version)
            if not opened or len(self.published) < self.bounds.publishes:  # still to be expired
                kept.append(waiting)
        self.waiting = tuple(kept)

    # --- the same state at another time, or with workers that differ in name only -------------

    def key(self) -> Hashable:
        """Return what tells this state from others, with times relative to now.

        A time that is past is as good as any other that is past, where all that can follow is a
        comparison with a later now.
        """
        now, wait = self.now(REVOKER), self.terms.wait
        keys = [
            self._keys[place] or _worker_key(worker, self.now(place), self.terms.usable)
            for place, worker in enumerate(self.workers)
        ]
        self._keys = tuple(keys)
        leases = map(self.authority._leases.get, WORKERS)
        workers = [
            (held.applied, held.granted_at, *key) if held else (-1, -1, *key)
            for held, key in zip(leases, keys, strict=False)
        ]
        if self.bounds.clock is true_clock and self.bounds.readers >= self.bounds.workers:
            workers.sort()
        return (
            self.time % self.bounds.period,
            self.versions,
            self.acknowledged,
            tuple((c.incarnation, *c.keys) for c in self.published),
            self.restarts,
            self.sleeps,
            tuple(workers),
            max(self.witness._since + wait - now, 0),
            tuple(_waiting_key(waiting, now) for waiting in self.waiting),
        )


def _waiting_key(waiting: Waiting, now: int) -> tuple[Any, ...]:
    barrier = waiting.barrier
    return (
        (waiting.key, waiting.version, barrier.change.incarnation, barrier.change.number),
        (max(barrier.settled - now, 0), max(barrier.waited_out - now, 0)),
    )


def _worker_key(worker: Worker, now: int, usable: float) -> tuple[Any, ...]:
    leaseholder, loads = worker.leaseholder, worker.leaseholder._loads
    ages = _ages(worker, now, usable)
    return (
        leaseholder._incarnation,
        leaseholder._applied,
        ages[leaseholder._sent],
        max(leaseholder._deadline - now, 0),
        tuple(sorted(leaseholder._entries.items())),
        tuple(
            sorted([(r.key, r.version, loads.get(KEYS[r.key]) is r.load) for r in worker.readings])
        ),
        tuple(sorted([_message_key(message, ages) for message in worker.net])),
    )


def _ages(worker: Worker, now: int, usable: float) -> Mapping[float, float]:
    """Return the ages of renewals; among those too old for a lease only the order counts."""
    known = worker.leaseholder._sent
    if not worker.net:
        return {known: min(now - known, usable)}
    times = {known, *[message.renewal.sent for message in worker.net]}
    ages, rank = {}, 0
    for sent in sorted(times, reverse=True):
        ages[sent] = min(now - sent, usable + rank)
        rank += now - sent >= usable
    return ages


def _message_key(message: Message, ages: Mapping[float, float]) -> tuple[Any, ...]:
    renewal, lease = message.renewal, message.lease
    asked = (renewal.incarnation, renewal.applied, ages[renewal.sent])
    if lease is None:
        return asked
    return *asked, lease.incarnation, lease.head, lease.changes is None


# --- every interleaving ----------------------------------------------------------------------


def events(world: World) -> Iterator[tuple[str, World]]:
    """Yield every event that may come next, with the state after it."""
    yield "a tick passes", world.pass_time()
    for place in range(world.bounds.workers):
        yield from _worker_events(world, place)
        yield from _network_events(world, place)
    yield from _revoker_events(world)
    if world.restarts < world.bounds.restarts:
        yield "the authority crashes and starts empty", world.restart()


def _worker_events(world: World, place: int) -> Iterator[tuple[str, World]]:
    bounds, worker, name = world.bounds, world.workers[place], WORKERS[place]
    if len(worker.net) < bounds.in_flight:
        yield f"{name} sends a renewal", world.ask(place)
    if len(worker.readings) < bounds.loads and place < bounds.readers:
        for key, version in enumerate(world.versions[: bounds.keys_read]):
            yield f"{name} begins a load, finds {KEYS[key]}{version}", world.begin(place, key)
    for reading in worker.readings:
        ended = f"{name} ends its load of {KEYS[reading.key]}{reading.version}"
        yield ended, world.end(place, reading)
    for change in world.published:
        yield f"{name} gets {_said(change)}", world.push(place, change)
    if world.sleeps < bounds.sleeps:
        yield f"{name} sleeps through a tick", world.sleep(place)


def _network_events(world: World, place: int) -> Iterator[tuple[str, World]]:
    bounds, worker, name = world.bounds, world.workers[place], WORKERS[place]
    for message in worker.net:
        lease, sent = message.lease, f"sent at {message.renewal.sent}"
        yield f"a message of {name}, {sent}, is lost", world.lose(place, message)
        if lease is None:
            yield f"the authority gets {name}'s renewal {sent}", world.answer(place, message)
        else:
            heard = f"{name} gets its lease {sent} (head {lease.head} of {lease.incarnation})"
            yield heard, world.hear(place, message)
        if bounds.duplicates and lease is not None:
            yield f"{heard}, twice", world.hear(place, message, again=True)
        elif bounds.duplicates and len(worker.net) < bounds.in_flight:
            doubled = world.answer(place, message, again=True)
            yield f"the authority gets {name}'s renewal {sent}, twice", doubled


def _revoker_events(world: World) -> Iterator[tuple[str, World]]:
    for key, version in enumerate(world.versions):
        if sum(world.versions) < world.bounds.changes:
            yield f"{KEYS[key]}{version + 1} is committed", world.commit(key)
        if version and len(world.published) < world.bounds.publishes:
            yield f"{KEYS[key]}{version} is published", world.publish(key)
    for waiting in world.waiting:
        if world.now(REVOKER) >= waiting.barrier.waited_out:
            expired = f"leases older than {_said(waiting.barrier.change)} are expired"
            yield expired, world.expire(waiting)


@dataclass(frozen=True)
class Exploration:
    """What was seen: states, the events between them, and the shortest way to a violation."""

    states: int
    transitions: int
    trace: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join((*self.trace, f"{self.states} states, {self.transitions} transitions"))


def explore(world: World, wrong: Callable[[World], str | None] = World.violation) -> Exploration:
    """Visit every state that can be reached, breadth first, until one is wrong."""
    came_from: dict[Hashable, tuple[Hashable, str]] = {world.key(): (None, "")}
    queue = deque([(world.key(), world)])
    transitions = 0
    while queue:
        before, world = queue.popleft()
        for label, after in events(world):
            transitions += 1
            if after is world:
                continue
            key = after.key()
            if key in came_from:
                continue
            came_from[key] = before, f"t={world.time} {label}"
            if said := wrong(after):
                trace = _trace(came_from, key)
                return Exploration(len(came_from), transitions, (*trace, f"t={after.time} {said}"))
            queue.append((key, after))
    return Exploration(len(came_from), transitions)


def _trace(came_from: Mapping[Hashable, tuple[Hashable, str]], key: Hashable) -> list[str]:
    steps = []
    while came_from[key][1]:
        key, label = came_from[key]
        steps.append(label)
    return steps[::-1]


def twin(thing: T) -> T:
    """Copy a machine of the protocol; what it holds is immutable but for its dicts."""
    copy = object.__new__(type(thing))
    for name in _slots(type(thing)):  # type: ignore[arg-type]
        value = getattr(thing, name)
        setattr(copy, name, value.copy() if type(value) is dict else value)
    return copy


def is_twin(one: T, other: T) -> bool:
    """Return whether two machines of one kind hold the same."""
    return all(getattr(one, name) == getattr(other, name) for name in _slots(type(one)))  # type: ignore[arg-type]


@cache
def _slots(kind: Hashable) -> tuple[str, ...]:
    assert isinstance(kind, type)
    return tuple(name for base in kind.__mro__ for name in getattr(base, "__slots__", ()))


def _set(values: tuple[T, ...], place: int, value: T) -> tuple[T, ...]:
    return (*values[:place], value, *values[place + 1 :])


def _said(change: Change) -> str:
    return f"change {change.number} of {change.incarnation} ({', '.join(sorted(change.keys))})"
