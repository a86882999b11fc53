"""What every ledger promises, in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

import pytest
from anyio import create_task_group
from anyio.lowlevel import checkpoint

from gateway.core.api_keys import ApiKey, May
from gateway.core.documents import Address
from gateway.core.errors import AlreadyMoved, Conflict, Missing, Stale, UsedUp
from gateway.core.profiles import UNSAID, Mark, Profile
from gateway.core.rights import Grant, Scope, Standing
from gateway.ports import Answer, Ledger, Wanted
from tests.stores.conftest import Rivals
from tests.stores.things import ELSEWHERE, HERE, THERE, edition, grant

pytestmark = pytest.mark.anyio

CROWD = 12
CUTS = 12


async def at_once(attempts: list[Callable[[], Awaitable[object]]]) -> list[object]:
    """Make all attempts together; return what each gave or raised."""
    outcomes: list[object] = []

    async def make(attempt: Callable[[], Awaitable[object]]) -> None:
        try:
            outcomes.append(await attempt())
        except Exception as error:
            outcomes.append(error)

    async with create_task_group() as tasks:
        for attempt in attempts:
            tasks.start_soon(make, attempt)
    return outcomes


# --- publishers --------------------------------------------------------------------------------


async def test_every_key_of_a_publisher_names_it(ledger: Ledger) -> None:
    await ledger.add_publisher("demo", "hash-1", 1)
    await ledger.add_publisher("demo", "hash-2", 2)
    await ledger.add_publisher("demo", "hash-2", 3)
    known = [await ledger.key(f"hash-{n}") for n in (1, 2)]
    assert [key and key.publisher for key in known] == ["demo", "demo"]


async def test_a_publisher_without_a_key_is_named_by_none(ledger: Ledger) -> None:
    await ledger.add_publisher("demo", "", 1)
    assert await ledger.key("") is None
    assert await ledger.key("hash-1") is None


async def test_a_key_stays_whose_it_is(ledger: Ledger) -> None:
    await ledger.add_publisher("demo", "hash-1", 1)
    await ledger.add_publisher("other", "hash-1", 2)
    known = await ledger.key("hash-1")
    assert known
    assert known.publisher == "demo"


async def test_a_key_is_given_back_as_it_was_recorded_and_with_its_last_use(ledger: Ledger) -> None:
    facts = ("demo", "the shop's", frozenset({May.READ, May.GRANT}), 9_000)
    one, other = ApiKey("hash-1", *facts, made_at=5), ApiKey("hash-2", "demo", made_at=6)
    for key in (one, other, replace(one, label="another")):
        await ledger.add_key(key)
    await ledger.note_use("hash-1", 7)
    used = replace(one, used_at=7)
    assert await ledger.key("hash-1") == used
    assert await ledger.keys("demo") == [used, other]
    assert await ledger.keys("other") == []
    assert await ledger.is_publisher("demo")


async def test_a_key_that_is_ended_stays_ended_and_takes_its_sessions_along(
    ledger: Ledger,
) -> None:
    for name in ("hash-1", "hash-2"):
        await ledger.add_key(ApiKey(name, "demo"))
        await ledger.begin_session(f"of {name}", name, 5, 50)
    await ledger.end_key("hash-1", 7)
    await ledger.end_key("hash-1", 9)
    await ledger.add_key(ApiKey("hash-1", "demo"))
    ended = await ledger.key("hash-1")
    assert ended
    assert ended.ended_at == 7
    assert await ledger.session("of hash-1") is None
    assert await ledger.session("of hash-2") == await ledger.key("hash-2")


async def test_a_session_is_known_until_it_is_ended_or_over(ledger: Ledger) -> None:
    await ledger.add_key(ApiKey("hash-1", "demo"))
    for name, ends in (("s1", 50), ("s2", 50), ("s3", 10)):
        await ledger.begin_session(name, "hash-1", 5, ends)
    await ledger.end_session("s1")
    await ledger.begin_session("s4", "hash-1", 10, 60)
    known = [await ledger.session(f"s{n}") is not None for n in range(1, 6)]
    assert known == [False, True, False, True, False]


async def test_a_seed_is_kept_as_it_first_was_until_it_is_forgotten(ledger: Ledger) -> None:
    await ledger.keep_seed("demo", "k", "first", 5)
    await ledger.keep_seed("demo", "k", "second", 9)
    await ledger.keep_seed("other", "k", "theirs", 8)
    assert [await ledger.seed("demo", "k", since) for since in (4, 5)] == ["first", ""]
    await ledger.forget_seeds(5)
    assert await ledger.seed("demo", "k", 0) == ""
    assert await ledger.seed("other", "k", 0) == "theirs"


async def test_the_epoch_of_a_grants_tokens_only_rises(ledger: Ledger) -> None:
    await ledger.add_grant(grant("g1"))
    for epoch in (2, 1, 2):
        await ledger.renew("g1", epoch, 7)
        renewed = await ledger.grant("g1")
        assert renewed
        assert (renewed.epoch, renewed.version) == (2, 2)
    await ledger.renew("none", 1, 7)


# --- documents ---------------------------------------------------------------------------------


async def test_an_edition_is_given_back_as_it_was_recorded(ledger: Ledger) -> None:
    await ledger.make_current(edition("e1"), None)
    assert await ledger.current(HERE) == edition("e1")
    assert await ledger.edition(HERE, "e1") == edition("e1")


async def test_what_was_never_recorded_is_not_there(ledger: Ledger) -> None:
    assert await ledger.current(HERE) is None
    assert await ledger.edition(HERE, "e1") is None
    assert await ledger.editions(HERE, "", 10) == []
    assert await ledger.documents("demo", "", 10) == []


async def test_a_change_with_an_outdated_expectation_is_stale_and_leaves_nothing(
    ledger: Ledger,
) -> None:
    await ledger.make_current(edition("e1"), None)
    for expected in (None, "e0"):
        with pytest.raises(Stale) as caught:
            await ledger.make_current(edition("e2"), expected)
        assert caught.value.current == "e1"
        assert await ledger.edition(HERE, "e2") is None
    assert await ledger.current(HERE) == edition("e1")


async def test_a_stale_first_edition_makes_no_document(ledger: Ledger) -> None:
    with pytest.raises(Stale) as caught:
        await ledger.make_current(edition("e2"), "e1")
    assert caught.value.current is None
    assert await ledger.unsettled(10) == []
    assert await ledger.editions(HERE, "", 10) == []


@pytest.mark.parametrize("before", [None, "e0"])
async def test_two_writers_with_the_same_expectation_one_is_stale(
    rivals: Rivals, before: str | None
) -> None:
    if before:
        await rivals.one.make_current(edition(before), None)
    outcomes = await at_once(
        [partial(rivals[n % 2].make_current, edition(f"new-{n}"), before) for n in range(CROWD)]
    )
    assert outcomes.count(None) == 1
    assert sum(isinstance(outcome, Stale) for outcome in outcomes) == CROWD - 1
    assert len(await rivals.one.editions(HERE, "", CROWD)) == (2 if before else 1)


async def test_a_change_is_seen_by_others_when_it_returns(rivals: Rivals) -> None:
    await rivals.one.make_current(edition("e1"), None)
    assert await rivals.other.current(HERE) == edition("e1")
    await rivals.other.remove(HERE, "e1")
    assert await rivals.one.current(HERE) is None


async def test_a_change_that_is_cut_off_is_made_or_not_as_soon_as_that_is_known(
    rivals: Rivals,
) -> None:
    await rivals.one.make_current(edition("e0"), None)
    for turns in (*range(CUTS), *(2**n * CUTS for n in range(CUTS))):
        address = Address("demo", f"cut-{turns}")
        async with create_task_group() as tasks:
            tasks.start_soon(rivals.one.make_current, edition("e1", address), None)
            for _ in range(turns):
                await checkpoint()
            tasks.cancel_scope.cancel()
        seen = await rivals.other.current(address)
        await rivals.other.remove(HERE, "e0")  # waits for whoever is writing still
        await rivals.other.make_current(edition("e0"), None)
        assert await rivals.other.current(address) == seen


async def test_a_removed_document_is_gone_and_keeps_its_history(ledger: Ledger) -> None:
    await ledger.make_current(edition("e1"), None)
    await ledger.remove(HERE, "e1")
    assert await ledger.current(HERE) is None
    assert await ledger.documents("demo", "", 10) == []
    assert await ledger.editions(HERE, "", 10) == [edition("e1")]


async def test_a_removal_with_an_outdated_expectation_is_stale(ledger: Ledger) -> None:
    await ledger.make_current(edition("e1"), None)
    with pytest.raises(Stale):
        await ledger.remove(HERE, "e0")
    with pytest.raises(Stale):
        await ledger.remove(THERE, "e1")
    assert await ledger.current(HERE) == edition("e1")


async def test_a_removed_document_can_be_published_again(ledger: Ledger) -> None:
    await ledger.make_current(edition("e1"), None)
    await ledger.remove(HERE, "e1")
    await ledger.make_current(edition("e2"), None)
    assert await ledger.current(HERE) == edition("e2")


async def test_an_earlier_edition_made_current_again_is_not_recorded_twice(ledger: Ledger) -> None:
    await ledger.make_current(edition("e1"), None)
    await ledger.make_current(edition("e2"), "e1")
    await ledger.make_current(edition("e1"), "e2")
    assert await ledger.current(HERE) == edition("e1")
    assert [e.id for e in await ledger.editions(HERE, "", 10)] == ["e2", "e1"]


async def test_editions_page_newest_first_without_gap_or_repeat(ledger: Ledger) -> None:
    names = [f"e{n}" for n in (3, 1, 4, 15, 9, 2, 6)]  # recorded within one second
    before = None
    for name in names:
        await ledger.make_current(edition(name), before)
        await ledger.make_current(edition(name, THERE), before)
        before = name
    seen: list[str] = []
    while page := await ledger.editions(HERE, seen[-1] if seen else "", 3):
        seen += [e.id for e in page]
    assert seen == names[::-1]


async def test_editions_after_an_unknown_one_are_none(ledger: Ledger) -> None:
    await ledger.make_current(edition("e1"), None)
    await ledger.make_current(edition("e2", THERE), None)
    assert await ledger.editions(HERE, "e2", 10) == []


async def test_an_edition_is_found_under_its_own_address_only(ledger: Ledger) -> None:
    await ledger.make_current(edition("e1"), None)
    await ledger.make_current(edition("e1", ELSEWHERE), None)
    assert await ledger.edition(THERE, "e1") is None
    assert await ledger.current(ELSEWHERE) == edition("e1", ELSEWHERE)
    assert await ledger.current(HERE) == edition("e1")


async def test_documents_page_by_slug_without_gap_or_repeat(ledger: Ledger) -> None:
    slugs = ["a", "a-1", "a0", "aa", "b", "b-", "z9"]
    for n, slug in enumerate([*slugs[::-1], "gone"]):
        await ledger.make_current(edition(f"e{n}", Address("demo", slug)), None)
    await ledger.remove(Address("demo", "gone"), f"e{len(slugs)}")
    await ledger.make_current(edition("e1", ELSEWHERE), None)
    seen: list[str] = []
    while page := await ledger.documents("demo", seen[-1] if seen else "", 2):
        seen += [e.address.slug for e in page]
    assert seen == slugs


async def test_documents_of_a_collection_page_by_slug_as_they_are_now(ledger: Ledger) -> None:
    wanted = []
    for n in range(9):
        address = Address("demo", f"d{n}")
        before, now = ("x", "y") if n % 2 else ("y", "x")
        await ledger.make_current(edition(f"a{n}", address, collection=before), None)
        await ledger.make_current(edition(f"b{n}", address, collection=now), f"a{n}")
        wanted += [address.slug] if now == "x" else []
    await ledger.make_current(edition("e1", ELSEWHERE, collection="x"), None)
    await ledger.remove(Address("demo", "d4"), "b4")
    wanted.remove("d4")
    seen: list[str] = []
    while page := await ledger.documents("demo", seen[-1] if seen else "", 2, collection="x"):
        seen += [e.address.slug for e in page]
    assert seen == wanted


# --- what is unsettled -------------------------------------------------------------------------


async def test_every_change_of_a_document_is_unsettled_until_it_is_settled(ledger: Ledger) -> None:
    await ledger.make_current(edition("e1"), None)
    assert await ledger.unsettled(10) == [HERE]
    assert await ledger.settle(HERE, "e1")
    assert await ledger.unsettled(10) == []
    await ledger.remove(HERE, "e1")
    assert await ledger.unsettled(10) == [HERE]
    assert await ledger.settle(HERE, None)
    assert await ledger.unsettled(10) == []


async def test_a_document_settled_with_an_outdated_edition_stays_unsettled(ledger: Ledger) -> None:
    await ledger.make_current(edition("e1"), None)
    await ledger.make_current(edition("e2"), "e1")
    assert not await ledger.settle(HERE, "e1")
    assert not await ledger.settle(HERE, None)
    assert await ledger.unsettled(10) == [HERE]


async def test_what_is_unsettled_pages_by_publisher_and_slug(ledger: Ledger) -> None:
    places = sorted(Address(publisher, slug) for publisher in ("a", "a-b") for slug in "abc")
    for number, place in enumerate(reversed(places)):
        await ledger.make_current(edition(f"e{number}", place), None)
    seen: list[Address] = []
    while page := await ledger.unsettled(2, seen[-1] if seen else None):
        seen += page
    assert seen == places


async def test_nothing_is_settled_where_nothing_is(ledger: Ledger) -> None:
    assert await ledger.settle(HERE, None)
    assert not await ledger.settle(HERE, "e1")


async def test_settling_never_forgets_a_later_change(rivals: Rivals) -> None:
    await rivals.one.make_current(edition("e0"), None)
    current = "e0"
    for n in range(10):
        name, settled = f"new-{n}", current
        await at_once(
            [
                partial(rivals.one.make_current, edition(name), current),
                partial(rivals.other.settle, HERE, settled),
            ]
        )
        current = name
        assert await rivals.one.unsettled(10) == [HERE]


# --- erased ------------------------------------------------------------------------------------


async def test_what_was_deleted_waits_to_be_erased_until_it_is_published_again(
    ledger: Ledger,
) -> None:
    for address in (HERE, THERE):
        await ledger.make_current(edition("e1", address), None)
    assert await ledger.waiting(99, 9) == []
    await ledger.remove(HERE, "e1", 50)
    await ledger.remove(THERE, "e1", 40)
    assert await ledger.waiting(39, 9) == []
    assert await ledger.waiting(49, 9) == [THERE]
    assert await ledger.waiting(50, 9) == [THERE, HERE]
    assert await ledger.waiting(50, 1) == [THERE]
    await ledger.make_current(edition("e1"), None)
    assert await ledger.waiting(99, 9) == [THERE]


async def test_an_erasure_leaves_no_edition_and_lets_nobody_in_who_began_before_it(
    ledger: Ledger,
) -> None:
    for name, before in (("e1", None), ("e2", "e1")):
        await ledger.make_current(edition(name), before)
    await ledger.make_current(edition("e1", THERE), None)
    with pytest.raises(Stale):
        await ledger.begin_erasing(HERE, "e1")
    assert await ledger.edition(HERE, "e1")
    for current in ("e2", None):  # again, where a process died
        await ledger.begin_erasing(HERE, current)
        assert await ledger.erasures(HERE) == 1
    assert await ledger.editions(HERE, "", 9) == []
    assert await ledger.waiting(0, 9) == [HERE]
    assert HERE in await ledger.unsettled(9)
    for number in (0, 1, 2):
        with pytest.raises(Stale):
            await ledger.make_current(edition("e1"), None, number)
    for number in (0, 1, 1):
        await ledger.end_erasing(HERE, number)
    assert (await ledger.erasures(HERE), await ledger.waiting(99, 9)) == (2, [])
    with pytest.raises(Stale):
        await ledger.make_current(edition("e1"), None)
    with pytest.raises(Missing):
        await ledger.begin_erasing(HERE, None)
    await ledger.make_current(edition("e3"), None, 2)
    assert [each.id for each in await ledger.editions(HERE, "", 9)] == ["e3"]
    assert await ledger.edition(THERE, "e1")
    await ledger.scrub()


async def test_a_reader_that_is_forgotten_is_named_nowhere(ledger: Ledger) -> None:
    made = replace(grant("g1", source_ref="g0/r1", parent="g0"), source="code")
    await ledger.add_grant(grant("g0"))
    for right in (made, grant("g2")):
        await ledger.add_grant(right)
        for reader in ("r1", "r2"):
            await ledger.redeem(reader, right.id, 5)
    assert await ledger.forget("r1")
    assert await ledger.reader("r1") is None
    assert [device.reader for device in await ledger.devices("g2", 9)] == ["r2"]
    assert (await ledger.grant("g1")) == replace(made, source_ref="g0/g1")
    assert "reader:r1" in {each.key for each in await ledger.outbox(99)}
    assert not await ledger.forget("r1")


# --- grants ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), "abcde"),
        (Wanted(scopes=("all",)), "ae"),
        (Wanted(scopes=("all", "document:first")), "abde"),
        (Wanted(scopes=("document:first", "collection:x")), "bcd"),
        (Wanted(source="shop"), "bc"),
        (Wanted(source_ref="1"), "ab"),
        (Wanted(source="api", source_ref="1"), "a"),
        (Wanted(source_ref="1", scopes=("document:first", "all"), source="shop"), "b"),
        (Wanted(standing=Standing.REVOKED, now=50), "d"),
        (Wanted(standing=Standing.NOT_YET, now=50), "a"),
        (Wanted(standing=Standing.ENDED, now=50), "b"),
        (Wanted(standing=Standing.ENDED, now=49), ""),
        (Wanted(standing=Standing.STANDS, now=50), "ce"),
        (Wanted(standing=Standing.STANDS, now=99), "ace"),
        (Wanted(scopes=("all", "document:first"), standing=Standing.STANDS, now=99), "ae"),
    ],
)
async def test_grants_are_listed_as_they_are_wanted(
    ledger: Ledger, wanted: Wanted, found: str
) -> None:
    whole = replace(grant("a", source_ref="1", subject="s"), starts=0, ends=None)
    first, set_x = Scope.parse("demo", "document:first"), Scope.parse("demo", "collection:x")
    for right in (
        replace(whole, starts=99),
        replace(whole, id="b", scope=first, source="shop", ends=50),
        replace(whole, id="c", scope=set_x, source="shop", source_ref="2"),
        replace(whole, id="d", scope=first, source_ref="", subject="t"),
        replace(whole, id="e", source_ref="", source="other"),
        grant("f", publisher="other", source_ref="1"),
    ):
        await ledger.add_grant(right)
    await ledger.revoke("d", 7)
    for subject, known in (("", "abcde"), ("s", "abce")):
        listed = partial(ledger.grants, "demo", subject=subject, scope="", wanted=wanted)
        names = [name for name in found if name in known]
        assert [each.id for each in await listed(after="", limit=9)] == names
        after = [each.id for each in await listed(after="a", limit=1)]
        assert after == [name for name in names if name > "a"][:1]


async def test_a_grant_is_given_back_as_it_was_recorded(ledger: Ledger) -> None:
    for right in (
        grant("g1", "document:first", subject="读者", source_ref="order-1"),
        replace(grant("g2", "collection:series"), ends=None),
        grant("g3"),
    ):
        assert await ledger.add_grant(right) == right
        assert await ledger.grant(right.id) == right
    assert await ledger.grant("g4") is None


async def test_the_same_reference_gives_the_same_grant(ledger: Ledger) -> None:
    first = await ledger.add_grant(grant("g1", source_ref="order-1"))
    assert await ledger.add_grant(grant("g2", source_ref="order-1")) == first
    assert await ledger.grant("g2") is None


async def test_a_reference_is_one_only_with_its_source_its_scope_and_its_publisher(
    ledger: Ledger,
) -> None:
    rights = [
        grant("g1", source_ref="order-1"),
        grant("g2", "document:first", source_ref="order-1"),
        grant("g3", publisher="other", source_ref="order-1"),
        replace(grant("g4", source_ref="order-1"), source="shop"),
    ]
    assert [await ledger.add_grant(right) for right in rights] == rights


async def test_a_grant_without_reference_is_always_new(ledger: Ledger) -> None:
    for name in ("g1", "g2"):
        assert (await ledger.add_grant(grant(name))).id == name


async def test_an_id_that_is_taken_gives_nobody_elses_grant(ledger: Ledger) -> None:
    await ledger.add_grant(grant("g1"))
    for right in (grant("g1", publisher="other"), grant("g1", "document:x", source_ref="r")):
        with pytest.raises(Conflict):
            await ledger.add_grant(right)
    assert await ledger.grant("g1") == grant("g1")


async def test_one_reference_at_once_makes_one_grant(rivals: Rivals) -> None:
    outcomes = await at_once(
        [
            partial(rivals[n % 2].add_grant, grant(f"g{n}", source_ref="order-1"))
            for n in range(CROWD)
        ]
    )
    made = await rivals.one.grants("demo", subject="", scope="", after="", limit=CROWD)
    assert len(made) == 1
    assert outcomes == [made[0]] * CROWD


async def test_another_publishers_grant_is_not_listed(ledger: Ledger) -> None:
    await ledger.add_grant(grant("g1"))
    await ledger.add_grant(grant("g2", publisher="other", subject="s"))
    assert await ledger.grants("demo", subject="", scope="", after="", limit=9) == [grant("g1")]
    assert await ledger.grants("demo", subject="s", scope="", after="", limit=9) == []
    assert await ledger.grants("demo", subject="", scope="all", after="", limit=9) == [grant("g1")]


async def test_grants_page_by_id_without_gap_or_repeat(ledger: Ledger) -> None:
    names = sorted(["g-1", "g1", "g10", "g2", "ga", "z", "0"])
    for name in names[::-1]:
        await ledger.add_grant(grant(name))
    seen: list[str] = []
    while page := await ledger.grants(
        "demo", subject="", scope="", after=seen[-1] if seen else "", limit=2
    ):
        seen += [g.id for g in page]
    assert seen == names


async def test_grants_are_found_by_subject_and_by_scope(ledger: Ledger) -> None:
    rights = [
        grant("g1", "document:first", subject="甲"),
        grant("g2", "document:first", subject="乙"),
        grant("g3", "document:second", subject="甲"),
    ]
    for right in rights:
        await ledger.add_grant(right)

    async def found(subject: str, scope: str) -> list[str]:
        page = await ledger.grants("demo", subject=subject, scope=scope, after="", limit=9)
        return [g.id for g in page]

    assert await found("甲", "") == ["g1", "g3"]
    assert await found("", "document:first") == ["g1", "g2"]
    assert await found("甲", "document:second") == ["g3"]
    assert await found("丙", "") == []


async def test_the_first_revocation_is_the_one_on_record(ledger: Ledger) -> None:
    await ledger.add_grant(grant("g1"))
    await ledger.revoke("g1", 7)
    await ledger.revoke("g1", 9)
    await ledger.revoke("g2", 9)
    revoked = await ledger.grant("g1")
    assert revoked
    assert replace(revoked, version=1) == replace(grant("g1"), revoked_at=7)


async def test_a_revocation_is_never_undone_by_a_redemption(ledger: Ledger) -> None:
    await ledger.add_grant(grant("g1"))
    await ledger.redeem("r1", "g1", 5)
    await ledger.revoke("g1", 7)
    for reader in ("r1", "r2"):
        (gathered,) = (await ledger.redeem(reader, "g1", 9)).grants
        assert gathered.revoked_at == 7


async def test_a_revocation_is_never_undone_by_the_same_order_again(ledger: Ledger) -> None:
    await ledger.add_grant(grant("g1", source_ref="order-1"))
    await ledger.revoke("g1", 7)
    assert (await ledger.add_grant(grant("g2", source_ref="order-1"))).revoked_at == 7


async def test_a_revocation_is_never_lost_among_redemptions(rivals: Rivals) -> None:
    await rivals.one.add_grant(grant("g1", devices=CROWD))
    await at_once(
        [
            *[partial(rivals.one.redeem, f"r{n}", "g1", 5) for n in range(CROWD)],
            partial(rivals.other.revoke, "g1", 7),
        ]
    )
    for n in range(CROWD):
        reader = await rivals.one.reader(f"r{n}")
        assert reader
        assert [g.revoked_at for g in reader.grants] == [7]


# --- readers -----------------------------------------------------------------------------------


async def test_a_reader_gathers_what_it_redeems_in_that_order(ledger: Ledger) -> None:
    rights = [grant("g2"), grant("g1", "document:first"), grant("g3", publisher="other")]
    for at, right in enumerate(rights):
        await ledger.add_grant(right)
        await ledger.redeem("r1", right.id, at)
    reader = await ledger.reader("r1")
    assert reader
    assert list(reader.grants) == rights
    assert await ledger.reader("r2") is None


async def test_the_same_redemption_again_changes_nothing(ledger: Ledger) -> None:
    await ledger.add_grant(grant("g1", devices=1))
    first = await ledger.redeem("r1", "g1", 5)
    assert await ledger.redeem("r1", "g1", 6) == first


async def test_a_grant_has_no_more_readers_than_devices(ledger: Ledger) -> None:
    await ledger.add_grant(grant("g1", devices=2))
    await ledger.redeem("r1", "g1", 5)
    await ledger.redeem("r2", "g1", 5)
    with pytest.raises(UsedUp):
        await ledger.redeem("r3", "g1", 5)


async def test_a_refused_redemption_makes_no_reader(ledger: Ledger) -> None:
    await ledger.add_grant(grant("g1", devices=1))
    await ledger.redeem("r1", "g1", 5)
    with pytest.raises(UsedUp):
        await ledger.redeem("r2", "g1", 5)
    with pytest.raises(Missing):
        await ledger.redeem("r3", "g2", 5)
    assert await ledger.reader("r2") is None
    assert await ledger.reader("r3") is None


async def test_a_redeemed_device_limit_holds_under_a_race(rivals: Rivals) -> None:
    await rivals.one.add_grant(grant("g1", devices=3))
    outcomes = await at_once(
        [
            partial(rivals[n % 2].redeem, f"r{n % CROWD}", "g1", 5)
            for n in range(2 * CROWD)  # each reader tries twice
        ]
    )
    readers = [await rivals.one.reader(f"r{n}") for n in range(CROWD)]
    assert sum(reader is not None for reader in readers) == 3
    assert sum(isinstance(outcome, UsedUp) for outcome in outcomes) == 2 * (CROWD - 3)


async def test_one_reader_gathers_all_that_it_redeems_at_once(rivals: Rivals) -> None:
    rights = [grant(f"g{n:02}") for n in range(CROWD)]
    for right in rights:
        await rivals.one.add_grant(right)
    await at_once(
        [partial(rivals[n % 2].redeem, "r1", right.id, 5) for n, right in enumerate(rights)]
    )
    reader = await rivals.one.reader("r1")
    assert reader
    assert list(reader.grants) == rights


async def test_signing_out_raises_the_epoch_and_frees_the_places(ledger: Ledger) -> None:
    await ledger.add_grant(grant("g1", devices=1))
    first = await ledger.redeem("r1", "g1", 5)
    await ledger.sign_out("r1")
    await ledger.sign_out("r2")
    out = await ledger.reader("r1")
    assert out
    assert (out.grants, out.auth_epoch) == ((), first.auth_epoch + 1)
    assert await ledger.devices("g1", 9) == []
    again = await ledger.redeem("r1", "g1", 6)
    assert again == replace(first, auth_epoch=first.auth_epoch + 1, version=again.version)
    assert again.version > first.version
    assert await ledger.reader("r2") is None


async def test_a_reader_moves_once_and_again_for_whom_it_moved(ledger: Ledger) -> None:
    await ledger.add_grant(grant("g1", devices=1))
    first = await ledger.redeem("r1", "g1", 5)
    for _ in range(2):
        moved = await ledger.move("r1", first.auth_epoch, "one", 6)
        assert moved == await ledger.reader("r1")
        assert (moved.grants, moved.auth_epoch) == (first.grants, first.auth_epoch + 1)
        assert moved.version > first.version
    for epoch, to in ((first.auth_epoch, "other"), (first.auth_epoch - 1, "one")):
        with pytest.raises(AlreadyMoved):
            await ledger.move("r1", epoch, to, 6)
    await ledger.sign_out("r1")
    for to in ("one", "other"):
        with pytest.raises(AlreadyMoved):
            await ledger.move("r1", first.auth_epoch, to, 7)
    with pytest.raises(Missing):
        await ledger.move("r2", 0, "one", 7)


async def test_of_many_that_move_a_reader_at_once_one_does(rivals: Rivals) -> None:
    await rivals.one.add_grant(grant("g1"))
    first = await rivals.one.redeem("r1", "g1", 5)
    outcomes = await at_once(
        [partial(rivals[n % 2].move, "r1", first.auth_epoch, f"to{n}", 6) for n in range(8)]
    )
    assert sum(not isinstance(each, AlreadyMoved) for each in outcomes) == 1
    reader = await rivals.one.reader("r1")
    assert reader
    assert reader.auth_epoch == first.auth_epoch + 1


# --- answers -----------------------------------------------------------------------------------


async def test_the_first_answer_to_a_key_is_the_one_kept(ledger: Ledger) -> None:
    first = Answer("fingerprint", 201, b"\x00\xffbytes")
    await ledger.keep_answer("demo", "key", first, 5)
    await ledger.keep_answer("demo", "key", Answer("another", 200, b""), 6)
    assert await ledger.answer("demo", "key") == first


async def test_an_answer_is_its_publishers_alone(ledger: Ledger) -> None:
    await ledger.keep_answer("demo", "key", Answer("f", 201, b"1"), 5)
    await ledger.keep_answer("other", "key", Answer("g", 201, b"2"), 5)
    assert await ledger.answer("other", "key") == Answer("g", 201, b"2")
    assert await ledger.answer("demo", "other-key") is None


# --- all of it ---------------------------------------------------------------------------------


async def test_words_of_sql_are_words_like_any_other(ledger: Ledger) -> None:
    odd = "'; DROP TABLE grant_; -- %s :x ?"
    right: Grant = grant("g1", subject=odd, source_ref=odd)
    assert await ledger.add_grant(right) == right
    assert await ledger.grants("demo", subject=odd, scope="", after="", limit=9) == [right]
    assert await ledger.grants("demo", subject="%", scope="", after="", limit=9) == []


async def test_a_ledger_that_answers_says_so(ledger: Ledger) -> None:
    await ledger.ping()


# --- what publishers say of themselves ---------------------------------------------------------

SAID = Profile("Lamp", colour="#1a5fb4", mark=Mark("image/png", 4, 2, "origin", "digest", b"\0PNG"))


async def test_what_a_publisher_says_is_read_back_whole_by_every_process(rivals: Rivals) -> None:
    await rivals.one.add_publisher("demo", "", 1)
    assert await rivals.other.profile("demo") == UNSAID
    await rivals.one.keep_profile("demo", SAID, "")
    assert await rivals.other.profile("demo") == SAID
    assert await rivals.other.profile_stamp("demo") == SAID.stamp
    assert await rivals.other.profile("another") == UNSAID
    assert await rivals.other.profiles("", 9) == ["demo"]
    assert await rivals.other.profiles("demo", 9) == []
    assert not await rivals.one.examine()


async def test_what_nobody_publishes_says_nothing(rivals: Rivals) -> None:
    with pytest.raises(Missing):
        await rivals.one.keep_profile("demo", SAID, "")
    await rivals.one.doubt_profile("demo")
    assert await rivals.one.unshown("", 9) == []


async def test_of_many_who_say_something_else_at_once_one_does(rivals: Rivals) -> None:
    await rivals.one.add_publisher("demo", "", 1)
    says: list[Callable[[], Awaitable[object]]] = [
        partial(ledger.keep_profile, "demo", Profile(f"{name} {number}"), "")
        for name, ledger in (("one", rivals.one), ("other", rivals.other))
        for number in range(CROWD // 2)
    ]
    outcomes = await at_once(says)
    assert [type(each) for each in outcomes if each].count(Stale) == len(says) - 1
    ((_, changes, stamp),) = await rivals.one.unshown("", 9)
    assert (changes, stamp) == (1, (await rivals.other.profile("demo")).stamp)


async def test_what_comes_about_while_pages_are_set_again_is_not_settled(rivals: Rivals) -> None:
    await rivals.one.add_publisher("demo", "", 1)
    await rivals.one.keep_profile("demo", SAID, "")
    ((_, changes, _),) = await rivals.one.unshown("", 9)
    await rivals.other.doubt_profile("demo")
    await rivals.one.settle_profile("demo", changes)
    assert await rivals.one.is_unshown("demo")
    ((_, changes, _),) = await rivals.one.unshown("", 9)
    await rivals.one.settle_profile("demo", changes)
    await rivals.other.settle_profile("demo", changes - 1)  # of a worker that comes late
    assert not await rivals.other.is_unshown("demo")
    assert await rivals.one.unshown("", 9) == []


async def test_publishers_whose_pages_are_behind_are_told_in_order(rivals: Rivals) -> None:
    for name in ("c", "a", "b"):
        await rivals.one.add_publisher(name, "", 1)
        await rivals.one.keep_profile(name, SAID, "")
    await rivals.one.settle_profile("b", 1)
    assert [each.publisher for each in await rivals.other.unshown("", 9)] == ["a", "c"]
    assert [each.publisher for each in await rivals.other.unshown("a", 9)] == ["c"]
    assert [each.publisher for each in await rivals.other.unshown("", 1)] == ["a"]
