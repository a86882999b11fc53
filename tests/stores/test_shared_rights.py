"""What workers share of rights, on a real Redis: where it is not right it is not believed."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis

from gateway.core.leases import Load, Renewal, Terms
from gateway.core.rights import Rights
from gateway.ports import RIGHTS
from gateway.stores.leased_cache import LeasedCoherence
from gateway.stores.redis.authority import KEEP, SHARED, RedisAuthority
from tests.faults.harmed import HarmedServer, harmed_redis
from tests.faults.memories import SIGNET, HastyAuthority
from tests.faults.proxy import Proxy
from tests.stores.things import grant
from tests.support.servers import as_admin

pytestmark = pytest.mark.anyio

TERMS = Terms()
TIMEOUT = 60.0  # seconds
KEY = "grant:g1"


@pytest.fixture(params=["own", "composed"])
def redis_url(request: pytest.FixtureRequest, redis_url: str) -> str:
    """Address a Redis, as anybody or as the user of docker-compose.yml."""
    if request.param == "own":
        return redis_url
    return str(request.getfixturevalue("composed_redis_url"))


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Talk to an empty Redis, as somebody who may do anything there."""
    async with Redis.from_url(as_admin(redis_url)) as client:
        await client.flushall()
        yield client


@pytest.fixture
async def authority(redis: Redis, redis_url: str) -> AsyncIterator[RedisAuthority]:
    """Open an authority on an empty Redis."""
    opened = RedisAuthority(redis_url, TERMS, SIGNET)
    yield opened
    await opened.close()


async def begun(authority: RedisAuthority, key: str = KEY) -> Load:
    """Begin a load, as a worker does that knows every change so far."""
    lease = await authority.renew(Renewal("worker", "", 0, 0.0))
    return Load(key, lease.incarnation, lease.head)


def rights(version: int) -> Rights:
    return Rights([grant("g1")], version)


# --- what may be shared ------------------------------------------------------------------------


async def test_what_is_shared_is_recalled_for_a_bounded_time(
    authority: RedisAuthority, redis: Redis
) -> None:
    await authority.share(await begun(authority), 1, b"one")
    assert await authority.recall(KEY) == b"one"
    lives = [await redis.pttl(place) async for place in redis.scan_iter("paidgate:*:grant:*")]
    assert len(lives) == 1
    assert 0 < lives[0] <= SHARED


async def raced(authority: RedisAuthority) -> bytes | None:
    """Read, be overtaken by a change, share what was read, and recall."""
    load = await begun(authority)
    await authority.publish(["grant:other", KEY])
    await authority.share(load, 1, b"from before")
    return await authority.recall(KEY)


async def test_what_a_change_has_overtaken_is_not_shared(authority: RedisAuthority) -> None:
    assert await raced(authority) is None


async def test_a_share_that_does_not_ask_the_log_is_caught(redis: Redis, redis_url: str) -> None:
    hasty = HastyAuthority(redis_url, TERMS, SIGNET)
    assert await raced(hasty) == b"from before"
    await hasty.close()


async def test_changes_of_others_do_not_keep_a_value_from_being_shared(
    authority: RedisAuthority,
) -> None:
    load = await begun(authority)
    await authority.publish(["grant:g2", "grant:g11", "reader:g1"])
    await authority.share(load, 1, b"one")
    assert await authority.recall(KEY) == b"one"


async def test_where_the_log_is_too_short_to_tell_nothing_is_shared(
    authority: RedisAuthority,
) -> None:
    load = await begun(authority)
    for _ in range(KEEP + 1):
        await authority.publish(["grant:other"])
    await authority.share(load, 1, b"one")
    assert await authority.recall(KEY) is None


async def test_a_lower_version_never_replaces_a_higher(authority: RedisAuthority) -> None:
    load = await begun(authority)
    for version, packed, left in ((7, b"7", b"7"), (6, b"6", b"7"), (0, b"null", b"7")):
        await authority.share(load, version, packed)
        assert await authority.recall(KEY) == left
    await authority.share(load, 8, b"8")
    assert await authority.recall(KEY) == b"8"


