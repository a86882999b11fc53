"""A part that does not answer says why, once in the log, and never in a driver's words."""

from __future__ import annotations

import asyncio
import errno
import importlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from functools import partial
from pathlib import Path

import pytest
import redis.exceptions
import structlog
from sqlalchemy.exc import IntegrityError

from gateway.core.errors import Conflict, Unavailable
from gateway.core.leases import Leaseholder, Terms
from gateway.stores.files.durable import answering
from gateway.stores.outages import DRIVERS, QUIET, SILENCE, Outages, reason
from gateway.stores.redis.authority import RedisAuthority
from gateway.stores.sql.ledger import open_ledger
from gateway.stores.sql.record import answering as of_the_ledger
from tests.faults.memories import SIGNET

FULL = OSError(errno.ENOSPC, "No space left on device", "/a/path/of/ours")

Logged = list[structlog.typing.EventDict]


class Watch:
    """A clock that moves only when told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def told(logged: Logged) -> list[tuple[str, str, object]]:
    """Return what the log says of outages: part, state, and why or how long."""
    lines = [line for line in logged if line.get("event") == "outage"]
    return [(line["part"], line["state"], line.get("why", line.get("seconds"))) for line in lines]


def test_an_outage_is_logged_when_it_begins_and_when_it_is_over(logged: Logged) -> None:
    watch = Watch()
    outages = Outages(watch)
    for watch.now in (0.0, 1.0, 7.0):
        outages.failed("ledger", FULL)
        outages.answered("ledger")  # reads go on where only changes fail
    assert told(logged) == [("ledger", "begun", "OSError: 28 No space left on device")]
    watch.now += QUIET
    outages.answered("ledger")
    outages.answered("ledger")
    assert told(logged)[1:] == [("ledger", "over", 7)]
    outages.failed("ledger", FULL)
    assert len(told(logged)) == 3


def test_each_part_has_outages_of_its_own(logged: Logged) -> None:
    outages = Outages(Watch())
    outages.failed("ledger", FULL)
    outages.failed("store", FULL)
    assert [part for part, _, _ in told(logged)] == ["ledger", "store"]


def test_a_moment_that_leases_bridge_is_not_logged(logged: Logged) -> None:
    watch = Watch()
    outages = Outages(watch)
    outages.failed("redis", TimeoutError(), SILENCE)
    outages.answered("redis")
    watch.now = SILENCE
    outages.failed("redis", TimeoutError(), SILENCE)
    assert told(logged) == []
    watch.now += SILENCE
    outages.failed("redis", TimeoutError(), SILENCE)
    assert told(logged) == [("redis", "begun", "TimeoutError")]


def test_what_a_driver_says_is_not_told() -> None:
    words = OSError(errno.ECONNREFUSED, "Connect call failed ('10.0.0.1', 5432)")
    assert reason(words) == "ConnectionRefusedError: 111 Connection refused"
    assert reason(ValueError("postgresql://user:password@host/name")) == "ValueError"


def test_a_failing_disk_is_logged_with_its_error(logged: Logged) -> None:
    for _ in range(2):
        with suppress(Unavailable), answering("a part of this test"):
            raise FULL
    assert told(logged) == [("a part of this test", "begun", "OSError: 28 No space left on device")]


# --- what drivers raise ------------------------------------------------------------------------


def raised_by(driver: str) -> list[type[Exception]]:
    """Return every kind of error that a driver tells of."""
    kinds = vars(importlib.import_module(driver)).values()
    errors = {kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Exception)}
    return [kind for kind in errors - OTHERS if not issubclass(kind, Warning)]


OTHERS: set[type[Exception]] = {
    sqlite3.Warning,
    redis.exceptions.ChildDeadlockedError,  # of processes that fork
    redis.exceptions.IncorrectPolicyType,  # of clusters, as are
    redis.exceptions.RedisClusterException,
    redis.exceptions.CrossSlotTransactionError,
    redis.exceptions.InvalidPipelineStack,
    redis.exceptions.SlotNotCoveredError,
}


@pytest.mark.parametrize("guard", [partial(answering, "a part of this test"), of_the_ledger])
@pytest.mark.parametrize("driver", DRIVERS)
def test_whatever_a_driver_raises_its_server_does_not_answer(
    driver: str, guard: Callable[[], AbstractContextManager[None]]
) -> None:
    assert raised_by(driver)
    for kind in [*raised_by(driver), TimeoutError, ConnectionResetError]:
        wanted = Conflict if kind is IntegrityError and guard is of_the_ledger else Unavailable
        with pytest.raises(wanted), guard():
            raise kind.__new__(kind)  # type: ignore[call-overload]


def test_a_fault_of_ours_is_not_taken_for_an_outage() -> None:
    for guard in (answering("a part of this test"), of_the_ledger()):
        with pytest.raises(TypeError), guard:
            raise TypeError


def why(url: str) -> str:
    """Return why a ledger cannot be opened, as the command line says it."""
    command = [sys.executable, "-m", "gateway", "keys", "list"]
    done = subprocess.run(
        command,
        env={**os.environ, "PAIDGATE_LEDGER": url, "PAIDGATE_REDIS": "none"},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let commands keep their things in a folder of the test."""
    monkeypatch.setenv("PAIDGATE_DATA", str(tmp_path))
    return tmp_path


def test_the_command_line_says_why_a_ledger_file_does_not_open(data: Path) -> None:
    (data / "ledger.db").write_bytes(b"no database at all" * 512)
    assert why(f"sqlite:///{data}/ledger.db") == (
        "paidgate: The ledger is damaged (DatabaseError: SQLITE_NOTADB)."
        " Restore it from the backup.\n"
    )


def test_the_command_line_says_why_postgresql_does_not_answer(postgres_url: str) -> None:
    place, _, _ = postgres_url.rpartition("/")
    assert "(InvalidCatalogNameError: 3D000)" in why(f"{place}/nothing")
    wrong = why("postgresql://paidgate:not-the-password@" + postgres_url.rpartition("@")[2])
    assert "(InvalidPasswordError: 28P01)" in wrong
    assert "not-the-password" not in wrong
    assert "(ConnectionRefusedError: 111 Connection refused)" in why(
        "postgresql://paidgate:not-the-password@127.0.0.1:1/name"
    )


async def _refused(url: str) -> str:
    terms = Terms()
    authority = RedisAuthority(url, terms, SIGNET)
    with pytest.raises(Unavailable) as raised:
        await authority.renew(Leaseholder("w", terms).renewal(0.0))
    assert raised.value.__cause__
    return reason(raised.value.__cause__)


def test_a_redis_that_is_not_there_is_told_by_the_systems_error(data: Path) -> None:
    refused = "ConnectionRefusedError: 111 Connection refused"
    assert asyncio.run(_refused("redis://:password@127.0.0.1:1")) == refused
    gone = f"unix://{data}/redis.sock"
    assert asyncio.run(_refused(gone)) == "FileNotFoundError: 2 No such file or directory"


def test_where_a_log_says_why_the_error_does_not(data: Path) -> None:
    async def open_it() -> None:
        (data / "ledger.db").write_bytes(b"no database at all" * 512)
        with pytest.raises(Unavailable, match=r"^The ledger is damaged\.$"):
            await open_ledger(f"sqlite:///{data}/ledger.db")

    asyncio.run(open_it())
