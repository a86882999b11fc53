"""The vault on S3: one object per edition, created once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import PurePosixPath

from anyio import to_thread

from gateway.core.bundles import (
    IDENTITY,
    LONG,
    Bundle,
    Damaged,
    Variant,
    found_in,
    head_end,
    require_whole,
    require_whole_head,
)
from gateway.core.clock_cache import ClockCache
from gateway.core.documents import Address
from gateway.core.errors import Missing
from gateway.core.permits import Permit, require_permit
from gateway.ports import Health, Sealed
from gateway.stores import sealing
from gateway.stores.damages import Damages
from gateway.stores.files.durable import within
from gateway.stores.one_copy import OneCopy
from gateway.stores.s3.blobs import ObjectBlobs
from gateway.stores.s3.bucket import Bucket
from gateway.stores.shelf import BlobShelf
from gateway.stores.vault_parts import OpenedFile, Parts
from gateway.stores.versions import part_at

ROOT = PurePosixPath("vault")
BEGINNING = 8_192  # bytes; with the head of most texts
AT_ONCE = 1_000  # keys asked for at a time
CAPACITY = 32 << 20  # bytes of full texts kept in memory


class ObjectVault:
    """Objects at vault/publisher/slug/edition.sealed."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        # An edition never changes, so what was read of it once is good for good.
        self._recent: ClockCache[tuple[Address, str], Bundle] = ClockCache(CAPACITY)
        self._damages = Damages()
        self._one_copy = OneCopy()
        self._parts = Parts(self._opened, self._damages)
        self.shelf = BlobShelf(ObjectBlobs(bucket), self._damages)

    async def keep(self, address: Address, edition: str, sealed: Sealed) -> None:
        """Store durably; the same edition again changes nothing."""
        await self._bucket.create(_key(address, edition), await _packed(address, edition, sealed))

    async def mend(self, address: Address, edition: str, sealed: Sealed) -> None:
        """Store an edition durably in place of what is there of it."""
        await self._bucket.put(_key(address, edition), await _packed(address, edition, sealed))

    async def open(self, permit: Permit) -> Bundle:
        """Return the full forms that a permit names."""
        require_permit(permit)
        key = permit.address, permit.edition
        if bundle := self._recent.get(key):
            return bundle
        bundle = await self._parts.full(*key)
        if not bundle.is_long:
            self._recent.keep(key, bundle, bundle.size)
        return bundle

    async def form(self, permit: Permit, form: str, coding: str = IDENTITY) -> Variant:
        """Return one full form; a long one is the same for all that hold it."""
        require_permit(permit)
        load = partial(self._form, permit, form, coding)
        which = permit.address, permit.edition, form, coding
        return await self._one_copy.of(permit.address.publisher, which, load)

    async def _form(self, permit: Permit, form: str, coding: str) -> Variant:
        key = permit.address, permit.edition
        if not self._recent.get(key):
            with suppress(Damaged):  # the whole is read below, and tells
                if variant := await self._alone(*key, form, coding):
                    return variant
        return (await self.open(permit)).variant(form, coding)

    async def _alone(
        self, address: Address, edition: str, form: str, coding: str
    ) -> Variant | None:
        """Return one form of a text that is too long to be kept in memory, and read no other."""
        key, of = _key(address, edition), sealing.of("full", address, edition)
        beginning = await self._bucket.piece(key, 0, BEGINNING)
        if beginning is None:
            raise Missing("edition")
        full = sealing.place(beginning[: sealing.HEAD], "full")
        size = full.stop - full.start
        if size <= LONG:
            return None
        head = beginning[full.start :]
        end = head_end(head, size)
        if end > len(head):
            head = await self._bucket.piece(key, full.start, full.start + end) or b""
        try:
            media_type, etag, chosen, at, checked = found_in(head, end, size, form, coding)
        except KeyError:
            require_whole_head(of, head, end)
            raise Missing("thing") from None
        body = await self._bucket.piece(key, full.start + at.start, full.start + at.stop) or b""
        require_whole(of, checked, body)
        return Variant(media_type, etag, chosen, body)

    def at_hand(self, permit: Permit, form: str, coding: str = IDENTITY) -> Variant | None:
        """Return a form of the full text that a permit names, if it is in memory."""
        require_permit(permit)
        bundle = self._recent.get((permit.address, permit.edition))
        return bundle.forms[form].variant(coding) if bundle else None

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
        folder = str(PurePosixPath(_key(address, "x")).parent)
        keys = [key async for some in self._bucket.keys(folder, "", AT_ONCE) for key in some]
        return sorted(PurePosixPath(key).stem for key in keys if key.endswith(sealing.SUFFIX))

    async def erase(self, address: Address, editions: Collection[str]) -> None:
        """Take editions away for good."""
        for edition in editions:
            await self._bucket.delete(_key(address, edition))
            self._recent.drop((address, edition))
        self.forget(address, editions)

    def forget(self, address: Address, editions: Collection[str]) -> None:
        """Take up that editions are gone on purpose, and no damage."""
        self._parts.forget(address, editions)

    async def look(self, address: Address, edition: str) -> Mapping[str, Health]:
        """Return how each part of an edition is found."""
        return await self._parts.look(address, edition)

    async def _opened(self, address: Address, edition: str, part: str) -> OpenedFile:
        found = await self._bucket.get(_key(address, edition))
        if found is None:
            raise Missing("edition")
        head = found.blob[: sealing.HEAD]
        return OpenedFile(head, found.blob[part_at(head, part)])

    async def ping(self) -> None:
        """Raise Unavailable unless the bucket is there, Damaged for known damage."""
        await self._bucket.ping()
        await self._damages.require_none()


async def _packed(address: Address, edition: str, sealed: Sealed) -> bytes:
    return await to_thread.run_sync(sealing.pack, sealed, address, edition)


def _key(address: Address, edition: str) -> str:
    return str(within(ROOT, *address, edition, suffix=sealing.SUFFIX))
