"""Failed tries, counted in moving windows: in the Redis that gateways share, else in memory."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from gateway.core.errors import TooManyTries

LIMITS = (RateLimitItemPerMinute(10), RateLimitItemPerHour(50))
PREFIX = "paidgate:tries"
PATIENCE = 0.25  # seconds for an answer of Redis
PAUSE = 2.0  # seconds that a Redis which did not answer is not asked

_Limiter = MovingWindowRateLimiter


class MemoryTries:
    """Tries counted in this process alone."""

    def __init__(self, limits: Sequence[RateLimitItem] = LIMITS) -> None:
        self._counts = _Counts(_Limiter(MemoryStorage()), limits)

    async def require(self, who: str) -> None:
        """Raise TooManyTries where somebody has failed too often."""
        await self._counts.require(who)

    async def failed(self, who: str) -> None:
        """Count a failure. Raises TooManyTries where it is one too many."""
        await self._counts.failed(who)

    async def close(self) -> None:
        """Do nothing."""


class _Storage(RedisStorage):
    """The storage of limits, which would load its clients of other servers too, and keep them."""

    DEPENDENCIES = {"redis": RedisStorage.DEPENDENCIES["redis"]}  # noqa: RUF012  as limits has it


class RedisTries:
    """Tries counted for every gateway on one Redis; in memory as long as it does not answer."""

    def __init__(self, url: str, limits: Sequence[RateLimitItem] = LIMITS) -> None:
        self._pool = _pool(url)
        # The pool knows the address; the storage is told one for its form alone.
        options: dict[str, Any] = {"connection_pool": self._pool}
        storage = _Storage("async+redis://", implementation="redispy", key_prefix=PREFIX, **options)
        self._shared = _Counts(_Limiter(storage), limits)
        self._own = MemoryTries(limits)
        self._away_until = 0.0

    async def require(self, who: str) -> None:
        """Raise TooManyTries where somebody has failed too often."""
        await self._own.require(who)  # what was counted while Redis was away counts on
        await self._ask(lambda: self._shared.require(who), _nothing)

    async def failed(self, who: str) -> None:
        """Count a failure. Raises TooManyTries where it is one too many."""
        await self._ask(lambda: self._shared.failed(who), lambda: self._own.failed(who))

    async def _ask(
        self, shared: Callable[[], Awaitable[None]], otherwise: Callable[[], Awaitable[None]]
    ) -> None:
        if time.monotonic() >= self._away_until:
            try:
                return await shared()
            except (RedisError, OSError, TimeoutError):
                self._away_until = time.monotonic() + PAUSE
        return await otherwise()

    async def close(self) -> None:
        """Close every connection."""
        with suppress(RedisError, OSError):
            await self._pool.aclose()


class _Counts:
    def __init__(self, limiter: _Limiter, limits: Sequence[RateLimitItem]) -> None:
        self._limiter = limiter
        self._limits = limits

    async def require(self, who: str) -> None:
        for limit in self._limits:
            if not await self._limiter.test(limit, who):
                raise await self._refusal(limit, who)

    async def failed(self, who: str) -> None:
        # All are counted before any refuses: whoever is told to wait a minute nears the hour too.
        counted = [(limit, await self._limiter.hit(limit, who)) for limit in self._limits]
        for limit, is_within in counted:
            if not is_within:
                raise await self._refusal(limit, who)

    async def _refusal(self, limit: RateLimitItem, who: str) -> TooManyTries:
        window = await self._limiter.get_window_stats(limit, who)
        return TooManyTries(max(1, round(window.reset_time - time.time() + 0.5)))


async def _nothing() -> None:
    return None


def _pool(url: str) -> ConnectionPool:
    return ConnectionPool.from_url(
        url,
        socket_timeout=PATIENCE,
        socket_connect_timeout=PATIENCE,
        retry=Retry(NoBackoff(), 0),  # memory counts while Redis does not
    )
