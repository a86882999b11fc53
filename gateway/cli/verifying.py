"""Verify: read back all that is stored, name what is damaged, and mend what the rest determines.

What can be mended: the public side, from the vault, and from the ledger what publishers say of
themselves there; the texts of an edition, from its source; the catalogue and the search index, from
the public side. What cannot: a source, the ledger, the audit, the secret.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from gateway.app import Services
from gateway.cli.progress import track
from gateway.cli.refusals import words
from gateway.core.bundles import IDENTITY, Damaged, Entry
from gateway.core.documents import Address
from gateway.core.errors import GatewayError, Moved, Unavailable
from gateway.core.profiles import place_of
from gateway.ops.audit_log import verify as verify_audit
from gateway.ports import Health, cursor
from gateway.rendering.representations import PAGE
from gateway.stores.files.chains import this_host

BATCH = 200  # editions, or entries, that are asked for together

Tell = Callable[[str], None]
Mend = Callable[[], Awaitable[bool]]


@dataclass
class Verified:
    """What was found. Left: damaged, and not mended."""

    editions: int = 0
    earlier: int = 0
    mended: int = 0
    left: int = 0

    def told(self) -> str:
        """Return it in words."""
        parts = [f"{self.editions} editions"]
        if self.earlier:
            parts.append(f"{self.earlier} texts of an earlier version (`paidgate upgrade`)")
        if self.mended:
            parts.append(f"{self.mended} mended")
        parts.append(f"{self.left} damaged" if self.left else "whole")
        return ", ".join(parts)


async def verify(services: Services, tell: Tell, *, repair: bool) -> Verified:
    """Read everything back; tell of each thing that is damaged, and mend it if asked to."""
    return await _Run(services, tell, repair=repair).go()


async def editions(services: Services) -> Sequence[tuple[Address, str]]:
    """Return every edition on record, of deleted documents too."""
    found: list[tuple[Address, str]] = []
    after = None
    while page := await services.ledger.all_editions(after, BATCH):
        found += ((edition.address, edition.id) for edition in page)
        after = page[-1]
    return found


class _Run:
    def __init__(self, services: Services, tell: Tell, *, repair: bool) -> None:
        self._services = services
        self._tell = tell
        self._repair = repair
        self._found = Verified()

    async def go(self) -> Verified:
        """Look at the record first: what else is there is held against it."""
        self._tell_all("ledger", await self._services.ledger.examine())
        self._tell_all("audit", await self._audit_faults())
        names = await editions(self._services)
        for address, edition in track(names, "editions"):
            await self._edition(address, edition)
        documents = {address for address, _ in names}
        documents |= {address async for address in self._services.store.addresses()}
        for address in track(sorted(documents), "previews"):
            await self._preview(address)
        for publisher in await self._publishers():
            await self._profile(publisher)
        async for address in self._services.vault.shelf.addresses():
            await self._companions(address)
        await self._judge("catalogue", await self._catalogue_faults(documents), self._rebuild)
        await self._judge("search index", await self._index_faults(), self._rebuild_index)
        return self._found

    def _tell_all(self, what: str, faults: Iterable[str]) -> None:
        for fault in faults:
            self._found.left += 1
            self._tell(f"{what}: {fault}")

    async def _judge(self, name: str, faults: Sequence[str], mend: Mend) -> None:
        if not faults:
            return
        is_mended = self._repair and await self._is_mended(name, mend)
        self._found.mended += is_mended
        self._found.left += not is_mended
        self._tell(f"{name}: {', '.join(faults)}{' (mended)' if is_mended else ''}")

    async def _is_mended(self, name: str, mend: Mend) -> bool:
        try:
            return await mend()
        except Unavailable:
            raise
        except GatewayError as error:
            self._tell(f"{name}: {words(error)}")
            return False

    async def _audit_faults(self) -> Sequence[str]:
        anchors = await self._services.ledger.anchors()
        verified = verify_audit(self._services.settings.audit, anchors, this_host())
        return () if verified.is_whole else ["not whole: see `paidgate audit-log verify`"]

    # --- editions, and what is shown of them ---

    async def _edition(self, address: Address, edition: str) -> None:
        self._found.editions += 1
        health = await self._services.vault.look(address, edition)
        self._found.earlier += Health.EARLIER in health.values()
        faults = [f"{part} {found}" for part, found in health.items() if not found.is_good]

        async def mend() -> bool:
            kept = await self._services.ledger.edition(address, edition)
            return kept is not None and await self._services.mending.mend(kept)

        await self._judge(f"edition {address} {edition}", faults, mend)

    async def _companions(self, address: Address) -> None:
        async def mend() -> bool:
            return False  # only its publisher still has it

        faults = await self._services.vault.shelf.look(address)
        await self._judge(f"companions of {address}", faults, mend)

    async def _preview(self, address: Address) -> None:
        faults = await self._preview_faults(address)
        if faults:  # or it was just being published
            faults = await self._preview_faults(address)

        async def mend() -> bool:
            await self._services.showing.settle(address)
            return True

        await self._judge(f"preview {address}", faults, mend)

    async def _preview_faults(self, address: Address) -> Sequence[str]:
        current = await self._services.ledger.current(address)
        health, shown = await self._services.store.look(address)
        self._found.earlier += health is Health.EARLIER
        if current is None:
            return await self._leads_faults(address, health)
        if not health.is_good:
            return [str(health)]
        return () if shown == current.id else [f"of another edition, {shown}"]

    async def _leads_faults(self, address: Address, health: Health) -> Sequence[str]:
        """Return what is wrong where there is no document: it may lead to one that moved."""
        moved = await self._services.ledger.moved(address)
        if not moved:
            return () if health is Health.MISSING else ["shown, and not on record"]
        if not health.is_good:
            return [str(health)]
        try:
            await self._services.store.form(address, PAGE.name, IDENTITY)
        except Moved as found:
            return () if found.slug == moved else [f"leads to {found.slug}"]
        return ["shown, and not on record"]

    # --- what publishers say of themselves ---

    async def _publishers(self) -> Sequence[str]:
        found: list[str] = []
        while page := await self._services.ledger.profiles(found[-1] if found else "", BATCH):
            found += page
        return found

    async def _profile(self, publisher: str) -> None:
        faults = await self._profile_faults(publisher)
        if faults:  # or it was just being changed
            faults = await self._profile_faults(publisher)

        async def mend() -> bool:
            await self._services.profiles.show(publisher)
            return True

        await self._judge(f"profile {publisher}", faults, mend)

    async def _profile_faults(self, publisher: str) -> Sequence[str]:
        stamp = await self._services.ledger.profile_stamp(publisher)
        if await self._services.profiles.says(publisher, stamp):
            return ()
        health, _ = await self._services.store.look(place_of(publisher))
        return ["of another time" if health.is_good else str(health)]

    # --- the catalogue ---

    async def _catalogue_faults(self, documents: Iterable[Address]) -> Sequence[str]:
        try:
            wrong = await self._unlisted(documents)
            wrong = wrong and await self._unlisted(wrong)  # or it was just being published
        except Damaged as error:
            return [error.message]
        return [f"{len(wrong)} entries are not those of the previews"] if wrong else ()

    async def _unlisted(self, documents: Iterable[Address]) -> set[Address]:
        """Return the documents of which the catalogue does not say what their previews do."""
        listed = {entry.address: hash(entry) async for entry in self._entries()}
        wrong = {a for a in documents if listed.pop(a, None) != await self._hash(a)}
        return wrong | {address for address in listed if await self._hash(address) is None}

    async def _hash(self, address: Address) -> int | None:
        try:
            bundle = await self._services.store.get(address)
        except Damaged:
            return None
        return hash(bundle.entry) if bundle and bundle.entry else None

    async def _entries(self) -> AsyncIterator[Entry]:
        before = ""
        while page := await self._services.store.entries("", before, BATCH):
            for entry in page:
                yield entry
            before = cursor(page[-1])

    async def _rebuild(self) -> bool:
        await self._services.store.rebuild()
        return True

    # --- the search index ---

    async def _index_faults(self) -> Sequence[str]:
        if self._repair:
            await self._services.indexing.fill()
        if await self._services.index.unfinished():  # no damage: whoever serves fills it
            return ()
        wrong = await self._services.indexing.faults()
        if wrong:  # or it was just being published
            wrong &= await self._services.indexing.faults()
        return [f"{len(wrong)} documents are not as their previews"] if wrong else ()

    async def _rebuild_index(self) -> bool:
        await self._services.indexing.rebuild()
        return True
