"""The public store on S3: one object per document, replaced by one PUT.

The bundles are the truth. The catalogue is a folder of empty objects, whose names sort newest
first and say where to look: a name without a bundle that belongs there is passed over. In every
change the names that no longer hold go first and the bundle comes last, so a process that dies in
between leaves a document unlisted, at worst, and unsettled in the ledger: the put or delete that
settles it brings both in step again.
"""

from __future__ import annotations

import secrets
from asyncio import gather
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from functools import partial
from hashlib import sha256
from pathlib import PurePosixPath
from typing import NamedTuple

from gateway.core.bundles import Bundle, Damaged, Entry, Variant
from gateway.core.clock_cache import ClockCache
from gateway.core.documents import Address
from gateway.core.errors import Malformed, Missing, Stale
from gateway.core.groups import COLLECTIONS, KINDS, Group, groups_of
from gateway.ports import Health, IsDue, Seal, Update, cursor, position
from gateway.stores.damages import Damages
from gateway.stores.files.durable import within
from gateway.stores.one_copy import OneCopy
from gateway.stores.s3.bucket import Bucket, Unchanged
from gateway.stores.versions import is_earlier, of_public, public_bundle

ROOT = PurePosixPath("public")
SUFFIX = ".bundle"
CATALOGUE = PurePosixPath("catalogue")
LISTED = PurePosixPath("listed")  # its content tells the catalogue from those before and after
UPDATES = str(CATALOGUE / "updates")
CAPACITY = 32 << 20  # bytes of bundles kept in memory
AT_ONCE = 64  # objects asked for at a time

_MIRROR = bytes(255 - byte for byte in range(256))
_LAST = "z"  # sorts after every hexadecimal digit
_LONGEST = 256  # bytes; no place in the catalogue is as long


class KnownObject(NamedTuple):
    """A bundle in memory, good while its object has this tag."""

    etag: str
    bundle: Bundle
    is_earlier: bool


