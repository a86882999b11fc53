"""Announce: tell every worker of what has changed, before the change is acknowledged.

A commit leaves what it changed on record as outgoing. Whoever changes something announces all
that is outgoing, and so does every worker now and then: a process that died in between is made up
for by any other.
"""

from __future__ import annotations

from gateway.core.errors import Unavailable
from gateway.ports import Coherence, Ledger

PORTION = 1_000  # changes told at once


class Announcing:
    """The barrier between a commit and its acknowledgement."""

    def __init__(self, ledger: Ledger, coherence: Coherence) -> None:
        self._ledger = ledger
        self._coherence = coherence

    async def confirm(self) -> bool:
        """Announce whatever is outgoing; return whether no worker answers from before it.

        Call it after the commit. False: on record, and not confirmed yet.
        """
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
