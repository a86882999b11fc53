"""Reading from leased memory: as fast as memory allows, and never from before a change."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from gateway.core.bundles import IDENTITY, Damaged, Variant
from gateway.core.documents import Address
from gateway.core.errors import Missing, Revoked, Unavailable, Unpaid
from gateway.core.leases import Terms
from gateway.core.permits import Permit
from gateway.stores.leased_cache import DirectCoherence, LeasedCoherence
from gateway.stores.memory import MemoryVault
from gateway.usecases.reading import Credential
from tests.support.authorities import LocalAuthority
from tests.support.services import Standing, beside, gateway

pytestmark = pytest.mark.anyio

HERE = Address("demo", "report")
SOURCE = "Report\n\nFree.##paidbegin## Paid.##paidend##\n"
TERMS = Terms(length=0.2)


@asynccontextmanager
async def two_workers(authority: LocalAuthority) -> AsyncIterator[tuple[Standing, Standing]]:
    """Open two gateways on the same stores, each with a leased memory of its own."""
    memories = [LeasedCoherence(authority, TERMS) for _ in range(2)]
    one = beside(gateway(), memories[0])
    other = beside(one, memories[1])
    for memory in memories:
        memory.start()
    try:
        await one.publish("report", SOURCE)
        yield one, other
    finally:
        for memory in memories:
            await memory.close()


async def warm(worker: Standing, credential: Credential) -> None:
    """Read until memory alone can tell."""
    while worker.services.reading.ready(HERE, credential, "html.en") is None:
        await worker.services.reading.open(HERE, credential, "html.en")


async def test_what_was_read_once_is_answered_from_memory() -> None:
    async with two_workers(LocalAuthority()) as (one, other):
        _, token = await one.grant("all")
        credential = Credential(bearer=token)
        assert other.services.reading.ready(HERE, credential, "html.en") is None
        await warm(other, credential)
        opened = await other.services.reading.open(HERE, credential, "html.en")
        variant = other.services.reading.ready(HERE, credential, "html.en")
        assert variant is not None
        assert variant.body == opened.text.body


class Watched(MemoryVault):
    """A vault that counts who waits for it."""

    waited = 0

    async def form(self, permit: Permit, form: str, coding: str = IDENTITY) -> Variant:
        self.waited += 1
        return await super().form(permit, form, coding)


async def test_who_can_wait_waits_for_no_text_that_is_at_hand() -> None:
    vault = Watched()
    standing = beside(replace(gateway(), vault=vault), DirectCoherence())
    await standing.publish("report", SOURCE)
    credential = Credential(bearer=(await standing.grant("all"))[1])
    opened = await standing.services.reading.open(HERE, credential, "html.en")
    assert (b"Paid." in opened.text.body, vault.waited) == (True, 0)


class Harmed(Watched):
    """A vault that finds what is at hand damaged."""

    def at_hand(self, permit: Permit, form: str, coding: str = IDENTITY) -> Variant | None:
        raise Damaged


async def test_what_is_damaged_at_hand_is_waited_for() -> None:
    vault = Harmed()
    standing = beside(replace(gateway(), vault=vault), DirectCoherence())
    await standing.publish("report", SOURCE)
    credential = Credential(bearer=(await standing.grant("all"))[1])
    opened = await standing.services.reading.open(HERE, credential, "html.en")
    assert (b"Paid." in opened.text.body, vault.waited) == (True, 1)


async def test_a_revocation_that_is_acknowledged_is_known_to_every_memory() -> None:
    async with two_workers(LocalAuthority()) as (one, other):
        grant, token = await one.grant("all")
        credential = Credential(bearer=token)
        cookie = Credential(cookie=(await one.services.redeeming.redeem(token, None)).cookie)
        for credential in (Credential(bearer=token), cookie):
            await warm(other, credential)
        assert await one.services.granting.revoke("demo", grant.id)
        for credential in (Credential(bearer=token), cookie):
            assert other.services.reading.ready(HERE, credential, "html.en") is None
            with pytest.raises(Revoked):
                await other.services.reading.open(HERE, credential, "html.en")
            with pytest.raises(Revoked):
                other.services.reading.ready(HERE, credential, "html.en")


async def test_a_deleted_or_moved_document_is_known_to_every_memory() -> None:
    async with two_workers(LocalAuthority()) as (one, other):
        await one.publish("report", f"---\ncollection: news\n---\n{SOURCE}")
        _, token = await one.grant("collection:news")
        credential = Credential(bearer=token)
        await warm(other, credential)
        await one.publish("report", f"---\ncollection: archive\n---\n{SOURCE}")
        with pytest.raises(Unpaid):
            await other.services.reading.open(HERE, credential, "html.en")
        await one.publish("report", f"---\ncollection: news\n---\n{SOURCE}")
        await warm(other, credential)
        assert await one.services.publishing.delete(HERE)
        with pytest.raises(Missing):
            await other.services.reading.open(HERE, credential, "html.en")


async def test_a_new_edition_is_read_everywhere_once_it_is_acknowledged() -> None:
    async with two_workers(LocalAuthority()) as (one, other):
        _, token = await one.grant("all")
        credential = Credential(bearer=token)
        await warm(other, credential)
        published = await one.publish("report", SOURCE.replace("Paid", "Newer"))
        opened = await other.services.reading.open(HERE, credential, "html.en")
        assert opened.permit.edition == published.edition.id


async def test_a_reader_that_signs_out_is_signed_out_everywhere() -> None:
    async with two_workers(LocalAuthority()) as (one, other):
        _, token = await one.grant("all")
        cookie = (await one.services.redeeming.redeem(token, None)).cookie
        await warm(other, Credential(cookie=cookie))
        await one.services.redeeming.sign_out(await one.services.reading.reader(cookie))
        with pytest.raises(Unpaid):
            await other.services.reading.open(HERE, Credential(cookie=cookie), "html.en")


async def test_memory_decides_as_the_ledger_does() -> None:
    async with two_workers(LocalAuthority()) as (one, _):
        ended = (await one.grant("all", term="1s"))[1]
        elsewhere = (await one.grant("document:other"))[1]
        good = (await one.grant("all"))[1]
        one.clock.at += 5
        credentials = [Credential(bearer=text) for text in (ended, elsewhere, good, "no token")]
        credentials += [Credential(), Credential(cookie="no cookie")]

        async def outcome(credential: Credential) -> tuple[object, object]:
            reading, outcomes = one.services.reading, list[object]()
            try:
                opened = await reading.open(HERE, credential, "html.en")
                outcomes.append(opened.text.body)
            except Exception as error:
                outcomes.append(type(error))
            try:
                variant = reading.ready(HERE, credential, "html.en")
                outcomes.append(variant.body if variant else None)
            except Exception as error:
                outcomes.append(type(error))
            return outcomes[0], outcomes[1]

        for credential in credentials:
            await outcome(credential)
            from_ledger, from_memory = await outcome(credential)
            assert from_memory == from_ledger


async def test_nothing_is_answered_from_memory_once_the_lease_has_run_out() -> None:
    authority = LocalAuthority()
    async with two_workers(authority) as (one, other):
        _, token = await one.grant("all")
        credential = Credential(bearer=token)
        await warm(other, credential)
        authority.is_away = True
        while other.services.reading.ready(HERE, credential, "html.en"):
            await other.services.ledger.ping()
            await one.services.coherence.announce(["tick"])
        assert (await other.services.reading.open(HERE, credential, "html.en")).text.body


async def test_a_change_that_nobody_could_tell_is_recorded_and_told_by_whoever_comes() -> None:
    authority = LocalAuthority()
    async with two_workers(authority) as (one, other):
        grant, token = await one.grant("all")
        authority.is_away = True
        assert not await one.services.granting.revoke("demo", grant.id)
        assert not await other.services.announcing.confirm()
        authority.is_away = False
        assert await other.services.announcing.confirm()
        assert await one.ledger.outbox(10) == []
        with pytest.raises(Revoked):
            await other.services.reading.open(HERE, Credential(bearer=token), "html.en")


async def test_where_rights_cannot_be_established_the_answer_is_no() -> None:
    standing = gateway()
    await standing.publish("report", SOURCE)
    _, token = await standing.grant("all")

    class Away:
        def __getattr__(self, name: str) -> object:
            raise Unavailable("ledger")

    standing.services.reading._ledger = Away()  # type: ignore[assignment]
    with pytest.raises(Unavailable):
        await standing.services.reading.open(HERE, Credential(bearer=token), "html.en")


async def test_a_credential_made_after_what_memory_knows_reads_before_the_change_is_heard_of() -> (
    None
):
    async with two_workers(LocalAuthority()) as (one, other):
        grant, token = await one.grant("all")
        cookie = (await one.services.redeeming.redeem(token, None)).cookie
        for credential in (Credential(bearer=token), Credential(cookie=cookie)):
            await warm(other, credential)
        reader = await one.services.reading.reader(cookie)
        assert reader
        link = await one.services.moving.token(reader)
        one.services.coherence.announce = unheard  # type: ignore[method-assign,assignment]
        renewed, confirmed = await one.services.granting.renew("demo", grant.id)
        moved = await one.services.moving.move(link, None, "")
        assert (confirmed, moved.confirmed) == (False, False)
        newer = Credential(bearer=await one.services.granting.token(renewed))
        for credential in (newer, Credential(cookie=moved.cookie)):
            assert other.services.reading.ready(HERE, credential, "html.en") is None
            opened = await other.services.reading.open(HERE, credential, "html.en")
            assert b"Paid." in opened.text.body


async def unheard(*_: object) -> bool:
    return False
