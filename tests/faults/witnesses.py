"""Memory that every process of a nemesis shares: what the ledger holds, what was acknowledged.

Numbers of eight bytes in a mapped file; a store of one is atomic on every machine we run on.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import astuple, dataclass
from pathlib import Path

from gateway.core.rights import Grant, Rights, Scope, ScopeKind

KEYS = 8
WORKERS = 16
_NUMBER = struct.Struct("=q")


@dataclass(slots=True)
class Counts:
    """What a worker has seen in all its lives."""

    checks: int = 0
    remembered: int = 0  # answered from its own memory
    shared: int = 0  # answered from what workers share
    gone: int = 0  # violations: an answer from before an acknowledged change
    denied: int = 0  # violations: no right, though the grant of one was acknowledged

    @property
    def violations(self) -> int:
        return self.gone + self.denied


_FIELDS = len(astuple(Counts()))


class Witnesses:
    """For each key the committed version and the acknowledged one; for each worker its counts.

    A key of an odd version holds a right, one of an even version holds none.
    """

    def __init__(self, path: Path) -> None:
        size = _NUMBER.size * (2 * KEYS + _FIELDS * WORKERS)
        if not path.exists():
            path.write_bytes(bytes(size))
        with path.open("r+b") as file:
            self._numbers = memoryview(mmap.mmap(file.fileno(), size)).cast("q")

    def committed(self, key: int) -> int:
        """Return what the ledger says."""
        return self._numbers[key]

    def commit(self, key: int) -> int:
        """Change the ledger: give the right, or take it back; return the version."""
        self._numbers[key] += 1
        return self._numbers[key]

    def acknowledged(self, key: int) -> int:
        """Return the newest version whose change was acknowledged."""
        return self._numbers[KEYS + key]

    def acknowledge(self, key: int, version: int) -> None:
        """Record that a change was acknowledged."""
        self._numbers[KEYS + key] = version

    def count(self, worker: int, counts: Counts) -> None:
        """Record what a worker has seen in all its lives."""
        first = 2 * KEYS + _FIELDS * worker
        for place, value in enumerate(astuple(counts)):
            self._numbers[first + place] = value

    def counts(self, worker: int) -> Counts:
        """Return what a worker has seen."""
        first = 2 * KEYS + _FIELDS * worker
        return Counts(*self._numbers[first : first + _FIELDS].tolist())

    def totals(self) -> Counts:
        """Return what all workers have seen."""
        columns = zip(*(astuple(self.counts(w)) for w in range(WORKERS)), strict=True)
        return Counts(*map(sum, columns))


def rights_of(key: int, version: int) -> Rights | None:
    """Return what a key holds in a version."""
    if version % 2 == 0:
        return None
    return Rights([Grant(f"g{key}", Scope("demo", ScopeKind.ALL))], version)


def is_gone(answer: Rights | None, acknowledged: int) -> bool:
    """Return whether an answer is of rights from before what was acknowledged as it began."""
    return answer is not None and answer.version < acknowledged


def is_denied(answer: Rights | None, acknowledged: int, committed: int) -> bool:
    """Return whether a right is denied that was acknowledged before and taken back only after.

    What was committed is looked at when the answer has come: a read may see any change that it
    overlaps.
    """
    return answer is None and acknowledged % 2 == 1 and committed == acknowledged
