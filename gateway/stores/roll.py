"""The roll: which workers may answer from memory, on record in the ledger.

What a worker hears from Redis may be withheld, put back or made up by whoever else can write there,
so nobody rests on that alone:

- A worker enters itself in the roll before it answers from memory, and looks at the ledger every
  quarter of a lease: at what is outgoing, which it drops. From one look to the answer to the next
  less than a lease passes, else it forgets everything and enters itself anew. So whatever is
  outgoing for as long as a revoker waits is known to all.
- A revoker that does not wait so long has the word of every worker in the roll, in their hand.
- What a worker reads is shared under the era in which it began to read, and believed only in that
  era, of a key that has not changed in it. Whoever enters the roll begins an era, so that everyone
  knows of every change in the present one.

Who was waited for is doubted, and taken off the roll when a lease has passed in which it did not
object. While the ledger does not answer, a worker goes by its authority alone.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Collection, Iterable
from typing import Any

from gateway.core.errors import Unavailable
from gateway.core.leases import ALWAYS, NEVER, Leaseholder, Terms
from gateway.ports import ERA, Rolls

MOST = 1_000  # outgoing keys that are looked at one by one, and keys that an era has seen changed
LASTS = 600.0  # seconds of an era


class Roll:
    """The roll as one process sees it."""

    def __init__(self, ledger: Rolls, terms: Terms, clock: Callable[[], float]) -> None:
        self.worker = secrets.token_hex(8)
        self.trusted = NEVER  # until when memory may answer, as far as the roll goes
        self._ledger = ledger
        self._terms = terms
        self._clock = clock
        self._until = NEVER  # when the answer to the next look comes too late
        self._is_in = False
        self._era, self._began = "", NEVER
        self._is_told = False  # of every change in this era
        self._looks = 0
        self._changed: dict[str, int] = {}  # key → the look after which it did
        self._doubted: dict[str, tuple[str, float]] = {}  # worker → word, since when

    # --- the worker ---

    async def look(self, memory: Leaseholder[Any]) -> bool:
        """Look at the ledger; return whether to look again at once."""
        self._looks += 1
        asked = self._clock()
        try:
            async with asyncio.timeout(self._terms.pace):
                seen = await self._ledger.look(self.worker, MOST)
        except (Unavailable, TimeoutError):
            self._is_told = False
            self.trusted = ALWAYS if self._is_in else NEVER
            return False
        now = self._clock()
        is_renewed = memory.is_renewed(now)
        self._is_in = (
            seen.is_in
            and now < self._until
            and (not seen.doubt or (is_renewed and await self._ledger.vouch(self.worker)))
        )
        if not self._is_in:
            self.trusted = NEVER
            return is_renewed and await self._enter(memory)
        self._drop(memory, seen.keys)
        self._until = self.trusted = asked + self._terms.usable
        await self._go_on(seen.era, now)
        return False

    def _drop(self, memory: Leaseholder[Any], keys: frozenset[str]) -> None:
        if len(keys) < MOST:
            memory.drop(keys)
            self.changed(keys)
        else:  # there may be more
            memory.forget()
            self._is_told = False

    async def _enter(self, memory: Leaseholder[Any]) -> bool:
        memory.trust(NEVER)
        self._era = ""
        await self._ledger.enter(self.worker, secrets.token_hex(8))
        # Only now: what was read before may be older than a change that nobody told us.
        memory.forget()
        self._until = self._clock() + self._terms.usable
        return True

    async def _go_on(self, era: str, now: float) -> None:
        if era != self._era:
            # It began after the look before this one.
            self._changed = {k: n for k, n in self._changed.items() if n >= self._looks - 1}
            self._era, self._began, self._is_told = era, now, True
        elif not self._is_told or now > self._began + LASTS or len(self._changed) > MOST:
            await self._ledger.set_fingerprint(ERA, secrets.token_hex(8), era)

    def changed(self, keys: Iterable[str]) -> None:
        """Take up that keys have changed."""
        self._changed |= dict.fromkeys(keys, self._looks)

    def era_of(self, key: str) -> str:
        """Return the era in which something that is shared of a key is believed, "" for none."""
        return "" if key in self._changed else self.era

    @property
    def era(self) -> str:
        """Return the present era, "" where not every change in it is known."""
        return self._era if self._is_told else ""

    async def leave(self) -> None:
        """Answer from memory no more."""
        if self._is_in:
            self._is_in, self.trusted = False, NEVER
            word = secrets.token_hex(8)
            await self._ledger.doubt([self.worker], word)
            await self._ledger.strike({self.worker: word})

    # --- the revoker ---

    async def call(self) -> frozenset[str]:
        """Return who else may answer from memory. Raises Unavailable."""
        now = self._clock()
        due = {w: d for w, (d, since) in self._doubted.items() if now > since + self._terms.wait}
        if due:
            await self._ledger.strike(due)
            for worker in due:
                del self._doubted[worker]
        return await self._ledger.roll() - {self.worker}

    async def doubt(self, workers: Collection[str]) -> None:
        """Take workers off the roll a lease from now, unless they object. Raises Unavailable."""
        new = [worker for worker in workers if worker not in self._doubted]
        if new:
            word = secrets.token_hex(8)
            await self._ledger.doubt(new, word)
            self._doubted |= dict.fromkeys(new, (word, self._clock()))
