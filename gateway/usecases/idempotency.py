"""Repeat: a request that comes again with its Idempotency-Key is the same request."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.core.errors import Conflict
from gateway.ports import Answer, AnswerRecords, Clock


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A request that may come again: its Idempotency-Key ("" for none), and what it asks."""

    key: str = ""
    fingerprint: str = ""


ONCE = IdempotencyKey()


class Idempotency:
    """Knows what was answered to whom."""

    def __init__(self, ledger: AnswerRecords, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def earlier(self, publisher: str, ask: IdempotencyKey) -> Answer | None:
        """Return the answer that is kept for a request. Raises Conflict for another one's key."""
        kept = await self._ledger.answer(publisher, ask.key) if ask.key else None
        if kept and kept.fingerprint != ask.fingerprint:
            raise Conflict(
                "This Idempotency-Key was used for another request.", hint="Send a fresh key."
            )
        return kept

    async def keep(self, publisher: str, ask: IdempotencyKey, status: int, body: bytes) -> Answer:
        """Keep an answer, and return the first that was kept. Raises Conflict."""
        answer = Answer(ask.fingerprint, status, body)
        if not ask.key:
            return answer
        await self._ledger.keep_answer(publisher, ask.key, answer, self._clock.now())
        return await self.earlier(publisher, ask) or answer
