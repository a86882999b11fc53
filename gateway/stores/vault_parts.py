"""The parts of sealed editions, read back and held against their checks, wherever they rest."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial
from typing import NamedTuple, TypeVar

from gateway.core.bundles import Bundle, Damaged
from gateway.core.documents import Address
from gateway.core.errors import Missing
from gateway.ports import Health, Sealed
from gateway.stores.damages import Damages
from gateway.stores.sealing import PARTS
from gateway.stores.versions import is_earlier, part_bundle, part_source

T = TypeVar("T")


class OpenedFile(NamedTuple):
    """The head of a sealed edition, and the bytes of one part."""

    head: bytes
    blob: bytes


Open = Callable[[Address, str, str], Awaitable[OpenedFile]]


class Parts:
    """What a vault reads: whole, or Damaged is raised; Missing where there is no such edition."""

    def __init__(self, opened: Open, damages: Damages) -> None:
        self._opened = opened
        self._damages = damages

    async def full(self, address: Address, edition: str) -> Bundle:
        """Return the full forms."""
        _, bundle = await self._read(self._bundle, "full", address, edition)
        return bundle

    async def public(self, address: Address, edition: str) -> Bundle:
        """Return the public bundle."""
        _, bundle = await self._read(self._bundle, "public", address, edition)
        return bundle

    async def source(self, address: Address, edition: str) -> bytes:
        """Return the source."""
        _, source = await self._read(self._source, "source", address, edition)
        return source

    async def all(self, address: Address, edition: str) -> Sealed:
        """Return all parts."""
        return Sealed(
            source=await self.source(address, edition),
            full=await self.full(address, edition),
            public=await self.public(address, edition),
        )

    def forget(self, address: Address, editions: Collection[str]) -> None:
        """Take up that editions are gone on purpose, and no damage."""
        for edition in editions:
            for part in PARTS:
                self._damages.forget(_thing(address, edition, part))

    async def look(self, address: Address, edition: str) -> Mapping[str, Health]:
        """Return how each part is found."""
        return {part: await self._look(part, address, edition) for part in PARTS}

    async def _look(self, part: str, address: Address, edition: str) -> Health:
        read: Callable[[str, Address, str], Awaitable[tuple[bytes, object]]]
        read = self._source if part == "source" else self._bundle
        try:
            head, _ = await self._read(read, part, address, edition)
        except Damaged:
            return Health.DAMAGED
        except Missing:
            return Health.MISSING
        return Health.EARLIER if is_earlier(head) else Health.WHOLE

    async def _read(
        self,
        read: Callable[[str, Address, str], Awaitable[T]],
        part: str,
        address: Address,
        edition: str,
    ) -> T:
        thing = _thing(address, edition, part)
        return await self._damages.reading(thing, partial(read, part, address, edition))

    async def _bundle(self, part: str, address: Address, edition: str) -> tuple[bytes, Bundle]:
        head, blob = await self._opened(address, edition, part)
        return head, part_bundle(blob, part, address, edition)

    async def _source(self, part: str, address: Address, edition: str) -> tuple[bytes, bytes]:
        head, blob = await self._opened(address, edition, part)
        return head, part_source(blob, head, address, edition)


def _thing(address: Address, edition: str, part: str) -> str:
    return f"vault {address} {edition} {part}"
