"""What many tests share. What needs a server or a database is imported where it is used."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest

from tests.support import programs
from tests.support.chosen import CHOICES, Chosen

if TYPE_CHECKING:
    import structlog
    from sqlalchemy import Connection
    from xdist.remote import Producer
    from xdist.scheduler import LoadFileScheduling

    from tests.support.s3 import S3

PARTS, LOGS = "tests.support.parts", "gateway.web.http.access_log"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the parts that gateways stand on be chosen."""
    parser.addoption("--parts", choices=CHOICES, default="memory")
    parser.addoption("--long", action="store_true", help="only what takes long (make long)")


def pytest_configure(config: pytest.Config) -> None:
    """Choose them, and let nothing of the caller's decide how tests go."""
    Chosen.kind = config.getoption("--parts")
    # Whoever starts programs in the background has them ignore interruptions.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    # Else each worker, and each gateway that is started, compiles everything anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    programs.watch()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave what takes long for a run of its own, and what is quick for the end."""
    _leave_long(config, items)
    # No worker is left alone in the end with a file that starts programs.
    sharing = {item.path for item in items if _shares(item)}
    items.sort(key=lambda item: (item.path not in sharing, "core" in item.path.parts))


@pytest.hookimpl(optionalhook=True)  # without xdist nobody asks
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """Give each file to one worker, in their order, so that what its tests share is made once."""
    from xdist.scheduler import LoadFileScheduling

    config.option.loadscopereorder = False
    return LoadFileScheduling(config, log)


def _leave_long(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave what takes long for a run of its own, unless it is named."""
    is_named = any("::" in argument for argument in config.args)
    if not is_named or config.getoption("--long"):
        wanted = bool(config.getoption("--long"))
        kept, left = list[pytest.Item](), list[pytest.Item]()
        for item in items:
            (kept if bool(item.get_closest_marker("long")) is wanted else left).append(item)
        config.hook.pytest_deselected(items=left)
        items[:] = kept


def _shares(item: pytest.Item) -> bool:
    """Return whether the tests of its module share something that is made once for them."""
    made = item._fixtureinfo.name2fixturedefs if isinstance(item, pytest.Function) else {}
    found = (each for every in made.values() for each in every if each.scope == "module")
    return any(each.baseid.startswith("tests/") for each in found)  # what is here is for all


@pytest.fixture(scope="session", autouse=True)
def parts_served() -> Iterator[None]:
    """End every server that a gateway of the run has needed."""
    yield
    if parts := sys.modules.get(PARTS):
        parts.close_servers()


@pytest.fixture(scope="module", autouse=True)
def file_of_one_worker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Fail where two workers have tests of one file: what these share would be made twice."""
    place = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        place = place.parent  # of all workers
    name = request.path.relative_to(request.config.rootpath).as_posix().replace("/", "-")
    (place / name).touch(exist_ok=False)


@pytest.fixture(scope="module", autouse=True)
def parts_of_module(parts_served: None) -> Iterator[None]:
    """Close what the gateways of a module have opened."""
    with _opening():
        yield


@pytest.fixture(autouse=True)
def parts_of_test(parts_of_module: None) -> Iterator[None]:
    """Close what the gateways of a test have opened."""
    with _opening():
        yield


def _opening() -> AbstractContextManager[None]:
    """Return what closes the gateways that are opened in it, if any test can open one."""
    parts = sys.modules.get(PARTS)
    return parts.opening() if parts else nullcontext()


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """Address a real Redis of this test worker's own."""
    from tests.support.servers import redis_server

    with redis_server() as url:
        yield url


@pytest.fixture(scope="session")
def composed_redis_url() -> Iterator[str]:
    """Address a real Redis as the user, with the rights, of docker-compose.yml."""
    from tests.support.servers import redis_server
    from tests.test_compose import PASSWORDS, arguments

    told = arguments("redis", PASSWORDS)
    rights = told[told.index("--user") : told.index("--appendonly")]
    admin = ("--user", "admin", "on", ">admin", "~*", "&*", "+@all")
    with redis_server(*rights, *admin) as url:
        path = url.removeprefix("unix://")
        yield f"unix://paidgate:{PASSWORDS['REDIS_PASSWORD']}@{path}"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Address a real PostgreSQL of this test worker's own."""
    from tests.support.servers import postgres_server

    with postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    """Run a real S3 server of this test worker's own."""
    from tests.support.s3 import s3_server

    with s3_server() as server:
        yield server


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio, as the gateway runs."""
    return "asyncio"


@pytest.fixture(params=["sqlite", "postgres"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    url: str = request.getfixturevalue("postgres_url")
    anyio.run(_empty, url)
    return url


def empty_schema(connection: Connection) -> None:
    """Take everything out of a PostgreSQL database."""
    connection.exec_driver_sql("DROP SCHEMA public CASCADE")
    connection.exec_driver_sql("CREATE SCHEMA public")


async def _empty(url: str) -> None:
    from gateway.stores.sql.engines import open_engines

    engines = open_engines(url)
    await engines.change(empty_schema)
    await engines.close()


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[structlog.typing.EventDict]]:
    """Gather what is logged, so that tests can look for what must not be."""
    if LOGS not in sys.modules:  # no test of this run can log
        yield []
        return
    import structlog

    from gateway.stores import outages
    from gateway.web.http import access_log as logs

    outages.forget()  # of a test before it in this process, whose end would be told here
    with (
        structlog.testing.capture_logs() as lines,
        logs.noted(lambda text: lines.append({"lines": text})),
    ):
        yield lines
