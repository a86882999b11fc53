"""The coherence protocol, one claim at a time."""

from __future__ import annotations

import pytest

from gateway.core.leases import Authority, Change, Lease, Leaseholder, Terms, Witness

TERMS = Terms(asking=0)  # round numbers


def _joined(authority: Authority, worker: str = "a", now: float = 0.0) -> Leaseholder[str]:
    leaseholder: Leaseholder[str] = Leaseholder(worker, TERMS)
    _renew(leaseholder, authority, now)
    return leaseholder


def _renew(leaseholder: Leaseholder[str], authority: Authority, now: float) -> bool:
    renewal = leaseholder.renewal(now)
    lease = authority.renew(renewal.worker, renewal.incarnation, renewal.applied)
    return leaseholder.renewed(renewal, lease)


def _keep(leaseholder: Leaseholder[str], key: str, value: str) -> None:
    leaseholder.end(leaseholder.begin(key), value)


# --- the worker ------------------------------------------------------------------------------


def test_memory_answers_nothing_before_the_first_lease() -> None:
    leaseholder: Leaseholder[str] = Leaseholder("a", TERMS)
    _keep(leaseholder, "x", "old")
    assert leaseholder.answer("x", 0.0) is None


def test_memory_answers_until_the_deadline_and_not_at_it() -> None:
    leaseholder = _joined(Authority("i0"), now=10.0)
    _keep(leaseholder, "x", "right")
    assert leaseholder.answer("x", 10.97) == "right"
    assert leaseholder.answer("x", 10.98) is None


def test_the_deadline_counts_from_sending() -> None:
    authority = Authority("i0")
    leaseholder: Leaseholder[str] = Leaseholder("a", TERMS)
    renewal = leaseholder.renewal(0.0)
    leaseholder.renewed(renewal, authority.renew("a", "", 0))  # however late the answer comes
    _keep(leaseholder, "x", "right")
    assert leaseholder.answer("x", 0.97) == "right"
    assert leaseholder.answer("x", 0.98) is None


def test_an_overtaken_answer_changes_nothing() -> None:
    old = Authority("i0")
    leaseholder = _joined(old)
    early, late = leaseholder.renewal(0.2), leaseholder.renewal(0.5)
    stale = old.renew("a", early.incarnation, early.applied)
    new = Authority("i1")
    leaseholder.renewed(late, new.renew("a", late.incarnation, late.applied))
    _keep(leaseholder, "x", "right")
    assert not leaseholder.renewed(early, stale)
    assert leaseholder.answer("x", 1.4) == "right"


def test_a_change_drops_its_keys_and_no_other() -> None:
    authority = Authority("i0")
    leaseholder = _joined(authority)
    for key in "xyz":
        _keep(leaseholder, key, "old")
    assert leaseholder.changed(authority.publish("xz"))
    assert [leaseholder.answer(key, 0.1) for key in "xyz"] == [None, "old", None]


def test_a_load_that_a_change_overtakes_is_not_kept() -> None:
    authority = Authority("i0")
    leaseholder = _joined(authority)
    load = leaseholder.begin("x")
    leaseholder.changed(authority.publish("x"))
    leaseholder.end(load, "old")
    assert leaseholder.answer("x", 0.1) is None


def test_a_load_that_a_later_load_overtakes_is_not_kept() -> None:
    leaseholder = _joined(Authority("i0"))
    first, second = leaseholder.begin("x"), leaseholder.begin("x")
    leaseholder.end(second, "new")
    leaseholder.end(first, "old")
    assert leaseholder.answer("x", 0.1) == "new"


def test_a_failed_load_leaves_nothing_behind() -> None:
    leaseholder = _joined(Authority("i0"))
    load = leaseholder.begin("x")
    assert leaseholder.loading("x", 0.1) is load
    leaseholder.end(load, None)
    assert leaseholder.loading("x", 0.1) is None
    assert leaseholder.answer("x", 0.1) is None


def test_a_load_is_shared_only_while_the_lease_runs() -> None:
    leaseholder = _joined(Authority("i0"))
    load = leaseholder.begin("x")
    assert leaseholder.loading("x", 0.97) is load
    assert leaseholder.loading("x", 0.98) is None


def test_a_gap_is_dropped_but_not_acknowledged_until_it_is_filled() -> None:
    authority = Authority("i0")
    leaseholder = _joined(authority)
    _keep(leaseholder, "x", "old")
    _keep(leaseholder, "y", "old")
    authority.publish("x")
    assert leaseholder.changed(authority.publish("y"))
    assert leaseholder.answer("y", 0.1) is None
    assert leaseholder.renewal(0.1).applied == 0
    assert _renew(leaseholder, authority, 0.1)
    assert leaseholder.answer("x", 0.2) is None
    assert leaseholder.renewal(0.2).applied == 2


def test_a_change_that_comes_twice_is_applied_once() -> None:
    authority = Authority("i0")
    leaseholder = _joined(authority)
    change = authority.publish("x")
    assert leaseholder.changed(change)
    _keep(leaseholder, "x", "new")
    assert not leaseholder.changed(change)
    assert leaseholder.answer("x", 0.1) == "new"


def test_a_lease_does_not_move_on_before_its_worker_has_caught_up() -> None:
    leaseholder = _joined(Authority("i0"))
    _keep(leaseholder, "x", "old")
    ahead = Change("i0", 2, frozenset("y"))
    leaseholder.renewed(leaseholder.renewal(0.5), Lease("i0", 2, (ahead,)))
    assert leaseholder.answer("x", 0.97) == "old"
    assert leaseholder.answer("x", 0.98) is None


