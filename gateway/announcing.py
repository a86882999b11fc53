"""Announce: tell every worker and the audit of what has changed, before it is acknowledged.

A commit leaves what it changed on record as outgoing. Whoever changes something announces all
that is outgoing, and so does every worker now and then: a process that died in between is made up
for by any other.
"""

from __future__ import annotations

from gateway.core.errors import Unavailable
from gateway.core.records import Record
from gateway.ports import Audit, Coherence, Ledger

PORTION = 1_000  # changes told at once


class Announcing:
    """The barrier between a commit and its acknowledgement."""

    def __init__(self, ledger: Ledger, coherence: Coherence, audit: Audit) -> None:
        self._ledger = ledger
        self._coherence = coherence
        self._audit = audit

    async def confirm(self, *records: Record) -> bool:
        """Announce whatever is outgoing; return whether no worker answers from before it.

        Call it after the commit, with what the audit is to say of it. False: on record, and not
        confirmed yet. Raises Unavailable when the audit cannot be written.
        """
        confirmed = await self._announce()
        if records:
            await self._audit.keep(*records)
        return confirmed

    async def _announce(self) -> bool:
        try:
            while outgoing := await self._ledger.outgoing(PORTION):
                if not await self._coherence.announce({each.key for each in outgoing}):
                    return False
                await self._ledger.confirm(outgoing)
                if len(outgoing) < PORTION:
                    break
        except Unavailable:
            return False
        return True
