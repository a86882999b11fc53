"""The vault on files: one file per edition, written once.

One file holds the source and both bundles, so that one rename makes an edition whole.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from anyio import to_thread

from gateway.core.bundles import Bundle, Damaged
from gateway.core.documents import Address
from gateway.core.errors import Missing
from gateway.core.permits import NotPermitted, Permit
from gateway.ports import Sealed
from gateway.stores.durable import PART, answering, make_folder, within, write_private
from gateway.stores.recent import Recent

SUFFIX = ".sealed"
ROOM = 32 << 20  # bytes of full texts kept in memory

_MAGIC = b"paidgate-sealed-1\n"
_LENGTH = 8
_PARTS = ("source", "full", "public")
_HEAD = len(_MAGIC) + _LENGTH * len(_PARTS)

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
        write_private(path, _pack(sealed), replace=False, part=part)

    async def open(self, permit: Permit) -> Bundle:
        """Return the full forms that a permit names."""
        if bundle := self.at_hand(permit):
            return bundle
        blob = await self._part(permit.address, permit.edition, "full")
        bundle = Bundle.unpack(blob)
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
        return within(self._root, address.publisher, address.slug, edition, suffix=SUFFIX)

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


def _pack(sealed: Sealed) -> bytes:
    parts = (sealed.source, sealed.full.pack(), sealed.public.pack())
    lengths = (len(part).to_bytes(_LENGTH, "big") for part in parts)
    return b"".join([_MAGIC, *lengths, *parts])


def _read_part(path: Path, part: str) -> bytes:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise Missing("edition") from None
    with file:
        head = file.read(_HEAD)
        if len(head) != _HEAD or not head.startswith(_MAGIC):
            raise Damaged("A stored edition is damaged.")
        at = len(_MAGIC) + _LENGTH * _PARTS.index(part)
        before = sum(_lengths(head[len(_MAGIC) : at]))
        (length,) = _lengths(head[at : at + _LENGTH])
        file.seek(_HEAD + before)
        blob = file.read(length)
    if len(blob) != length:
        raise Damaged("A stored edition is damaged.")
    return blob


def _lengths(head: bytes) -> list[int]:
    return [int.from_bytes(head[at : at + _LENGTH], "big") for at in range(0, len(head), _LENGTH)]
