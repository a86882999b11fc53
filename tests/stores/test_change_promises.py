"""What every ledger promises of changes: who has to hear of them, and that counts are exact."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from gateway.core.api_keys import ApiKey
from gateway.core.audit_chains import Anchor
from gateway.core.cache_keys import SIGNING_KEYS, api_key_key, document_key, grant_key, reader_key
from gateway.core.errors import Conflict, Expired, Missing, Revoked, Stale, UsedUp
from gateway.core.tokens import KeyState
from gateway.ports import Ledger, Outgoing, Reader
from gateway.stores.sql.engines import open_engines
from gateway.stores.sql.ledger import open_ledger
from gateway.stores.sql.tables import metadata
from tests.stores.conftest import Rivals
from tests.stores.test_ledger_promises import at_once
from tests.stores.things import HERE, code, edition, grant

pytestmark = pytest.mark.anyio

CROWD = 12


async def noted(ledger: Ledger) -> list[str]:
    """Take what is outgoing, and confirm it."""
    outbox = await ledger.outbox(1_000)
    await ledger.confirm(outbox)
    return sorted({each.key for each in outbox})


# --- who has to hear ---------------------------------------------------------------------------


async def test_every_change_of_a_right_or_a_document_is_outgoing(ledger: Ledger) -> None:
    changes: list[tuple[Callable[[], Awaitable[object]], list[str]]] = [
        (partial(ledger.make_current, edition("e1"), None), [document_key(HERE)]),
        (partial(ledger.remove, HERE, "e1"), [document_key(HERE)]),
        (partial(ledger.add_grant, grant("g1")), [grant_key("g1")]),
        (partial(ledger.redeem, "r1", "g1", 5), [reader_key("r1")]),
        (partial(ledger.redeem, "r1", "g1", 6), [reader_key("r1")]),
        (partial(ledger.sign_out, "r1"), [reader_key("r1")]),
        (partial(ledger.redeem, "r1", "g1", 7), [reader_key("r1")]),
        (partial(ledger.renew, "g1", 1, 7), [grant_key("g1")]),
        (partial(ledger.add_key, ApiKey("hash", "demo")), []),
        (partial(ledger.end_key, "hash", 7), [api_key_key("hash")]),
        (partial(ledger.revoke, "g1", 7), [grant_key("g1"), reader_key("r1")]),
        (partial(ledger.revoke, "g1", 8), [grant_key("g1"), reader_key("r1")]),
        (partial(ledger.evict, "g1", "r1"), [reader_key("r1")]),
        (partial(ledger.set_signing_keys, {}, {"k1": KeyState.ACTIVE}, 9), [SIGNING_KEYS]),
        (partial(ledger.add_codes, [code("c1")]), []),
        (
            partial(ledger.redeem_code, "c1", grant("g2", parent="c1"), "r2", 9),
            [grant_key("g2"), reader_key("r2")],
        ),
    ]
    for change, keys in changes:
        await change()
        assert await noted(ledger) == keys


async def test_the_same_order_again_is_told_again(ledger: Ledger) -> None:
    await ledger.add_grant(grant("g1", source_ref="order"))
    await noted(ledger)
    await ledger.add_grant(grant("g2", source_ref="order"))
    assert await noted(ledger) == [grant_key("g1")]


async def test_a_change_that_fails_is_not_outgoing(ledger: Ledger) -> None:
    await ledger.add_grant(grant("g1", devices=1))
    await ledger.redeem("r1", "g1", 5)
    await noted(ledger)
    with pytest.raises(UsedUp):
        await ledger.redeem("r2", "g1", 5)
    with pytest.raises(Stale):
        await ledger.remove(HERE, "e1")
    assert await noted(ledger) == []


async def test_only_what_was_confirmed_is_forgotten_and_no_number_comes_twice(
    ledger: Ledger,
) -> None:
    await ledger.add_grant(grant("g1"))
    first = await ledger.outbox(10)
    await ledger.add_grant(grant("g2"))
    await ledger.confirm(first)
    second = await ledger.outbox(10)
    assert [each.key for each in second] == [grant_key("g2")]
    await ledger.confirm(second)
    await ledger.confirm([])
    await ledger.add_grant(grant("g3"))
    assert {each.seq for each in await ledger.outbox(10)}.isdisjoint(
        each.seq for each in (*first, *second)
    )


async def test_outgoing_changes_come_oldest_first_and_page(ledger: Ledger) -> None:
    for number in range(5):
        await ledger.add_grant(grant(f"g{number}"))
    seen: list[Outgoing] = []
    while page := await ledger.outbox(2):
        await ledger.confirm(page)
        seen += page
    assert [each.key for each in seen] == [grant_key(f"g{number}") for number in range(5)]


async def test_a_version_rises_with_every_change_of_its_holder(ledger: Ledger) -> None:
    await ledger.add_grant(grant("g1"))
    await ledger.add_grant(grant("g2"))
    versions = [(await ledger.redeem("r1", "g1", 5)).version]

    async def version() -> int:
        reader = await ledger.reader("r1")
        assert reader
        return reader.version

    for change in (
        partial(ledger.redeem, "r1", "g2", 6),
        partial(ledger.revoke, "g1", 7),
        partial(ledger.evict, "g2", "r1"),
        partial(ledger.sign_out, "r1"),
    ):
        await change()
        versions.append(await version())
    assert versions == sorted(set(versions))
    revoked = await ledger.grant("g1")
    assert revoked
    assert revoked.version > grant("g1").version


# --- what comes from what ----------------------------------------------------------------------


async def test_a_revocation_takes_all_that_came_from_it(ledger: Ledger) -> None:
    for name, parent in (("g1", ""), ("g2", "g1"), ("g3", "g2"), ("g4", "g1"), ("g5", "")):
        await ledger.add_grant(grant(name, parent=parent))
    await ledger.redeem("r3", "g3", 5)
    await noted(ledger)
    await ledger.revoke("g1", 7)
    assert await noted(ledger) == [*map(grant_key, ("g1", "g2", "g3", "g4")), reader_key("r3")]
    rights = [await ledger.grant(f"g{number}") for number in range(1, 6)]
    assert [right.revoked_at for right in rights if right] == [7, 7, 7, 7, None]


async def test_nothing_comes_from_what_is_revoked_or_unknown(ledger: Ledger) -> None:
    await ledger.add_grant(grant("g1"))
    await ledger.revoke("g1", 7)
    with pytest.raises(Revoked):
        await ledger.add_grant(grant("g2", parent="g1"))
    with pytest.raises(Missing):
        await ledger.add_grant(grant("g2", parent="g9"))
    assert await ledger.grant("g2") is None


async def test_no_child_outlives_its_parent_in_a_race(rivals: Rivals) -> None:
    await rivals.one.add_grant(grant("g0"))
    births = [
        partial(ledger.add_grant, grant(f"g{number + 1}", parent="g0"))
        for number, ledger in zip(range(CROWD), itertools.cycle(rivals), strict=False)
    ]
    births.insert(CROWD // 2, partial(rivals.other.revoke, "g0", 7))  # type: ignore[arg-type]
    outcomes = await at_once(births)  # type: ignore[arg-type]
    assert all(
        outcome is None or not isinstance(outcome, Exception) or isinstance(outcome, Revoked)
        for outcome in outcomes
    )
    found = await rivals.one.grants("demo", subject="", scope="", after="", limit=99)
    assert [right.id for right in found if right.revoked_at is None] == []


# --- codes -------------------------------------------------------------------------------------


def from_code(
    name: str, reader: str, code: str = "c1", at: int = 5
) -> Callable[[Ledger], Awaitable[Reader]]:
    """Return a redemption of a code by a reader; the name is of the grant that it would make."""
    made = replace(grant(name, parent=code, devices=2), source="code")
    return lambda ledger: ledger.redeem_code(code, made, reader, at)


async def test_a_code_is_given_back_as_it_was_recorded(ledger: Ledger) -> None:
    await ledger.add_codes([code("c1"), code("c2")])
    assert await ledger.code("hash of c2") == code("c2")
    assert await ledger.code("hash of c3") is None
    assert await ledger.codes("demo", "c1", 9) == [code("c2")]
    assert await ledger.codes("other", "", 9) == []
    assert await ledger.codes("demo", "", 9, scope="document:first") == []
    assert await ledger.codes("demo", "", 9, scope="all") == [code("c1"), code("c2")]
    assert await ledger.code_by_id("c2") == code("c2")
    assert await ledger.code_by_id("c3") is None


async def test_codes_are_recorded_all_or_none(ledger: Ledger) -> None:
    await ledger.add_codes([code("c1")])
    with pytest.raises(Conflict):
        await ledger.add_codes([code("c2"), replace(code("c3"), hash="hash of c1")])
    assert await ledger.codes("demo", "", 9) == [code("c1")]


async def test_a_code_is_used_as_often_as_it_can_be(ledger: Ledger) -> None:
    await ledger.add_codes([code("c1", uses=2)])
    for number in range(2):
        (right,) = (await from_code(f"g{number}", f"r{number}")(ledger)).grants
        assert right.id == f"g{number}"
    with pytest.raises(UsedUp):
        await from_code("g9", "r9")(ledger)
    assert await ledger.grant("g9") is None
    used = await ledger.code("hash of c1")
    assert used
    assert used.uses == 2


async def test_the_same_redemption_of_a_code_again_uses_nothing(ledger: Ledger) -> None:
    await ledger.add_codes([code("c1", uses=1)])
    first = await from_code("g1", "r1")(ledger)
    assert (await from_code("g2", "r1")(ledger)).grants == first.grants


async def test_a_code_good_for_one_use_opens_its_grant_wherever_a_device_is_free(
    ledger: Ledger,
) -> None:
    await ledger.add_codes([code("c1", uses=1)])
    for number in range(2):
        (right,) = (await from_code(f"g{number}", f"r{number}")(ledger)).grants
        assert right.id == "g0"
    with pytest.raises(UsedUp):
        await from_code("g2", "r2")(ledger)
    assert await ledger.reader("r2") is None
    await ledger.sign_out("r0")
    (right,) = (await from_code("g3", "r2")(ledger)).grants
    assert right.id == "g0"
    with pytest.raises(UsedUp):
        await from_code("g4", "r0")(ledger)
    await ledger.evict("g0", "r1")
    assert (await from_code("g5", "r0")(ledger)).auth_epoch == 1
    used = await ledger.code("hash of c1")
    assert used
    assert used.uses == 1


async def test_of_a_code_good_for_many_a_grant_is_opened_again_once_nobody_holds_it(
    ledger: Ledger,
) -> None:
    await ledger.add_codes([code("c1", uses=2)])
    for number in range(2):
        await from_code(f"g{number}", f"r{number}")(ledger)
    for reader in ("r2", "r3"):
        with pytest.raises(UsedUp):
            await from_code("g9", reader)(ledger)
    await ledger.sign_out("r1")
    (right,) = (await from_code("g9", "r2")(ledger)).grants
    assert right.id == "g1"
    with pytest.raises(UsedUp):
        await from_code("g9", "r1")(ledger)


async def test_a_code_whose_grant_is_over_says_how_it_ended(ledger: Ledger) -> None:
    await ledger.add_codes([code("c1"), code("c2")])
    for name in ("c1", "c2"):
        await from_code(f"of {name}", "r1", name)(ledger)
    await ledger.revoke("of c1", 7)
    with pytest.raises(Revoked):
        await from_code("g", "r2", "c1")(ledger)
    with pytest.raises(Expired):
        await from_code("g", "r2", "c2", at=4_000_000_000)(ledger)


async def test_a_code_makes_no_new_grant_after_its_last_day(ledger: Ledger) -> None:
    late = 3_999_999_999
    await ledger.add_codes([replace(code(name), expires=late) for name in ("c1", "c2")])
    await from_code("g1", "r1", at=late - 1)(ledger)
    assert [g.id for g in (await from_code("g2", "r2", at=late)(ledger)).grants] == ["g1"]
    with pytest.raises(Expired):
        await from_code("g3", "r3", "c2", at=late)(ledger)


async def test_the_places_of_a_code_hold_under_a_race(rivals: Rivals) -> None:
    await rivals.one.add_codes([code("c1", uses=1)])
    ledgers = itertools.cycle(rivals)
    attempts: list[Callable[[], Awaitable[object]]] = [
        partial(from_code(f"g{number}", f"r{number // 2}"), next(ledgers))
        for number in range(2 * CROWD)
    ]
    outcomes = await at_once(attempts)
    winners = {each.id for each in outcomes if isinstance(each, Reader)}
    assert sum(isinstance(each, UsedUp) for each in outcomes) == 2 * (CROWD - 2)
    (right,) = await rivals.one.grants("demo", subject="", scope="", after="", limit=99)
    assert {device.reader for device in await rivals.one.devices(right.id, 99)} == winners
    assert len(winners) == 2


async def test_a_code_that_is_unknown_or_revoked_opens_nothing(ledger: Ledger) -> None:
    with pytest.raises(Missing):
        await from_code("g1", "r1")(ledger)
    await ledger.add_codes([code("c1", uses=9)])
    await from_code("g1", "r1")(ledger)
    await ledger.revoke("c1", 7)
    with pytest.raises(Revoked):
        await from_code("g2", "r2")(ledger)
    right = await ledger.grant("g1")
    assert right
    assert right.revoked_at == 7


async def test_a_code_is_never_used_more_often_in_a_race(rivals: Rivals) -> None:
    await rivals.one.add_codes([code("c1", uses=5)])
    ledgers = itertools.cycle(rivals)
    attempts: list[Callable[[], Awaitable[object]]] = [
        partial(from_code(f"g{number}", f"r{number // 2}"), next(ledgers))
        for number in range(2 * CROWD)
    ]
    outcomes = Counter(type(outcome) for outcome in await at_once(attempts))
    assert outcomes[Reader] + outcomes[UsedUp] == 2 * CROWD
    used = await rivals.one.code("hash of c1")
    assert used
    found = await rivals.one.grants("demo", subject="", scope="", after="", limit=99)
    assert used.uses == len(found) == 5


# --- devices -----------------------------------------------------------------------------------


async def test_an_evicted_reader_loses_the_grant_and_makes_room(ledger: Ledger) -> None:
    await ledger.add_grant(grant("g1", devices=1))
    await ledger.redeem("r1", "g1", 5)
    assert [device.reader for device in await ledger.devices("g1", 9)] == ["r1"]
    assert await ledger.evict("g1", "r1")
    assert not await ledger.evict("g1", "r1")
    evicted = await ledger.reader("r1")
    assert evicted
    assert evicted.grants == ()
    assert (await ledger.redeem("r2", "g1", 6)).grants == (grant("g1", devices=1),)


# --- signing keys and anchors ------------------------------------------------------------------


async def test_signing_keys_change_only_from_what_was_seen(ledger: Ledger) -> None:
    first = {"k1": KeyState.ACTIVE}
    await ledger.set_signing_keys({}, first, 5)
    second = {"k1": KeyState.VERIFY_ONLY, "k2": KeyState.ACTIVE}
    for before in ({}, {"k1": KeyState.PENDING}, {**first, "k9": KeyState.RETIRED}):
        with pytest.raises(Stale):
            await ledger.set_signing_keys(before, second, 6)
        assert await ledger.signing_keys() == first
    await ledger.set_signing_keys(first, second, 7)
    assert await ledger.signing_keys() == second


async def test_of_two_that_change_the_signing_keys_one_is_stale(rivals: Rivals) -> None:
    first = {"k1": KeyState.ACTIVE}
    await rivals.one.set_signing_keys({}, first, 5)
    attempts: list[Callable[[], Awaitable[object]]] = [
        partial(ledger.set_signing_keys, first, {**first, "k2": KeyState.PENDING}, 6)
        for ledger in (*rivals, *rivals)
    ]
    outcomes = Counter(type(outcome) for outcome in await at_once(attempts))
    assert outcomes == {type(None): 1, Stale: 3}


async def test_an_anchor_only_rises(ledger: Ledger) -> None:
    for number in (3, 7, 5):
        await ledger.anchor(Anchor("chain", number, f"hash {number}", number))
    await ledger.anchor(Anchor("a-chain", 1, "h", 1))
    assert await ledger.anchors() == [
        Anchor("a-chain", 1, "h", 1),
        Anchor("chain", 7, "hash 7", 7),
    ]


# --- the schema --------------------------------------------------------------------------------


async def test_the_migrations_make_the_tables_that_the_ledger_knows(ledger_url: str) -> None:
    await (await open_ledger(ledger_url)).close()

    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    engines = open_engines(ledger_url)
    assert await engines.read(differences) == []
    await engines.close()


async def test_a_ledger_of_the_first_schema_keeps_its_rights(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    engines = open_engines(url)

    def first_schema(connection: Connection) -> None:
        from alembic import command

        from gateway.stores.sql.schema import alembic_config

        command.upgrade(alembic_config(connection), "0001")
        connection.exec_driver_sql("INSERT INTO publisher VALUES ('demo', 1)")
        connection.exec_driver_sql(
            "INSERT INTO grant_ VALUES ('g1', 'demo', 'all', '', '', 'api', NULL, 1, NULL, 5,"
            " NULL, 1)"
        )

    await engines.change(first_schema)
    await engines.close()
    ledger = await open_ledger(url)
    right = await ledger.grant("g1")
    assert right
    assert (right.version, right.parent, right.revoked_at) == (1, "", None)
    assert (await ledger.redeem("r1", "g1", 5)).grants == (right,)
    await ledger.close()