class ObjectPublicStore:
    """Objects at public/publisher/slug.bundle, and the catalogue beside them."""

    def __init__(self, bucket: Bucket, capacity: int = CAPACITY) -> None:
        self._bucket = bucket
        self._known: ClockCache[Address, KnownObject] = ClockCache(capacity)
        self._damages = Damages()
        self._one_copy = OneCopy()

    async def mark(self, address: Address) -> str:
        """Return what tells the bundle that is there from those before and after."""
        return await self._bucket.tag(_key(address))

    async def put(self, address: Address, bundle: Bundle, since: str | None = None) -> None:
        """Make the bundle current, all forms at once and durably, and list its entry."""
        names = _names(bundle.entry)
        await self._unlist(address, names)
        for name in names:
            await self._bucket.put(name, b"")
        await self._bucket.put(_key(address), bundle.pack(of_public(address)), since)
        await self._tell_listed()
        self._damages.whole(_thing(address))

    async def get(self, address: Address) -> Bundle | None:
        """Return the current bundle; any host's put is seen at once."""
        found = await self._get(address)
        return found.bundle if found else None

    async def form(self, address: Address, form: str, coding: str) -> Variant | None:
        """Return a form of the current bundle; a long one is the same for all that hold it."""
        load = partial(self._form, address, form, coding)
        if self._known.get(address):
            return await load()
        which = (address, await self._bucket.tag(_key(address)), form, coding)
        return await self._one_copy.of(address.publisher, which, load)

    async def _form(self, address: Address, form: str, coding: str) -> Variant | None:
        bundle = await self.get(address)
        return bundle.variant(form, coding) if bundle else None

    async def look(self, address: Address, is_due: IsDue | None = None) -> tuple[Health, str]:
        """Return how the bundle is found, and the edition that it is of ("" for none)."""
        try:
            found = await self._get(address)
        except Damaged:
            return Health.DAMAGED, ""
        if found is None:
            with suppress(Missing):
                look = partial(self._require_there, address, is_due)
                await self._damages.reading(_thing(address), look)
            return Health.MISSING, ""
        if is_due:
            with suppress(Missing):
                look = partial(self._require_listed, address, is_due)
                await self._damages.reading(f"catalogue {address}", look)
        return Health.EARLIER if found.is_earlier else Health.WHOLE, found.bundle.edition

    async def _require_there(self, address: Address, is_due: IsDue | None) -> bool:
        """Return True unless there is no bundle where one should be. Raises Missing."""
        if await self._get(address) is None and is_due and await is_due():
            raise Missing("bundle")
        return True

    async def _require_listed(self, address: Address, is_due: IsDue) -> bool:
        """Return True unless lists lack what they should name. Raises Missing."""
        found = await self._get(address)
        for name in _names(found.bundle.entry if found else None):
            if not await self._bucket.tag(name) and await is_due():
                raise Missing("entry")
        return True

    async def _get(self, address: Address) -> KnownObject | None:
        return await self._damages.reading(_thing(address), partial(self._fetch, address))

    async def _fetch(self, address: Address) -> KnownObject | None:
        key, known = _key(address), self._known.get(address)
        try:
            found = await self._bucket.get(key, known.etag if known else "")
        except Unchanged:
            return known
        if found is None:
            self._known.drop(address)
            return None
        bundle = public_bundle(found.blob, address)
        known = KnownObject(found.etag, bundle, is_earlier(found.blob))
        self._known.keep(address, known, len(found.blob))
        return known

    async def addresses(self) -> AsyncIterator[Address]:
        """Yield where there is a bundle, in order."""
        async for key in self._all(ROOT):
            with suppress(Malformed):
                yield _address_of_key(key)

    def ready(self, address: Address, form: str, coding: str) -> tuple[Seal, Variant] | None:  # noqa: ARG002
        """Return nothing: the bucket is asked whether a bundle is still the one in memory."""
        return None

    async def delete(self, address: Address, since: str | None = None) -> None:
        """Take the document off the public side; one that is not there is no error."""
        # S3 has no conditional delete that every server knows. One that comes too late hides a
        # preview until it is settled again; it shows nothing to anyone.
        if since is not None and since != await self.mark(address):
            raise Stale(None)
        await self._unlist(address, ())
        await self._bucket.delete(_key(address))
        await self._tell_listed()
        self._damages.whole(_thing(address))

    async def _unlist(self, address: Address, but: Sequence[str]) -> None:
        with suppress(Damaged):
            before = await self.get(address)
            for name in _names(before.entry if before else None):
                if name not in but:
                    await self._bucket.delete(name)

    async def _tell_listed(self) -> None:
        # Last of all: what was made of the catalogue before is then no longer good.
        await self._bucket.put(str(LISTED), secrets.token_bytes(16))

    async def listed(self) -> str:
        """Return what tells the lists that there are from those before and after."""
        return await self._bucket.tag(str(LISTED))

    def listed_now(self) -> None:
        """Return nothing: the bucket is asked."""

    async def entries(
        self, publisher: str, before: str, limit: int, group: Group | None = None
    ) -> Sequence[Entry]:
        """Return entries newest first by (published, address); publisher "" means all."""
        folder = _folder(publisher, group)
        return await self._listing(folder, _name(folder, before) if before else "", limit)

    async def members(
        self, publisher: str, collection: str, after: str, limit: int
    ) -> Sequence[Entry]:
        """Return entries of a collection in its order, after a position ("" = all)."""
        folder = _ordered(publisher, collection)
        return await self._listing(folder, _rising(folder, after) if after else "", limit)

    async def groups(self, publisher: str) -> Sequence[Group]:
        """Return the groups that a publisher's documents are in, by kind and name."""
        kinds = [_kind(publisher, kind) for kind in KINDS]
        folders = [folder for kind in kinds for folder in await self._bucket.folders(kind)]
        firsts = [
            first
            for at in range(0, len(folders), AT_ONCE)
            for first in await gather(*map(self._first, folders[at : at + AT_ONCE]))
        ]
        found = zip(folders, firsts, strict=True)
        return sorted(
            group
            for folder, entries in found
            for entry in entries
            for group in groups_of(entry)
            if _folder(publisher, group) == folder
        )

    async def _first(self, folder: str) -> Sequence[Entry]:
        return await self._listing(folder, "", 1)

    async def updates(self, after: str, limit: int) -> Sequence[Update]:
        """Return where there is a document and when it was updated, by address, after one.

        The names themselves tell: a change that is under way may be told before it is shown.
        """
        # After whatever is told of that address, and before every address that begins so.
        last = _rising(UPDATES, f"{after} ") + _LAST if after else ""
        found: list[Update] = []
        async for names in self._bucket.keys(UPDATES, last, AT_ONCE * 16):
            found += [update for update in map(_update, names) if update]
            if len(found) >= limit:
                break
        return found[:limit]

    async def _listing(self, folder: str, after: str, limit: int) -> Sequence[Entry]:
        found: list[Entry] = []
        async for names in self._bucket.keys(folder, after, limit):
            found += [entry for entry in await self._entries(names) if entry]
            if len(found) >= limit:
                break
        return found[:limit]

    async def _entries(self, names: Sequence[str]) -> Sequence[Entry | None]:
        return await gather(*map(self._entry, names))

    async def _entry(self, name: str) -> Entry | None:
        # A damaged bundle is not served either, and a name may be anybody's.
        with suppress(Damaged, Malformed, ValueError):
            bundle = await self.get(_address(name))
            if bundle and name in _names(bundle.entry):
                return bundle.entry
        return None

    async def rebuild(self) -> None:
        """Make the catalogue anew from the bundles."""
        async for name in self._all(CATALOGUE):
            if not await self._entry(name):
                await self._bucket.delete(name)
        async for key in self._all(ROOT):
            with suppress(Damaged, Malformed):
                bundle = await self.get(_address_of_key(key))
                for name in _names(bundle.entry if bundle else None):
                    await self._bucket.put(name, b"")

    async def _all(self, folder: PurePosixPath) -> AsyncIterator[str]:
        async for keys in self._bucket.keys(str(folder), "", AT_ONCE):
            for key in keys:
                yield key

    async def ping(self) -> None:
        """Raise Unavailable unless the bucket is there, and Damaged for known damage."""
        await self._bucket.ping()
        await self._damages.require_none()


