"""What several hosts do while one of their servers is harmed, under readers and changes.

`python -m tests.faults.hosts_harmed` harms each once and prints the tables of docs/operations.md:
answers by status, and how long it took from the end of the harm until all was well again.
"""

from __future__ import annotations

import asyncio
import json
import signal
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import asyncpg
import click
from redis import Redis
from redis.exceptions import RedisError

from gateway.stores.redis import authority as redis_authority
from gateway.stores.sql import authority as postgres_authority
from tests.faults.crowd import ACTS, Asker, Crowd
from tests.faults.harmed import HarmedServer, harmed_postgres, harmed_redis, harmed_s3
from tests.faults.hosts import Hosts, grant, put, several_hosts
from tests.support.servers import comes_true
from tests.web.proxies import Ask

AUTHORITIES = ("redis", "postgres")
LOOKS = 12  # new connections to each gateway, so that each of its workers is asked
CHANGES = 12  # answered while somebody is harmed
TIMEOUT = 60.0  # seconds until all is well
SLUG = "report"


@dataclass(frozen=True, slots=True)
class Scene:
    """Several hosts on an authority, and the servers behind them."""

    authority: str
    hosts: Hosts
    redis: HarmedServer
    postgres: HarmedServer
    s3: HarmedServer
    standing: Mapping[str, str]  # the header that reads by a right that stands
    told: list[tuple[str, list[dict[str, str]]]] = field(default_factory=list)  # while one was away

    @property
    def client(self) -> Redis:
        return Redis.from_url(self.redis.url(self.redis.port))

    def execute(self, statements: str) -> None:
        """Do something in the database of the ledger, as anybody who has its password."""
        asyncio.run(_execute(self.postgres.url(self.postgres.port), statements))

    def listening(self) -> int:
        """Return how many workers hear what the authority says."""
        if self.authority == "redis":
            with self.client as client:
                return int(client.pubsub_numsub(redis_authority.CHANNEL)[0][1])
        url = self.postgres.url(self.postgres.port)
        return len(asyncio.run(_execute(url, _LISTENING)))

    def parts(self) -> list[dict[str, str]]:
        """Return what workers say of their parts, each probably more than once."""
        asked = [ask(Ask("/readyz")) for ask in self.hosts.gateways for _ in range(LOOKS)]
        return [answer.json for answer in asked]

    def is_well(self) -> bool:
        """Return whether every part of every worker is well, and a change is confirmed."""
        try:
            made, _ = grant(self.hosts.proxy, self.hosts)
            path = f"/api/grants/{made}"
            if self.hosts.proxy(Ask(path, "DELETE", self.hosts.key)).status != 204:
                return False
            is_well = all(set(parts.values()) <= WELL for parts in self.parts())
            return is_well and self.listening() == WORKERS
        except (OSError, ValueError, KeyError, asyncpg.PostgresError, RedisError):
            return False

    def changing(self) -> float:
        """Return the median of the milliseconds that taking a right back takes."""
        taken = []
        for n in range(20):
            ask = self.hosts.gateways[n % 2]
            made, _ = grant(ask, self.hosts)
            began = time.perf_counter()
            assert ask(Ask(f"/api/grants/{made}", "DELETE", self.hosts.key)).status == 204
            taken.append(1000 * (time.perf_counter() - began))
        return statistics.median(taken)

    def reading(self) -> float:
        """Return the milliseconds of a known read, the fastest tenth, of the slowest connection.

        Whoever asks the ledger is never as fast as memory is, however busy the machine.
        """
        found = []
        for port in self.hosts.ports:
            askers = [Asker(port) for _ in range(LOOKS)]
            for asker in askers:
                taken = []
                for _ in range(30):
                    began = time.perf_counter()
                    status, _ = asker.ask("GET", f"/read/demo/{SLUG}.txt", self.standing)
                    taken.append(1000 * (time.perf_counter() - began))
                    assert status == 200
                found.append(statistics.quantiles(taken, n=10)[0])
                asker.close()
        return max(found)


