"""Renewing: what is public is set again where it was set for something that is no longer so.

Several workers share the work by looking in different orders.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

import structlog

from gateway.core.bundles import Entry
from gateway.core.documents import Address
from gateway.core.errors import GatewayError, Unavailable
from gateway.ports import PublicStore, cursor
from gateway.usecases.mending import Mending

PAGE = 200  # documents looked at together

Rest = Callable[[], Awaitable[None]]
IsOld = Callable[[Entry], bool]

_log = structlog.get_logger()


class Renewing:
    """Looks through what is public."""

    def __init__(self, mending: Mending, store: PublicStore, rest: Rest) -> None:
        self._mending = mending
        self._store = store
        self.rest = rest

    async def __call__(self, publisher: str, is_old: IsOld) -> None:
        """Set again what is old of a publisher, "" for all. Raises Unavailable."""
        before, more = "", True
        while more:
            entries = await self._store.entries(publisher, before, PAGE)
            old = [entry.address for entry in entries if is_old(entry)]
            secrets.SystemRandom().shuffle(old)
            for address in old:
                await self._renew(address, is_old)
            before, more = cursor(entries[-1]) if entries else "", len(entries) == PAGE

    async def _renew(self, address: Address, is_old: IsOld) -> None:
        try:
            bundle = await self._store.get(address)
            if bundle is None or (bundle.entry and not is_old(bundle.entry)):
                return  # taken away, or set again by another worker
            await self._mending.set_again(address)
        except Unavailable:
            raise
        except GatewayError as error:  # of this document alone: it stays as it is
            _log.warning("not renewed", document=str(address), kind=type(error).__name__)
        await self.rest()
