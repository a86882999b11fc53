"""A vault in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from gateway.core.bundles import IDENTITY, Bundle, Variant
from gateway.core.documents import Address
from gateway.core.errors import Missing
from gateway.core.permits import Permit, require_permit
from gateway.ports import Health, Sealed
from gateway.stores.damages import Damages
from gateway.stores.memory.blobs import MemoryBlobs
from gateway.stores.sealing import PARTS
from gateway.stores.shelf import BlobShelf


class MemoryVault:
    """A vault in memory."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Address, str], Sealed] = {}
        self.shelf = BlobShelf(MemoryBlobs(), Damages())

    async def keep(self, address: Address, edition: str, sealed: Sealed) -> None:
        self._kept.setdefault((address, edition), sealed)

    async def mend(self, address: Address, edition: str, sealed: Sealed) -> None:
        self._kept[address, edition] = sealed

    async def editions(self, address: Address) -> Sequence[str]:
        return [edition for at, edition in self._kept if at == address]

    async def erase(self, address: Address, editions: Collection[str]) -> None:
        for edition in editions:
            self._kept.pop((address, edition), None)

    def forget(self, address: Address, editions: Collection[str]) -> None:
        return

    async def bring_up(self, address: Address, edition: str) -> None:
        return

    async def look(self, address: Address, edition: str) -> Mapping[str, Health]:
        is_kept = (address, edition) in self._kept
        return dict.fromkeys(PARTS, Health.WHOLE if is_kept else Health.MISSING)

    async def open(self, permit: Permit) -> Bundle:
        require_permit(permit)
        return self._sealed(permit.address, permit.edition).full

    async def form(self, permit: Permit, form: str, coding: str = IDENTITY) -> Variant:
        return (await self.open(permit)).variant(form, coding)

    def at_hand(self, permit: Permit, form: str, coding: str = IDENTITY) -> Variant | None:
        require_permit(permit)
        sealed = self._kept.get((permit.address, permit.edition))
        if sealed is None or sealed.full.is_long:
            return None
        return sealed.full.forms[form].variant(coding)

    async def source(self, address: Address, edition: str) -> bytes:
        return self._sealed(address, edition).source

    async def public(self, address: Address, edition: str) -> Bundle:
        return self._sealed(address, edition).public

    async def ping(self) -> None:
        return

    def _sealed(self, address: Address, edition: str) -> Sealed:
        try:
            return self._kept[address, edition]
        except KeyError:
            raise Missing("edition") from None
