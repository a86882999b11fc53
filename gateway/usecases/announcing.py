"""Announce: tell every worker and the audit of what has changed, before it is acknowledged.

A commit leaves what it changed on record as outgoing. Whoever changes something announces all
that is outgoing, and so does every worker now and then: a process that died in between is made up
for by any other, and one that cannot reach the authority on record waits until a worker has done
it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from gateway.core.audit_records import Record
from gateway.core.errors import Unavailable
from gateway.ports import Audit, Coherence, Outbox

BATCH = 1_000  # changes told at once

# Yields whenever it is time to look again, for as long as it is worth waiting.
Looks = Callable[[], AsyncIterator[None]]

Announce = Callable[[], Awaitable[bool]]


async def at_once() -> AsyncIterator[None]:
    """Wait for nothing."""
    for _ in ():
        yield


class Announcing:
    """The barrier between a commit and its acknowledgement.

    joint: does once what several ask for before it begins.
    """

    def __init__(
        self,
        ledger: Outbox,
        coherence: Coherence,
        audit: Audit,
        looks: Looks = at_once,
        joint: Callable[[Announce], Announce] = lambda announce: announce,
    ) -> None:
        self._ledger = ledger
        self._coherence = coherence
        self._audit = audit
        self._looks = looks
        # Changes that were committed together are announced together too.
        self._announce = joint(self._announce_all)

    async def confirm(self, *records: Record) -> bool:
        """Announce whatever is outgoing; return whether no worker answers from before it.

        Call it after the commit, with what the audit is to say of it. False: on record, and not
        confirmed yet. Raises Unavailable when the audit cannot be written.
        """
        return await self.tell(*records) or await self.wait(self._looks)

    async def tell(self, *records: Record) -> bool:
        """Do as confirm does, and wait for nobody else."""
        confirmed = await self._announce()
        if records:
            await self._audit.keep(*records)
        return confirmed

    async def wait(self, looks: Looks) -> bool:
        """Wait until what is outgoing now was confirmed, here or by a worker; return whether."""
        try:
            newest = await self._ledger.newest_outgoing()
            async for _ in looks():
                if await self._announce() or await self._is_confirmed(newest):
                    return True
                if not await self._ledger.attendance():
                    break  # nobody serves who could
        except Unavailable:
            pass
        return False

    async def _is_confirmed(self, newest: int) -> bool:
        outbox = await self._ledger.outbox(1)
        return not outbox or outbox[0].seq > newest

    async def _announce_all(self) -> bool:
        try:
            while outbox := await self._ledger.outbox(BATCH):
                if not await self._coherence.announce({each.key for each in outbox}):
                    return False
                # Another may have taken the authority's place meanwhile: then nothing is confirmed.
                if not await self._ledger.confirm(outbox, self._coherence.authority):
                    return False
                if len(outbox) < BATCH:
                    break
        except Unavailable:
            return False
        return True