def test_a_new_incarnation_flushes_entries_and_loads() -> None:
    leaseholder = _joined(Authority("i0"))
    _keep(leaseholder, "x", "old")
    load = leaseholder.begin("y")
    assert _renew(leaseholder, Authority("i1"), 0.1)
    leaseholder.end(load, "old")
    assert leaseholder.answer("x", 0.2) is None
    assert leaseholder.answer("y", 0.2) is None


def test_a_change_of_another_incarnation_asks_for_a_renewal() -> None:
    leaseholder = _joined(Authority("i0"))
    _keep(leaseholder, "x", "old")
    assert leaseholder.changed(Authority("i1").publish("x"))
    assert leaseholder.renewal(0.1).applied == 0


def test_a_quiet_renewal_asks_for_no_other() -> None:
    authority = Authority("i0")
    leaseholder = _joined(authority)
    assert not _renew(leaseholder, authority, 0.25)


def test_memory_holds_no_more_than_its_room() -> None:
    leaseholder: Leaseholder[str] = Leaseholder("a", TERMS, room=2)
    _renew(leaseholder, Authority("i0"), 0.0)
    for key in "xyyz":
        _keep(leaseholder, key, key)
    assert [leaseholder.answer(key, 0.1) for key in "xyz"] == [None, "y", "z"]


# --- the authority ---------------------------------------------------------------------------


def test_numbers_run_from_one_without_a_gap() -> None:
    authority = Authority("i0")
    assert [authority.publish("x").number for _ in range(3)] == [1, 2, 3]


def test_a_renewal_brings_all_that_was_missed() -> None:
    authority = Authority("i0")
    changes = tuple(authority.publish(key) for key in "xyz")
    assert authority.renew("a", "i0", 1) == Lease("i0", 3, changes[1:])
    assert authority.renew("a", "i0", 3) == Lease("i0", 3, ())


def test_what_the_log_no_longer_has_is_not_made_up() -> None:
    authority = Authority("i0", keep=2)
    changes = tuple(authority.publish(key) for key in "xyz")
    assert authority.renew("a", "i0", 1) == Lease("i0", 3, changes[1:])
    assert authority.renew("a", "i0", 0) == Lease("i0", 3, None)
    assert authority.renew("b", "i9", 3) == Lease("i0", 3, None)


def test_a_worker_is_behind_until_a_renewal_says_that_it_has_applied() -> None:
    authority = Authority("i0")
    leaseholder = _joined(authority)
    change = authority.publish("x")
    assert authority.behind("i0", 1) == frozenset("a")
    leaseholder.changed(change)
    assert authority.behind("i0", 1) == frozenset("a")
    _renew(leaseholder, authority, 0.1)
    assert authority.behind("i0", 1) == frozenset()


def test_an_overtaken_renewal_takes_no_acknowledgement_back_and_gives_none() -> None:
    authority = Authority("i0")
    authority.renew("a", "", 0)
    authority.publish("x")
    authority.renew("a", "", 0)  # sent before the first, says nothing of the change
    assert authority.behind("i0", 1) == frozenset("a")
    authority.renew("a", "i0", 1)
    authority.renew("a", "i0", 0)
    assert authority.behind("i0", 1) == frozenset()


def test_another_incarnation_confirms_nothing_and_forgets_nobody() -> None:
    authority = Authority("i1")
    authority.renew("a", "", 0)
    authority.publish("x")
    assert authority.behind("i0", 1) is None
    authority.expire("i0", 1)
    assert authority.behind("i1", 1) == frozenset("a")


def test_only_those_who_have_not_renewed_since_are_forgotten() -> None:
    authority = Authority("i0")
    authority.renew("dead", "", 0)
    authority.renew("slow", "", 0)
    authority.publish("x")
    authority.renew("slow", "i0", 0)
    authority.expire("i0", 1)
    assert authority.behind("i0", 1) == frozenset({"slow"})


# --- the revoker -----------------------------------------------------------------------------


def _known(incarnation: str, since: float) -> Witness:
    witness = Witness(TERMS)
    witness.saw(incarnation, since)
    return witness


def test_a_barrier_opens_as_soon_as_nobody_is_behind() -> None:
    barrier = _known("i0", since=0.0).barrier(Authority("i0").publish("x"), 5.0)
    assert not barrier.is_open(5.0, frozenset("a"))
    assert barrier.is_open(5.0, frozenset())


def test_a_barrier_opens_when_every_lease_has_run_out() -> None:
    barrier = _known("i0", since=0.0).barrier(Authority("i0").publish("x"), 5.0)
    for heard in (frozenset("a"), None):
        assert not barrier.is_open(6.01, heard)
        assert barrier.is_open(6.02, heard)


def test_a_new_incarnation_opens_no_barrier_early() -> None:
    witness = _known("i0", since=0.0)
    witness.saw("i1", 4.5)
    witness.saw("i1", 4.9)
    barrier = witness.barrier(Authority("i1").publish("x"), 5.0)
    assert not barrier.is_open(5.51, frozenset())
    assert barrier.is_open(5.52, frozenset())


def test_a_first_publication_waits_in_full() -> None:
    barrier = Witness(TERMS).barrier(Authority("i0").publish("x"), 5.0)
    assert not barrier.is_open(6.01, frozenset())
    assert barrier.is_open(6.02, frozenset())


@pytest.mark.parametrize("terms", [TERMS, Terms()])
def test_the_slack_bears_clocks_that_are_two_percent_wrong(terms: Terms) -> None:
    assert terms.usable / 0.98 <= terms.wait / 1.02


@pytest.mark.parametrize("length", [0.2, 1.0, 10.0])
def test_a_tenth_of_a_lease_is_left_to_asking(length: float) -> None:
    terms = Terms(length)
    assert terms.wait + length / 10 == pytest.approx(length + terms.slack)
    assert terms.usable > 3 * terms.pace  # as many tries to renew
