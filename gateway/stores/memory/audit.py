"""An audit in memory."""

from __future__ import annotations

from gateway.core.audit_records import Record, plain


class MemoryAudit:
    """What was served and changed, as a list."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def note(self, record: Record) -> None:
        self.records.append(plain(record))

    async def keep(self, *records: Record) -> None:
        self.records += map(plain, records)

    async def maintain(self) -> None:
        return

    async def close(self) -> None:
        return
