"""The coherence protocol: who may answer from memory, and when a change may be acknowledged.

Rule: no answer from memory begins after the acknowledgement of a change that it does not know.

Pure: events in, effects out. `now` is what the caller's own boot-time clock shows, in seconds
(guard 8: every other clock stands still while the machine sleeps, or can be set back). Only
durations count, no two clocks are compared, and the authority has none.

    worker     Leaseholder  entries, lease, watermark   renews every quarter of a lease
    authority  Authority    leases, log of changes      each method is one atomic step
    revoker    Witness, Barrier                         says when to acknowledge

A change goes: ledger commit → Authority.publish → Witness.barrier → until Barrier.is_open. A
renewal is at once the worker's lease, its acknowledgement of what it has applied, and its request
for what it missed; a push only brings the change sooner. The guards are numbered where they stand.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

V = TypeVar("V")
NEVER = float("-inf")
ALWAYS = float("inf")


@dataclass(frozen=True, slots=True)
class Terms:
    """The length of a lease, and the slack on either side of it, in seconds.

    They hold while every clock keeps true time within slack / length (2 %). A part of the length
    is left to asking: what waits for leases to run out is acknowledged, with the questions to the
    authority before and after it, within length + slack.
    """

    length: float = 1.0
    slack: float = 0.02  # guard 2, the slack: two clocks do not run equally fast
    asking: float = 0.1  # part of the length

    @property
    def usable(self) -> float:
        """For how long after asking for a lease its worker uses it."""
        return self._lasting - self.slack

    @property
    def wait(self) -> float:
        """How long a revoker waits for leases to run out."""
        return self._lasting + self.slack

    @property
    def _lasting(self) -> float:
        return self.length * (1 - self.asking)

    @property
    def pace(self) -> float:
        """How often a worker renews."""
        return self.length / 4


@dataclass(frozen=True, slots=True)
class Change:
    """What has changed, numbered from 1 within one incarnation of the authority.

    Where the authority is not believed, the revoker gives it a word that was never used before,
    and names the workers who have to say that they have heard it.
    """

    incarnation: str
    number: int
    keys: frozenset[str]
    word: str = field(default="", compare=False)
    called: frozenset[str] = field(default=frozenset(), compare=False)


@dataclass(frozen=True, slots=True)
class Renewal:
    """A worker asks for a lease and says what it has applied. `sent` stays with the worker.

    heard: words of changes whose keys it has dropped, and has not said so yet.
    """

    worker: str
    incarnation: str
    applied: int
    sent: float
    heard: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lease:
    """The answer to a renewal: the newest number, and the changes after those applied.

    `changes` is None where the authority cannot name them all.
    """

    incarnation: str
    head: int
    changes: tuple[Change, ...] | None


@dataclass(frozen=True, slots=True, eq=False)
class Load:
    """One read of the ledger on its way into memory, and which change was the last one known.

    era: in which it began; what it reads may be shared in that one alone.
    """

    key: str
    incarnation: str = ""
    applied: int = 0
    era: str = ""


class Leaseholder(Generic[V]):
    """The worker's side: a memory that answers only while its lease runs.

    `worker` names one life of one process and is never used again. Methods that return bool tell
    whether to renew at once, because there is something to acknowledge or to ask for.
    """

    __slots__ = (
        "_applied", "_deadline", "_entries", "_heard", "_incarnation", "_loads", "_room", "_sent",
        "_terms", "_trusted", "_worker",
    )  # fmt: skip

    def __init__(self, worker: str, terms: Terms, room: int = 14_000) -> None:
        self._worker = worker
        self._terms = terms
        self._room = room  # entries
        self._incarnation = ""
        self._applied = 0
        self._sent = NEVER
        self._deadline = NEVER
        self._trusted = ALWAYS
        self._entries: dict[str, V] = {}
        self._loads: dict[str, Load] = {}
        self._heard: tuple[str, ...] = ()

    def trust(self, until: float) -> None:
        """Answer from memory until then at most, however long the lease runs.

        For whoever leases from an authority that another may have taken the place of, or that may
        lie.
        """
        self._trusted = until
        self._deadline = min(self._sent + self._terms.usable, until)

    def is_renewed(self, now: float) -> bool:
        """Return whether the lease runs, whatever else memory is trusted for."""
        return now < self._sent + self._terms.usable

    def is_leased(self, now: float) -> bool:
        """Return whether memory may answer a read that begins now."""
        return now < self._deadline

    def answer(self, key: str, now: float) -> V | None:
        """Return what memory may say of key to a read that begins now."""
        return self._entries.get(key) if now < self._deadline else None

    def loading(self, key: str, now: float) -> Load | None:
        """Return the load under way whose outcome a read that begins now may share.

        The same rule as for answer: its read of the ledger may lie before an acknowledgement.
        """
        return self._loads.get(key) if now < self._deadline else None

    def begin(self, key: str, era: str = "") -> Load:
        """Begin a load; call it before the ledger is read."""
        load = self._loads[key] = Load(key, self._incarnation, self._applied, era)
        return load

    def end(self, load: Load, value: V | None) -> None:
        """Keep what a load has read (None: it failed), unless a change has overtaken it."""
        # Guard 3, the epoch before the load: whatever drops the key takes its load along, so that
        # a value read before a change is never kept after it.
        if self._loads.get(load.key) is not load:
            return
        del self._loads[load.key]
        if value is None:
            return
        if len(self._entries) >= self._room and load.key not in self._entries:
            del self._entries[next(iter(self._entries))]
        self._entries[load.key] = value

    def renewal(self, now: float) -> Renewal:
        """Return the renewal to send; read the clock before sending."""
        return Renewal(self._worker, self._incarnation, self._applied, now, self._heard)

    def renewed(self, renewal: Renewal, lease: Lease) -> bool:
        """Take the answer to a renewal: catch up, then move the deadline."""
        self._heard = tuple(word for word in self._heard if word not in renewal.heard)
        if renewal.sent < self._sent:
            return False  # overtaken by the answer to a later one
        if lease.incarnation != self._incarnation or lease.changes is None:
            self.forget()
            self._incarnation = lease.incarnation
            self._applied = lease.head
        else:
            for change in lease.changes:
                self.changed(change)
        if self._applied >= lease.head:
            # Guard 1, the deadline counts from sending: a revoker starts to wait when the
            # authority has answered it, and the lease may have been granted long before it came.
            self._sent = renewal.sent
            self._deadline = min(renewal.sent + self._terms.usable, self._trusted)
        return (self._incarnation, self._applied) != (renewal.incarnation, renewal.applied)

    def changed(self, change: Change) -> bool:
        """Apply a change, in whatever order changes come."""
        if change.word:
            # Guard 9, the word: what is said to have been heard was dropped, whatever number an
            # authority has given it that may lie.
            self.drop(change.keys)
            self._heard = (*dict.fromkeys((*self._heard, change.word)),)
        if change.incarnation != self._incarnation:
            return True
        if change.number <= self._applied:
            return bool(change.word)
        self.drop(change.keys)
        self._advance(change.number)
        return True

    def _advance(self, number: int) -> None:
        # Guard 4, the contiguous watermark: a number beyond a gap says nothing of the gap.
        if number == self._applied + 1:
            self._applied = number

    def drop(self, keys: Iterable[str]) -> None:
        """Answer no more from what was read of some keys before."""
        for key in keys:
            self._entries.pop(key, None)
            self._loads.pop(key, None)

    def forget(self) -> None:
        """Answer no more from anything that was read before."""
        # Guard 5, flush on a new incarnation: what the last one knew and we did not is gone.
        self._entries.clear()
        self._loads.clear()


@dataclass(frozen=True, slots=True)
class Held:
    """A lease on the authority's list: what its worker has applied, and what was newest then."""

    applied: int
    granted_at: int


