"""What the gateways of the tests stand on, chosen by `--parts`: memory, or what runs in earnest.

Parts that are tied to an event loop live on one of their own, so that a test may come from any.
Servers are started when they are first needed, and what a gateway has opened ends with its test.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from inspect import iscoroutinefunction
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple, TypeVar, cast

import asyncpg
from redis import Redis

from gateway.app import open_search_index
from gateway.core.leases import Terms
from gateway.ports import Ledger, PublicStore, SearchIndex, Vault
from gateway.stores.files.public_store import FilePublicStore
from gateway.stores.files.vault import FileVault
from gateway.stores.leased_cache import DirectCoherence, LeasedCoherence, Memory
from gateway.stores.memory import MemoryLedger, MemoryPublicStore, MemorySearchIndex, MemoryVault
from gateway.stores.redis.authority import RedisAuthority
from gateway.stores.redis.signet import Signet
from gateway.stores.sql.ledger import open_ledger
from tests.faults.memories import embedded_in
from tests.support.chosen import Chosen
from tests.support.servers import postgres_server, redis_server

DATABASES = 16  # of a Redis
TERMS = Terms(0.2)  # whoever is new waits that long, in every test

T = TypeVar("T")


class Parts(NamedTuple):
    """What one gateway stands on; whatever is chosen keeps the promises of what is named here."""

    ledger: Ledger
    store: PublicStore
    vault: Vault
    memory: Memory
    search: SearchIndex


_servers = ExitStack()  # open until the run ends
_opened: list[ExitStack] = []  # of the module, and of the test
_number = count()


def open_parts() -> list[Parts]:
    """Open empty stores for gateways side by side: two of them, but in memory one."""
    if Chosen.kind == "memory":
        ledger, store, vault = MemoryLedger(), MemoryPublicStore(), MemoryVault()
        return [Parts(ledger, store, vault, DirectCoherence(), MemorySearchIndex())]
    folder = Path(tempfile.mkdtemp(prefix="paidgate-parts-"))
    _opened[-1].callback(shutil.rmtree, folder, ignore_errors=True)
    url = _postgres() if Chosen.kind == "postgres" else _sqlite(folder)
    memories = (
        [DirectCoherence(), DirectCoherence()] if Chosen.kind == "sqlite" else _leased(folder)
    )
    return [_parts(folder, url, memory) for memory in memories]


@contextmanager
def opening() -> Iterator[None]:
    """Close at the end of the context what gateways have opened in it."""
    with ExitStack() as stack:
        _opened.append(stack)
        try:
            yield
        finally:
            _opened.remove(stack)


def close_servers() -> None:
    """End what the run has started."""
    _servers.close()


def _parts(folder: Path, url: str, memory: Memory) -> Parts:
    ledger = run(open_ledger(url))
    _opened[-1].callback(lambda: run(ledger.close()))
    index = open_search_index(url)
    _opened[-1].callback(lambda: run(index.close()))
    run(_whole(index))
    return Parts(
        cast("Ledger", Elsewhere(ledger)),
        FilePublicStore(folder / "public"),
        FileVault(folder / "vault"),
        memory,
        cast("SearchIndex", Elsewhere(index)),
    )


async def _whole(index: SearchIndex) -> None:
    """Say of an index that it is whole: nothing is published yet."""
    if name := await index.unfinished():
        await index.finish(name)


def _leased(folder: Path) -> list[Memory]:
    redis = _redis() if Chosen.kind == "postgres" else ""
    memories = [_memory(folder, redis) for _ in range(2)]

    async def start(memory: Memory) -> None:
        memory.start()
        # Its server comes up; and who is new waits a while before its first acknowledgement.
        confirmed = False
        while not confirmed:
            await asyncio.sleep(0.01)
            confirmed = await memory.announce(["nothing"])

    async def start_all() -> None:
        await asyncio.gather(*map(start, memories))

    run(start_all())
    for memory in memories:
        _opened[-1].callback(lambda memory=memory: run(memory.close()))  # type: ignore[misc]
    return [cast("Memory", Elsewhere(memory)) for memory in memories]


def _memory(folder: Path, redis: str) -> Memory:
    keeper = None if redis else embedded_in(folder)
    authority = RedisAuthority(keeper.url if keeper else redis, TERMS, Signet(b"tests"))
    return LeasedCoherence(authority, TERMS, keeper=keeper)


# --- stores that are empty ---------------------------------------------------------------------


def _sqlite(folder: Path) -> str:
    shutil.copy(_empty_sqlite(), folder / "ledger.db")
    return f"sqlite:///{folder}/ledger.db"


@cache
def _empty_sqlite() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="paidgate-parts-"))
    _servers.callback(shutil.rmtree, folder)
    run(_migrated(f"sqlite:///{folder}/ledger.db"))
    return folder / "ledger.db"


async def _migrated(url: str) -> None:
    await (await open_ledger(url)).close()


@cache
def _empty_postgres() -> str:
    url = _servers.enter_context(postgres_server())
    run(_sql(url, "CREATE DATABASE empty"))
    run(_migrated(_database(url, "empty")))
    return url


def _postgres() -> str:
    url, name = _empty_postgres(), f"parts{next(_number)}"
    run(_sql(url, f"CREATE DATABASE {name} TEMPLATE empty"))
    _opened[-1].callback(lambda: run(_sql(url, f"DROP DATABASE {name}")))
    return _database(url, name)


def _database(url: str, name: str) -> str:
    return f"{url.rpartition('/')[0]}/{name}"


async def _sql(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


_one_redis = cache(lambda: _servers.enter_context(redis_server()))


def _redis() -> str:
    url = f"{_one_redis()}?db={next(_number) % DATABASES}"
    with Redis.from_url(url) as client:
        client.flushdb()
    return url


# --- a loop of their own -----------------------------------------------------------------------


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    Thread(target=loop.run_forever, daemon=True).start()
    _servers.callback(loop.call_soon_threadsafe, loop.stop)
    return loop


def run(work: Coroutine[Any, Any, T]) -> T:
    """Do some work on the parts' own loop, and wait for it."""
    return asyncio.run_coroutine_threadsafe(work, _loop()).result()


class Elsewhere:
    """A part on the loop of its own, spoken to from any other."""

    def __init__(self, part: object) -> None:
        self._part = part

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(self._part, name)
        if not iscoroutinefunction(method):
            return method

        async def call(*args: object, **kwargs: object) -> object:
            work = asyncio.run_coroutine_threadsafe(method(*args, **kwargs), _loop())
            return await asyncio.wrap_future(work)

        return call
