"""The roll: who may answer from memory is on record, and whoever is not looking is not believed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from gateway.core.errors import Unavailable
from gateway.core.leases import ALWAYS, NEVER, Change, Lease, Leaseholder, Terms
from gateway.ports import ERA, Ledger, Look
from gateway.stores.memory import MemoryLedger
from gateway.stores.roll import MOST, Roll
from tests.stores.conftest import Rivals
from tests.stores.things import grant

pytestmark = pytest.mark.anyio

TERMS = Terms(length=40)  # so that no look is given up on a busy machine


# --- what the ledger promises ------------------------------------------------------------------


async def test_a_worker_is_on_the_roll_from_entering_to_being_struck(rivals: Rivals) -> None:
    assert await rivals.one.look("w", 9) == Look(False, "", "", frozenset())
    await rivals.one.enter("w", "first")
    await rivals.other.enter("v", "second")
    assert await rivals.one.roll() == frozenset("wv")
    assert await rivals.one.look("w", 9) == Look(True, "", "second", frozenset())
    await rivals.other.doubt("wx", "word")
    assert (await rivals.one.look("w", 9)).doubt == "word"
    await rivals.other.strike({"w": "another", "v": "word"})
    assert await rivals.one.roll() == frozenset("wv")
    await rivals.other.strike({"w": "word"})
    assert await rivals.one.roll() == frozenset("v")
    assert not await rivals.one.vouch("w")


async def test_who_objects_is_not_struck(ledger: Ledger) -> None:
    await ledger.enter("w", "era")
    await ledger.doubt(["w"], "word")
    assert await ledger.vouch("w")
    await ledger.strike({"w": "word"})
    assert await ledger.roll() == frozenset("w")
    assert (await ledger.look("w", 9)).doubt == ""


async def test_a_look_shows_what_is_outgoing_and_at_most_so_much(ledger: Ledger) -> None:
    for number in range(5):
        await ledger.add_grant(grant(f"g{number}"))
    seen = (await ledger.look("w", 9)).keys
    assert seen == {each.key for each in await ledger.outbox(99)}
    # The same key again and again hides no other.
    for _ in range(5):
        await ledger.revoke("g0", 9)
    assert (await ledger.look("w", len(seen))).keys == seen
    assert len((await ledger.look("w", 2)).keys) == 2


# --- what a worker makes of it -----------------------------------------------------------------


class Trying(MemoryLedger):
    """A ledger that can be away, or slow to answer."""

    is_away = False

    async def look(self, worker: str, limit: int) -> Look:
        if self.is_away:
            raise Unavailable("ledger")
        seen = await super().look(worker, limit)
        self.while_answering()
        return seen

    def while_answering(self) -> None:
        return


class Worker:
    """A worker with a lease, on a clock that moves only when told."""

    def __init__(self, ledger: Ledger) -> None:
        self.now = 100.0
        self.ledger = ledger
        self.roll = Roll(ledger, TERMS, lambda: self.now)
        self.memory: Leaseholder[str] = Leaseholder(self.roll.worker, TERMS)

    def renew(self) -> None:
        self.memory.renewed(self.memory.renewal(self.now), Lease("life", 0, ()))

    async def look(self) -> None:
        while await self.roll.look(self.memory):
            pass
        self.memory.trust(self.roll.trusted)

    async def begin(self) -> None:
        self.renew()
        await self.look()

    def remember(self, key: str) -> None:
        self.memory.end(self.memory.begin(key, self.roll.era), "a right")

    def knows(self, key: str) -> bool:
        return self.memory.answer(key, self.now) is not None


@pytest.fixture
def trying() -> Trying:
    """Open a ledger in memory."""
    return Trying()


@pytest.fixture
def worker(trying: Trying) -> Worker:
    """Return a worker of that ledger, which has not looked yet."""
    return Worker(trying)


async def test_nothing_is_answered_from_memory_before_the_roll_is_entered(worker: Worker) -> None:
    await worker.look()  # it has no lease yet
    worker.remember("key")
    assert not await worker.ledger.roll()
    worker.renew()
    worker.memory.trust(worker.roll.trusted)
    assert not worker.knows("key")
    await worker.look()
    assert await worker.ledger.roll() == {worker.roll.worker}
    assert not worker.knows("key")  # it was read before
    worker.remember("key")
    assert worker.knows("key")


async def test_a_look_drops_what_is_outgoing(worker: Worker) -> None:
    await worker.begin()
    key = f"grant:{grant('g1').id}"
    worker.remember(key)
    worker.remember("another")
    under_way = worker.memory.begin(key)
    await worker.ledger.add_grant(grant("g1"))
    await worker.look()
    worker.memory.end(under_way, "from before")
    assert (worker.knows(key), worker.knows("another")) == (False, True)


async def test_who_looks_too_late_forgets_everything(worker: Worker) -> None:
    await worker.begin()
    worker.remember("key")
    worker.now += TERMS.usable - 1
    worker.renew()
    await worker.look()
    assert worker.knows("key")
    worker.now += TERMS.usable
    worker.renew()
    assert not worker.knows("key")
    await worker.look()
    assert not worker.knows("key")
    worker.remember("key")
    assert worker.knows("key")


async def test_a_look_is_as_late_as_its_answer(worker: Worker, trying: Trying) -> None:
    await worker.begin()
    worker.remember("key")

    def late() -> None:
        trying.while_answering = nothing  # type: ignore[method-assign]
        worker.now += TERMS.usable
        worker.renew()

    nothing, trying.while_answering = trying.while_answering, late  # type: ignore[method-assign]
    await worker.look()
    assert not worker.knows("key")


async def test_more_than_can_be_looked_at_is_all_forgotten(worker: Worker) -> None:
    await worker.begin()
    worker.remember("key")
    for number in range(MOST):
        await worker.ledger.add_grant(grant(f"g{number}"))
    await worker.look()
    assert not worker.knows("key")


async def test_while_the_ledger_is_away_the_authority_alone_is_gone_by(
    worker: Worker, trying: Trying
) -> None:
    await worker.begin()
    worker.remember("key")
    trying.is_away = True
    await worker.look()
    worker.now += TERMS.usable
    worker.renew()
    assert worker.knows("key")
    assert not worker.roll.era  # and nothing that is shared is believed
    trying.is_away = False
    await worker.look()
    assert not worker.knows("key")


# --- who is called -----------------------------------------------------------------------------


async def test_a_worker_that_lives_is_never_struck(worker: Worker) -> None:
    await worker.begin()
    revoker = Worker(worker.ledger)
    for _ in range(3):
        await revoker.roll.doubt(await revoker.roll.call())
        worker.now += TERMS.pace
        worker.renew()
        await worker.look()
        revoker.now += 2 * TERMS.wait
        assert await revoker.roll.call() == {worker.roll.worker}


async def test_a_worker_that_is_gone_is_struck_when_its_lease_has_run_out(worker: Worker) -> None:
    await worker.begin()
    worker.remember("key")
    revoker = Worker(worker.ledger)
    await revoker.roll.doubt(await revoker.roll.call())
    revoker.now += TERMS.usable
    assert await revoker.roll.call()
    revoker.now += 2 * TERMS.slack + 1
    assert not await revoker.roll.call()
    # Were it only late, it would know.
    worker.now += TERMS.pace
    worker.renew()
    await worker.look()
    assert not worker.knows("key")
    assert await revoker.roll.call() == {worker.roll.worker}


async def test_who_was_doubted_anew_is_not_struck_by_an_earlier_doubt(worker: Worker) -> None:
    await worker.begin()
    one, other = Worker(worker.ledger), Worker(worker.ledger)
    await one.roll.doubt(await one.roll.call())
    await worker.look()
    await other.roll.doubt(await other.roll.call())
    one.now += 2 * TERMS.wait
    assert await one.roll.call() == {worker.roll.worker}


async def test_who_leaves_is_off_the_roll_doubted_or_not(worker: Worker) -> None:
    await worker.begin()
    await worker.ledger.doubt([worker.roll.worker], "word")
    await worker.roll.leave()
    assert not await worker.ledger.roll()


# --- eras --------------------------------------------------------------------------------------


async def test_a_key_that_has_changed_is_not_believed_in_the_same_era(worker: Worker) -> None:
    await worker.begin()
    era = worker.roll.era
    assert worker.roll.era_of("key") == era != ""
    worker.roll.changed(["key"])
    assert (worker.roll.era_of("key"), worker.roll.era_of("another")) == ("", era)
    await worker.look()
    await worker.look()
    assert worker.roll.era_of("key") == ""


async def test_what_changed_when_an_era_may_have_begun_is_not_believed_in_it(
    worker: Worker,
) -> None:
    await worker.begin()
    worker.roll.changed(["early"])
    await worker.look()
    await worker.look()
    worker.roll.changed(["just before"])
    before = worker.roll.era
    await Worker(worker.ledger).begin()  # begins another
    await worker.look()
    assert worker.roll.era not in ("", before)
    assert worker.roll.era_of("just before") == ""
    assert worker.roll.era_of("early") == worker.roll.era


async def test_an_era_ends_when_too_much_has_changed_in_it(worker: Worker) -> None:
    await worker.begin()
    before = await worker.ledger.fingerprint(ERA)
    worker.roll.changed(str(number) for number in range(MOST + 1))
    for _ in range(4):
        await worker.look()
    assert await worker.ledger.fingerprint(ERA) not in ("", before)
    assert worker.roll.era_of("1") == worker.roll.era


# --- words -------------------------------------------------------------------------------------


class SaysOnly(Leaseholder[str]):
    """Says that it has heard a word, and goes by the number that came with it."""

    def drop(self, keys: object) -> None:
        return


def heard(kind: Callable[[str, Terms], Leaseholder[str]]) -> tuple[bool, tuple[str, ...]]:
    """Return whether a key is known after a change of it that has a number from before."""
    memory = kind("w", TERMS)
    memory.renewed(memory.renewal(0.0), Lease("life", 10, None))
    memory.end(memory.begin("key"), "a right")
    memory.changed(Change("life", 6, frozenset(["key"]), "word"))
    return memory.answer("key", 0.0) is not None, memory.renewal(1.0).heard


async def test_a_word_is_heard_whatever_number_it_comes_with() -> None:
    assert heard(Leaseholder) == (False, ("word",))


async def test_a_word_that_was_said_and_not_gone_by_is_caught() -> None:
    assert heard(SaysOnly) == (True, ("word",))


async def test_a_word_is_said_until_it_was_taken() -> None:
    memory: Leaseholder[str] = Leaseholder("w", TERMS)
    memory.renewed(memory.renewal(0.0), Lease("life", 0, None))
    memory.changed(Change("life", 1, frozenset(), "one"))
    sent = memory.renewal(1.0)
    memory.changed(Change("life", 2, frozenset(), "two"))
    memory.changed(replace(Change("life", 2, frozenset(), "two"), number=1))
    assert memory.renewal(1.0).heard == ("one", "two")
    memory.renewed(sent, Lease("life", 2, ()))
    assert memory.renewal(2.0).heard == ("two",)


async def test_trust_that_is_given_back_lasts_as_long_as_the_lease() -> None:
    memory: Leaseholder[str] = Leaseholder("w", TERMS)
    memory.renewed(memory.renewal(0.0), Lease("life", 0, None))
    memory.trust(NEVER)
    assert (memory.is_leased(1.0), memory.is_renewed(1.0)) == (False, True)
    memory.trust(ALWAYS)
    assert memory.is_leased(1.0)
    assert not memory.is_leased(TERMS.usable)
    assert not memory.is_renewed(TERMS.usable)
