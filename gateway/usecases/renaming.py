"""Rename: a document gets another address, and its old one leads there.

Its editions at the old address stay on record as they are, until somebody erases the document; what
stands beside it moves along. Rights and codes go along: whoever could read it can read it still.
"""

from __future__ import annotations

from gateway.core.audit_records import Act, Record
from gateway.core.conditions import ANYTHING, Condition
from gateway.core.documents import Address
from gateway.core.errors import Conflict, Missing, Stale
from gateway.ports import Clock, Edition, Ledger, Vault
from gateway.usecases.announcing import Announcing
from gateway.usecases.composers import Compose
from gateway.usecases.composing import Task
from gateway.usecases.consequences import has_paid
from gateway.usecases.erasing import Erasing
from gateway.usecases.publishing import Published
from gateway.usecases.shelving import Shelving
from gateway.usecases.showing import Showing
from gateway.usecases.submissions import Submission


class Renaming:
    """Gives documents other addresses, each under its publisher."""

    def __init__(
        self,
        ledger: Ledger,
        vault: Vault,
        clock: Clock,
        compose: Compose,
        shelving: Shelving,
        showing: Showing,
        erasing: Erasing,
        announcing: Announcing,
    ) -> None:
        self._ledger = ledger
        self._vault = vault
        self._clock = clock
        self._compose = compose
        self._shelving = shelving
        self._showing = showing
        self._erasing = erasing
        self._announcing = announcing

    async def rename(
        self, address: Address, slug: str, condition: Condition = ANYTHING
    ) -> Published:
        """Give a document another slug; the same again changes nothing.

        Raises Malformed, Missing, Stale, Conflict where another document is there, Damaged,
        Unavailable.
        """
        to = Address.of(address.publisher, slug)
        before = await self._ledger.current(address)
        if before is None or to == address:
            return await self._again(address, to)
        condition.require(before.id)
        if await self._ledger.current(to):
            raise Conflict(
                f"There is another document at {to}.", hint="Choose an address that is free."
            )
        after = await self._move(before, to)
        await self._shelving.leave_nothing(address, to)
        for each in (to, *await self._ledger.former(to)):  # first what the others lead to
            await self._showing.settle(each)
        by, on = f"publisher:{to.publisher}", str(to)
        record = Record(self._clock.now(), Act.RENAME, by, on, str(address), after.id)
        confirmed = await self._announcing.confirm(record)
        return Published(after, created=False, confirmed=confirmed)

    async def _move(self, before: Edition, to: Address) -> Edition:
        erasures = await self._erasing.erased(to)
        source = await self._vault.source(before.address, before.id)
        is_free = not has_paid(before)
        # And nothing else: what a deleted document has left there may have been paid.
        beside = tuple(await self._vault.shelf.all(before.address))
        await self._shelving.bring_along(before.address, to)
        submission = await self._shelving.furnished(
            Submission(to, source, before.format, "utf-8", before.language, is_free, beside)
        )
        task = Task(
            submission,
            self._clock.fresh_id(),
            self._clock.now(),
            before,
            before.source_digest,  # known again where it is submitted as it was
            dates=(before.published, before.updated),
        )
        composed = await self._compose(task)
        sealed = await self._shelving.sealed(submission, composed)
        await self._vault.keep(to, composed.edition.id, sealed)
        try:
            await self._ledger.rename(before, composed.edition, erasures)
        except Stale:
            # Never on record, so nobody else would ever erase it.
            await self._vault.erase(to, [composed.edition.id])
            raise
        return composed.edition

    async def _again(self, address: Address, to: Address) -> Published:
        """Answer as when it was renamed, whose publisher may not have heard it."""
        current = await self._ledger.current(to)
        if current is None or (address != to and await self._ledger.moved(address) != to.slug):
            raise Missing("document")
        if address != to:
            await self._shelving.leave_nothing(address, to)
        for each in (to, address):
            await self._showing.settle(each)
        return Published(current, created=False, confirmed=await self._showing.confirm())