# --- keys --------------------------------------------------------------------------------------


def _key(address: Address) -> str:
    return str(within(ROOT, *address, suffix=SUFFIX))


def _address_of_key(key: str) -> Address:
    path = PurePosixPath(key)
    return Address.of(path.parent.name, path.stem)


def _thing(address: Address) -> str:
    return f"preview {address}"


def _names(entry: Entry | None) -> tuple[str, ...]:
    if entry is None:
        return ()
    publisher, collection = entry.address.publisher, entry.collection
    folders = _folder(""), _folder(publisher)
    names = [_name(folder, cursor(entry)) for folder in folders]
    groups = (_folder(publisher, group) for group in groups_of(entry))
    names += [_name(folder, cursor(entry)) for folder in groups]
    if collection:
        names.append(_rising(_ordered(publisher, collection), position(entry)))
    told = " ".join((str(entry.address), *Update.of(entry)[1:]))
    return (*names, _rising(UPDATES, told))


def _kind(publisher: str, kind: str) -> str:
    return str(within(CATALOGUE / ("in" if kind == COLLECTIONS else kind), publisher))


def _folder(publisher: str, group: Group | None = None) -> str:
    if group:
        name = group.name
        if group.kind != COLLECTIONS:  # by a hash, for a name may be longer than a key
            name = sha256(name.encode()).hexdigest()
        return f"{_kind(publisher, group.kind)}/{name}"
    return str(within(CATALOGUE / "by", publisher) if publisher else CATALOGUE / "all")


def _ordered(publisher: str, collection: str) -> str:
    return str(within(CATALOGUE / "order", publisher, collection))


def _rising(folder: str, place: str) -> str:
    """Return the name of a place in an order that goes up."""
    return f"{folder}/{place.encode().hex()}"


def _update(name: str) -> Update | None:
    """Return what a name says of a document, None for one that is nobody's."""
    try:
        at, *told = bytes.fromhex(name.rpartition("/")[2]).decode().split(" ")
        publisher, _, slug = at.partition("/")
        updated, language, original = told
        return Update(Address.of(publisher, slug), updated, language, original)
    except (Malformed, ValueError):
        return None


def _name(folder: str, place: str) -> str:
    """Return the name of a place in the order of the catalogue: names go up as places go down."""
    mirrored = place.encode()[:_LONGEST].translate(_MIRROR)
    return f"{folder}/{mirrored.hex()}{_LAST}"


def _address(name: str) -> Address:
    """Return where a name in the catalogue says to look. Raises Malformed, ValueError."""
    folder, _, last = name.rpartition("/")
    if folder == UPDATES:
        publisher, _, slug = bytes.fromhex(last).decode().partition(" ")[0].partition("/")
    else:
        place = bytes.fromhex(last.removesuffix(_LAST))
        place = place.translate(_MIRROR) if last.endswith(_LAST) else place
        publisher, _, slug = place.decode().rpartition(" ")[2].partition("/")
    return Address.of(publisher, slug)
