"""What was answered to requests that may come again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Answer:
    """A stored answer to a POST with an Idempotency-Key."""

    fingerprint: str  # of the request
    status: int
    body: bytes


class AnswerRecords(Protocol):
    """Where the answers to requests with an Idempotency-Key are kept."""

    async def answer(self, publisher: str, key: str) -> Answer | None: ...

    async def keep_answer(self, publisher: str, key: str, answer: Answer, at: int) -> None: ...
