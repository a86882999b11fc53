"""The user that docker-compose.yml gives the gateways may do what they do, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import ResponseError

from gateway.core.errors import TooManyTries
from gateway.stores.redis.failed_attempts import LIMITS, PREFIX, RedisFailedAttempts
from tests.support.servers import as_admin

pytestmark = pytest.mark.anyio

# What an intruder would ask for.
REFUSED = (
    "FLUSHALL",
    "CONFIG GET *",
    "KEYS *",
    "SCAN 0",
    "MONITOR",
    "CLIENT LIST",
    "ACL LIST",
    "SAVE",
    "SHUTDOWN",
    "REPLICAOF 127.0.0.1 1",
    "SCRIPT FLUSH",
    "HGETALL another:key",
    "EVAL return(redis.call('HGET',KEYS[1],'x')) 1 another:key",
    "EVAL return(redis.call('FLUSHALL')) 0",
    "PUBLISH another:channel word",
)


@pytest.mark.parametrize("command", REFUSED)
async def test_the_gateways_user_may_not(command: str, composed_redis_url: str) -> None:
    redis: Any = Redis.from_url(composed_redis_url)
    async with redis:
        with pytest.raises(ResponseError, match=r"(?i)permission|can't|ACL"):
            await redis.execute_command(*command.split())


async def test_failed_tries_are_counted_by_the_gateways_user(composed_redis_url: str) -> None:
    async with Redis.from_url(as_admin(composed_redis_url)) as redis:
        await redis.flushall()
        await redis.acl_log_reset()
        attempts = RedisFailedAttempts(composed_redis_url)
        assert await attempts.ping() == "ok"
        for _ in range(LIMITS[0].amount):
            await attempts.failed("somebody")
        assert [key async for key in redis.scan_iter(f"{PREFIX}*")]  # not in memory
        other = RedisFailedAttempts(composed_redis_url)
        with pytest.raises(TooManyTries):
            await other.failed("somebody")
        assert await redis.acl_log() == []
        await attempts.close()
        await other.close()


async def test_nobody_else_may_anything(composed_redis_url: str) -> None:
    async with Redis.from_url(composed_redis_url.replace("paidgate:", "default:", 1)) as redis:
        with pytest.raises(NoConnection, match="disabled"):
            await redis.ping()
