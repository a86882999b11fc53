"""What every lease authority promises: the steps of core/leases.py, on a real server."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from random import Random
from typing import NamedTuple, cast

import asyncpg
import pytest
from redis.asyncio import Redis

from gateway.core.errors import Unavailable
from gateway.core.leases import Authority, Change, Lease, Renewal, Terms
from gateway.stores import leased_cache as leased
from gateway.stores.redis import authority as redis_authority
from gateway.stores.redis.authority import RedisAuthority
from gateway.stores.sql import authority as postgres_authority
from gateway.stores.sql.authority import PostgresAuthority
from tests.faults.memories import SIGNET
from tests.support.authorities import LocalAuthority
from tests.support.servers import as_admin

pytestmark = pytest.mark.anyio

KEEP = postgres_authority.KEEP
TIMEOUT = 30.0  # seconds
TERMS = Terms(length=40)  # so that no step is given up on a busy machine
CHANNEL = redis_authority.CHANNEL.encode()
NO_KEYS = [b"", b"no JSON", b"{}", b"1", b"[1]", b"[[]]", b'"x"', b"[" * 100_000, b"\xff"]


class Made(NamedTuple):
    """An authority that knows nothing, how to open another beside it, and how to empty both."""

    opened: leased.LeaseAuthority
    another: Callable[[], leased.LeaseAuthority]
    forget: Callable[[], Awaitable[object]]


@asynccontextmanager
async def without_tables(url: str) -> AsyncIterator[asyncpg.Connection]:
    """Talk to the database of an authority that has not been there yet."""
    connection = await asyncpg.connect(url)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    yield connection
    await connection.close()


@pytest.fixture(params=["local", "redis", "composed", "postgres"])
async def made(request: pytest.FixtureRequest) -> AsyncIterator[Made]:
    """Open each authority, empty."""
    opened: list[leased.LeaseAuthority] = []

    def on(kind: Callable[[str, Terms], leased.LeaseAuthority], url: str) -> leased.LeaseAuthority:
        opened.append(kind(url, TERMS))
        return opened[-1]

    async with AsyncExitStack() as stack:
        if request.param == "local":
            local = LocalAuthority()
            yield Made(local, lambda: local, local.forget)
        elif request.param in ("redis", "composed"):
            name = "redis_url" if request.param == "redis" else "composed_redis_url"
            url = request.getfixturevalue(name)
            client = await stack.enter_async_context(Redis.from_url(as_admin(url)))
            await client.flushall()
            another = partial(on, partial(RedisAuthority, signet=SIGNET), url)
            yield Made(another(), another, client.flushall)
        else:
            url = request.getfixturevalue("postgres_url")
            database = await stack.enter_async_context(without_tables(url))
            another = partial(on, PostgresAuthority, url)
            yield Made(another(), another, partial(database.execute, "DELETE FROM authority"))
        for authority in opened:
            await authority.close()


@pytest.fixture
def authority(made: Made) -> leased.LeaseAuthority:
    """Return an authority that knows nothing yet."""
    return made.opened


def strays() -> list[bytes]:
    """Return messages that are none of ours."""
    return [b"", b"hello", b"\xff \xff \xff", b"a b []", *(b"a 1 " + keys for keys in NO_KEYS)]


def renewal(worker: str, lease: Lease | None = None, applied: int | None = None) -> Renewal:
    """Return a renewal of a worker that has applied all of its last lease, or less."""
    if lease is None:
        return Renewal(worker, "", 0, 0.0)
    return Renewal(worker, lease.incarnation, lease.head if applied is None else applied, 0.0)


async def test_who_is_new_learns_the_head_and_no_changes(authority: leased.LeaseAuthority) -> None:
    first = await authority.renew(renewal("a"))
    assert (first.head, first.changes) == (0, None)
    change = await authority.publish(["x"])
    assert await authority.renew(renewal("b")) == Lease(change.incarnation, 1, None)


async def test_a_renewal_brings_what_was_missed_in_order(authority: leased.LeaseAuthority) -> None:
    lease = await authority.renew(renewal("a"))
    assert (await authority.renew(renewal("a", lease))).changes == ()
    changes = tuple([await authority.publish(keys) for keys in (["x"], ["y", "ü,'\"{}"], [])])
    assert [change.number for change in changes] == [1, 2, 3]
    assert await authority.renew(renewal("a", lease)) == Lease(lease.incarnation, 3, changes)
    assert (await authority.renew(renewal("a", lease, 2))).changes == changes[2:]


async def test_who_has_not_applied_a_change_is_behind(authority: leased.LeaseAuthority) -> None:
    lease = await authority.renew(renewal("a"))
    await authority.renew(renewal("b"))
    change = await authority.publish(["x"])
    assert await authority.behind(change) == frozenset({"a", "b"})
    await authority.renew(renewal("a", lease))
    assert await authority.behind(change) == frozenset({"a", "b"})
    await authority.renew(renewal("a", lease, 1))
    assert await authority.behind(change) == frozenset({"b"})
    await authority.renew(renewal("a", lease))  # an earlier one, overtaken
    assert await authority.behind(change) == frozenset({"b"})


async def test_only_who_has_not_renewed_since_a_change_is_forgotten(
    authority: leased.LeaseAuthority,
) -> None:
    lease = await authority.renew(renewal("a"))
    await authority.renew(renewal("b"))
    change = await authority.publish(["x"])
    await authority.renew(renewal("b", lease))
    await authority.expire(change)
    assert await authority.behind(change) == frozenset({"b"})


async def test_an_authority_that_forgot_is_another_one(made: Made) -> None:
    authority = made.opened
    lease = await authority.renew(renewal("a"))
    await authority.renew(renewal("b"))
    change = await authority.publish(["x"])
    await made.forget()
    assert await authority.behind(change) is None
    await authority.expire(change)
    again = await authority.renew(renewal("a", lease))
    assert again.incarnation != lease.incarnation
    assert (again.head, again.changes) == (0, None)
    assert await authority.behind(change) is None
    assert await authority.behind(await authority.publish(["x"])) == frozenset({"a"})


async def test_more_changes_than_are_kept_are_not_named(authority: leased.LeaseAuthority) -> None:
    lease = await authority.renew(renewal("a"))
    for _ in range(KEEP + 1):
        await authority.publish(["x"])
    assert (await authority.renew(renewal("a", lease))).changes is None
    brought = (await authority.renew(renewal("a", lease, 1))).changes
    assert brought is not None
    assert len(brought) == KEEP


async def test_of_many_that_begin_at_once_all_speak_to_one(made: Made) -> None:
    many = [made.another() for _ in range(8)]
    leases = await asyncio.gather(
        *(one.renew(renewal(str(number))) for number, one in enumerate(many))
    )
    assert len({lease.incarnation for lease in leases}) == 1
    changes = await asyncio.gather(*(one.publish([str(n)]) for n, one in enumerate(many * 4)))
    assert sorted(change.number for change in changes) == list(range(1, 33))
    brought = await many[0].renew(renewal("0", leases[0]))
    assert brought.changes == tuple(sorted(changes, key=lambda change: change.number))


async def test_a_change_wakes_who_listens(made: Made) -> None:
    hearing, woken = made.opened.pushes(), asyncio.Event()

    async def listen() -> None:
        async for _ in hearing:
            woken.set()

    listening = asyncio.create_task(listen())
    async with asyncio.timeout(TIMEOUT):
        while not woken.is_set():
            await made.another().publish(["x"])
            await asyncio.wait([listening], timeout=0.05)
    listening.cancel()


@pytest.mark.parametrize("seed", range(4))
async def test_every_step_is_that_of_the_protocol(
    authority: leased.LeaseAuthority, seed: int
) -> None:
    chance, model = Random(seed), Authority("model", KEEP)
    true = (await authority.renew(renewal("w0"))).incarnation
    model.renew("w0", "", 0)
    head = 0
    changes: list[tuple[Change, Change]] = []
    for _ in range(150):
        worker, applied = f"w{chance.randrange(4)}", chance.randint(0, head)
        step = chance.choice(["renew", "renew", "publish", "behind", "expire"])
        if step == "renew":
            known = chance.random() < 0.9
            told = await authority.renew(Renewal(worker, true if known else "", applied, 0.0))
            wanted = model.renew(worker, "model" if known else "", applied)
            assert told == as_of(true, wanted)
        elif step == "publish":
            keys = [f"k{chance.randrange(9)}" for _ in range(chance.randrange(4))]
            changes.append((await authority.publish(set(keys)), model.publish(keys)))
            head = changes[-1][0].number
        elif changes and step == "behind":
            ours, theirs = chance.choice(changes)
            assert await authority.behind(ours) == model.behind("model", theirs.number)
        elif changes:
            ours, theirs = chance.choice(changes)
            await authority.expire(ours)
            model.expire("model", theirs.number)


def as_of(incarnation: str, lease: Lease) -> Lease:
    """Return the same lease of another incarnation."""
    if lease.changes is None:
        return Lease(incarnation, lease.head, None)
    changes = (Change(incarnation, one.number, one.keys) for one in lease.changes)
    return Lease(incarnation, lease.head, tuple(changes))


# --- on PostgreSQL -----------------------------------------------------------------------------


async def test_an_answer_that_a_reader_could_hold_up_is_not_given(
    postgres_url: str,
) -> None:
    async with without_tables(postgres_url):
        authority = PostgresAuthority(postgres_url, TERMS)
        lease = await authority.renew(renewal("a"))
    portion = [f"grant:{number:060}" for number in range(postgres_authority.AT_ONCE)]
    await authority.publish(portion)
    brought = (await authority.renew(renewal("a", lease))).changes
    assert brought is not None
    await authority.publish(["one more"])
    assert (await authority.renew(renewal("a", lease))).changes is None
    await authority.close()


@pytest.mark.parametrize("table", ["authority", "authority_lease", "authority_change"])
async def test_a_table_that_was_dropped_is_made_again(postgres_url: str, table: str) -> None:
    async with without_tables(postgres_url) as database:
        authority = PostgresAuthority(postgres_url, TERMS)
        assert await works(authority)
        await database.execute(f"DROP TABLE {table}")
    attempts = [await works(authority) for _ in range(4)]
    await authority.close()
    assert not attempts[0]
    assert attempts[-1]


async def works(authority: PostgresAuthority) -> bool:
    """Return whether every step is taken. Each connection that was refused one is made anew."""
    try:
        lease = await authority.renew(renewal("a"))
        change = await authority.publish(["x"])
        brought = await authority.renew(renewal("a", lease))
        return brought.changes == (change,) and await authority.behind(change) == frozenset({"a"})
    except Unavailable:
        return False


@pytest.mark.parametrize("log", ["{{a,b},{c,d}}", "{NULL}"])
async def test_a_table_that_holds_no_changes_is_read_anew(postgres_url: str, log: str) -> None:
    async with without_tables(postgres_url) as database:
        authority = PostgresAuthority(postgres_url, TERMS)
        lease = await authority.renew(renewal("a"))
        await authority.publish(["x"])
        await database.execute("UPDATE authority_change SET keys = $1::text::text[]", log)
        assert await authority.renew(renewal("a", lease)) == Lease(lease.incarnation, 1, None)
        await authority.close()


# --- on Redis ----------------------------------------------------------------------------------


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    """Talk to an empty Redis as anybody who has its password."""
    async with Redis.from_url(redis_url) as client:
        await client.flushall()
        yield client


@pytest.mark.parametrize("log", NO_KEYS)
async def test_a_log_that_holds_no_changes_is_read_anew(
    client: Redis, redis_url: str, log: bytes
) -> None:
    authority = RedisAuthority(redis_url, TERMS, SIGNET)
    lease = await authority.renew(renewal("a"))
    await authority.publish(["x"])
    (key,) = await client.keys("paidgate:*")
    await client.hset(key, "1", log)
    assert await authority.renew(renewal("a", lease)) == Lease(lease.incarnation, 1, None)
    await authority.close()


async def test_a_message_of_anybody_is_no_change_and_what_comes_after_it_is_heard(
    client: Redis, redis_url: str
) -> None:
    authority = RedisAuthority(redis_url, TERMS, SIGNET)
    pushes = authority.pushes()
    async with asyncio.timeout(TIMEOUT):
        first = asyncio.create_task(anext(pushes))
        await is_heard(client)
        for message in strays():
            await client.publish(CHANNEL, message)
        change = await authority.publish(["x"])
        heard = [await first] + [await anext(pushes) for _ in strays()]
    assert heard == [*(None for _ in strays()), change]
    await pushes.aclose()
    await authority.close()


async def is_heard(client: Redis) -> None:
    """Wait until somebody listens."""
    while dict(await client.pubsub_numsub(CHANNEL)) != {CHANNEL: 1}:  # noqa: ASYNC110  as it is told
        await asyncio.sleep(0)


async def test_whoever_listens_again_hears_nothing_of_before(client: Redis, redis_url: str) -> None:
    authority = RedisAuthority(redis_url, TERMS, SIGNET)
    async with asyncio.timeout(TIMEOUT):
        for _ in range(2):
            pushes = authority.pushes()
            first = asyncio.create_task(anext(pushes))
            await is_heard(client)
            changes = [await authority.publish([key]) for key in ("x", "y")]
            assert await first == changes[0]
            await pushes.aclose()
    await authority.close()


class Gibberish(asyncio.Protocol):
    """A server that answers whatever it is asked with the same bytes."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, _: bytes) -> None:
        self._transport.write(self._answer)
        self._transport.close()


