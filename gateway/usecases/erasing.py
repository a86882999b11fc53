"""Erase: take a document away for good, at once or when it was deleted long enough ago."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from gateway.core.audit_records import Act
from gateway.core.conditions import ANYTHING, Condition
from gateway.core.documents import Address
from gateway.core.errors import Missing, Stale
from gateway.ports import Clock, Ledger, Vault
from gateway.usecases.indexing import Indexing
from gateway.usecases.showing import Showing

KEPT = 30 * 86_400  # seconds that a deleted document can be published again
PAGE = 200  # documents looked at together


class Erasing:
    """Takes documents away for good. An erasure that a process has left is gone through with."""

    def __init__(
        self,
        ledger: Ledger,
        vault: Vault,
        clock: Clock,
        showing: Showing,
        indexing: Indexing | None = None,
    ) -> None:
        self._ledger = ledger
        self._vault = vault
        self._clock = clock
        self._showing = showing
        self._indexing = indexing

    async def erase(self, address: Address, condition: Condition = ANYTHING) -> bool:
        """Take a document, deleted or not, away for good: source, editions and previews.

        So is what was kept at the addresses that it had before, and nothing of a document that is
        at one of them now.

        True: no worker begins to serve it any more. False: on record, and not confirmed yet.
        Raises Stale, Unavailable.
        """
        current = await self._ledger.current(address)
        condition.require(current.id if current else None)
        await self._ledger.begin_erasing(address, current.id if current else None)
        return await self._erase(address)

    async def _erase_former(self, address: Address) -> None:
        for former in await self._ledger.former(address):
            with suppress(Missing, Stale):  # another document was just published there
                await self._ledger.begin_erasing(former, None)
                await self._erase(former)

    async def _erase(self, address: Address) -> bool:
        """Go through with an erasure that has begun, here or in a process that died."""
        confirmed = await self._showing.show(Act.ERASE, address)
        await self._erase_former(address)
        erasures = await self._ledger.erasures(address)
        # Listed while the erasure runs: what is there was kept by somebody who began before it,
        # and cannot become current any more.
        kept = await self._vault.editions(address)
        editions = set(kept) - set(await self._ledger.of_others(address))
        elsewhere = await self._ledger.elsewhere(address)
        if erasures % 2 and erasures == await self._ledger.erasures(address):
            for each in elsewhere:
                await self._vault.erase(each.address, [each.id])
            await self._vault.erase(address, editions)
            await self._vault.shelf.erase(address)
            await self._ledger.end_erasing(address, erasures)
            await self._ledger.scrub()
            if self._indexing:
                await self._indexing.scrub()
        return confirmed

    async def erased(self, address: Address) -> int:
        """Return how often a document was erased, once no erasure of it is under way."""
        erasures = await self._ledger.erasures(address)
        if erasures % 2:
            await self._erase(address)
            erasures = await self._ledger.erasures(address)
        return erasures

    async def recover(self) -> Mapping[Address, Exception]:
        """Erase what was deleted long enough ago; return where that could not be done, and why.

        Raises Unavailable.
        """
        failed: dict[Address, Exception] = {}
        for address in await self._ledger.waiting(self._clock.now() - KEPT, PAGE):
            try:
                await self._ledger.begin_erasing(address, None)
                await self._erase(address)
            except Stale:  # published again meanwhile
                continue
            except Exception as error:  # whatever it is, it is of this document alone
                failed[address] = error
        return failed
