"""The roll of workers who may answer from memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

ERA = "era"  # the fingerprint that is another one in each era of what workers share


@dataclass(frozen=True, slots=True)
class Look:
    """What a worker sees when it looks at the ledger, all at one moment."""

    is_in: bool  # the roll
    doubt: str  # the word of whoever doubts that it lives, "" for nobody
    era: str
    keys: frozenset[str]  # that are outgoing


class Rolls(Protocol):
    """Where it is on record who may answer from memory.

    Every method raises Unavailable when the record does not answer.
    """

    async def enter(self, worker: str, era: str) -> None:
        """Put a worker on the roll, undoubted, and begin an era."""

    async def look(self, worker: str, limit: int) -> Look:
        """Return what a worker has to know; of what is outgoing, some keys at least."""

    async def vouch(self, worker: str) -> bool:
        """End any doubt of a worker; return whether it is on the roll still."""

    async def roll(self) -> frozenset[str]:
        """Return who is on the roll."""

    async def doubt(self, workers: Collection[str], word: str) -> None:
        """Doubt that workers live, by a word of chance."""

    async def strike(self, doubted: Mapping[str, str]) -> None:
        """Take workers off the roll where they are doubted by just this word."""

    async def set_fingerprint(self, what: str, value: str, before: str) -> None:
        """Put a fingerprint on record, if it is still the one before ("" for none)."""
