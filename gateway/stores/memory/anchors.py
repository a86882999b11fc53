"""Anchors of the audit, in memory."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.core.audit_chains import Anchor


class MemoryAnchors:
    """Anchors in memory."""

    def __init__(self) -> None:
        self._anchors: dict[str, Anchor] = {}

    async def anchor(self, anchor: Anchor) -> None:
        known = self._anchors.get(anchor.chain)
        if known is None or known.number < anchor.number:
            self._anchors[anchor.chain] = anchor

    async def anchors(self) -> Sequence[Anchor]:
        return sorted(self._anchors.values(), key=lambda anchor: anchor.chain)
