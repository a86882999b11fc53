"""What several hosts do while one of their servers is harmed, under readers and changes.

`python -m tests.faults.hosts_harmed` harms each once and prints the tables of docs/operations.md:
answers by status, and how long it took from the end of the harm until all was well again.
"""

from __future__ import annotations

import json
import signal
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import click
from redis import Redis

from gateway.stores.redis_authority import CHANNEL
from tests.faults.crowd import ACTS, Asker, Crowd
from tests.faults.harmed import HarmedServer, harmed_postgres, harmed_redis, harmed_s3
from tests.faults.hosts import Hosts, grant, put, several_hosts
from tests.servers import comes_true
from tests.web.proxies import Ask

AUTHORITIES = ("redis", "postgres")
LOOKS = 12  # new connections to each gateway, so that each of its workers is asked
CHANGES = 12  # answered while somebody is harmed
PATIENCE = 60.0  # seconds until all is well
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

    @property
    def client(self) -> Redis:
        return Redis.from_url(self.redis.url(self.redis.port))

    def parts(self) -> list[dict[str, str]]:
        """Return what workers say of their parts, each probably more than once."""
        asked = [ask(Ask("/readyz")) for ask in self.hosts.gateways for _ in range(LOOKS)]
        return [json.loads(answer.body) for answer in asked]

    def is_well(self) -> bool:
        """Tell whether every part of every worker is well, and a change is confirmed."""
        try:
            made, _ = grant(self.hosts.proxy, self.hosts)
            path = f"/api/grants/{made}"
            if self.hosts.proxy(Ask(path, "DELETE", self.hosts.key)).status != 204:
                return False
            return all(set(parts.values()) <= WELL for parts in self.parts())
        except (OSError, ValueError, KeyError):
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
        """Return the milliseconds that a known read takes, of the slowest worker."""
        medians = []
        for port in self.hosts.ports:
            askers = [Asker(port) for _ in range(LOOKS)]
            for asker in askers:
                taken = []
                for _ in range(30):
                    began = time.perf_counter()
                    status, _ = asker.ask("GET", f"/read/demo/{SLUG}.txt", self.standing)
                    taken.append(1000 * (time.perf_counter() - began))
                    assert status == 200
                medians.append(statistics.median(taken))
                asker.close()
        return max(medians)


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
        assert comes_true(scene.is_well, PATIENCE), scene.parts()
        yield scene


# --- harms -------------------------------------------------------------------------------------

Harm = Callable[[Scene, Crowd], None]


def strays() -> list[bytes]:
    """Return messages that are none of ours."""
    return [
        b"",
        b"hello",
        b"\xff\xfe \xff \xff",
        b"a b c",
        b"a 1 {}",
        b"a 1 [[1]]",
        b"a " + b"9" * 5_000 + b" []",
        b"a 1 " + b"[" * 100_000,
    ]


def _stray_messages(scene: Scene, crowd: Crowd) -> None:
    with scene.client as client:
        for message in strays():
            client.publish(CHANNEL, message)
    crowd.goes_on(CHANGES)


def _no_json(scene: Scene, crowd: Crowd) -> None:
    with scene.client as client:
        for key in client.scan_iter("paidgate:*", _type="hash"):
            if client.hexists(key, "head"):
                with client.pipeline() as both:
                    head = int(client.hincrby(key, "head", 1))
                    both.hset(key, str(head), "no JSON").execute()
    crowd.goes_on(CHANGES)


def _emptied(scene: Scene, crowd: Crowd) -> None:
    scene.redis.empty()
    crowd.goes_on(CHANGES)


def _away(server: HarmedServer, crowd: Crowd) -> None:
    server.stop()
    crowd.goes_on(CHANGES)
    server.start()


HARMS: dict[str, Harm] = {
    "stray messages": _stray_messages,
    "a log entry that is no JSON": _no_json,
    "Redis emptied": _emptied,
    "Redis killed": lambda scene, crowd: _away(scene.redis, crowd),
    "PostgreSQL's postmaster killed": lambda scene, crowd: _away(scene.postgres, crowd),
    "S3 away": lambda scene, crowd: _away(scene.s3, crowd),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a harm has shown."""

    answers: Mapping[str, Mapping[int, int]]
    wrong: list[str]
    healed: float  # seconds
    changing: float  # milliseconds
    reading: float  # milliseconds

    def row(self, harm: str) -> str:
        """Return a line of the table."""
        cells = [_told(self.answers.get(act, {})) for act in ACTS]
        wrong = str(len(self.wrong))
        times = [f"{self.healed:.1f} s", f"{self.changing:.0f} ms", f"{self.reading:.2f} ms"]
        return f"| {' | '.join([harm, *cells, wrong, *times])} |"


def _told(statuses: Mapping[int, int]) -> str:
    return ", ".join(f"{number} × {status}" for status, number in sorted(statuses.items())) or "–"


def harmed(scene: Scene, harm: Harm) -> Seen:
    """Let a crowd in, harm, and wait until all is well again."""
    with Crowd(scene.hosts.proxy_port, scene.hosts.key, SLUG, scene.standing) as crowd:
        crowd.goes_on(CHANGES)
        harm(scene, crowd)
        began = time.monotonic()
        assert comes_true(scene.is_well, PATIENCE), (scene.parts(), _last(scene))
        healed = time.monotonic() - began
        crowd.goes_on(CHANGES)
    return Seen(crowd.answers, crowd.wrong, healed, scene.changing(), scene.reading())


def _last(scene: Scene) -> list[str]:
    return [log.read_text()[-3_000:] for log in scene.hosts.logs]


def main() -> None:
    """Harm everything, and print the tables."""
    for authority in AUTHORITIES:
        with scene(authority) as hosts:
            click.echo(f"\n{authority}\n")
            click.echo(f"| harm | {' | '.join(ACTS)} | wrong | healed in | change | known read |")
            click.echo("|---" * (len(ACTS) + 5) + "|")
            quiet = Seen({}, [], 0, hosts.changing(), hosts.reading())
            click.echo(quiet.row("none"))
            for name, harm in HARMS.items():
                click.echo(harmed(hosts, harm).row(name))
            for event in ("fault", "background"):
                for line in hosts.hosts.logged(event):
                    click.echo(json.dumps(line), err=True)


if __name__ == "__main__":
    main()
