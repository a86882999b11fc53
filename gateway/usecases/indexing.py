"""Keep the search index in step with what is published.

What is indexed is read from the public bundle alone, so nothing is found that is not shown.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

from gateway.core.bundles import Damaged
from gateway.core.documents import Address
from gateway.core.errors import Stale
from gateway.ports import PublicStore
from gateway.ports.search_index import IndexChange, SearchIndex

ATTEMPTS = 8
BATCH = 50  # documents that are indexed together
PAGE = 500  # of what is held, that are looked at together


class Indexing:
    """What writes the search index."""

    def __init__(self, store: PublicStore, index: SearchIndex) -> None:
        self._store = store
        self._index = index

    async def settle(self, address: Address) -> None:
        """Make the index hold what the public side shows. Raises Damaged, Unavailable."""
        for _ in range(ATTEMPTS):
            with suppress(Stale):
                await self._index.put([await self._change(address)])
                return

    async def _change(self, address: Address) -> IndexChange:
        # Marked before the store is read: of two that settle, the one that knows less can then
        # not write over the other.
        mark = await self._index.mark(address)
        return IndexChange(address, await self._store.get(address), mark)

    async def faults(self) -> set[Address]:
        """Return the documents of which the index does not hold what the public side shows."""
        held = {a: edition async for a, edition in self._held()}
        wrong = set[Address]()
        async for address in self._store.addresses():
            _, shown = await self._store.look(address)
            if held.pop(address, "") != shown:
                wrong.add(address)
        return wrong | held.keys()

    async def _held(self) -> AsyncIterator[tuple[Address, str]]:
        after = None
        while page := await self._index.editions(after, PAGE):
            for address, edition in page.items():
                yield address, edition
            after = max(page, key=str)

    async def fill(self) -> None:
        """Make an index whole that is not, as a new one is. Raises Unavailable."""
        name = await self._index.unfinished()
        if not name:
            return
        before = None
        # Until nothing is amiss that can be mended: meanwhile others publish and delete.
        while (wrong := await self.faults()) and wrong != before:
            await self._mend(sorted(wrong))
            before = wrong
        await self._index.finish(name)

    async def _mend(self, wrong: Sequence[Address]) -> None:
        for start in range(0, len(wrong), BATCH):
            changes = [c async for c in self._changes(wrong[start : start + BATCH])]
            with suppress(Stale):  # the next look finds it
                await self._index.put(changes)

    async def _changes(self, addresses: Sequence[Address]) -> AsyncIterator[IndexChange]:
        for address in addresses:
            with suppress(Damaged):  # it is not shown either
                yield await self._change(address)

    async def rebuild(self) -> None:
        """Make the index anew. Until that is done nothing is found. Raises Unavailable."""
        await self._index.empty()
        await self.fill()

    async def scrub(self) -> None:
        """See to it that words which are shown no more are in no file of the index."""
        await self._index.scrub()
