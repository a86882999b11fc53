"""Rebasing: what is public names the origin that is set now, also where it was set for another.

A page is set once, with absolute addresses. So each worker looks once, when it starts, for what
names another origin, and has it set again; several share the work by looking in different orders.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

import structlog

from gateway.core.documents import Address
from gateway.core.errors import GatewayError, Unavailable
from gateway.ports import PublicStore, cursor
from gateway.usecases.publishing import Publishing

PAGE = 200  # documents looked at together

Rest = Callable[[], Awaitable[None]]

_log = structlog.get_logger()


class Rebasing:
    """Looks once through all that is public."""

    def __init__(self, publishing: Publishing, store: PublicStore, base: str, rest: Rest) -> None:
        self._publishing = publishing
        self._store = store
        self._base = base.rstrip("/")
        self._rest = rest
        self._is_done = False

    async def __call__(self) -> None:
        """Set again what names another origin. Raises Unavailable, and then begins anew."""
        before, more = "", not self._is_done
        while more:
            entries = await self._store.entries("", before, PAGE)
            elsewhere = [entry.address for entry in entries if entry.base != self._base]
            secrets.SystemRandom().shuffle(elsewhere)
            for address in elsewhere:
                await self._move(address)
            before, more = cursor(entries[-1]) if entries else "", len(entries) == PAGE
        self._is_done = True
        await self._rest()

    async def _move(self, address: Address) -> None:
        bundle = await self._store.get(address)
        if bundle is None or (bundle.entry and bundle.entry.base == self._base):
            return  # taken away, or moved by another worker
        try:
            await self._publishing.set_again(address)
        except Unavailable:
            raise
        except GatewayError as error:  # of this document alone: it stays as it is
            _log.warning("not moved", document=str(address), kind=type(error).__name__)
        await self._rest()
