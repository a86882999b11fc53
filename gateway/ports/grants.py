"""What is on record of rights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.core.rights import Grant, Standing


@dataclass(frozen=True, slots=True)
class Device:
    """A reader in which a grant was redeemed, and when."""

    reader: str
    at: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which grants are wanted; what is empty or None asks for nothing.

    scopes: one of these. standing: as it is at `now`, in Unix seconds.
    """

    scopes: tuple[str, ...] = ()
    source: str = ""
    source_ref: str = ""
    standing: Standing | None = None
    now: int = 0


ANY_GRANT = Wanted()


class GrantRecords(Protocol):
    """Where it is on record who was given what, and what was taken back."""

    async def add_grant(self, grant: Grant) -> Grant:
        """Record a grant, or return the one on record for the same (source, source_ref, scope).

        A grant with an empty source_ref is always new. One for a document that moved is one for it
        where it is now.
        """

    async def grant(self, grant: str) -> Grant | None: ...

    async def grants(
        self,
        publisher: str,
        *,
        subject: str,
        scope: str,
        after: str,
        limit: int,
        wanted: Wanted = ANY_GRANT,
    ) -> Sequence[Grant]:
        """Return grants of a publisher by id > after; subject and scope filter when not ""."""

    async def revoke(self, revoked: str, at: int) -> None:
        """Set revoked_at of a grant or code, and of all that came from it, where not set yet.

        It is never cleared. Between two of those that came from it others have their turn.
        """

    async def finish_revocations(self) -> int:
        """Revoke what is left of what came from what is revoked; return from how many."""

    async def renew(self, grant: str, epoch: int, at: int) -> None:
        """Raise the epoch of a grant's tokens to this one, where it is lower."""

    async def devices(self, grant: str, limit: int) -> Sequence[Device]:
        """Return the readers in which a grant was redeemed, in that order."""

    async def evict(self, grant: str, reader: str) -> bool:
        """Take a grant out of a reader; return whether it was there."""
