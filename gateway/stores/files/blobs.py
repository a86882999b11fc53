"""Blobs on files of their owner alone, beside the editions of the vault."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from anyio import to_thread

from gateway.core.documents import Address, is_name
from gateway.stores.files.durable import (
    PART,
    answering,
    make_folder,
    remove,
    remove_part,
    within,
    write_private,
)
from gateway.stores.shelf import SUFFIX

_PART = f"companion{PART}"  # one for all of a document

T = TypeVar("T")


class FileBlobs:
    """Files at root/publisher/slug/key.companion."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def write(self, address: Address, key: str, blob: bytes) -> None:
        """Write a blob durably, in place of what is there."""
        path = self._path(address, key)

        def write() -> None:
            make_folder(path.parent.parent, 0o700)
            make_folder(path.parent, 0o700)
            write_private(path, blob, part=path.with_name(_PART))

        await _in_thread(write)

    async def read(self, address: Address, key: str, most: int | None = None) -> bytes | None:
        """Return a blob, or how it begins, None where there is none."""
        path = self._path(address, key)

        def read() -> bytes | None:
            try:
                with path.open("rb") as file:
                    return file.read(-1 if most is None else most)
            except FileNotFoundError:
                return None

        return await _in_thread(read)

    async def delete(self, address: Address, key: str) -> bool:
        """Take a blob away; return whether it was there."""
        path = self._path(address, key)

        def delete() -> bool:
            was_there = path.exists()
            remove(path)
            return was_there

        return await _in_thread(delete)

    async def keys(self, address: Address) -> Sequence[str]:
        """Return the keys of a document, in order."""
        folder = self._path(address, "x").parent
        return await _in_thread(lambda: sorted(path.stem for path in folder.glob(f"*{SUFFIX}")))

    async def sweep(self, address: Address) -> None:
        """Take away what a crash has left."""
        part = self._path(address, "x").with_name(_PART)
        await _in_thread(lambda: remove_part(part))

    async def addresses(self) -> AsyncIterator[Address]:
        """Yield the documents that have blobs, in order."""
        for address in await _in_thread(self._found):
            yield address

    def _found(self) -> list[Address]:
        folders = {path.parent for path in self._root.glob(f"*/*/*{SUFFIX}")}
        named = ((folder.parent.name, folder.name) for folder in folders)
        return sorted(Address(*names) for names in named if all(map(is_name, names)))

    def _path(self, address: Address, key: str) -> Path:
        return within(self._root, *address, key, suffix=SUFFIX)


async def _in_thread(work: Callable[[], T]) -> T:
    with answering("store"):
        return await to_thread.run_sync(work)
