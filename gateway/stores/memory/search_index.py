"""A search index in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.core.documents import Address
from gateway.core.errors import NotSearchable, Stale
from gateway.core.search_terms import SearchQuery
from gateway.ports.search_index import MOST_HITS, Hit, Hits, IndexChange, Indexed


class MemorySearchIndex:
    """Documents and their terms in memory. It begins whole, as nothing is published yet."""

    def __init__(self) -> None:
        self._held: dict[Address, tuple[Indexed, frozenset[str]]] = {}
        self._marks: dict[Address, str] = {}
        self._changes = 0
        self._is_whole = True

    async def mark(self, address: Address) -> str:
        return self._marks.get(address, "")

    async def put(self, changes: Sequence[IndexChange]) -> None:
        for change in changes:
            if change.since != self._marks.get(change.address, ""):
                raise Stale(None)
        for address, bundle, _ in changes:
            indexed = Indexed.of(bundle)
            self._changes += 1
            self._marks[address] = str(self._changes)
            self._held.pop(address, None)
            if indexed:
                self._held[address] = indexed, indexed.terms

    async def find(self, query: SearchQuery, first: int, limit: int) -> Hits:
        if not self._is_whole:
            raise NotSearchable
        if not query.terms:
            return Hits(0, ())
        found = [
            (query.title_terms <= terms, indexed.place, indexed)
            for indexed, terms in self._held.values()
            if query.all_terms <= terms
        ]
        found.sort(key=lambda one: one[:2], reverse=True)
        hits = [Hit(indexed.entry, indexed.text) for _, _, indexed in found[:MOST_HITS]]
        return Hits(len(hits), hits[first : first + limit])

    async def editions(self, after: Address | None, limit: int) -> Mapping[Address, str]:
        held = sorted((a for a in self._held if after is None or str(a) > str(after)), key=str)
        return {address: self._held[address][0].edition for address in held[:limit]}

    async def unfinished(self) -> str:
        return "" if self._is_whole else "memory"

    async def finish(self, name: str) -> None:
        self._is_whole = True

    async def empty(self) -> None:
        self._held.clear()
        self._is_whole = False

    async def scrub(self) -> None:
        return

    async def close(self) -> None:
        return
