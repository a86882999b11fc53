"""The vault on files: one file per edition, written once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from anyio import to_thread

from gateway.core.bundles import LONG, Bundle, Forms
from gateway.core.documents import Address
from gateway.core.errors import Missing
from gateway.core.permits import NotPermitted, Permit
from gateway.ports import Sealed
from gateway.stores import sealing
from gateway.stores.durable import PART, answering, below, make_folder, within, write_private
from gateway.stores.extents import FormsOnFile, extent_at
from gateway.stores.recent import Recent

ROOM = 10 << 20  # bytes of full texts kept in memory

T = TypeVar("T")


class Kept(NamedTuple):
    """A full text, or its forms that are still on file."""

    forms: Forms
    bundle: Bundle | None = None


class FileVault:
    """Folders of their owner alone: root/publisher/slug/edition.sealed."""

    def __init__(self, root: Path, room: int = ROOM) -> None:
        make_folder(root, 0o700)
        root.chmod(0o700)
        self._root = root
        self._recent: Recent[tuple[Address, str], Kept] = Recent(room)

    async def keep(self, address: Address, edition: str, sealed: Sealed) -> None:
        """Store durably; the same edition again changes nothing."""
        await _in_thread(partial(self._keep, self._path(address, edition), sealed))

    def _keep(self, path: Path, sealed: Sealed) -> None:
        make_folder(path.parent.parent, 0o700)
        make_folder(path.parent, 0o700)
        # One part for all editions: another edition takes over what a crash left of this one.
        part = path.with_name(PART)
        write_private(path, sealing.pack(sealed), replace=False, part=part)

    async def open(self, permit: Permit) -> Bundle:
        """Return the full forms that a permit names."""
        require_permit(permit)
        key = (permit.address, permit.edition)
        kept = self._recent.get(key)
        if kept and kept.bundle:
            return kept.bundle
        blob = await self._part(*key, "full")
        bundle = Bundle.unpack(blob)
        # Now it is at hand, and takes less room there; but not every file system can tell.
        if not bundle.is_long and self.at_hand(permit) is None:
            self._recent.keep(key, Kept(bundle.forms, bundle), len(blob))
        return bundle

    def at_hand(self, permit: Permit) -> Forms | None:
        """Return the full forms that a permit names if they are at hand; they may raise OSError."""
        require_permit(permit)
        # An edition never changes, so what was read of it once stays right.
        key = (permit.address, permit.edition)
        kept = self._recent.get(key)
        if kept:
            return kept.forms
        with suppress(OSError):
            return self._on_file(key)
        return None

    def _on_file(self, key: tuple[Address, str]) -> Forms | None:
        (publisher, slug), edition = key
        path = below(publisher, slug, edition, suffix=sealing.SUFFIX)
        file, beginning = extent_at(f"{self._root}/{path}")
        place = sealing.place(beginning[: sealing.HEAD], "full")
        full = file.part(place)
        if full.size > LONG:  # then a form of it may be
            return None
        forms = FormsOnFile(full, beginning[place], partial(self._recent.charge, key))
        self._recent.keep(key, Kept(forms), forms.size)
        return forms

    async def source(self, address: Address, edition: str) -> bytes:
        """Return the source, for its publisher."""
        return await self._part(address, edition, "source")

    async def public(self, address: Address, edition: str) -> Bundle:
        """Return the public bundle of an edition, current or not."""
        return Bundle.unpack(await self._part(address, edition, "public"))

    async def _part(self, address: Address, edition: str, part: str) -> bytes:
        return await _in_thread(partial(_read_part, self._path(address, edition), part))

    def _path(self, address: Address, edition: str) -> Path:
        return within(self._root, address.publisher, address.slug, edition, suffix=sealing.SUFFIX)

    async def ping(self) -> None:
        """Raise Unavailable unless the root is there."""
        await _in_thread(self._root.stat)


def require_permit(permit: object) -> None:
    """Raise NotPermitted unless this is a permit, whatever its maker says that it is."""
    if not isinstance(permit, Permit):
        raise NotPermitted("The vault opens to a permit only.")


async def _in_thread(work: Callable[[], T]) -> T:
    with answering("store"):
        return await to_thread.run_sync(work)


def _read_part(path: Path, part: str) -> bytes:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise Missing("edition") from None
    with file:
        at = sealing.place(file.read(sealing.HEAD), part)
        file.seek(at.start)
        return sealing.whole(file.read(at.stop - at.start), at)
