"""Memory that every process of a nemesis shares: what the ledger holds, what was acknowledged.

Numbers of eight bytes in a mapped file; a store of one is atomic on every machine we run on.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

KEYS = 8
WORKERS = 16
_NUMBER = struct.Struct("=q")


class Witnesses:
    """For each key the committed version and the acknowledged one; for each worker its counts."""

    def __init__(self, path: Path) -> None:
        size = _NUMBER.size * (2 * KEYS + 3 * WORKERS)
        if not path.exists():
            path.write_bytes(bytes(size))
        with path.open("r+b") as file:
            self._numbers = memoryview(mmap.mmap(file.fileno(), size)).cast("q")

    def committed(self, key: int) -> int:
        """Return what the ledger says."""
        return self._numbers[key]

    def commit(self, key: int, version: int) -> None:
        """Change the ledger."""
        self._numbers[key] = version

    def acknowledged(self, key: int) -> int:
        """Return the newest version whose change was acknowledged."""
        return self._numbers[KEYS + key]

    def acknowledge(self, key: int, version: int) -> None:
        """Record that a change was acknowledged."""
        self._numbers[KEYS + key] = version

    def count(self, worker: int, checks: int, remembered: int, violations: int) -> None:
        """Record what a worker has seen in all its lives."""
        for place, value in enumerate((checks, remembered, violations)):
            self._numbers[2 * KEYS + 3 * worker + place] = value

    def counts(self, worker: int) -> tuple[int, int, int]:
        """Return a worker's checks, how many were answered from memory, and its violations."""
        first = 2 * KEYS + 3 * worker
        checks, remembered, violations = self._numbers[first : first + 3].tolist()
        return checks, remembered, violations

    def totals(self) -> tuple[int, int, int]:
        """Return all workers' checks, answers from memory, and violations."""
        checks, remembered, violations = zip(*map(self.counts, range(WORKERS)), strict=True)
        return sum(checks), sum(remembered), sum(violations)
