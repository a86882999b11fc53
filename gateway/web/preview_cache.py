"""Public variants in memory, by the path that asks for them.

Each is good only while its store says that it is still what the store has.
"""

from __future__ import annotations

from contextlib import suppress

from gateway.core.bundles import Damaged, Variant
from gateway.core.clock_cache import ClockCache
from gateway.core.documents import Address
from gateway.ports import PublicStore, Seal

CAPACITY = 22 << 20  # bytes of variants kept in memory


class PreviewCache:
    """At most `capacity` bytes; what is used least of late goes first."""

    def __init__(self, store: PublicStore, capacity: int = CAPACITY) -> None:
        self._store = store
        self._recent: ClockCache[bytes, tuple[Seal, Variant]] = ClockCache(capacity)

    def good(self, path: bytes, coding: str) -> Variant | None:
        """Return what is kept for a path in a coding, if it is still good."""
        key = path + _ENDS[coding]
        kept = self._recent.get(key)
        if kept is None:
            return None
        seal, variant = kept
        if seal.holds():
            return variant
        self._recent.drop(key)
        return None

    async def find(self, path: bytes, coding: str, address: Address, form: str) -> Variant | None:
        """Return what is kept for a path, else a form of a document from its store.

        Raises Damaged, Unavailable, Busy.
        """
        with suppress(Damaged, KeyError):  # the store, asked below, tells more
            kept = self.good(path, coding) or self.fetch(path, coding, address, form)
            if kept is not None:
                return kept
        return await self._store.form(address, form, coding)

    def fetch(self, path: bytes, coding: str, address: Address, form: str) -> Variant | None:
        """Fetch and keep for a path a form of a document, if that takes no waiting."""
        found = self._store.ready(address, form, coding)
        if found is None:
            return None
        _, variant = found
        self._recent.keep(path + _ENDS[coding], found, variant.size)
        return variant


# No path holds a space. One string is found faster than a pair, and takes less room.
_ENDS = {coding: b" " + coding.encode() for coding in ("br", "zstd", "gzip", "identity")}
