"""What publishers say of themselves, in memory."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.core.errors import Missing, Stale
from gateway.core.profiles import UNSAID, Profile
from gateway.ports import Unshown
from gateway.stores.memory.record import MemoryRecord


class MemoryProfiles(MemoryRecord):
    """Profiles, and whether all pages say what they say."""

    async def profile(self, publisher: str) -> Profile:
        return self._profiles.get(publisher, UNSAID)

    async def profile_stamp(self, publisher: str) -> str:
        return self._profiles.get(publisher, UNSAID).stamp

    async def keep_profile(self, publisher: str, profile: Profile, expected: str) -> None:
        if publisher not in self._publishers:
            raise Missing("publisher")
        stamp = self._profiles.get(publisher, UNSAID).stamp
        if stamp != expected:
            raise Stale(stamp, "profile")
        self._profiles[publisher] = profile
        await self.doubt_profile(publisher)

    async def profiles(self, after: str, limit: int) -> Sequence[str]:
        return sorted(name for name in self._profiles if name > after)[:limit]

    async def doubt_profile(self, publisher: str) -> None:
        if publisher in self._profiles:
            self._changes[publisher] = self._changes.get(publisher, 0) + 1

    async def unshown(self, after: str, limit: int) -> Sequence[Unshown]:
        names = [name for name in sorted(self._changes) if name > after]
        found = [Unshown(n, self._changes[n], self._profiles[n].stamp) for n in names]
        return [each for each in found if self._shown.get(each.publisher, 0) < each.changes][:limit]

    async def is_unshown(self, publisher: str) -> bool:
        return self._shown.get(publisher, 0) < self._changes.get(publisher, 0)

    async def settle_profile(self, publisher: str, changes: int) -> None:
        self._shown[publisher] = max(changes, self._shown.get(publisher, 0))