@pytest.mark.parametrize("kind", ["redis", "postgresql"])
@pytest.mark.parametrize(
    "answer", [b":no number\r\n", b"$x\r\n", b"\xff\xff\r\n", b"S", b"N" * 9, b"R\0\0\0\1" * 9]
)
async def test_a_server_that_talks_gibberish_is_no_authority(kind: str, answer: bytes) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(partial(Gibberish, answer), "127.0.0.1", 0)
    place = f"{kind}://name:password@127.0.0.1:{server.sockets[0].getsockname()[1]}"
    terms = Terms(length=2)
    authority = (
        RedisAuthority(place, terms, SIGNET) if kind == "redis" else PostgresAuthority(place, terms)
    )
    with pytest.raises(Unavailable):
        await authority.publish(["x"])
    await authority.close()
    server.close()


# Of a server that is ready and tells no version the driver says that it lacks an attribute, and
# then, of what it has half made, once more.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_an_error_that_no_list_of_the_driver_s_names_is_no_answer() -> None:
    ready = b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I"
    loop = asyncio.get_running_loop()
    server = await loop.create_server(partial(Gibberish, ready), "127.0.0.1", 0)
    place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    authority = PostgresAuthority(f"postgresql://name:password@{place}/x?sslmode=disable", TERMS)
    with pytest.raises(Unavailable) as raised:
        await authority.publish(["x"])
    assert isinstance(raised.value.__cause__, AttributeError)
    del raised
    gc.collect()
    await authority.close()
    server.close()


class Nameless(asyncio.Protocol):
    """A server that answers every command, and never says which life it lives."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(b"$8\r\n# Server\r\n" * data.count(b"*"))


async def test_a_server_that_does_not_say_which_life_it_lives_is_no_authority() -> None:
    server = await asyncio.get_running_loop().create_server(Nameless, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    authority = RedisAuthority(f"redis://127.0.0.1:{port}", TERMS, SIGNET)
    with pytest.raises(Unavailable):
        await authority.renew(renewal("a"))
    await authority.close()
    server.close()


def test_both_keep_as_many_changes() -> None:
    assert redis_authority.KEEP == KEEP
