"""Documents on record, in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from gateway.core.cache_keys import document_key, grant_key
from gateway.core.documents import Address
from gateway.core.errors import Missing, Stale
from gateway.core.rights import Scope, ScopeKind
from gateway.ports import Edition
from gateway.stores.memory.record import MemoryRecord


class MemoryDocuments(MemoryRecord):
    """Editions, and which of them is current."""

    async def current(self, address: Address) -> Edition | None:
        edition = self._current.get(address)
        return self._editions[address][edition] if edition else None

    async def edition(self, address: Address, edition: str) -> Edition | None:
        return self._of(address).get(edition)

    def _of(self, address: Address) -> dict[str, Edition]:
        """Return the editions that lie at an address and are of its document."""
        others = self._others(address)
        return {e: each for e, each in self._editions.get(address, {}).items() if e not in others}

    def _others(self, address: Address) -> set[str]:
        place = self._moved.get(address)
        known = self._editions.get(address, {})
        return {e for e in known if self._gone_from.get((address, e)) != place}

    async def of_others(self, address: Address) -> Collection[str]:
        return self._others(address)

    async def elsewhere(self, address: Address) -> Sequence[Edition]:
        to = address.publisher, address.slug
        lying = sorted(
            key for key, slug in self._gone_from.items() if (key[0].publisher, slug) == to
        )
        return [self._editions[at][edition] for at, edition in lying]

    async def editions(self, address: Address, before: str, limit: int) -> Sequence[Edition]:
        newest = list(reversed(self._of(address).values()))
        ids = [edition.id for edition in newest]
        if before and before not in ids:
            return []
        start = ids.index(before) + 1 if before else 0
        return newest[start : start + limit]

    async def documents(
        self, publisher: str, after: str, limit: int, *, collection: str = ""
    ) -> Sequence[Edition]:
        addresses = [a for a in self._current if a.publisher == publisher and a.slug > after]
        current = [self._editions[a][self._current[a]] for a in sorted(addresses)]
        return [e for e in current if collection in ("", e.collection)][:limit]

    async def all_editions(self, after: Edition | None, limit: int) -> Sequence[Edition]:
        every = (edition for known in self._editions.values() for edition in known.values())
        ordered = sorted(every, key=_place)
        return [e for e in ordered if after is None or _place(e) > _place(after)][:limit]

    async def make_current(self, edition: Edition, expected: str | None, erasures: int = 0) -> None:
        address = edition.address
        self._publishers.add(address.publisher)
        is_another = expected is None and self._erasures.get(address, 0) != erasures
        if self._current.get(address) != expected or is_another or erasures % 2:
            raise Stale(self._current.get(address))
        self._deleted.pop(address, None)
        self._moved.pop(address, None)
        self._editions.setdefault(address, {}).setdefault(edition.id, edition)
        self._gone_from.pop((address, edition.id), None)
        self._current[address] = edition.id
        self._unsettled[address] = None
        self._note(document_key(address))

    async def rename(self, before: Edition, after: Edition, erasures: int = 0) -> None:
        old, new = before.address, after.address
        if self._current.get(old) != before.id:
            raise Stale(self._current.get(old))
        await self.make_current(after, None, erasures)
        its = [(old, e) for e in self._of(old)] + [
            (e.address, e.id) for e in await self.elsewhere(old)
        ]
        await self.remove(old, before.id)
        for key in its:
            self._gone_from[key] = new.slug
            if key[0] == new:
                del self._gone_from[key]
        for address in (*await self.former(old), old):
            self._moved[address] = new.slug
            self._unsettled[address] = None
        self._move_rights(old, new)

    def _move_rights(self, old: Address, new: Address) -> None:
        before, after = (Scope(a.publisher, ScopeKind.DOCUMENT, a.slug) for a in (old, new))
        has_it = {(g.source, g.source_ref) for g in self._grants.values() if g.scope == after}
        for known in [g for g in self._grants.values() if g.scope == before]:
            if not known.source_ref or (known.source, known.source_ref) not in has_it:
                newer = replace(known, scope=after, version=known.version + 1)
                self._grants[known.id] = newer
                self._note(grant_key(known.id))
                self._raise_readers(r for r, held in self._redeemed.items() if known.id in held)
        for code in [c for c in self._codes.values() if c.scope == before]:
            self._codes[code.id] = replace(code, scope=after)

    async def moved(self, address: Address) -> str:
        return self._moved.get(address, "")

    async def former(self, address: Address) -> Sequence[Address]:
        to = address.publisher, address.slug
        return sorted(a for a, slug in self._moved.items() if (a.publisher, slug) == to)

    async def waiting(self, deleted: int, limit: int) -> Sequence[Address]:
        due = [(at, address) for address, at in self._deleted.items() if at <= deleted]
        return [address for _, address in sorted(due)][:limit]

    async def erasures(self, address: Address) -> int:
        return self._erasures.get(address, 0)

    async def begin_erasing(self, address: Address, expected: str | None) -> None:
        number = self._erasures.get(address, 0)
        its = self._of(address)
        if not its and number % 2 == 0:
            raise Missing("document")
        if self._current.get(address) != expected:
            raise Stale(self._current.get(address))
        self._current.pop(address, None)
        self._moved.pop(address, None)
        self._forget(its.values())
        self._deleted[address] = 0
        self._erasures[address] = number + 1 - number % 2
        self._unsettled[address] = None
        self._note(document_key(address))

    async def end_erasing(self, address: Address, erasures: int) -> None:
        if self._erasures.get(address) == erasures and erasures % 2:
            self._erasures[address] += 1
            self._deleted.pop(address, None)
            self._forget(await self.elsewhere(address))

    def _forget(self, editions: Iterable[Edition]) -> None:
        for each in editions:
            del self._editions[each.address][each.id]
            self._gone_from.pop((each.address, each.id), None)

    async def remove(self, address: Address, expected: str, at: int | None = None) -> None:
        if self._current.get(address) != expected:
            raise Stale(self._current.get(address))
        del self._current[address]
        if at is not None:
            self._deleted[address] = at
        self._unsettled[address] = None
        self._note(document_key(address))

    async def unsettled(self, limit: int, after: Address | None = None) -> Sequence[Address]:
        return sorted(a for a in self._unsettled if after is None or a > after)[:limit]

    async def settle(self, address: Address, edition: str | None, moved: str = "") -> bool:
        if (self._current.get(address), self._moved.get(address, "")) != (edition, moved):
            return False
        self._unsettled.pop(address, None)
        return True


def _place(edition: Edition) -> tuple[Address, str]:
    return edition.address, edition.id
