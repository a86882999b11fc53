"""The outbox, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.core.errors import Stale
from gateway.ports import AuthorityRecord, Outgoing
from gateway.stores.memory.record import MemoryRecord


class MemoryOutbox(MemoryRecord):
    """What is not confirmed yet, and who confirms it."""

    async def outbox(self, limit: int) -> Sequence[Outgoing]:
        return list(self._outbox.values())[:limit]

    async def newest_outgoing(self) -> int:
        return max(self._outbox, default=0)

    async def confirm(self, outbox: Sequence[Outgoing], authority: str = "") -> bool:
        if self._goes_by() != authority:
            return False
        for each in outbox:
            self._outbox.pop(each.seq, None)
        return True

    def _goes_by(self) -> str:
        return self._authority.id if self._authority else ""

    async def authority(self) -> AuthorityRecord | None:
        return self._authority

    async def replace_authority(
        self,
        before: AuthorityRecord | None,
        after: AuthorityRecord,
        attending: Mapping[str, int],
        at: int,
    ) -> None:
        if (self._authority, self._attendance) != (before, attending):
            raise Stale(None)
        self._authority = after
        self._attendance = {after.house: 1}

    async def attend(self, house: str, authority: str) -> bool:
        if self._goes_by() != authority:
            return False
        self._attendance[house] = self._attendance.get(house, 0) + 1
        return True

    async def attendance(self) -> Mapping[str, int]:
        return dict(self._attendance)

    async def leave(self, house: str) -> None:
        self._attendance.pop(house, None)
