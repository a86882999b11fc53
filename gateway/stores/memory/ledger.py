"""A ledger in memory, of its parts."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.ports import Answer
from gateway.stores.memory.anchors import MemoryAnchors
from gateway.stores.memory.codes import MemoryCodes
from gateway.stores.memory.documents import MemoryDocuments
from gateway.stores.memory.keys import MemoryKeys
from gateway.stores.memory.outbox import MemoryOutbox
from gateway.stores.memory.profiles import MemoryProfiles
from gateway.stores.memory.roll import MemoryRoll


class MemoryLedger(
    MemoryDocuments,
    MemoryCodes,
    MemoryKeys,
    MemoryProfiles,
    MemoryOutbox,
    MemoryRoll,
    MemoryAnchors,
):
    """A ledger in memory. Every method runs without a pause, and so is one transaction."""

    async def ping(self) -> None:
        return

    async def close(self) -> None:
        return

    async def fingerprint(self, what: str) -> str:
        return self._fingerprints.get(what, "")

    async def examine(self) -> Sequence[str]:
        return ()

    async def scrub(self) -> None:
        return

    async def answer(self, publisher: str, key: str) -> Answer | None:
        return self._answers.get((publisher, key))

    async def keep_answer(self, publisher: str, key: str, answer: Answer, at: int) -> None:
        self._answers.setdefault((publisher, key), answer)