class Authority:
    """What every worker agrees on: leases and the log of changes. Each method is one atomic step.

    An authority that has lost any of its state starts again, empty, under an incarnation that was
    never used. At most one authority answers at a time.
    """

    __slots__ = ("_head", "_keep", "_leases", "_log", "incarnation")

    def __init__(self, incarnation: str, keep: int = 1024) -> None:
        self.incarnation = incarnation
        self._keep = keep  # changes
        self._head = 0
        self._log: dict[int, Change] = {}
        self._leases: dict[str, Held] = {}

    def renew(self, worker: str, incarnation: str, applied: int) -> Lease:
        """Put a worker on the list, and tell it what it has missed."""
        known = incarnation == self.incarnation
        # A worker that comes from another incarnation has applied nothing yet: an earlier renewal
        # of its own may be overtaken by this one, and its lease does not know the head.
        before = self._leases.get(worker, Held(0, 0)).applied
        self._leases[worker] = Held(max(before, applied if known else 0), self._head)
        return Lease(self.incarnation, self._head, self._since(applied) if known else None)

    def publish(self, keys: Iterable[str]) -> Change:
        """Number a change that the ledger has committed, and log it; push it to every worker."""
        self._head += 1
        change = self._log[self._head] = Change(self.incarnation, self._head, frozenset(keys))
        self._log.pop(self._head - self._keep, None)
        return change

    def behind(self, incarnation: str, number: int) -> frozenset[str] | None:
        """Return who is on the list and has not applied a change; None if it is not ours."""
        if incarnation != self.incarnation:
            return None
        return frozenset(name for name, held in self._leases.items() if held.applied < number)

    def expire(self, incarnation: str, number: int) -> None:
        """Forget who has not renewed since a change; for a revoker that has waited it out."""
        if incarnation == self.incarnation:
            late = [name for name, held in self._leases.items() if held.granted_at < number]
            for name in late:
                del self._leases[name]

    def _since(self, applied: int) -> tuple[Change, ...] | None:
        missed = range(applied + 1, self._head + 1)
        if len(missed) > len(self._log):
            return None
        return tuple(self._log[number] for number in missed)


@dataclass(frozen=True, slots=True)
class Barrier:
    """When a published change may be acknowledged; times are the revoker's, in seconds."""

    change: Change
    settled: float  # no lease of an earlier incarnation runs any more
    waited_out: float  # no lease granted before the change runs any more

    def is_open(self, now: float, behind: frozenset[str] | None) -> bool:
        """Return whether to acknowledge; `behind` is what the authority last said, or None."""
        if now >= self.waited_out:
            return True
        # Guard 7, acknowledge at apply: published is not yet heard.
        return behind is not None and not behind and now >= self.settled


class Witness:
    """The revoker's memory of the authority: since when it has known this incarnation."""

    __slots__ = ("_incarnation", "_since", "_terms")

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._incarnation = ""
        self._since = NEVER

    def saw(self, incarnation: str, now: float) -> None:
        """Note an answer of the authority, to whatever question of this process."""
        if incarnation != self._incarnation:
            self._incarnation = incarnation
            self._since = now

    def barrier(self, change: Change, now: float) -> Barrier:
        """Return the barrier of a change; read the clock after publish has answered."""
        self.saw(change.incarnation, now)
        return Barrier(change, self._settled(), now + self._terms.wait)

    def _settled(self) -> float:
        # Guard 6, quarantine: a new incarnation does not know who holds leases of the last one.
        return self._since + self._terms.wait
