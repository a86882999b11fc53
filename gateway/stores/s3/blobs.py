"""Blobs as objects, beside the editions of the vault."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import PurePosixPath

from gateway.core.documents import Address, is_name
from gateway.stores.files.durable import within
from gateway.stores.s3.bucket import Bucket
from gateway.stores.shelf import SUFFIX

ROOT = PurePosixPath("vault")
AT_ONCE = 1_000  # keys asked for at a time


class ObjectBlobs:
    """Objects at vault/publisher/slug/key.companion."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    async def write(self, address: Address, key: str, blob: bytes) -> None:
        """Write a blob durably, in place of what is there."""
        await self._bucket.put(_key(address, key), blob)

    async def read(self, address: Address, key: str, most: int | None = None) -> bytes | None:
        """Return a blob, or how it begins, None where there is none."""
        if most is not None:
            return await self._bucket.piece(_key(address, key), 0, most)
        found = await self._bucket.get(_key(address, key))
        return found.blob if found else None

    async def delete(self, address: Address, key: str) -> bool:
        """Take a blob away; return whether it was there."""
        was_there = bool(await self._bucket.tag(_key(address, key)))
        await self._bucket.delete(_key(address, key))
        return was_there

    async def keys(self, address: Address) -> Sequence[str]:
        """Return the keys of a document, in order."""
        folder = str(PurePosixPath(_key(address, "x")).parent)
        return sorted([path.stem async for path in self._below(folder)])

    async def sweep(self, address: Address) -> None:
        """Do nothing: an object is written whole or not at all."""

    async def addresses(self) -> AsyncIterator[Address]:
        """Yield the documents that have blobs, in order."""
        last = None
        async for path in self._below(str(ROOT)):
            names = path.parts[-3:-1]
            if names != last and all(map(is_name, names)):
                yield Address(*names)
            last = names

    async def _below(self, folder: str) -> AsyncIterator[PurePosixPath]:
        async for keys in self._bucket.keys(folder, "", AT_ONCE):
            for key in keys:
                if key.endswith(SUFFIX):
                    yield PurePosixPath(key)


def _key(address: Address, key: str) -> str:
    return str(within(ROOT, *address, key, suffix=SUFFIX))
