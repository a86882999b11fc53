"""Seeds: the chance from which secrets are made that a repeated request is told again.

A secret follows from the root secret and its seed. The seed is on record for a day: then nobody can
make the secret again, whatever root secret they know.
"""

from __future__ import annotations

from gateway.core.errors import Conflict
from gateway.ports import Clock, KeyRecords
from gateway.usecases.idempotency import IdempotencyKey
from gateway.usecases.signing_keys import Signing

LIFE = 86_400  # seconds


class Seeds:
    """Knows from which chance a request was answered."""

    def __init__(self, ledger: KeyRecords, signing: Signing, clock: Clock) -> None:
        self._ledger = ledger
        self._signing = signing
        self._clock = clock

    async def of(self, publisher: str, ask: IdempotencyKey, *, is_new: bool) -> str:
        """Return the seed of a request, the same where it comes again. Raises Conflict."""
        now, chance = self._clock.now(), self._clock.fresh_id() + self._clock.fresh_id()
        seed = chance + self._proof(chance)
        if not ask.key:
            return seed
        if is_new:
            await self._ledger.keep_seed(publisher, ask.key, seed, now)
        kept = await self._ledger.seed(publisher, ask.key, now - LIFE)
        if kept[len(chance) :] != self._proof(kept[: len(chance)]):
            raise Conflict(
                "What this request was answered cannot be told again: for that a day is given,"
                " as long as the root secret stays.",
                hint="Take back what it made, and send a fresh Idempotency-Key.",
            )
        return kept

    async def forget(self) -> None:
        """Forget what nobody may be told again."""
        await self._ledger.forget_seeds(self._clock.now() - LIFE)

    def _proof(self, chance: str) -> str:
        # Under another root secret the same chance would make other words, beside the first.
        return self._signing.derive("seed", chance).hex()[:16]