async def test_a_change_takes_away_what_is_shared(authority: RedisAuthority) -> None:
    for key in (KEY, "grant:g2"):
        await authority.share(await begun(authority, key), 1, b"one")
    await authority.publish([KEY])
    assert await authority.recall(KEY) is None
    assert await authority.recall("grant:g2") == b"one"


async def test_nothing_is_recalled_or_shared_across_a_new_start(
    authority: RedisAuthority, redis: Redis
) -> None:
    load = await begun(authority)
    await authority.share(load, 1, b"one")
    # What holds the protocol together may be evicted while what is shared stays.
    async for key in redis.scan_iter("paidgate:*"):
        if key.count(b":") == 1:
            await redis.delete(key)
    assert await authority.recall(KEY) is None
    await authority.share(load, 1, b"one")
    assert await authority.recall(KEY) is None


ODD = (
    *("grant:", "grant:g1:x", "grant:*", "grant:g 1", "grant:g1 ", "grant:g1\r\nFLUSHALL\r\n"),
    *("grant:{g1}", 'grant:"]', "grant:读者😀", "grant:\\", "grant:\0", "nonce", "head", "1", ""),
)


async def test_no_key_reaches_what_is_under_another(
    authority: RedisAuthority, redis: Redis
) -> None:
    for key in (KEY, *ODD):
        await authority.share(await begun(authority, key), 1, key.encode())
    assert [await authority.recall(key) for key in ODD] == [key.encode() for key in ODD]
    await authority.publish(ODD)
    assert [await authority.recall(key) for key in ODD] == [None] * len(ODD)
    assert await authority.recall(KEY) == KEY.encode()
    change = await authority.publish([KEY])
    assert change.number == 2
    assert await redis.dbsize() == 1


# --- memories that share -----------------------------------------------------------------------


class Record:
    """A ledger of one right, which counts how often it is read."""

    def __init__(self, holds: Rights | None) -> None:
        self.holds = holds
        self.reads = 0

    async def load(self) -> Rights | None:
        self.reads += 1
        return self.holds

    async def read(self, memory: LeasedCoherence) -> Rights | None:
        found: Rights | None = await memory.fetch(KEY, self.load, RIGHTS)
        return found


@asynccontextmanager
async def workers(url: str, number: int = 2) -> AsyncIterator[list[LeasedCoherence]]:
    """Open the memories of some workers, each with a lease."""
    memories = [LeasedCoherence(RedisAuthority(url, TERMS, SIGNET), TERMS) for _ in range(number)]
    try:
        for memory in memories:
            memory.start()
            await comes_true(lambda memory=memory: remembers(memory))  # type: ignore[misc]
        yield memories
    finally:
        for memory in memories:
            await memory.close()


async def remembers(memory: LeasedCoherence) -> bool:
    async def load() -> str:
        return "anything"

    await memory.fetch("anything", load)
    return memory.known("anything") is not None


async def comes_true(condition: Callable[[], Awaitable[bool]]) -> None:
    end = time.monotonic() + TIMEOUT
    while not await condition():
        assert time.monotonic() < end, "it does not come true"
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("before", [rights(1), None], ids=["present", "absent"])
async def test_what_one_worker_has_read_others_need_not_and_a_change_ends_it_for_all(
    before: Rights | None, redis: Redis, redis_url: str
) -> None:
    record = Record(before)
    async with workers(redis_url) as memories:
        for memory in memories:
            assert version(await record.read(memory)) == version(before)
        assert record.reads == 1
        record.holds = rights(2)
        assert await memories[0].announce([KEY])
        for memory in memories:
            assert version(await record.read(memory)) == 2
        assert record.reads == 2


def version(found: Rights | None) -> int:
    return found.version if found else 0


async def test_what_is_shared_is_json(redis: Redis, redis_url: str) -> None:
    record = Record(rights(3))
    async with workers(redis_url) as memories:
        await record.read(memories[0])
        (place,) = [key async for key in redis.scan_iter("paidgate:*:grant:*")]
        packed = await redis.hget(place, "packed")
    assert isinstance(packed, bytes)
    assert json.loads(packed)[0] == 3
    assert "读者 42".encode() not in packed


