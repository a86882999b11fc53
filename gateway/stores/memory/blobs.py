"""Blobs in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from gateway.core.documents import Address


class MemoryBlobs:
    """Blobs in memory."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Address, str], bytes] = {}

    async def write(self, address: Address, key: str, blob: bytes) -> None:
        self._kept[address, key] = blob

    async def read(self, address: Address, key: str, most: int | None = None) -> bytes | None:
        blob = self._kept.get((address, key))
        return blob if blob is None or most is None else blob[:most]

    async def delete(self, address: Address, key: str) -> bool:
        return self._kept.pop((address, key), None) is not None

    async def keys(self, address: Address) -> Sequence[str]:
        return sorted(key for at, key in self._kept if at == address)

    async def sweep(self, address: Address) -> None:
        return

    async def addresses(self) -> AsyncIterator[Address]:
        for address in sorted({address for address, _ in self._kept}):
            yield address
