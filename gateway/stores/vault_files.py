"""The vault on files: one file per edition, written once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from anyio import to_thread

from gateway.core.bundles import Bundle
from gateway.core.documents import Address
from gateway.core.errors import Missing
from gateway.core.permits import NotPermitted, Permit
from gateway.ports import Sealed
from gateway.stores import sealing
from gateway.stores.durable import PART, answering, make_folder, within, write_private
from gateway.stores.recent import Recent

ROOM = 32 << 20  # bytes of full texts kept in memory

T = TypeVar("T")


class FileVault:
    """Folders of their owner alone: root/publisher/slug/edition.sealed."""

    def __init__(self, root: Path, room: int = ROOM) -> None:
        make_folder(root, 0o700)
        root.chmod(0o700)
        self._root = root
        self._recent: Recent[tuple[Address, str], Bundle] = Recent(room)

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
        if bundle := self.at_hand(permit):
            return bundle
        blob = await self._part(permit.address, permit.edition, "full")
        bundle = Bundle.unpack(blob)
        if not bundle.is_long:
            self._recent.keep((permit.address, permit.edition), bundle, len(blob))
        return bundle

    def at_hand(self, permit: Permit) -> Bundle | None:
        """Return the full forms that a permit names if they are in memory."""
        require_permit(permit)
        # An edition never changes, so what was read of it once stays right.
        return self._recent.get((permit.address, permit.edition))

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
