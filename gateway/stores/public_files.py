"""The public store on files: one bundle per document, replaced as a whole.

What was read of a bundle is good while its file is the same: that costs one stat. A process that
dies between a bundle and its entry leaves the document unsettled in the ledger, and the put or
delete that settles it brings both in step again.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from gateway.core.bundles import Bundle, Damaged, Entry, Variant
from gateway.core.documents import Address
from gateway.core.errors import Stale
from gateway.core.recent import Recent
from gateway.ports import Seal
from gateway.stores.catalogue import Catalogue
from gateway.stores.durable import answering, below, make_folder, remove, within, write_whole
from gateway.stores.extents import FileSeal, variant_at

CATALOGUE = "catalogue.db"  # its dot keeps it apart from every publisher's folder
SUFFIX = ".bundle"
ROOM = 20 << 20  # bytes of bundles kept in memory where the file system cannot tell

T = TypeVar("T")


class FilePublicStore:
    """Files at root/publisher/slug.bundle, and the catalogue beside them."""

    def __init__(self, root: Path, room: int = ROOM) -> None:
        make_folder(root)
        self._root = root
        self._folder = f"{root}/"
        self._catalogue = Catalogue(root / CATALOGUE)
        self._is_made = False
        self._can_tell = True  # what can be read without waiting; not every file system can
        self._wholes: Recent[Address, tuple[FileSeal, Bundle]] = Recent(room)
        # Changes wait their turn here and not in a thread each.
        self._changes = CapacityLimiter(1)

    async def mark(self, address: Address) -> str:
        """Return what tells the bundle that is there from those before and after."""
        return await _in_thread(partial(_mark, self._path(address)))

    async def put(self, address: Address, bundle: Bundle, since: str | None = None) -> None:
        """Make the bundle current, all forms at once and durably, and list its entry."""
        put = partial(self._put, self._path(address), address, bundle, since)
        await _in_thread(put, self._changes)

    def _put(self, path: Path, address: Address, bundle: Bundle, since: str | None) -> None:
        self._make_catalogue()
        make_folder(path.parent)
        with self._catalogue.turn() as turn:
            _require(path, since)
            if bundle.entry:
                turn.put(bundle.entry)
            else:
                turn.delete(address)
            write_whole(path, bundle.pack())

    async def get(self, address: Address) -> Bundle | None:
        """Return the current bundle; any process's put is seen at once."""
        loaded = await _in_thread(partial(_load, self._path(address)))
        if loaded is None:
            return None
        seal, bundle = loaded
        if not self._can_tell:
            self._wholes.keep(address, loaded, seal.size)
        return bundle

    def ready(self, address: Address, form: str, coding: str) -> tuple[Seal, Variant] | None:
        """Return a form of the current bundle if it is at hand. Raises Damaged."""
        if not self._can_tell:
            return self._kept(address, form, coding)
        try:
            return variant_at(self._folder + below(*address, suffix=SUFFIX), form, coding)
        except OSError as error:
            self._can_tell = error.errno != errno.ENOTSUP
            return None

    def _kept(self, address: Address, form: str, coding: str) -> tuple[Seal, Variant] | None:
        kept = self._wholes.get(address)
        if kept is None:
            return None
        seal, bundle = kept
        return (seal, bundle.forms[form].variant(coding)) if seal.holds() else None

    async def delete(self, address: Address, since: str | None = None) -> None:
        """Take the document off the public side; one that is not there is no error."""
        delete = partial(self._delete, self._path(address), address, since)
        await _in_thread(delete, self._changes)

    def _delete(self, path: Path, address: Address, since: str | None) -> None:
        self._make_catalogue()
        with self._catalogue.turn() as turn:
            _require(path, since)
            turn.delete(address)
            remove(path)

    async def entries(self, publisher: str, before: str, limit: int) -> Sequence[Entry]:
        """Return entries newest first by (published, address); publisher "" means all."""
        return await _in_thread(partial(self._page, publisher, before, limit))

    def _page(self, publisher: str, before: str, limit: int) -> Sequence[Entry]:
        self._make_catalogue()
        return self._catalogue.page(publisher, before, limit)

    async def rebuild(self) -> None:
        """Make the catalogue anew from the bundles."""
        await _in_thread(self._rebuild, self._changes)

    def _rebuild(self) -> None:
        with self._catalogue.turn() as turn:
            turn.make(self._entries())

    def _make_catalogue(self) -> None:
        if not self._is_made:
            with self._catalogue.turn() as turn:
                if not turn.is_made():
                    turn.make(self._entries())
            self._is_made = True

    def _entries(self) -> Iterator[Entry]:
        for path in self._root.glob(f"*/*{SUFFIX}"):
            with suppress(Damaged):  # it is not served either, until it is put again
                loaded = _load(path)
                if loaded and loaded[1].entry:
                    yield loaded[1].entry

    async def ping(self) -> None:
        """Raise Unavailable unless the root is there."""
        await _in_thread(self._root.stat)

    def _path(self, address: Address) -> Path:
        return within(self._root, *address, suffix=SUFFIX)


def _mark(path: Path) -> str:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return ""
    return f"{stat.st_mtime_ns}-{stat.st_ino}-{stat.st_size}"


def _require(path: Path, since: str | None) -> None:
    if since is not None and since != _mark(path):
        raise Stale(None)


def _load(path: Path) -> tuple[FileSeal, Bundle] | None:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return None
    with file:
        # Of the open file: the path may name another one by now.
        stat = os.fstat(file.fileno())
        seal = FileSeal(str(path), stat.st_mtime_ns, stat.st_ino, stat.st_size)
        return seal, Bundle.unpack(file.read())


async def _in_thread(work: Callable[[], T], limiter: CapacityLimiter | None = None) -> T:
    with answering("store", sqlite3.Error):
        return await to_thread.run_sync(work, limiter=limiter)
