"""The record of what was served and changed."""

from __future__ import annotations

from typing import Protocol

from gateway.core.audit_records import Record


class Audit(Protocol):
    """The record of what was served and changed: only ever added to, without text or tokens."""

    def note(self, record: Record) -> None:
        """Take up a record of a read before it is served; it is written a moment later.

        Raises Unavailable when too many records wait already: then nothing may be served.
        """

    async def keep(self, *records: Record) -> None:
        """Take up records of a change before it is acknowledged.

        When this returns, all that was taken up so far is durable. Raises Unavailable.
        """

    async def maintain(self) -> None:
        """Make what was noted last, and anchor it, for good."""

    async def close(self) -> None:
        """Write what waits, and let go of what is open."""
