"""A lease authority without a network: the pure one, that can be away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable

from gateway.core.errors import Unavailable
from gateway.core.leases import Authority, Change, Lease, Load, Renewal
from gateway.stores.redis.authority import KEEP


class LocalAuthority:
    """What the workers of a test agree on."""

    def __init__(self) -> None:
        self._lives = 1
        self._authority = Authority("life 1", KEEP)
        self._heard: list[asyncio.Queue[Change]] = []
        self.is_away = False
        self.shared: dict[str, bytes] = {}

    def _here(self) -> Authority:
        if self.is_away:
            raise Unavailable("authority")
        return self._authority

    async def forget(self) -> None:
        """Begin a new life, empty."""
        self._lives += 1
        self._authority = Authority(f"life {self._lives}", KEEP)

    async def renew(self, renewal: Renewal) -> Lease:
        return self._here().renew(renewal.worker, renewal.incarnation, renewal.applied)

    async def publish(self, keys: Iterable[str]) -> Change:
        change = self._here().publish(keys)
        for key in change.keys:
            self.shared.pop(key, None)
        for queue in self._heard:
            queue.put_nowait(change)
        return change

    async def behind(self, change: Change) -> frozenset[str] | None:
        return self._here().behind(change.incarnation, change.number)

    async def expire(self, change: Change) -> None:
        self._here().expire(change.incarnation, change.number)

    async def recall(self, key: str) -> bytes | None:
        self._here()
        return self.shared.get(key)

    async def share(self, load: Load, version: int, packed: bytes) -> None:
        self._here()
        self.shared[load.key] = packed

    async def pushes(self) -> AsyncGenerator[Change | None]:
        queue: asyncio.Queue[Change] = asyncio.Queue()
        self._heard.append(queue)
        while True:
            yield await queue.get()

    async def close(self) -> None:
        return
