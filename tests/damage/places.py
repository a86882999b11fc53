"""Where the things of a gateway lie, and how to reach into them: on files, and in a bucket."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import obstore
from obstore.store import S3Store


class Place(Protocol):
    """Stored things by name, below one root."""

    def names(self) -> list[str]: ...

    def read(self, name: str) -> bytes: ...

    def write(self, name: str, blob: bytes) -> None: ...

    def remove(self, name: str) -> None: ...


@dataclass(frozen=True)
class Files:
    """A folder."""

    root: Path

    def names(self) -> list[str]:
        found = (path for path in self.root.rglob("*") if path.is_file())
        return sorted(str(path.relative_to(self.root)) for path in found)

    def read(self, name: str) -> bytes:
        return (self.root / name).read_bytes()

    def write(self, name: str, blob: bytes) -> None:
        (self.root / name).write_bytes(blob)

    def remove(self, name: str) -> None:
        (self.root / name).unlink()


@dataclass(frozen=True)
class Objects:
    """A place in a bucket."""

    client: S3Store

    def names(self) -> list[str]:
        return sorted(meta["path"] for meta in obstore.list(self.client).collect())

    def read(self, name: str) -> bytes:
        return obstore.get(self.client, name).bytes().to_bytes()

    def write(self, name: str, blob: bytes) -> None:
        obstore.put(self.client, name, blob)

    def remove(self, name: str) -> None:
        obstore.delete(self.client, name)


def copied(kept: Mapping[str, bytes], place: Place) -> Place:
    """Fill an empty place with what was kept of another."""
    for name, blob in kept.items():
        place.write(name, blob)
    return place


def fresh(kept: Path, folder: Path) -> Path:
    """Copy a data folder, with the modes of its files."""
    shutil.copytree(kept, folder)
    return folder
