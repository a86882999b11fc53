"""What is on record of what publishers say of themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from gateway.core.profiles import Profile


class Unshown(NamedTuple):
    """A publisher of whose pages some may say something else than its profile does now.

    changes: how often that came about.
    """

    publisher: str
    changes: int
    stamp: str


class ProfileRecords(Protocol):
    """Where it is on record what publishers say of themselves, and whether all pages say so."""

    async def profile(self, publisher: str) -> Profile:
        """Return what a publisher says of itself. Raises Damaged."""

    async def profile_stamp(self, publisher: str) -> str:
        """Return the stamp of what a publisher says of itself, "" for nothing."""

    async def keep_profile(self, publisher: str, profile: Profile, expected: str) -> None:
        """Record what a publisher says of itself, which no page says yet.

        expected: the stamp that is on record now. Raises Stale, and Missing where there is no
        such publisher.
        """

    async def profiles(self, after: str, limit: int) -> Sequence[str]:
        """Return who has a profile, by name, after a name."""

    async def doubt_profile(self, publisher: str) -> None:
        """Note that a page may say something else than its publisher does."""

    async def unshown(self, after: str, limit: int) -> Sequence[Unshown]:
        """Return whose pages may say something else, by name, after a name."""

    async def is_unshown(self, publisher: str) -> bool:
        """Return whether a page may say something else than its publisher does."""

    async def settle_profile(self, publisher: str, changes: int) -> None:
        """Note that every page says what was on record when there had been so many changes."""
