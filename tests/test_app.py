"""A worker serves on, whatever becomes of what it does in the background."""

from __future__ import annotations

import ast
import gc
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio
import pytest
import structlog
from starlette.types import ASGIApp, Message

import gateway
from gateway.app import Gateway, open_services
from gateway.app.background import sweep
from gateway.core.audit_records import Act, Record
from gateway.core.documents import Address
from gateway.ops.audit_log import recorded
from gateway.stores.background import Background, Work
from gateway.stores.leased_cache import DirectCoherence
from gateway.stores.redis.failed_attempts import MemoryFailedAttempts, RedisFailedAttempts
from tests.support.asgi import exchange
from tests.support.services import gateway as standing
from tests.support.services import settings

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
    side, told = standing(), set[Address]()
    await side.publish("a", "Title\n\nFree.")
    edition = (await side.publish("b", "Title\n\nFree.")).edition
    await side.ledger.make_current(replace(edition, id="lost"), edition.id)
    await sweep(side.services, told)
    await sweep(side.services, told)
    lines = [line for line in logged if line.get("event") == "unsettled"]
    assert [(line["document"], line["kind"]) for line in lines] == [("demo/b", "Missing")]
    await side.services.publishing.roll_back(edition.address, edition.id)
    await sweep(side.services, told)
    assert told == set()


class Struck(Background):
    """Background work, each of which can be made to raise whatever it is doing."""

    made: Struck

    def __init__(self) -> None:
        super().__init__(quiet=1_000)
        self.begun: Counter[str] = Counter()
        self._blows: dict[str, anyio.Event] = {}
        Struck.made = self

    def begin(self, name: str, work: Work, pause: float = 0.0) -> None:
        self._blows[name] = anyio.Event()
        super().begin(name, partial(self._do, name, work), min(pause, 0.01))

    def strike(self, name: str) -> None:
        """Have a work raise, now or when it is done next."""
        self._blows[name].set()

    async def _do(self, name: str, work: Work) -> None:
        self.begun[name] += 1
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._wait_for_blow, name)
            await work()
            tasks.cancel_scope.cancel()

    async def _wait_for_blow(self, name: str) -> None:
        await self._blows[name].wait()
        self._blows[name] = anyio.Event()
        raise RuntimeError(WORDS)

    async def goes_on(self, name: str) -> None:
        """Wait until a work has begun once more."""
        goal = self.begun[name] + 1
        while self.begun[name] < goal:  # noqa: ASYNC110  nobody else would tell
            await anyio.sleep(0.01)


async def test_whichever_work_is_struck_begins_again_and_is_told_once(
    tmp_path: Path, logged: list[structlog.typing.EventDict], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.app.services.Background", Struck)
    # With a server of its own a worker has all the works that there are.
    worker = Gateway(settings(data=str(tmp_path / "data"), redis="embedded"))
    with anyio.fail_after(60):
        async with living(worker):
            background = Struck.made
            names = list(background.states())
            for name in names:
                for _ in range(2):
                    background.strike(name)
                    await background.goes_on(name)
                assert not background.states()[name]
                answer = await exchange(worker, "GET", "/readyz")
                assert answer.status == 503
                assert answer.json["background"] == "failing"
            assert (await exchange(worker, "GET", "/healthz")).status == 200
    told = [x["work"] for x in logged if x.get("event") == "background"]
    assert sorted(told) == sorted(names)
    assert WORDS not in str(logged)


def test_background_work_is_begun_in_one_place_alone() -> None:
    begun = {
        (str(path.relative_to(PACKAGE)), name)
        for path in PACKAGE.rglob("*.py")
        for name in _mentioned(path)
        if name in BEGINNING
    }
    assert begun == {
        ("cli/bulk.py", "create_task_group"),  # of a command
        ("cli/bulk.py", "start_soon"),
        ("stores/background.py", "create_task"),
        # What somebody waits for:
        ("stores/sql/changes.py", "Thread"),
        ("stores/joint.py", "create_task"),
        ("stores/leased_cache.py", "create_task"),
        ("stores/sql/turns.py", "Thread"),
    }


PACKAGE = Path(gateway.__file__).parent
BEGINNING = {"create_task", "ensure_future", "create_task_group", "start_soon", "TaskGroup"}
BEGINNING |= {"run_coroutine_threadsafe", "Thread"}


def _mentioned(path: Path) -> Iterator[str]:
    """Yield the names that a module uses, but for those that it imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute):
            yield node.attr
        if isinstance(node, ast.Name):
            yield node.id


async def test_readyz_tells_of_the_redis_that_is_named_whatever_the_authority(
    redis_url: str,
) -> None:
    given = {"authority": "postgres", "ledger": "postgresql://nowhere/nothing"}
    urls = {"ok": redis_url, "down": "unix:///nowhere/redis.sock"}
    for state, url in urls.items():
        attempts = RedisFailedAttempts(url)
        app = standing(1, attempts, redis=url, **given).app
        told = json.loads((await exchange(app, "GET", "/readyz")).body)
        assert told["redis"] == state
        await attempts.close()
    app = standing(1, MemoryFailedAttempts(), redis="none", **given).app
    assert json.loads((await exchange(app, "GET", "/readyz")).body)["redis"] == "none"


# --- closing ------------------------------------------------------------------------------------


class Stuck(DirectCoherence):
    """A memory that cannot be let go of."""

    async def close(self) -> None:
        raise OSError("stuck")


async def test_what_was_noted_is_written_whatever_else_cannot_be_closed(tmp_path: Path) -> None:
    services = await open_services(settings(data=str(tmp_path), redis="none"), in_process=True)
    noted = Record(1_800_000_000, Act.READ, "reader:r1", "g1", "demo/one", "e1", "q1")
    services.audit.note(noted)
    with pytest.raises(OSError, match="stuck"):
        await replace(services, coherence=Stuck()).close()
    assert list(recorded(services.settings.audit)) == [noted]
