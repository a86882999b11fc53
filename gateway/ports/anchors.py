"""The heads of the audit's chains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gateway.core.audit_chains import Anchor


class Anchors(Protocol):
    """Where the heads of the audit's chains are on record, apart from the chains.

    Every method raises Unavailable when the record does not answer.
    """

    async def anchor(self, anchor: Anchor) -> None:
        """Record how far a chain has come; a lower number than is on record changes nothing."""

    async def anchors(self) -> Sequence[Anchor]:
        """Return the head of every chain, by name."""
