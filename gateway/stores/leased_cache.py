"""Coherent memory: rights and editions answered from memory while a lease runs.

The protocol is core/leases.py; this only moves its events and effects.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable
from contextlib import aclosing, suppress
from functools import partial
from typing import Any, Protocol

from gateway.core.errors import Unavailable
from gateway.core.leases import (
    ALWAYS,
    NEVER,
    Barrier,
    Change,
    Lease,
    Leaseholder,
    Load,
    Renewal,
    Terms,
    Witness,
)
from gateway.ports import Coherence, Known, Shape
from gateway.stores.background import Background
from gateway.stores.roll import Roll

FIRST_PAUSE = 0.002  # seconds between two questions to the authority, doubled up to
LONGEST_PAUSE = 0.02


class LeaseAuthority(Protocol):
    """A lease authority over a network. Every method raises Unavailable."""

    async def renew(self, renewal: Renewal) -> Lease: ...

    async def publish(self, keys: Iterable[str]) -> Change: ...

    async def behind(self, change: Change) -> frozenset[str] | None: ...

    async def expire(self, change: Change) -> None: ...

    async def recall(self, key: str) -> bytes | None:
        """Return what workers share under key, None for nothing."""

    async def share(self, load: Load, version: int, packed: bytes) -> None:
        """Share what a load has read, unless its key has changed since it began.

        Nor where what is shared already is of a higher version.
        """

    def pushes(self) -> AsyncGenerator[Change | None]:
        """Yield changes as they come; None: something has changed, ask."""

    async def close(self) -> None: ...


class Keeper(Protocol):
    """Keeps the server of an authority that is the gateway's own."""

    async def keep(self) -> None:
        """See to it for good that there is a server."""

    def stop(self) -> None:
        """End the server if this process has started it."""


# Seconds since boot, suspended time included. Guard 8: a clock that stands still while the machine
# sleeps would wake with a lease that has long run out.
boottime: Callable[[], float] = partial(time.clock_gettime, time.CLOCK_BOOTTIME)


class Memory(Coherence, Protocol):
    """A coherence that has a life: it is started, asked how it is, and closed."""

    def start(self) -> None:
        """Begin to renew and to listen."""

    def trust(self, until: float) -> None:
        """Answer from memory until then at most, in seconds of boottime."""

    async def ping(self) -> str:
        """Say in a word how the authority is. Raises Unavailable."""

    async def close(self) -> None:
        """Stop."""


