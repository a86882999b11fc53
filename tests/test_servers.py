"""The servers that tests run are real, private and never left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis

from tests import servers

ROOT = Path(__file__).parent.parent
HOLD = """
import signal, sys
from tests import servers
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
