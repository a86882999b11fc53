"""API keys: what a publisher's script, or whoever signs in at the studio with one, may do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class May(StrEnum):
    """What an API key may do."""

    PUBLISH = "publish"  # documents: publish, delete, roll back
    GRANT = "grant"  # rights and codes: give, take back
    READ = "read"  # everything of the publisher's, sources too


ALL = frozenset(May)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key on record, as its hash. Times are Unix seconds; None is never, or not yet."""

    hash: str
    publisher: str
    label: str = ""
    may: frozenset[May] = ALL
    expires: int | None = None
    ended_at: int | None = None
    used_at: int | None = None
    made_at: int = 0

    @property
    def id(self) -> str:
        """Return what names the key and does not tell it."""
        return self.hash[:16]

    def is_good(self, now: int) -> bool:
        """Return whether the key opens anything at now."""
        return self.ended_at is None and (self.expires is None or now < self.expires)

    def covers(self, may: Iterable[May], expires: int | None) -> bool:
        """Return whether a key that may so much, for so long, may no more than this one."""
        lasts = self.expires is None or (expires is not None and expires <= self.expires)
        return self.may.issuperset(may) and lasts


def key_hash(key: str) -> str:
    """Return what the ledger keeps of an API key; 240 random bits need no slow hash."""
    return hashlib.sha256(key.encode()).hexdigest()
