"""The memories that a nemesis is let loose on: ours on each authority, and what others do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.core.leases import Load, Terms
from gateway.ports import Known, Shape
from gateway.stores.leased_cache import LeasedCoherence
from gateway.stores.redis.authority import SHARES, RedisAuthority
from gateway.stores.redis.embedded import EmbeddedRedis, server_program
from gateway.stores.redis.scripts import STATE
from gateway.stores.redis.signet import Signet
from gateway.stores.sql.authority import PostgresAuthority

SIGNET = Signet(b"a root secret for tests, 32 bytes")


class Memory(Protocol):
    def start(self) -> None: ...

    async def close(self) -> None: ...

    def known(self, key: str) -> Known | None: ...

    async def fetch(
        self, key: str, load: Callable[[], Awaitable[Any]], shape: Shape | None = None
    ) -> Any: ...

    async def announce(self, keys: Collection[str]) -> bool: ...


class NaiveMemory:
    """What most systems do: keep everything, and drop a key when a message says so."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5)
        self._known: dict[str, Known] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._listen())

    async def close(self) -> None:
        if self._task:
            self._task.cancel()
        await self._redis.aclose()

    async def _listen(self) -> None:
        while True:
            with suppress(RedisError, OSError):
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe("naive")
                    async for message in pubsub.listen():
                        if message["type"] == "message":
                            self._known.pop(message["data"].decode(), None)
            await asyncio.sleep(0.1)

    def known(self, key: str) -> Known | None:
        return self._known.get(key)

    async def fetch(
        self, key: str, load: Callable[[], Awaitable[Any]], shape: Shape | None = None
    ) -> Any:
        if key not in self._known:
            self._known[key] = Known(await load())
        return self._known[key].value

    async def announce(self, keys: Collection[str]) -> bool:
        try:
            for key in keys:
                await self._redis.publish("naive", key)
        except (RedisError, OSError):
            return False
        return True


_HASTY = (
    STATE
    + """
local place = KEYS[1] .. ':' .. nonce .. ':' .. ARGV[2]
redis.call('HSET', place, 'version', ARGV[3], 'packed', ARGV[4], 'mark', ARGV[5])
return 1
"""
)


class HastyAuthority(RedisAuthority):
    """Shares whatever was read, without asking what has changed since."""

    async def _share(self, load: Load, version: int, packed: bytes) -> None:
        life, _, nonce = load.incarnation.partition(".")
        mark = self._signet.mark(SHARES, "", "", life, nonce, load.key, str(version), packed)
        await self._sharing.run_id()
        await self._sharing.call(_HASTY, load.key, version, packed, mark)


def make_memory(kind: str, url: str, terms: Terms) -> Memory:
    """Return a memory of a kind."""
    if kind == "redis":
        return LeasedCoherence(RedisAuthority(url, terms, SIGNET), terms)
    if kind == "hasty":
        return LeasedCoherence(HastyAuthority(url, terms, SIGNET), terms)
    if kind == "postgres":
        return LeasedCoherence(PostgresAuthority(url, terms), terms)
    if kind == "embedded":
        embedded = embedded_in(Path(url))
        return LeasedCoherence(RedisAuthority(embedded.url, terms, SIGNET), terms, keeper=embedded)
    return NaiveMemory(url)


def embedded_in(data: Path) -> EmbeddedRedis:
    """Return the private server of a data folder, as every process of a gateway has it."""
    program = server_program()
    assert program, "there is no server to embed"
    return EmbeddedRedis(data, program)
