"""The public store on files: one bundle per document, replaced as a whole.

What was read of a bundle is good while its file is the same: that costs one stat. An entry is
committed after its bundle and taken out before it, so an entry without its bundle is damage. A
process that dies between the two leaves a document unlisted, or listed as it was, and unsettled
in the ledger: the put or delete that settles it brings both in step again.
"""

from __future__ import annotations

import errno
import os
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from anyio import CapacityLimiter, to_thread

from gateway.core.bundles import Bundle, Damaged, Entry, Representation, Variant
from gateway.core.clock_cache import ClockCache
from gateway.core.documents import Address, is_name
from gateway.core.errors import Malformed, Missing, Stale
from gateway.core.groups import Group
from gateway.ports import Health, IsDue, Seal, Update
from gateway.stores.damages import Damages
from gateway.stores.files.catalogue import Catalogue
from gateway.stores.files.durable import (
    PART,
    answering,
    below,
    make_folder,
    remove,
    remove_part,
    within,
    write_whole,
)
from gateway.stores.files.extents import FileSeal, variant_at
from gateway.stores.one_copy import OneCopy
from gateway.stores.versions import is_earlier, of_public, public_bundle

CATALOGUE = "catalogue.db"  # its dot keeps it apart from every publisher's folder
SUFFIX = ".bundle"
FEW = 4  # bundles that were put just now, as many as are published at once
CAPACITY = 20 << 20  # bytes of bundles kept in memory where the file system cannot tell

T = TypeVar("T")


class FilePublicStore:
    """Files at root/publisher/slug.bundle, and the catalogue beside them."""

    def __init__(self, root: Path, capacity: int = CAPACITY) -> None:
        make_folder(root)
        self._root = root
        self._folder = f"{root}/"
        self._catalogue = Catalogue(root / CATALOGUE, partial(_entries, root))
        self._damages = Damages()
        self._one_copy = OneCopy()
        self._can_tell = True  # what can be read without waiting; not every file system can
        self._wholes: ClockCache[Address, tuple[FileSeal, Bundle]] = ClockCache(capacity)
        # What was put just now is asked for once more, to be indexed.
        self._just_put: OrderedDict[Address, tuple[FileSeal, Bundle]] = OrderedDict()
        # Changes wait their turn here and not in a thread each.
        self._changes = CapacityLimiter(1)

    async def mark(self, address: Address) -> str:
        """Return what tells the bundle that is there from those before and after."""
        return await _in_thread(partial(_mark, self._path(address)))

    async def put(self, address: Address, bundle: Bundle, since: str | None = None) -> None:
        """Make the bundle current, all forms at once and durably, and list its entry."""
        put = partial(self._put, self._path(address), address, bundle, since)
        await _in_thread(put, self._changes)
        self._damages.whole(_thing(address))

    def _put(self, path: Path, address: Address, bundle: Bundle, since: str | None) -> None:
        make_folder(path.parent)
        with self._catalogue.turn() as turn:
            _require(path, since)
            if bundle.entry:
                turn.put(bundle.entry)
            else:
                turn.delete(address)
            turn.has_changed |= not is_name(address.slug)  # lists show what a publisher says
            write_whole(path, bundle.pack(of_public(address)))
            if not bundle.is_long:
                self._just_put[address] = _seal(path, path.stat()), _copied(bundle)
        while len(self._just_put) > FEW:
            self._just_put.popitem(last=False)

    async def get(self, address: Address) -> Bundle | None:
        """Return the current bundle; any process's put is seen at once."""
        just_put = self._just_put.pop(address, None)
        if just_put and self._can_tell and just_put[0].holds():
            return just_put[1]
        loaded = await self._load(address)
        if loaded is None:
            return None
        if not self._can_tell:
            self._wholes.keep(address, (loaded.seal, loaded.bundle), loaded.seal.size)
        return loaded.bundle

    async def form(self, address: Address, form: str, coding: str) -> Variant | None:
        """Return a form of the current bundle; a long one is the same for all that hold it."""
        which = (address, await self.mark(address), form, coding)
        return await self._one_copy.of(
            address.publisher, which, partial(self._form, address, form, coding)
        )

    async def _form(self, address: Address, form: str, coding: str) -> Variant | None:
        with suppress(Damaged, KeyError, OSError):  # the whole is read below, and tells
            path, of = str(self._path(address)), of_public(address)
            read = partial(variant_at, path, of, form, coding, waits=True)
            _, variant = await to_thread.run_sync(read, limiter=self._one_copy.threads)
            if self._can_tell or variant.is_long:
                return variant
        bundle = await self.get(address)
        return bundle.variant(form, coding) if bundle else None

    async def look(self, address: Address, is_due: IsDue | None = None) -> tuple[Health, str]:
        """Return how the bundle is found, and the edition that it is of ("" for none)."""
        try:
            loaded = await self._load(address)
        except Damaged:
            return Health.DAMAGED, ""
        if loaded is None:
            with suppress(Missing):
                look = partial(self._require_there, address, is_due)
                await self._damages.reading(_thing(address), look)
            return Health.MISSING, ""
        return Health.EARLIER if loaded.is_earlier else Health.WHOLE, loaded.bundle.edition

    async def _require_there(self, address: Address, is_due: IsDue | None) -> bool:
        """Return True unless there is no bundle where one should be. Raises Missing."""
        if await self._load(address) is None and is_due and await is_due():
            raise Missing("bundle")
        return True

    async def _load(self, address: Address) -> Loaded | None:
        load = partial(_in_thread, partial(self._load_whole, address))
        return await self._damages.reading(_thing(address), load)

    def _load_whole(self, address: Address) -> Loaded | None:
        path = self._path(address)
        loaded = _load(path, address)
        if loaded is None and self._catalogue.has(address):
            # Once more under the turn: a delete takes away first the one and then the other.
            with self._catalogue.turn() as turn:
                loaded = _load(path, address)
                if loaded is None and turn.has(address):
                    raise Damaged("A stored bundle is missing.")
        return loaded

    async def addresses(self) -> AsyncIterator[Address]:
        """Yield where there is a bundle, in order."""
        for path in await _in_thread(partial(_paths, self._root)):
            yield _address(path)

    def ready(self, address: Address, form: str, coding: str) -> tuple[Seal, Variant] | None:
        """Return a form of the current bundle if it is at hand. Raises Damaged."""
        if not self._can_tell:
            return self._kept(address, form, coding)
        try:
            path = self._folder + below(*address, suffix=SUFFIX)
            return variant_at(path, of_public(address), form, coding)
        except OSError as error:
            self._can_tell = error.errno != errno.ENOTSUP
            return None

    def _kept(self, address: Address, form: str, coding: str) -> tuple[Seal, Variant] | None:
        kept = self._wholes.get(address)
        if kept is None:
            return None
        seal, bundle = kept
        variant = bundle.variant(form, coding)
        return (seal, variant) if seal.holds() and not variant.is_long else None

    async def delete(self, address: Address, since: str | None = None) -> None:
        """Take the document off the public side; one that is not there is no error."""
        delete = partial(self._delete, self._path(address), address, since)
        await _in_thread(delete, self._changes)
        self._damages.whole(_thing(address))

    def _delete(self, path: Path, address: Address, since: str | None) -> None:
        with self._catalogue.turn() as turn:
            _require(path, since)
            turn.delete(address)
        with self._catalogue.turn() as turn:
            _require(path, since)
            if not turn.has(address):  # nobody has put it again meanwhile
                turn.has_changed |= not is_name(address.slug)
                remove(path)
                remove_part(path.with_name(f".{path.name}{PART}"))
        self._catalogue.scrub()

    async def entries(
        self, publisher: str, before: str, limit: int, group: Group | None = None
    ) -> Sequence[Entry]:
        """Return entries newest first by (published, address); publisher "" means all."""
        return await self._listing(partial(self._catalogue.page, publisher, before, limit, group))

    async def members(
        self, publisher: str, collection: str, after: str, limit: int
    ) -> Sequence[Entry]:
        """Return entries of a collection in its order, after a position ("" = all)."""
        return await self._listing(
            partial(self._catalogue.members, publisher, collection, after, limit)
        )

    async def groups(self, publisher: str) -> Sequence[Group]:
        """Return the groups that a publisher's documents are in, by kind and name."""
        return await self._listing(partial(self._catalogue.groups, publisher))

    async def updates(self, after: str, limit: int) -> Sequence[Update]:
        """Return where there is a document and when it was updated, by address, after one."""
        found = await self._listing(partial(self._catalogue.all, after, limit))
        return list(map(Update.of, found))

    async def listed(self) -> str:
        """Return what tells the lists that there are from those before and after."""
        with answering("store"):
            return self.listed_now()

    def listed_now(self) -> str:
        """Return what listed does: it is in a file of a few bytes, which needs no thread."""
        return self._catalogue.listed()

    async def _listing(self, listing: Callable[[], Sequence[T]]) -> Sequence[T]:
        return await self._damages.reading("catalogue", partial(_in_thread, listing))

    async def rebuild(self) -> None:
        """Make the catalogue anew from the bundles."""
        await _in_thread(self._rebuild, self._changes)

    def _rebuild(self) -> None:
        with self._catalogue.turn() as turn:
            turn.make(_entries(self._root))

    async def ping(self) -> None:
        """Raise Unavailable unless the root is there, and Damaged for known damage."""
        await _in_thread(self._root.stat)
        await self._damages.require_none()

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


