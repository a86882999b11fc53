"""The name of a store, kept in it, so that another one is never taken for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gateway.stores.files.durable import answering, make_folder, write_private

if TYPE_CHECKING:
    from gateway.stores.s3.bucket import Bucket

KEPT = "store"


class FileStoreName:
    """The name of a store on files."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.place = str(root)

    async def read(self) -> str:
        """Return the name of the store, "" for none."""
        with answering("store"):
            path = self._root / KEPT
            return path.read_text("latin-1") if path.exists() else ""

    async def keep(self, name: str) -> None:
        """Name the store; one that has a name keeps it."""
        with answering("store"):
            make_folder(self._root, 0o700)
            write_private(self._root / KEPT, name.encode(), replace=False)


class ObjectStoreName:
    """The name of a store in a bucket."""

    def __init__(self, bucket: Bucket, place: str) -> None:
        self._bucket = bucket
        self.place = place

    async def read(self) -> str:
        """Return the name of the store, "" for none."""
        found = await self._bucket.get(KEPT)
        return found.blob.decode("latin-1") if found else ""

    async def keep(self, name: str) -> None:
        """Name the store; one that has a name keeps it."""
        await self._bucket.create(KEPT, name.encode())
