"""A worker serves on, whatever becomes of what it does in the background."""

from __future__ import annotations

import gc
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
import structlog
from starlette.types import ASGIApp, Message

from gateway.announcing import Announcing
from gateway.app import Gateway, _sweep
from gateway.core.documents import Address
from gateway.core.errors import Conflict
from gateway.publishing import Publishing
from gateway.stores.audit_files import FileAudit
from gateway.stores.tries import MemoryTries, RedisTries
from tests.asgi import exchange
from tests.house import gateway, settings

pytestmark = pytest.mark.anyio

WORDS = "what nobody should read"


@asynccontextmanager
async def living(app: ASGIApp) -> AsyncIterator[None]:
    """Start an application as a server does, and end it after the context."""
    started, over = anyio.Event(), anyio.Event()
    asked = iter(("startup", "shutdown"))

    async def receive() -> Message:
        kind = next(asked)
        if kind == "shutdown":
            await over.wait()
        return {"type": f"lifespan.{kind}"}

    async def send(message: Message) -> None:
        if message["type"] == "lifespan.startup.complete":
            started.set()

    async def live() -> None:
        await app({"type": "lifespan", "state": {}}, receive, send)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(live)
        await started.wait()
        yield
        over.set()


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Give back to the collector what a worker takes from it when it starts."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


async def test_a_document_that_cannot_be_settled_is_logged_and_no_second_time(
    logged: list[structlog.typing.EventDict],
) -> None:
    side, told = gateway(), set[Address]()
    await side.publish("a", "Title\n\nFree.")
    edition = (await side.publish("b", "Title\n\nFree.")).edition
    await side.ledger.make_current(replace(edition, id="lost"), edition.id)
    await _sweep(side.house, told)
    await _sweep(side.house, told)
    lines = [line for line in logged if line.get("event") == "unsettled"]
    assert [(line["document"], line["kind"]) for line in lines] == [("demo/b", "Missing")]
    await side.house.publishing.roll_back(edition.address, edition.id)
    await _sweep(side.house, told)
    assert told == set()


@pytest.mark.parametrize("error", [RuntimeError(WORDS), Conflict(WORDS)])
@pytest.mark.parametrize(
    ("part", "method"), [(Announcing, "confirm"), (Publishing, "recover"), (FileAudit, "tend")]
)
async def test_work_that_fails_is_begun_again_and_the_worker_serves_on(
    part: type,
    method: str,
    error: Exception,
    tmp_path: Path,
    logged: list[structlog.typing.EventDict],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    count, again = 0, anyio.Event()

    async def failing(_: object) -> None:
        nonlocal count
        count += 1
        if count == 3:
            again.set()
        raise error

    monkeypatch.setattr(part, method, failing)
    for pause in ("ANNOUNCE", "SWEEP", "ANEW"):
        monkeypatch.setattr(f"gateway.app.{pause}", 0.0)
    worker = Gateway(settings(data=str(tmp_path / "data"), redis="none"))
    with anyio.fail_after(30):
        async with living(worker):
            await again.wait()
            assert (await exchange(worker, "GET", "/healthz")).status == 200
            assert (await exchange(worker, "GET", "/")).status == 200
    told = {line["kind"] for line in logged if line.get("event") == "background"}
    assert told == ({"RuntimeError"} if isinstance(error, RuntimeError) else set())
    assert WORDS not in str(logged)


async def test_readyz_tells_of_the_redis_that_is_named_whatever_the_authority(
    redis_url: str,
) -> None:
    given = {"authority": "postgres", "ledger": "postgresql://nowhere/nothing"}
    urls = {"ok": redis_url, "down": "unix:///nowhere/redis.sock"}
    for state, url in urls.items():
        tries = RedisTries(url)
        app = gateway(1, tries, redis=url, **given).app
        told = json.loads((await exchange(app, "GET", "/readyz")).body)
        assert told["redis"] == state
        await tries.close()
    app = gateway(1, MemoryTries(), redis="none", **given).app
    assert json.loads((await exchange(app, "GET", "/readyz")).body)["redis"] == "none"