class Loaded(NamedTuple):
    """A whole bundle, and what file it was in."""

    seal: FileSeal
    bundle: Bundle
    is_earlier: bool


def _load(path: Path, address: Address) -> Loaded | None:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return None
    with file:
        # Of the open file: the path may name another one by now.
        seal = _seal(path, os.fstat(file.fileno()))
        blob = file.read()
        return Loaded(seal, public_bundle(blob, address), is_earlier(blob))


def _seal(path: Path, stat: os.stat_result) -> FileSeal:
    return FileSeal(str(path), stat.st_mtime_ns, stat.st_ino, stat.st_size)


def _copied(bundle: Bundle) -> Bundle:
    forms = {
        name: Representation(form.media_type, form.etag, dict(form.bodies), form.head)
        for name, form in bundle.forms.items()
    }
    return Bundle(bundle.edition, forms, bundle.entry)


def _paths(root: Path) -> Sequence[Path]:
    return sorted(path for path in root.glob(f"*/*{SUFFIX}") if is_name(path.stem))


def _entries(root: Path) -> Iterator[Entry]:
    for path in _paths(root):
        with suppress(Damaged, Malformed):  # it is not served either, until it is put again
            loaded = _load(path, _address(path))
            if loaded and loaded.bundle.entry:
                yield loaded.bundle.entry


def _address(path: Path) -> Address:
    return Address.of(path.parent.name, path.stem)


def _thing(address: Address) -> str:
    return f"preview {address}"


async def _in_thread(work: Callable[[], T], limiter: CapacityLimiter | None = None) -> T:
    with answering("store"):
        return await to_thread.run_sync(work, limiter=limiter)
