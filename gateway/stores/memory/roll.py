"""The roll, in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from gateway.ports import ERA, Look
from gateway.stores.memory.record import MemoryRecord


class MemoryRoll(MemoryRecord):
    """Who may answer from memory."""

    async def set_fingerprint(self, what: str, value: str, before: str) -> None:
        if self._fingerprints.get(what, "") == before:
            self._fingerprints[what] = value

    async def enter(self, worker: str, era: str) -> None:
        self._roll[worker] = ""
        self._fingerprints[ERA] = era

    async def look(self, worker: str, limit: int) -> Look:
        keys = frozenset([*{each.key: None for each in self._outbox.values()}][:limit])
        doubt = self._roll.get(worker)
        return Look(doubt is not None, doubt or "", self._fingerprints.get(ERA, ""), keys)

    async def vouch(self, worker: str) -> bool:
        if worker not in self._roll:
            return False
        self._roll[worker] = ""
        return True

    async def roll(self) -> frozenset[str]:
        return frozenset(self._roll)

    async def doubt(self, workers: Collection[str], word: str) -> None:
        self._roll |= {worker: word for worker in workers if worker in self._roll}

    async def strike(self, doubted: Mapping[str, str]) -> None:
        self._roll = {w: d for w, d in self._roll.items() if doubted.get(w) != d}
