"""Rebasing: what is public names the origin that is set now, also where it was set for another.

A page is set once, with absolute addresses. So each worker looks once, when it starts, for what
names another origin, and has it set again.
"""

from __future__ import annotations

from gateway.core.bundles import Entry
from gateway.ops.renewing import Renewing


class Rebasing:
    """Looks once through all that is public."""

    def __init__(self, renewing: Renewing, base: str) -> None:
        self._renewing = renewing
        self._base = base.rstrip("/")
        self._is_done = False

    async def __call__(self) -> None:
        """Set again what names another origin. Raises Unavailable, and then begins anew."""
        if not self._is_done:
            await self._renewing("", self._is_elsewhere)
        self._is_done = True
        await self._renewing.rest()

    def _is_elsewhere(self, entry: Entry) -> bool:
        return entry.base != self._base
