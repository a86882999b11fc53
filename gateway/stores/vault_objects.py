"""The vault on S3: one object per edition, created once."""

from __future__ import annotations

from pathlib import PurePosixPath

from gateway.core.bundles import IDENTITY, Bundle, Variant
from gateway.core.documents import Address
from gateway.core.errors import Missing
from gateway.core.permits import Permit
from gateway.core.recent import Recent
from gateway.ports import Sealed
from gateway.stores import sealing
from gateway.stores.bucket import Bucket
from gateway.stores.durable import within
from gateway.stores.vault_files import require_permit

ROOT = PurePosixPath("vault")
ROOM = 32 << 20  # bytes of full texts kept in memory


class ObjectVault:
    """Objects at vault/publisher/slug/edition.sealed."""

    def __init__(self, bucket: Bucket, room: int = ROOM) -> None:
        self._bucket = bucket
        # An edition never changes, so what was read of it once is good for good.
        self._opened: Recent[tuple[Address, str], Bundle] = Recent(room)

    async def keep(self, address: Address, edition: str, sealed: Sealed) -> None:
        """Store durably; the same edition again changes nothing."""
        await self._bucket.create(_key(address, edition), sealing.pack(sealed))

    async def open(self, permit: Permit) -> Bundle:
        """Return the full forms that a permit names."""
        require_permit(permit)
        if bundle := self._opened.get((permit.address, permit.edition)):
            return bundle
        blob = await self._part(_key(permit.address, permit.edition), "full")
        bundle = Bundle.unpack(blob)
        if not bundle.is_long:
            self._opened.keep((permit.address, permit.edition), bundle, len(blob))
        return bundle

    def at_hand(self, permit: Permit, form: str) -> Variant | None:
        """Return a form of the full text that a permit names, if it is in memory."""
        require_permit(permit)
        bundle = self._opened.get((permit.address, permit.edition))
        return bundle.forms[form].variant(IDENTITY) if bundle else None

    async def source(self, address: Address, edition: str) -> bytes:
        """Return the source, for its publisher."""
        return await self._part(_key(address, edition), "source")

    async def public(self, address: Address, edition: str) -> Bundle:
        """Return the public bundle of an edition, current or not."""
        return Bundle.unpack(await self._part(_key(address, edition), "public"))

    async def _part(self, key: str, part: str) -> bytes:
        found = await self._bucket.get(key)
        if found is None:
            raise Missing("edition")
        at = sealing.place(found.blob[: sealing.HEAD], part)
        return sealing.whole(found.blob[at], at)

    async def ping(self) -> None:
        """Raise Unavailable unless the bucket is there."""
        await self._bucket.ping()


def _key(address: Address, edition: str) -> str:
    return str(within(ROOT, *address, edition, suffix=sealing.SUFFIX))
