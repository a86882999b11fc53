"""Show: have the public side, the index and every worker follow what the ledger says is current.

A process that dies between a commit and what follows it leaves a note in the ledger, and whoever
comes next finishes the work.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from gateway.core.audit_records import Act, Record
from gateway.core.bundles import Bundle, moved_to
from gateway.core.documents import Address
from gateway.core.errors import Stale
from gateway.ports import Clock, Edition, Ledger, PublicStore, Vault
from gateway.usecases.announcing import Announcing
from gateway.usecases.indexing import Indexing

ATTEMPTS = 8
PAGE = 200  # documents looked at together

Fresh = tuple[str, Bundle]  # the id of an edition that was just made, and what is public of it
Work = Callable[[], Awaitable[bool]]


async def _simply(work: Work) -> bool:
    return await work()


class Showing:
    """What follows a commit about a document.

    undivided: goes through with some work, once begun, though whoever asks for it is interrupted.
    """

    def __init__(
        self,
        ledger: Ledger,
        store: PublicStore,
        vault: Vault,
        clock: Clock,
        announcing: Announcing,
        indexing: Indexing | None = None,
        undivided: Callable[[Work], Awaitable[bool]] = _simply,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._vault = vault
        self._clock = clock
        self._announcing = announcing
        self._indexing = indexing
        self._undivided = undivided

    async def carry_out(
        self,
        commit: Callable[[], Awaitable[None]],
        act: Act,
        address: Address,
        edition: str,
        fresh: Fresh | None = None,
    ) -> bool:
        """Commit a change, make everyone see it, and put it into the audit.

        Return whether every worker is known to see it.
        """

        async def work() -> bool:
            await commit()
            await self.settle(address, fresh)
            return await self._announcing.tell(self.record(act, address, edition))

        return await self._undivided(work) or await self.confirm()

    async def show(self, act: Act, address: Address) -> bool:
        """Make everyone see what was committed; return whether every worker is known to."""
        await self.settle(address)
        return await self._announcing.confirm(self.record(act, address, ""))

    async def confirm(self) -> bool:
        """Return whether every worker knows of all that was put on record so far."""
        return await self._announcing.confirm()

    def record(self, act: Act, address: Address, edition: str) -> Record:
        """Return what the audit is told of an act of a document's publisher."""
        by = f"publisher:{address.publisher}"
        return Record(self._clock.now(), act, by, "", str(address), edition)

    async def settle(self, address: Address, fresh: Fresh | None = None) -> None:
        """Make the public side show what the ledger says is current.

        fresh: an edition that need not be read back.
        """
        for _ in range(ATTEMPTS):
            # Marked before the ledger is asked: of two that settle, the one that knows less can
            # then not write over the other, whenever it comes and even if it is its last deed.
            mark = await self._store.mark(address)
            current = await self._ledger.current(address)
            moved = "" if current else await self._ledger.moved(address)
            with suppress(Stale):
                await self._put(address, current, moved, mark, fresh)
                if self._indexing:
                    await self._indexing.settle(address)
                if await self._ledger.settle(address, current.id if current else None, moved):
                    return

    async def _put(
        self,
        address: Address,
        current: Edition | None,
        moved: str,
        mark: str,
        fresh: Fresh | None = None,
    ) -> None:
        if current:
            at_hand, bundle = fresh or ("", None)
            if bundle is None or at_hand != current.id:
                bundle = await self._vault.public(address, current.id)
            await self._store.put(address, bundle, mark)
            await self._require_said(address, bundle)
        elif moved:
            await self._store.put(address, moved_to(moved), mark)
        else:
            await self._store.delete(address, mark)

    async def _require_said(self, address: Address, bundle: Bundle) -> None:
        """Have what is shown set again if its publisher says something else of itself by now."""
        said = bundle.entry.said if bundle.entry else ""
        if said != await self._ledger.profile_stamp(address.publisher):
            await self._ledger.doubt_profile(address.publisher)

    async def is_shown(self, current: Edition) -> bool:
        """Return whether the public side shows an edition, and whole."""
        health, shown = await self._store.look(current.address)
        return health.is_good and shown == current.id

    async def look_over(self, edition: Edition) -> None:
        """Have the store tell damage of what is shown of an edition, if nobody is changing it."""

        async def is_due() -> bool:
            address = edition.address
            is_settled = address not in await self._ledger.unsettled(PAGE)
            return is_settled and edition == await self._ledger.current(address)

        await self._store.look(edition.address, is_due)

    async def recover(self) -> Mapping[Address, Exception]:
        """Settle whatever dead processes left; return where that could not be done, and why.

        Raises Unavailable.
        """
        failed: dict[Address, Exception] = {}
        after = None
        while addresses := await self._ledger.unsettled(PAGE, after):
            for address in addresses:
                try:
                    await self.settle(address)
                except Exception as error:  # whatever it is, it is of this document alone
                    failed[address] = error
            after = addresses[-1]
        return failed