class LeasedCoherence:
    """The memory of one worker, and the barrier for the changes it makes."""

    def __init__(
        self,
        authority: LeaseAuthority,
        terms: Terms,
        keeper: Keeper | None = None,
        on_record: str = "",
        background: Background | None = None,
        roll: Roll | None = None,
    ) -> None:
        self.authority = on_record
        self._authority = authority
        self._terms = terms
        self._keeper = keeper
        self._roll = roll
        worker = roll.worker if roll else secrets.token_hex(8)
        self._leaseholder: Leaseholder[Known] = Leaseholder(worker, terms)
        self._tenure = ALWAYS
        self._witness = Witness(terms)
        self._loading: dict[Load, asyncio.Task[Any]] = {}
        self._renew_now = asyncio.Event()
        self._background = background or Background()
        self._look_now = asyncio.Event()

    def start(self) -> None:
        """Begin to renew and to listen."""
        self._background.begin("renew", self._renew_once)
        self._background.begin("listen", self._listen, self._terms.pace)
        if self._keeper:
            self._background.begin("keep", self._keeper.keep)
        if self._roll:
            self._background.begin("look", partial(self._look_once, self._roll))

    def trust(self, until: float) -> None:
        """Answer from memory until then at most, in seconds of boottime."""
        self._tenure = until
        self._leaseholder.trust(min(until, self._roll.trusted) if self._roll else until)

    async def close(self) -> None:
        """Stop, and let the lease run out."""
        await self._background.end()
        self._leaseholder.trust(NEVER)
        if self._roll:
            with suppress(Unavailable):
                await self._roll.leave()
        await self._authority.close()
        if self._keeper:
            self._keeper.stop()

    # --- reading ---

    def known(self, key: str) -> Known | None:
        """Return what may be answered from memory, to a read that begins now."""
        return self._leaseholder.answer(key, boottime())

    async def fetch(
        self, key: str, load: Callable[[], Awaitable[Any]], shape: Shape | None = None
    ) -> Any:
        """Return what memory may say of key, else what load finds, once for all who ask."""
        now = boottime()
        known = self._leaseholder.answer(key, now)
        if known is not None:
            return known.value
        under_way = self._leaseholder.loading(key, now)
        if under_way is None:
            era = self._roll.era if self._roll else ""
            under_way = self._leaseholder.begin(key, era)
            # A task of its own: whoever asked first may go away, others still wait.
            self._loading[under_way] = asyncio.create_task(self._load(under_way, load, shape))
        return await asyncio.shield(self._loading[under_way])

    async def _load(
        self, under_way: Load, load: Callable[[], Awaitable[Any]], shape: Shape | None
    ) -> Any:
        found = None
        try:
            # Without a lease what is shared is not asked: it may be there that the trouble is.
            asks = shape and self._leaseholder.is_leased(boottime())
            found = await self._recall(under_way.key, shape) if shape and asks else None
            if found is None:
                found = Known(await load())
                if shape and asks:
                    await self._share(under_way, found.value, shape)
            return found.value
        finally:
            self._leaseholder.end(under_way, found)
            del self._loading[under_way]

    # --- what workers share ---

    async def _recall(self, key: str, shape: Shape) -> Known | None:
        try:
            packed = await self._authority.recall(key)
            return None if packed is None else Known(shape.unpack(packed))
        except (Unavailable, ValueError):  # the ledger knows
            return None

    async def _share(self, load: Load, value: Any, shape: Shape) -> None:
        with suppress(Unavailable):
            await self._authority.share(load, shape.version(value), shape.pack(value))

    # --- changing ---

    async def announce(self, keys: Collection[str]) -> bool:
        """Tell every worker that keys have changed; return whether none answers from before.

        Call it after the ledger's commit. False: not confirmed, announce again.
        """
        if not keys:
            return True
        try:
            change = await self._authority.publish(keys)
        except Unavailable:
            return False
        barrier = self._witness.barrier(change, boottime())
        self._hear(change)
        if not await self._opens(barrier):
            with suppress(Unavailable):
                await self._authority.expire(change)
        return True

    async def _opens(self, barrier: Barrier) -> bool:
        """Wait until a barrier is open; return whether every worker had applied the change."""
        pause = FIRST_PAUSE
        while True:
            behind = await self._behind(barrier.change)
            now = boottime()
            if barrier.is_open(now, behind):
                return behind is not None and not behind
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _behind(self, change: Change) -> frozenset[str] | None:
        try:
            return await self._authority.behind(change)
        except Unavailable:
            return None

    # --- the lease ---

    async def _renew_once(self) -> None:
        """Renew, and wait until it is time to renew again."""
        self._renew_now.clear()
        with suppress(Unavailable):
            await self._renew()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._terms.pace):
                await self._renew_now.wait()

    async def _renew(self) -> None:
        renewal = self._leaseholder.renewal(boottime())
        lease = await self._authority.renew(renewal)
        self._witness.saw(lease.incarnation, boottime())
        is_behind = self._leaseholder.renewed(renewal, lease)
        for change in lease.changes or ():
            self._note(change)
        if self._roll and self._roll.trusted == NEVER:
            self._look_now.set()
        if is_behind and renewal.incarnation in ("", lease.incarnation):
            self._renew_now.set()
        # Else it has begun again: a change waits for leases to run out as it is, and one that
        # begins again and again must not be asked as fast as it can answer.

    async def _listen(self) -> None:
        async with aclosing(self._authority.pushes()) as pushes:
            async for change in pushes:
                if change is None:
                    self._renew_now.set()
                else:
                    self._hear(change)

    async def _look_once(self, roll: Roll) -> None:
        self._look_now.clear()
        with suppress(Unavailable):
            again = await roll.look(self._leaseholder)
            self.trust(self._tenure)
            if again:
                return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._terms.pace):
                await self._look_now.wait()

    def _note(self, change: Change) -> None:
        if self._roll:
            self._roll.changed(change.keys)

    def _hear(self, change: Change) -> None:
        self._note(change)
        if self._leaseholder.changed(change):
            self._renew_now.set()

    async def ping(self) -> str:
        """Say that the authority answers. Raises Unavailable."""
        await self._authority.renew(self._leaseholder.renewal(boottime()))
        return "ok"


class DirectCoherence:
    """No memory: every read asks the ledger, and where nobody has one a change is confirmed."""

    authority = ""

    def known(self, key: str) -> Known | None:  # noqa: ARG002
        """Return nothing."""
        return None

    async def fetch(
        self,
        key: str,  # noqa: ARG002
        load: Callable[[], Awaitable[Any]],
        shape: Shape | None = None,  # noqa: ARG002
    ) -> Any:
        """Return what load finds."""
        return await load()

    async def announce(self, keys: Collection[str]) -> bool:  # noqa: ARG002
        """Confirm: nobody remembers anything."""
        return True

    async def ping(self) -> str:
        """Say that there is no authority."""
        return "none"

    def start(self) -> None:
        """Do nothing."""

    def trust(self, until: float) -> None:
        """Do nothing."""

    async def close(self) -> None:
        """Do nothing."""


class OutsideCoherence(DirectCoherence):
    """Beside workers that go by another authority: a change waits until one of them confirms it."""

    async def announce(self, keys: Collection[str]) -> bool:
        """Confirm nothing that somebody has to hear of."""
        return not keys

    async def ping(self) -> str:
        """Say that the authority on record is another."""
        return "another"
