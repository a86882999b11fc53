"""Without Redis, and without the ledger: what is public is there, and nobody reads too much."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from gateway.stores.sql.ledger import open_ledger
from tests.faults.harmed import HarmedServer, harmed_postgres, harmed_redis
from tests.http.served import TIMEOUT, Served, serving
from tests.support.servers import comes_true

TIMES = 8
PUBLIC = ("/", "/documents/demo/report", "/documents/demo/report.json")


class Scene(NamedTuple):
    """A gateway of two workers, and the servers that it stands on."""

    gateway: Served
    redis: HarmedServer
    postgres: HarmedServer

    @property
    def ledger(self) -> str:
        return self.postgres.url(self.postgres.port)

    def eventually(self, expected: object, told: Callable[[], object]) -> bool:
        return comes_true(lambda: told() == expected, TIMEOUT)

    def previews(self) -> set[int]:
        return {self.gateway.ask("GET", path).status for path in PUBLIC}

    def search(self) -> int:
        return self.gateway.ask("GET", "/search?q=the").status

    def reads(self, token: str) -> set[int]:
        return {self.gateway.read(token=token).status for _ in range(TIMES)}

    def is_asked_to_wait(self, token: str) -> bool:
        """Return whether a read is refused for now; a worker that still has a lease is not met."""
        answer = self.gateway.read(token=token)
        return answer.status == 503 and int(answer.header("retry-after")) > 0

    def revoke(self, grant: str) -> int:
        return self.gateway.order("DELETE", f"/api/grants/{grant}").status

    def outbox(self) -> int:
        return asyncio.run(_outbox(self.ledger))


async def _outbox(url: str) -> int:
    ledger = await open_ledger(url)
    try:
        return len(await ledger.outbox(1_000))
    finally:
        await ledger.close()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder: Path = tmp_path_factory.mktemp("outages")
    with harmed_redis() as redis, harmed_postgres() as postgres:
        ledger = postgres.url(postgres.port)
        with serving(folder, 1, redis=redis.url(redis.port), ledger=ledger) as (gateway,):
            yield Scene(gateway, redis, postgres)


def test_without_redis_reads_are_right_from_the_ledger(scene: Scene) -> None:
    (grant, token), (_, standing) = scene.gateway.grant(), scene.gateway.grant()
    assert scene.reads(token) == {200}
    assert scene.eventually(200, scene.search)
    scene.redis.stop()
    assert scene.previews() == {200}
    assert scene.search() == 200
    assert scene.reads(standing) == {200}
    assert scene.revoke(grant) == 202
    # Not acknowledged: a lease may still run. When it has run out, nobody serves it.
    assert scene.eventually({403}, lambda: scene.reads(token))
    _, fresh = scene.gateway.grant()
    assert scene.reads(fresh) == scene.reads(standing) == {200}
    assert scene.gateway.ask("GET", "/readyz").json["redis"] == "down"
    assert scene.outbox()
    scene.redis.start()
    # Nobody asks again: what was recorded is confirmed by whoever finds it.
    assert scene.eventually(0, scene.outbox)
    assert scene.eventually("ok", lambda: scene.gateway.ask("GET", "/readyz").json["redis"])
    assert scene.reads(token) == {403}
    assert scene.reads(fresh) == {200}
    assert scene.eventually(204, lambda: scene.revoke(grant))


def test_without_redis_and_ledger_previews_go_on_and_reads_are_asked_to_wait(scene: Scene) -> None:
    _, token = scene.gateway.grant()
    assert scene.reads(token) == {200}
    scene.redis.stop()
    scene.postgres.stop()
    assert scene.previews() == {200}
    assert scene.eventually({503}, lambda: scene.reads(token))
    assert scene.eventually(True, lambda: scene.is_asked_to_wait(token))
    assert scene.previews() == {200}
    assert scene.gateway.ask("GET", "/readyz").status == 503
    scene.postgres.start()
    assert scene.eventually({200}, lambda: scene.reads(token))
    scene.redis.start()
    assert scene.eventually("ok", lambda: scene.gateway.ask("GET", "/readyz").json["redis"])
    assert scene.reads(token) == {200}


def test_without_the_ledger_alone_nothing_is_said_that_is_not_known(scene: Scene) -> None:
    (grant, token), (_, unread) = scene.gateway.grant(), scene.gateway.grant()
    assert scene.eventually(204, lambda: scene.revoke(grant))
    scene.postgres.stop()
    assert scene.previews() == {200}
    assert scene.search() == 503
    assert scene.reads(token) <= {403, 503}
    assert scene.reads(unread) == {503}
    scene.postgres.start()
    assert scene.eventually({200}, lambda: scene.reads(unread))
    assert scene.eventually(200, scene.search)
    assert scene.reads(token) == {403}
