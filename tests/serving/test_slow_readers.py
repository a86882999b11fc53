"""Readers that stop in the middle: what they hold, how long they are waited for, how they end."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from gateway.bench.processes import Cores
from gateway.bench.stage import Stage, stage
from gateway.serving.server import _Protocol, listen
from gateway.serving.slow_clients import TIMEOUT
from gateway.web.http.fast_path import FastPath
from gateway.web.http.sending import CHUNK
from gateway.web.http.under_way import MOST
from tests.support.servers import comes_true

READERS = 40
MIB = 1 << 20
SIZE = 4 * MIB
LINES = ("0123456789 abcdefghij klmnopqrst uvwxyz" * 25 + "\n\n") * (SIZE // 977)
PAID = f"Long\n\nFree.\n\n##paidbegin##{LINES}##paidend##\n"
FREE = f"Open\n\n{LINES}\n"
FOUND = "/search?q=klmnopqrst"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Run a gateway of one worker with a long paid text and a long free one."""
    with stage(tmp_path_factory.mktemp("slow"), Cores.free().server, {}) as made:
        made.publisher.publish("long", PAID.encode())
        made.publisher.api("PUT", "/api/documents/open?free=true", FREE.encode(), "text/plain")
        # To index a long text takes memory too, for a while.
        assert comes_true(lambda: b"/documents/bench/open" in made.publisher.api("GET", FOUND))
        yield made


def granted(served: Stage) -> tuple[str, str]:
    wish = b'{"scope": "document:long"}'
    made = json.loads(served.publisher.api("POST", "/api/grants", wish, "application/json"))
    return made["id"], made["token"]


class Reader:
    """A client that asks for a text, and takes no more of it than it is told to."""

    def __init__(self, port: int, path: str, token: str = "") -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        self._socket.settimeout(30)
        self._socket.connect(("127.0.0.1", port))
        right = f"authorization: Bearer {token}\r\n" if token else ""
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{right}\r\n".encode())
        self._file = self._socket.makefile("rb", buffering=0)
        lines = []
        while line := self._line():
            lines.append(line.lower())
        self.status = int(lines[0].split()[1])
        self.headers = dict(line.split(": ", 1) for line in lines[1:])
        self.left = int(self.headers["content-length"])

    def _line(self) -> str:
        found = b""
        while not found.endswith(b"\r\n"):
            found += self._socket.recv(1)
        return found.decode().strip()

    def take(self, most: int) -> int:
        """Take some bytes of the body, until there are no more; return how many are left."""
        while most and (part := self._socket.recv(min(most, CHUNK, self.left))):
            most -= len(part)
            self.left -= len(part)
            if not self.left:
                break
        return self.left

    def close(self) -> None:
        self._file.close()
        self._socket.close()


def held(served: Stage) -> int:
    """Return the bytes of memory that the worker has filled, whoever else maps the same files."""
    told = Path(f"/proc/{served.server.pid}/smaps_rollup").read_text()
    found = re.search(r"^Anonymous: +([0-9]+) kB", told, re.MULTILINE)
    assert found
    return int(found[1]) << 10


@pytest.mark.parametrize("path", ["/read/bench/long.txt", "/documents/bench/open.txt"])
def test_stalled_readers_of_a_long_text_hold_one_copy_of_it(path: str, served: Stage) -> None:
    tokens = [granted(served)[1] if "read" in path else "" for _ in range(READERS)]
    with ExitStack() as stack:
        first = Reader(served.server.port, path, tokens[0])
        assert first.left > SIZE - MIB
        assert first.take(first.left) == 0
        first.close()
        before = held(served)
        for token in tokens:
            reader = Reader(served.server.port, path, token)
            stack.callback(reader.close)
            assert (reader.status, reader.left) == (200, int(first.headers["content-length"]))
        # What reads stored texts back meanwhile takes memory too, and gives it back.
        most = before + SIZE + READERS * 3 * CHUNK
        assert comes_true(lambda: held(served) < most, TIMEOUT / 2)  # then readers are sent away


