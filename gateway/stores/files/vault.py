"""The vault on files: one file per edition, written once."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from anyio import to_thread

from gateway.core.bundles import IDENTITY, Bundle, Damaged, Variant
from gateway.core.clock_cache import ClockCache
from gateway.core.documents import Address
from gateway.core.errors import Missing
from gateway.core.permits import Permit, require_permit
from gateway.ports import Health, Sealed
from gateway.stores import sealing
from gateway.stores.damages import Damages
from gateway.stores.files.blobs import FileBlobs
from gateway.stores.files.durable import (
    PART,
    answering,
    below,
    make_folder,
    remove,
    remove_part,
    require_room,
    within,
    write_private,
)
from gateway.stores.files.extents import variant_at
from gateway.stores.one_copy import OneCopy
from gateway.stores.shelf import BlobShelf
from gateway.stores.vault_parts import OpenedFile, Parts
from gateway.stores.versions import part_at

CAPACITY = 8 << 20  # bytes of full texts kept in memory

T = TypeVar("T")
Key = tuple[Address, str, str, str]  # a document, an edition of it, a form, and its coding


class FileVault:
    """Folders of their owner alone: root/publisher/slug/edition.sealed."""

    def __init__(self, root: Path) -> None:
        make_folder(root, 0o700)
        root.chmod(0o700)
        self._root = root
        self._folder = f"{root}/"
        # An edition never changes, so what was read of it once stays right.
        self._recent: ClockCache[Key, Variant] = ClockCache(CAPACITY)
        self._can_tell = True  # what can be read without waiting; not every file system can
        self._damages = Damages()
        self._one_copy = OneCopy()
        self._parts = Parts(self._opened, self._damages)
        self.shelf = BlobShelf(FileBlobs(root), self._damages)

    async def keep(self, address: Address, edition: str, sealed: Sealed) -> None:
        """Store durably; the same edition again changes nothing."""
        await self._write(address, edition, sealed, replace=False)

    async def mend(self, address: Address, edition: str, sealed: Sealed) -> None:
        """Store an edition durably in place of what is there of it."""
        await self._write(address, edition, sealed, replace=True)

    async def _write(
        self, address: Address, edition: str, sealed: Sealed, *, replace: bool
    ) -> None:
        path = self._path(address, edition)

        def write() -> None:  # to pack takes as long as all else where the text is long
            _write(path, sealing.pack(sealed, address, edition), replace=replace)

        await _in_thread(write)

    async def open(self, permit: Permit) -> Bundle:
        """Return the full forms that a permit names."""
        require_permit(permit)
        address, edition = permit.address, permit.edition
        bundle = await self._parts.full(address, edition)
        if not self._can_tell and not bundle.is_long:
            for name, form in bundle.forms.items():
                for coding in form.bodies:
                    self._keep_in_memory((address, edition, name, coding), form.variant(coding))
        return bundle

    async def form(self, permit: Permit, form: str, coding: str = IDENTITY) -> Variant:
        """Return one full form; a long one is the same for all that hold it."""
        require_permit(permit)
        load = partial(self._form, permit, form, coding)
        which = permit.address, permit.edition, form, coding
        return await self._one_copy.of(permit.address.publisher, which, load)

    async def _form(self, permit: Permit, form: str, coding: str) -> Variant:
        address, edition = permit.address, permit.edition
        with suppress(Damaged, OSError):  # the whole is read below, and tells
            path, of = str(self._path(address, edition)), sealing.of("full", address, edition)
            read = partial(variant_at, path, of, form, coding, _place, waits=True)
            _, variant = await to_thread.run_sync(read, limiter=self._one_copy.threads)
            if self._can_tell or variant.is_long:
                return variant
        return (await self.open(permit)).variant(form, coding)

    def at_hand(self, permit: Permit, form: str, coding: str = IDENTITY) -> Variant | None:
        """Return a form of the full text that a permit names, if it is at hand. Raises Damaged."""
        require_permit(permit)
        key = (permit.address, permit.edition, form, coding)
        kept = self._recent.get(key)
        if kept is not None:
            return kept
        return self._read(key) if self._can_tell else self._recent.get((*key[:3], IDENTITY))

    def _read(self, key: Key) -> Variant | None:
        (publisher, slug), edition, form, coding = key
        path = below(publisher, slug, edition, suffix=sealing.SUFFIX)
        try:
            of = sealing.of("full", key[0], edition)
            _, variant = variant_at(self._folder + path, of, form, coding, _place)
        except OSError as error:
            self._can_tell = error.errno != errno.ENOTSUP
            return None
        self._keep_in_memory(key, variant)
        return variant

    def _keep_in_memory(self, key: Key, variant: Variant) -> None:
        self._recent.keep(key, variant, variant.size)

    async def source(self, address: Address, edition: str) -> bytes:
        """Return the source, for its publisher."""
        return await self._parts.source(address, edition)

    async def public(self, address: Address, edition: str) -> Bundle:
        """Return the public bundle of an edition, current or not."""
        return await self._parts.public(address, edition)

    async def bring_up(self, address: Address, edition: str) -> None:
        """Write an edition anew, with the same content, in this version."""
        await self.mend(address, edition, await self._parts.all(address, edition))

    async def editions(self, address: Address) -> Sequence[str]:
        """Return the ids of all editions that are kept of a document."""
        return await _in_thread(partial(_editions, self._path(address, "x").parent))

    async def erase(self, address: Address, editions: Collection[str]) -> None:
        """Take editions away for good, and what a crash has left."""
        paths = [self._path(address, edition) for edition in editions]
        await _in_thread(partial(_erase, self._path(address, "x").with_name(PART), paths))
        self.forget(address, editions)

    def forget(self, address: Address, editions: Collection[str]) -> None:
        """Take up that editions are gone on purpose, and no damage."""
        self._parts.forget(address, editions)

    async def look(self, address: Address, edition: str) -> Mapping[str, Health]:
        """Return how each part of an edition is found."""
        return await self._parts.look(address, edition)

    async def _opened(self, address: Address, edition: str, part: str) -> OpenedFile:
        return await _in_thread(partial(_read_part, self._path(address, edition), part))

    def _path(self, address: Address, edition: str) -> Path:
        return within(self._root, address.publisher, address.slug, edition, suffix=sealing.SUFFIX)

    async def ping(self) -> None:
        """Raise Unavailable unless the root is there and has room, Damaged for known damage."""
        await _in_thread(partial(require_room, self._root))
        await self._damages.require_none()


def _place(beginning: bytes | bytearray) -> slice:
    return sealing.place(beginning[: sealing.HEAD], "full")


async def _in_thread(work: Callable[[], T]) -> T:
    with answering("store"):
        return await to_thread.run_sync(work)


def _read_part(path: Path, part: str) -> OpenedFile:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise Missing("edition") from None
    with file:
        head = file.read(sealing.HEAD)
        at = part_at(head, part)
        if at.stop > os.fstat(file.fileno()).st_size:
            raise Damaged("A stored edition is damaged.")
        file.seek(at.start)
        return OpenedFile(head, file.read(at.stop - at.start))


def _editions(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob(f"*{sealing.SUFFIX}"))


def _erase(part: Path, paths: Sequence[Path]) -> None:
    for path in paths:
        remove(path)
    remove_part(part)


def _write(path: Path, blob: bytes, *, replace: bool) -> None:
    make_folder(path.parent.parent, 0o700)
    make_folder(path.parent, 0o700)
    # One part for all editions: another edition takes over what a crash left of this one.
    write_private(path, blob, replace=replace, part=path.with_name(PART))