Spoil = Callable[[Redis, bytes], Awaitable[Any]]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda redis, place: redis.hset(place, "packed", b"\x80\x04K\x01."),
        lambda redis, place: redis.hset(place, "packed", b'[1, 0, [["g1", ["demo"], 7]]]'),
        lambda redis, place: redis.hset(place, "packed", b"[" * 100_000),
        lambda redis, place: redis.hset(place, "version", b"garbage"),
        lambda redis, place: redis.hdel(place, "packed"),
        lambda redis, place: redis.rename(place, place + b"x"),
        lambda redis, place: redis.set(place, b"null"),
    ],
    ids=["pickle", "shape", "deep", "version", "no-value", "moved", "type"],
)
async def test_what_is_no_rights_is_not_believed(
    spoil: Spoil, redis: Redis, redis_url: str
) -> None:
    record = Record(rights(3))
    async with workers(redis_url) as memories:
        await record.read(memories[0])
        (place,) = [key async for key in redis.scan_iter("paidgate:*:grant:*")]
        await spoil(redis, place)
        assert version(await record.read(memories[1])) == 3
        record.holds = None
        assert await memories[0].announce([KEY])
        assert [await record.read(memory) for memory in memories] == [None, None]


# --- a Redis that is not well ------------------------------------------------------------------


async def flushed(server: HarmedServer, proxy: Proxy) -> None:
    await asyncio.to_thread(server.empty)


async def evicting(server: HarmedServer, proxy: Proxy) -> None:
    await configured(server, "maxmemory-policy", "allkeys-random")
    await configured(server, "maxmemory", "1")


async def full(server: HarmedServer, proxy: Proxy) -> None:
    await configured(server, "maxmemory", "1")


async def configured(server: HarmedServer, name: str, value: str) -> None:
    async with Redis.from_url(server.url(server.port)) as client:
        await client.config_set(name, value)


async def read_only(server: HarmedServer, proxy: Proxy) -> None:
    async with Redis.from_url(server.url(server.port)) as client:
        await client.replicaof("127.0.0.1", 1)


async def slow(server: HarmedServer, proxy: Proxy) -> None:
    proxy.delay = 2 * TERMS.length


async def silent(server: HarmedServer, proxy: Proxy) -> None:
    proxy.open.clear()


async def gone(server: HarmedServer, proxy: Proxy) -> None:
    await asyncio.to_thread(server.stop)


async def failed_over(server: HarmedServer, proxy: Proxy) -> None:
    await asyncio.to_thread(server.restart)


Harm = Callable[[HarmedServer, Proxy], Awaitable[None]]


@pytest.mark.parametrize(
    "harm", [flushed, evicting, full, read_only, slow, silent, gone, failed_over]
)
async def test_answers_stay_right_when_the_redis_is(harm: Harm) -> None:
    record = Record(rights(1))
    with harmed_redis() as server:
        proxy = Proxy(server.port)
        await proxy.start()
        try:
            async with workers(server.url(proxy.port)) as memories:
                assert [version(await record.read(memory)) for memory in memories] == [1, 1]
                await harm(server, proxy)
                record.holds = None
                if not await memories[0].announce([KEY]):
                    # Not acknowledged, and yet nobody remembers for longer than a lease.
                    await comes_true(lambda: all_read(record, memories, None))
                assert [await record.read(memory) for memory in memories] == [None, None]
                record.holds = rights(3)
                if not await memories[1].announce([KEY]):
                    await comes_true(lambda: all_read(record, memories, 3))
                assert [version(await record.read(memory)) for memory in memories] == [3, 3]
        finally:
            proxy.open.set()
            await proxy.stop()


async def all_read(record: Record, memories: list[LeasedCoherence], expected: int | None) -> bool:
    found = [await record.read(memory) for memory in memories]
    return [each.version if each else None for each in found] == [expected] * len(found)
