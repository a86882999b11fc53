"""Public variants in memory, by the path that asks for them.

Each is good only while its store says that it is still what the store has.
"""

from __future__ import annotations

from gateway.core.bundles import Variant
from gateway.core.clock_cache import ClockCache
from gateway.core.documents import Address
from gateway.ports import PublicStore, Seal

CAPACITY = 22 << 20  # bytes of variants kept in memory


class PreviewCache:
    """At most `room` bytes; what is used least of late goes first."""

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
