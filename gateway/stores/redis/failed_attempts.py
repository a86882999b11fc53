"""Failed tries, counted in moving windows: in the Redis that gateways share, else in memory."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import product
from typing import Any

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from gateway.core.errors import TooManyTries
from gateway.stores.outages import faults, unavailable

LIMITS = (RateLimitItemPerMinute(10), RateLimitItemPerHour(50))
PREFIX = "paidgate:tries"
TIMEOUT = 0.25  # seconds for an answer of Redis
PAUSE = 2.0  # seconds that a Redis which did not answer is not asked

_Limiter = MovingWindowRateLimiter


class MemoryFailedAttempts:
    """Tries counted in this process alone."""

    def __init__(self) -> None:
        self._counts = _Counts(_Limiter(MemoryStorage()))

    async def failed(self, *whose: str) -> None:
        """Count a failure under some names. Raises TooManyTries if one is over its limit."""
        await self._counts.failed(whose)

    async def require(self, whose: Sequence[str]) -> None:
        """Raise TooManyTries where a name is over its limit."""
        await self._counts.require(whose)

    async def ping(self) -> str:
        """Say that there is no server."""
        return "none"

    async def close(self) -> None:
        """Do nothing."""


class _Storage(RedisStorage):
    """The storage of limits, which would load its clients of other servers too, and keep them."""

    DEPENDENCIES = {"redis": RedisStorage.DEPENDENCIES["redis"]}  # noqa: RUF012  as limits has it


class RedisFailedAttempts:
    """Tries counted for every gateway on one Redis; in memory as long as it does not answer."""

    def __init__(self, url: str) -> None:
        self._pool = _pool(url)
        # The pool knows the address; the storage is told one for its form alone.
        options: dict[str, Any] = {"connection_pool": self._pool}
        storage = _Storage("async+redis://", implementation="redispy", key_prefix=PREFIX, **options)
        self._shared = _Counts(_Limiter(storage))
        self._own = MemoryFailedAttempts()
        self._away_until = 0.0

    async def failed(self, *whose: str) -> None:
        """Count a failure under some names. Raises TooManyTries if one is over its limit."""
        await self._own.require(whose)  # what was counted while Redis was away counts on
        if time.monotonic() >= self._away_until:
            try:
                return await self._shared.failed(whose)
            except TooManyTries:
                raise
            except Exception:  # away, or it holds what is no count
                self._away_until = time.monotonic() + PAUSE
        return await self._own.failed(*whose)

    async def ping(self) -> str:
        """Say that Redis answers. Raises Unavailable."""
        try:
            await Redis(connection_pool=self._pool).ping()
        except faults() as error:
            raise unavailable("redis", error) from error
        return "ok"

    async def close(self) -> None:
        """Close every connection."""
        with suppress(Exception):
            await self._pool.aclose()


class _Counts:
    def __init__(self, limiter: _Limiter) -> None:
        self._limiter = limiter

    async def require(self, whose: Sequence[str]) -> None:
        for limit, who in product(LIMITS, whose):
            if not await self._limiter.test(limit, who):
                raise await self._refusal(limit, who)

    async def failed(self, whose: Sequence[str]) -> None:
        # All are counted before any refuses: whoever is told to wait a minute nears the hour too.
        counted = [
            (limit, who, await self._limiter.hit(limit, who))
            for limit, who in product(LIMITS, whose)
        ]
        for limit, who, is_within in counted:
            if not is_within:
                raise await self._refusal(limit, who)

    async def _refusal(self, limit: RateLimitItem, who: str) -> TooManyTries:
        window = await self._limiter.get_window_stats(limit, who)
        return TooManyTries(max(1, round(window.reset_time - time.time() + 0.5)))


def _pool(url: str) -> ConnectionPool:
    return ConnectionPool.from_url(
        url,
        socket_timeout=TIMEOUT,
        socket_connect_timeout=TIMEOUT,
        retry=Retry(NoBackoff(), 0),  # memory counts while Redis does not
    )
