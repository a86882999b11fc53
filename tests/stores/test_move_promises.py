"""What every ledger promises of documents that get another address."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

import pytest

from gateway.core.cache_keys import document_key, grant_key, reader_key
from gateway.core.documents import Address
from gateway.core.errors import Stale
from gateway.core.rights import Scope
from gateway.ports import Ledger
from tests.stores.conftest import Rivals
from tests.stores.test_ledger_promises import at_once
from tests.stores.things import ELSEWHERE, HERE, THERE, code, edition, grant

pytestmark = pytest.mark.anyio

FURTHER = Address("demo", "third")


async def moved(ledger: Ledger) -> None:
    """Record a document that moved from HERE to THERE."""
    await ledger.make_current(edition("e1"), None)
    await ledger.rename(edition("e1"), edition("e2", THERE))


async def test_a_document_is_at_its_new_address_and_its_old_one_leads_there(ledger: Ledger) -> None:
    await moved(ledger)
    assert await ledger.current(HERE) is None
    assert await ledger.current(THERE) == edition("e2", THERE)
    assert [await ledger.moved(a) for a in (HERE, THERE, ELSEWHERE)] == ["second", "", ""]
    assert await ledger.former(THERE) == [HERE]
    assert await ledger.unsettled(9) == [HERE, THERE]
    assert [e.id for e in await ledger.editions(HERE, "", 9)] == ["e1"]  # its history
    told = {each.key for each in await ledger.outbox(99)}
    assert {document_key(HERE), document_key(THERE)} <= told


async def test_every_address_that_a_document_had_leads_to_where_it_is(ledger: Ledger) -> None:
    await moved(ledger)
    await ledger.settle(HERE, None, "second")
    await ledger.rename(edition("e2", THERE), edition("e3", FURTHER))
    assert await ledger.former(FURTHER) == [HERE, THERE]
    assert await ledger.former(THERE) == []
    assert await ledger.unsettled(9) == [HERE, THERE, FURTHER]


async def test_an_old_address_is_given_back_to_whatever_is_published_there(ledger: Ledger) -> None:
    await moved(ledger)
    await ledger.make_current(edition("e4"), None)
    assert await ledger.moved(HERE) == ""
    assert await ledger.current(THERE) == edition("e2", THERE)
    await ledger.remove(HERE, "e4")
    assert await ledger.moved(HERE) == ""


async def test_an_edition_is_of_its_document_wherever_that_is(ledger: Ledger) -> None:
    await moved(ledger)
    await ledger.make_current(edition("e4"), None)
    await ledger.rename(edition("e2", THERE), edition("e3", FURTHER))
    assert [e.id for e in await ledger.editions(HERE, "", 9)] == ["e4"]
    assert await ledger.edition(HERE, "e1") is None
    assert await ledger.of_others(HERE) == {"e1"}
    assert await ledger.elsewhere(FURTHER) == [edition("e1"), edition("e2", THERE)]
    await ledger.rename(edition("e3", FURTHER), edition("e5", THERE))
    assert await ledger.elsewhere(THERE) == [edition("e1"), edition("e3", FURTHER)]
    assert [e.id for e in await ledger.editions(THERE, "", 9)] == ["e5", "e2"]
    assert await ledger.elsewhere(HERE) == []


async def test_what_is_made_current_where_it_lies_is_of_the_document_there(ledger: Ledger) -> None:
    await moved(ledger)
    await ledger.make_current(edition("e1"), None)
    assert await ledger.elsewhere(THERE) == []
    assert [e.id for e in await ledger.editions(HERE, "", 9)] == ["e1"]


async def test_the_record_of_an_erased_document_is_gone_wherever_it_lay(ledger: Ledger) -> None:
    await moved(ledger)
    await ledger.make_current(edition("e4"), None)
    await ledger.begin_erasing(THERE, "e2")
    assert await ledger.elsewhere(THERE) == [edition("e1")]
    await ledger.end_erasing(THERE, 1)
    assert await ledger.all_editions(None, 9) == [edition("e4")]
    assert await ledger.of_others(HERE) == set()


async def test_a_document_may_move_back(ledger: Ledger) -> None:
    await moved(ledger)
    await ledger.rename(edition("e2", THERE), edition("e5"))
    assert await ledger.current(HERE) == edition("e5")
    assert [await ledger.moved(HERE), await ledger.moved(THERE)] == ["", "first"]


async def test_nothing_moves_that_has_changed_or_to_where_something_is(ledger: Ledger) -> None:
    await ledger.make_current(edition("e1"), None)
    await ledger.make_current(edition("e2", THERE), None)
    await ledger.make_current(edition("e3", ELSEWHERE), None)
    with pytest.raises(Stale):
        await ledger.rename(edition("e0"), edition("e4", FURTHER))
    with pytest.raises(Stale):
        await ledger.rename(edition("e1"), edition("e4", THERE))
    assert await ledger.edition(FURTHER, "e4") is None
    assert await ledger.current(HERE) == edition("e1")
    assert await ledger.current(THERE) == edition("e2", THERE)
    assert await ledger.current(ELSEWHERE) == edition("e3", ELSEWHERE)


async def test_an_address_is_settled_only_as_what_it_is(ledger: Ledger) -> None:
    await moved(ledger)
    assert not await ledger.settle(HERE, None)
    assert not await ledger.settle(HERE, None, "third")
    assert HERE in await ledger.unsettled(9)
    assert await ledger.settle(HERE, None, "second")
    assert await ledger.settle(THERE, "e2")
    assert await ledger.unsettled(9) == []


async def test_rights_and_codes_go_along_and_their_holders_hear_of_it(ledger: Ledger) -> None:
    await ledger.make_current(edition("e1"), None)
    of_it = replace(code("c1"), scope=Scope.parse("demo", "document:first"))
    await ledger.add_codes([of_it])
    await ledger.add_grant(grant("g1", "document:first", source_ref="r1"))
    await ledger.add_grant(grant("g2", "document:first"))
    await ledger.add_grant(grant("g3", "document:first", "other"))
    await ledger.add_grant(grant("g4", "collection:first"))
    await ledger.redeem("reader", "g1", 5)
    before = await ledger.reader("reader")
    await ledger.confirm(await ledger.outbox(99))
    await ledger.rename(edition("e1"), edition("e2", THERE))
    scopes = [str(g.scope) for n in range(1, 5) if (g := await ledger.grant(f"g{n}"))]
    assert scopes == ["document:second", "document:second", "document:first", "collection:first"]
    known, after = await ledger.code_by_id("c1"), await ledger.reader("reader")
    assert known
    assert str(known.scope) == "document:second"
    assert before
    assert after
    assert after.version > before.version
    told = {each.key for each in await ledger.outbox(99)}
    assert {grant_key("g1"), grant_key("g2"), reader_key("reader")} <= told


async def test_who_has_the_right_to_the_new_address_already_keeps_both(ledger: Ledger) -> None:
    await ledger.make_current(edition("e1"), None)
    for name, slug in (("g1", "first"), ("g2", "second")):
        await ledger.add_grant(grant(name, f"document:{slug}", source_ref="r1"))
    await ledger.rename(edition("e1"), edition("e2", THERE))
    scopes = [str(g.scope) for n in (1, 2) if (g := await ledger.grant(f"g{n}"))]
    assert scopes == ["document:first", "document:second"]


async def test_a_right_to_an_old_address_is_one_to_the_new(ledger: Ledger) -> None:
    await ledger.add_grant(grant("g0", "document:first", source_ref="r0"))
    await moved(ledger)
    again = await ledger.add_grant(grant("g1", "document:first", source_ref="r0"))
    new = await ledger.add_grant(grant("g2", "document:first", source_ref="r2"))
    await ledger.add_codes([replace(code(), scope=Scope.parse("demo", "document:first"))])
    known = await ledger.code_by_id("c1")
    assert (again.id, str(new.scope)) == ("g0", "document:second")
    assert known
    assert str(known.scope) == "document:second"


async def test_an_address_that_is_erased_leads_nowhere(ledger: Ledger) -> None:
    await moved(ledger)
    await ledger.begin_erasing(HERE, None)
    assert await ledger.moved(HERE) == ""
    assert await ledger.former(THERE) == []


async def test_of_many_who_move_a_document_one_does(rivals: Rivals) -> None:
    await rivals.one.make_current(edition("e1"), None)
    places = [Address("demo", f"to-{number}") for number in range(5)]
    ledgers = (rivals.one, rivals.other) * 3
    attempts: list[Callable[[], Awaitable[object]]] = [
        partial(ledger.rename, edition("e1"), edition("e2", place))
        for ledger, place in zip(ledgers, places, strict=False)
    ]
    outcomes = await at_once(attempts)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType"] + ["Stale"] * 4
    documents = await rivals.other.documents("demo", "", 9)
    assert [e.address for e in documents] == [Address("demo", await rivals.other.moved(HERE))]
