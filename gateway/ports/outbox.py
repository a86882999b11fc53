"""The outbox, and the authority that confirms what is in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A change on record that not every worker is known to have heard of yet."""

    seq: int
    key: str  # of core.holders


@dataclass(frozen=True, slots=True)
class AuthorityRecord:
    """The lease authority that every worker on the ledger goes by."""

    id: str  # of chance, "" where kind is none: then nobody remembers
    kind: str  # embedded, redis, postgres, none
    place: str  # in words for people, without a password
    house: str  # who put it on record


class Outbox(Protocol):
    """Where it is on record what not every worker has heard of yet, and who confirms it."""

    async def outbox(self, limit: int) -> Sequence[Outgoing]:
        """Return changes that were not confirmed yet, oldest first."""

    async def newest_outgoing(self) -> int:
        """Return the highest seq of a change that was not confirmed yet, 0 for none."""

    async def confirm(self, outbox: Sequence[Outgoing], authority: str = "") -> bool:
        """Forget changes that every worker has heard of; return whether that may be said.

        authority: the id of the one that confirms, "" where nobody remembers. False, and nothing
        is forgotten, where another is on record.
        """

    async def authority(self) -> AuthorityRecord | None:
        """Return the authority on record; None where no worker has ever served."""

    async def replace_authority(
        self,
        before: AuthorityRecord | None,
        after: AuthorityRecord,
        attending: Mapping[str, int],
        at: int,
    ) -> None:
        """Put another authority on record, and note that its house alone serves.

        Raises Stale where that is not `before`, or not `attending` what is said of who serves.
        """

    async def attend(self, house: str, authority: str) -> bool:
        """Note that a house serves; return whether this is the authority on record still."""

    async def attendance(self) -> Mapping[str, int]:
        """Return how often each house has said that it serves."""

    async def leave(self, house: str) -> None:
        """Note that a house serves no more."""
