"""The servers that tests run are real, private and never left behind."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis

from gateway.bench.processes import SHARE
from tests.support import servers

ROOT = Path(__file__).parent.parent
HOLD = """
import signal, sys
from tests.support import servers
with getattr(servers, sys.argv[1])() as url:
    print(url, flush=True)
    signal.pause()
"""


def redis_answers(url: str) -> bool:
    return servers.answers_ping(Path(urlsplit(url).path))


Server = Callable[[], AbstractContextManager[str]]
Answers = Callable[[str], bool]
every_server = pytest.mark.parametrize(
    ("server", "answers"),
    [(servers.redis_server, redis_answers), (servers.postgres_server, servers.answers_select)],
    ids=["redis", "postgres"],
)


def test_redis_answers_its_client(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.ping()


def test_postgres_answers_a_query(postgres_url: str) -> None:
    assert servers.answers_select(postgres_url)


def test_postgres_refuses_a_wrong_password(postgres_url: str) -> None:
    password = urlsplit(postgres_url).password
    assert password
    assert not servers.answers_select(postgres_url.replace(password, "wrong"))


def test_no_two_processes_are_given_the_same_port() -> None:
    script = "from tests.support.servers import free_port; print(*(free_port() for _ in range(60)))"
    given = [{str(servers.free_port()) for _ in range(60)}]
    with ExitStack() as stack:
        others = [stack.enter_context(asking_for(f"{script}; input()")) for _ in range(4)]
        for other in others:
            assert other.stdout
            given.append(set(other.stdout.readline().split()))
            stack.callback(other.kill)
    assert sum(map(len, given)) == len(set().union(*given))


def asking_for(script: str) -> subprocess.Popen[str]:
    """Run a script that goes on until its input ends."""
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-uc", script], stdin=pipe, stdout=pipe, text=True)


def test_a_port_that_is_taken_is_given_to_nobody() -> None:
    ports = {servers.free_port() for _ in range(SHARE)}
    with ExitStack() as stack:
        taken = {port for port in ports if port % 2}
        for port in taken:
            stack.enter_context(socket.create_server(("127.0.0.1", port)))
        assert taken.isdisjoint(servers.free_port() for _ in range(2 * SHARE))


@every_server
def test_a_server_is_gone_after_its_context(server: Server, answers: Answers) -> None:
    with server() as url:
        assert answers(url)
    assert not answers(url)


def test_a_server_is_gone_after_an_error_in_its_context() -> None:
    with pytest.raises(ZeroDivisionError), servers.redis_server() as url:
        raise ZeroDivisionError
    assert not redis_answers(url)


def test_a_server_leaves_no_folder_behind() -> None:
    with servers.redis_server() as url:
        folder = Path(urlsplit(url).path).parent
        assert folder.is_dir()
    assert not folder.exists()


@every_server
def test_a_server_is_gone_when_its_starter_is_killed(server: Server, answers: Answers) -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)  # for the servers' account
        command = [sys.executable, "-c", HOLD, server.__name__]
        environment = {**os.environ, "TMPDIR": folder, "PYTHONPATH": str(ROOT)}
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=environment
        ) as starter:
            assert starter.stdout
            url = starter.stdout.readline().strip()
            assert answers(url)
            starter.kill()
        assert servers.comes_true(lambda: not answers(url))


def test_a_missing_server_fails_with_what_to_install() -> None:
    with pytest.raises(servers.ServerError, match="apt-get install redis-server"):
        servers.program_for("redis", "no-such-server")
