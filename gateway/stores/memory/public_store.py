"""A public store in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.core.bundles import Bundle, Entry, Variant
from gateway.core.documents import Address, is_name
from gateway.core.errors import Stale
from gateway.core.groups import Group, groups_of
from gateway.ports import Health, IsDue, Seal, Update, cursor, position


@dataclass(frozen=True, slots=True)
class MemorySeal:
    """Which bundle stands at an address."""

    bundles: Mapping[Address, Bundle]
    address: Address
    bundle: Bundle

    def holds(self) -> bool:
        return self.bundles.get(self.address) is self.bundle


class MemoryPublicStore:
    """Public bundles in memory."""

    def __init__(self) -> None:
        self._bundles: dict[Address, Bundle] = {}
        self._marks: dict[Address, str] = {}
        self._changes = self._listed = 0

    async def mark(self, address: Address) -> str:
        return self._marks.get(address, "")

    async def put(self, address: Address, bundle: Bundle, since: str | None = None) -> None:
        self._require(address, since)
        of = str(address)
        before = self._bundles.get(address)
        self._bundles[address] = Bundle.unpack(bundle.pack(of), of)
        self._changes += 1
        is_said = not is_name(address.slug)  # lists show what a publisher says
        self._listed += is_said or (before.entry if before else None) != bundle.entry
        self._marks[address] = str(self._changes)

    def _require(self, address: Address, since: str | None) -> None:
        if since is not None and since != self._marks.get(address, ""):
            raise Stale(None)

    async def get(self, address: Address) -> Bundle | None:
        return self._bundles.get(address)

    async def form(self, address: Address, form: str, coding: str) -> Variant | None:
        bundle = self._bundles.get(address)
        return bundle.variant(form, coding) if bundle else None

    async def look(self, address: Address, is_due: IsDue | None = None) -> tuple[Health, str]:
        bundle = self._bundles.get(address)
        return (Health.WHOLE, bundle.edition) if bundle else (Health.MISSING, "")

    async def addresses(self) -> AsyncIterator[Address]:
        for address in sorted(self._bundles):
            if is_name(address.slug):
                yield address

    async def rebuild(self) -> None:
        return

    def ready(self, address: Address, form: str, coding: str) -> tuple[Seal, Variant] | None:
        bundle = self._bundles.get(address)
        if bundle is None:
            return None
        variant = bundle.variant(form, coding)
        return None if variant.is_long else (MemorySeal(self._bundles, address, bundle), variant)

    async def delete(self, address: Address, since: str | None = None) -> None:
        self._require(address, since)
        self._listed += self._bundles.pop(address, None) is not None
        self._marks.pop(address, None)
        self._changes += 1

    async def entries(
        self, publisher: str, before: str, limit: int, group: Group | None = None
    ) -> Sequence[Entry]:
        found = [
            entry
            for entry in sorted(self._entries(), key=cursor, reverse=True)
            if publisher in ("", entry.address.publisher)
            and (group is None or group in groups_of(entry))
            and (not before or cursor(entry) < before)
        ]
        return found[:limit]

    async def members(
        self, publisher: str, collection: str, after: str, limit: int
    ) -> Sequence[Entry]:
        found = [
            entry
            for entry in sorted(self._entries(), key=position)
            if (entry.address.publisher, entry.collection) == (publisher, collection)
            and position(entry) > after
        ]
        return found[:limit]

    async def groups(self, publisher: str) -> Sequence[Group]:
        own = (entry for entry in self._entries() if entry.address.publisher == publisher)
        return sorted({group for entry in own for group in groups_of(entry)})

    async def updates(self, after: str, limit: int) -> Sequence[Update]:
        found = sorted(
            ((str(entry.address), entry) for entry in self._entries()), key=lambda pair: pair[0]
        )
        later = [Update.of(entry) for at, entry in found if at > after]
        return later[:limit]

    async def listed(self) -> str:
        return self.listed_now()

    def listed_now(self) -> str:
        return str(self._listed)

    def _entries(self) -> Sequence[Entry]:
        return [bundle.entry for bundle in self._bundles.values() if bundle.entry]

    async def ping(self) -> None:
        return