def test_one_holder_has_so_many_long_texts_under_way_and_hears_of_it(served: Stage) -> None:
    path, (_, token), (_, other) = "/read/bench/long.txt", granted(served), granted(served)
    port = served.server.port
    with ExitStack() as stack:
        readers = [Reader(port, path, token) for _ in range(MOST)]
        for reader in readers:
            stack.callback(reader.close)
        assert {reader.status for reader in readers} == {200}
        refused = Reader(port, path, token)
        stack.callback(refused.close)
        assert refused.status == 429
        assert int(refused.headers["retry-after"]) > 0
        for fine in (Reader(port, path, other), Reader(port, "/read/bench/sample", served.token)):
            stack.callback(fine.close)
            assert fine.status == 200
        readers[0].close()

        def is_let_in() -> bool:
            again = Reader(port, path, token)
            stack.callback(again.close)
            return again.status == 200

        assert comes_true(is_let_in)


def test_a_text_whose_right_is_taken_back_on_its_way_ends_in_a_reset(served: Stage) -> None:
    grant, token = granted(served)
    reader = Reader(served.server.port, "/read/bench/long.txt", token)
    reader.take(CHUNK)
    served.publisher.api("DELETE", f"/api/grants/{grant}")
    with pytest.raises(ConnectionResetError):
        reader.take(reader.left)
    assert reader.left > SIZE // 2
    reader.close()


# --- with another clock ------------------------------------------------------------------------


class Late:
    """A loop whose clock can be put forward."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.late = 0.0

    def time(self) -> float:
        return self._loop.time() + self.late

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)


class Long:
    """An application whose every answer is long, or breaks off."""

    ready = FastPath({}, is_https=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", str(SIZE).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for at in range(0, SIZE, CHUNK):
            if scope["path"] == "/broken" and at > SIZE // 2:
                return
            more = at + CHUNK < SIZE
            await send({"type": "http.response.body", "body": bytes(CHUNK), "more_body": more})


@asynccontextmanager
async def looked_at(path: str) -> AsyncIterator[tuple[_Protocol, Late, Reader]]:
    """Yield the server's side of a connection, its clock, and a reader that waits."""
    loop = Late(asyncio.get_running_loop())
    config = uvicorn.Config(Long(), log_config=None, lifespan="off")
    config.load()
    made: list[_Protocol] = []

    def make() -> _Protocol:
        made.append(_Protocol(config, ServerState(), {}, _loop=loop))  # type: ignore[arg-type]
        return made[0]

    sock = listen("127.0.0.1", 0)
    server = await loop.create_server(make, sock=sock)
    reader = await asyncio.to_thread(Reader, sock.getsockname()[1], path)
    try:
        yield made[0], loop, reader
    finally:
        reader.close()
        server.close()


def test_a_reader_that_pauses_within_the_patience_gets_all_of_it() -> None:
    async def scene() -> None:
        async with looked_at("/") as (protocol, clock, reader):
            for _ in range(5):
                await asyncio.to_thread(reader.take, 3 * CHUNK)
                clock.late += 6.0
                protocol._look()
                clock.late += TIMEOUT - 7.0
                protocol._look()
            assert await asyncio.to_thread(reader.take, SIZE) == 0

    asyncio.run(scene())


def test_a_reader_that_stays_away_is_reset_and_does_not_think_it_has_all() -> None:
    async def scene() -> None:
        async with looked_at("/") as (protocol, clock, reader):
            await asyncio.to_thread(reader.take, CHUNK)
            protocol._look()
            clock.late += TIMEOUT + 1.0
            protocol._look()
            with pytest.raises(ConnectionResetError):
                await asyncio.to_thread(reader.take, SIZE)
            assert reader.left > SIZE // 2

    asyncio.run(scene())


def test_an_answer_that_breaks_off_ends_in_a_reset() -> None:
    async def scene() -> None:
        async with looked_at("/broken") as (_, _, reader):
            with pytest.raises(ConnectionResetError):
                await asyncio.to_thread(reader.take, SIZE)

    asyncio.run(scene())