async def _execute(url: str, statements: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        if statements.startswith("SELECT"):
            return [*await connection.fetch(statements)]
        await connection.execute(statements)
        return []
    finally:
        await connection.close()


_LISTENING = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
WORKERS = 4
WELL = {"ok", "none", *AUTHORITIES}


@contextmanager
def scene(authority: str) -> Iterator[Scene]:
    """Put several hosts together, and publish a document."""
    with ExitStack() as stack:
        redis_server = stack.enter_context(harmed_redis())
        postgres = stack.enter_context(harmed_postgres(signal.SIGKILL))
        s3, s3_server = stack.enter_context(harmed_s3())
        given = {"PAIDGATE_LEDGER": postgres.url(postgres.port), **s3.environment}
        given |= {"PAIDGATE_REDIS": redis_server.url(redis_server.port)}
        given |= {"PAIDGATE_STORE": s3.url("hosts"), "PAIDGATE_AUTHORITY": authority}
        hosts = stack.enter_context(several_hosts(given))
        assert put(hosts.one, hosts, SLUG, "text").status == 201
        _, standing = grant(hosts.one, hosts)
        scene = Scene(authority, hosts, redis_server, postgres, s3_server, standing)
        assert comes_true(scene.is_well, TIMEOUT), scene.parts()
        yield scene


# --- harms -------------------------------------------------------------------------------------

Harm = Callable[[Scene, Crowd], None]

STRAYS = [b"", b"hello", b"\xff \xff \xff", b"a b []", b"a 1 {}", b"a 1 [[1]]"]


def _stray_messages(scene: Scene, crowd: Crowd) -> None:
    with scene.client as client:
        for message in STRAYS:
            client.publish(redis_authority.CHANNEL, message)
    channel = postgres_authority.CHANNEL
    scene.execute(f"NOTIFY {channel}; NOTIFY {channel}, 'hello'; NOTIFY {channel}, '[[1]]'")
    crowd.goes_on(CHANGES)


def _no_changes(scene: Scene, crowd: Crowd) -> None:
    """Put a change into the log that is none."""
    with scene.client as client:
        for key in client.scan_iter("paidgate:*", _type="hash"):
            if client.hexists(key, "head"):
                client.eval(_NO_JSON, 1, key)
    if scene.authority == "postgres":
        scene.execute(_NO_KEYS)
    crowd.goes_on(CHANGES)


_NO_JSON = "redis.call('HSET', KEYS[1], redis.call('HINCRBY', KEYS[1], 'head', 1), 'no JSON')"
_NO_KEYS = """
WITH next AS (UPDATE authority SET head = head + 1 RETURNING head)
INSERT INTO authority_change SELECT head, '{{a,b},{c,d}}' FROM next
"""


def _emptied(scene: Scene, crowd: Crowd) -> None:
    scene.redis.empty()
    if scene.authority == "postgres":
        scene.execute("DELETE FROM authority")
    crowd.goes_on(CHANGES)


def _away(scene: Scene, name: str, crowd: Crowd) -> None:
    server: HarmedServer = getattr(scene, name)
    server.stop()
    crowd.goes_on(CHANGES)
    scene.told.append((name, scene.parts()))
    server.start()


def _silent(server: HarmedServer, crowd: Crowd) -> None:
    server.signal(signal.SIGSTOP)
    crowd.goes_on(CHANGES)
    server.signal(signal.SIGCONT)


HARMS: dict[str, Harm] = {
    "stray messages": _stray_messages,
    "a change in the log that is none": _no_changes,
    "the authority emptied": _emptied,
    "Redis killed": lambda scene, crowd: _away(scene, "redis", crowd),
    "Redis silent": lambda scene, crowd: _silent(scene.redis, crowd),
    "PostgreSQL's postmaster killed": lambda scene, crowd: _away(scene, "postgres", crowd),
    "S3 away": lambda scene, crowd: _away(scene, "s3", crowd),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a harm has shown."""

    answers: Mapping[str, Mapping[int, int]]
    wrong: list[str]
    healed: float  # seconds

    def row(self, harm: str, after: Scene) -> str:
        """Return a line of the table."""
        cells = [harm, *(_told(self.answers.get(act, {})) for act in ACTS), str(len(self.wrong))]
        cells += [f"{self.healed:.1f} s", f"{after.changing():.0f} ms", f"{after.reading():.2f} ms"]
        return f"| {' | '.join(cells)} |"


def _told(statuses: Mapping[int, int]) -> str:
    return ", ".join(f"{number} × {status}" for status, number in sorted(statuses.items())) or "–"


def harmed(scene: Scene, harm: Harm) -> Seen:
    """Let a crowd in, harm, and wait until all is well again."""
    with Crowd(scene.hosts.proxy_port, scene.hosts.key, SLUG, scene.standing) as crowd:
        crowd.goes_on(CHANGES)
        harm(scene, crowd)
        began = time.monotonic()
        assert comes_true(scene.is_well, TIMEOUT), (scene.parts(), _last(scene))
        healed = time.monotonic() - began
        crowd.goes_on(CHANGES)
    return Seen(crowd.answers, crowd.wrong, healed)


def _last(scene: Scene) -> list[str]:
    return [log.read_text()[-3_000:] for log in scene.hosts.logs]


def main() -> None:
    """Harm everything, and print the tables."""
    for authority in AUTHORITIES:
        with scene(authority) as hosts:
            click.echo(f"\n{authority}\n")
            click.echo(f"| harm | {' | '.join(ACTS)} | wrong | healed in | change | known read |")
            click.echo("|---" * (len(ACTS) + 5) + "|")
            click.echo(Seen({}, [], 0).row("none", hosts))
            for name, harm in HARMS.items():
                click.echo(harmed(hosts, harm).row(name, hosts))
            for event in ("fault", "background"):
                for line in hosts.hosts.logged(event):
                    click.echo(json.dumps(line), err=True)


if __name__ == "__main__":
    main()
