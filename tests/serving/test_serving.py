"""The server on its wire: pipelines, pieces, what is no HTTP, and its end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.bench.processes import Cores, free_port
from gateway.bench.run import PREVIEW, READ
from gateway.bench.stage import PAID, Stage, stage
from gateway.serving.slow_clients import MAX_HEAD
from tests.support.servers import comes_true

HOST = "Host: 127.0.0.1\r\n"


@dataclass(frozen=True, slots=True)
class Told:
    """One answer, as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Run a real gateway with one document."""
    with stage(tmp_path_factory.mktemp("served"), Cores.free().server, {}) as made:
        yield made


class Wire:
    """One connection."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._file = self._socket.makefile("rb")

    def send(self, *requests: bytes) -> None:
        self._socket.sendall(b"".join(requests))

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def answer(self, *, to_head: bool = False) -> Told:
        """Read one answer."""
        status = int(self._file.readline().split()[1])
        headers = {}
        while (line := self._file.readline().decode("latin-1").strip()) != "":
            name, _, value = line.partition(": ")
            assert name not in headers
            headers[name] = value
        length = 0 if to_head or status == 304 else int(headers["content-length"])
        return Told(status, headers, self._file.read(length))

    @property
    def is_over(self) -> bool:
        """Return whether the server has closed, and sent nothing more."""
        return self._file.read(1) == b""


def get(path: str, more: str = "", method: str = "GET", version: str = "1.1") -> bytes:
    return f"{method} {path} HTTP/{version}\r\n{HOST}{more}\r\n".encode()


def test_a_pipeline_is_answered_in_order_whichever_way_each_goes(served: Stage) -> None:
    right = f"Authorization: Bearer {served.token}\r\n"
    with closing(Wire(served.server.port)) as wire:
        wire.send(
            get(PREVIEW), get("/healthz"), get(PREVIEW + ".md"), get(READ, right),
            get(PREVIEW, method="HEAD"), get(READ), get("/library"), get(PREVIEW),
        )  # fmt: skip
        is_head = [False] * 4 + [True] + [False] * 3
        answers = [wire.answer(to_head=head) for head in is_head]
    assert [a.status for a in answers] == [200, 200, 200, 200, 200, 402, 200, 200]
    assert answers[0] == answers[-1]
    assert answers[4].body == b""
    assert answers[4].headers == answers[0].headers
    assert [PAID in a.body.decode() for a in answers] == [False] * 3 + [True] + [False] * 4


@pytest.mark.parametrize(
    ("more", "version"),
    [("Connection: close\r\n", "1.1"), ("", "1.0"), ("Connection: keep-alive\r\n", "1.0")],
    ids=["told", "of 1.0", "of 1.0 that would go on"],
)
@pytest.mark.parametrize("path", [PREVIEW, READ, "/healthz"])
def test_a_connection_that_closes_is_answered_the_same_and_then_over(
    served: Stage, path: str, more: str, version: str
) -> None:
    with closing(Wire(served.server.port)) as wire:
        wire.send(get(path))
        kept = wire.answer()
    with closing(Wire(served.server.port)) as wire:
        wire.send(get(path, more, version=version) + get(path))
        closed = wire.answer()
        assert wire.is_over
    assert (closed.status, closed.body) == (kept.status, kept.body)
    told = {"connection": "close", "date": ""}
    assert closed.headers | told == kept.headers | told
    assert closed.headers.get("connection", "close") == "close"


OFFER = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n"


@pytest.mark.parametrize(
    ("more", "body"),
    [
        (OFFER, b""),
        ("Content-Length: 3\r\n", b"abc"),
        ("Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n0\r\n\r\n"),
        ("Cookie: a=b\r\nCookie: c=d\r\n", b""),
        ("X-Forwarded-Proto: http\r\nX-Forwarded-Proto: ftp\r\n", b""),
    ],
    ids=["an offer", "a body", "chunks", "two cookies", "two schemes"],
)
@pytest.mark.parametrize("path", [PREVIEW, READ, "/healthz"])
def test_what_changes_nothing_is_answered_the_same_and_the_connection_goes_on(
    served: Stage, path: str, more: str, body: bytes
) -> None:
    right = f"Authorization: Bearer {served.token}\r\n"
    with closing(Wire(served.server.port)) as wire:
        answers = []
        for request in (get(path, right), get(path, right + more) + body, get(path, right)):
            wire.send(request)
            told = wire.answer()
            answers.append((told.status, told.headers | {"date": ""}, told.body))
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize("schemes", ["http", "https", "http https", "https http", "https,http"])
def test_the_scheme_that_a_proxy_tells_is_read_alike_whichever_way_it_goes(
    served: Stage, schemes: str
) -> None:
    more = "".join(f"X-Forwarded-Proto: {scheme}\r\n" for scheme in schemes.split())
    with closing(Wire(served.server.port)) as wire:
        wire.send(get(PREVIEW, more), get("/healthz", more))
        secure = ["strict-transport-security" in wire.answer().headers for _ in range(2)]
    assert secure == [schemes.endswith("https")] * 2


def test_headers_that_stand_twice_are_read_as_one(served: Stage) -> None:
    with closing(Wire(served.server.port)) as wire:
        wire.send(get(PREVIEW, "Accept-Encoding: identity\r\nAccept-Encoding: br\r\n"))
        assert wire.answer().headers["content-encoding"] == "br"
        wire.send(get(PREVIEW, "Content-Length: 0\r\n"), get(PREVIEW, HOST), get(PREVIEW))
        assert [wire.answer().status for _ in range(3)] == [200, 400, 200]
        right = f"Authorization: Bearer {served.token}\r\n"
        wire.send(get(READ, right + right), get(READ, "Cookie: a=b\r\nCookie: c=d\r\n" + right))
        assert [wire.answer().status for _ in range(2)] == [400, 200]


def test_a_request_in_pieces_is_answered_like_a_whole_one(served: Stage) -> None:
    with closing(Wire(served.server.port)) as wire:
        wire.send(get(PREVIEW))
        whole = wire.answer()
        for byte in get(PREVIEW):
            wire.send(bytes([byte]))
        pieces = wire.answer()
    assert pieces.body == whole.body
    assert pieces.headers | {"date": ""} == whole.headers | {"date": ""}


def test_a_condition_a_coding_and_a_head_are_heard(served: Stage) -> None:
    with closing(Wire(served.server.port)) as wire:
        wire.send(get(PREVIEW, "Accept-Encoding: gzip, br\r\n"))
        first = wire.answer()
        etag = first.headers["etag"]
        condition = f"accept-encoding: br\r\nIF-NONE-MATCH: {etag}\r\n"
        wire.send(get(PREVIEW, condition), get(PREVIEW, condition, method="HEAD"))
        again = [wire.answer(), wire.answer()]
        wire.send(get(PREVIEW, f"If-None-Match: {etag}\r\n"))
        plain = wire.answer()
    assert first.headers["content-encoding"] == "br"
    assert [told.status for told in again] == [304, 304]
    assert all(told.headers["etag"] == etag for told in again)
    assert "content-encoding" not in plain.headers
    assert plain.status == 200


def test_a_body_that_nobody_asked_for_is_not_the_next_request(served: Stage) -> None:
    smuggled = get("/healthz")
    with closing(Wire(served.server.port)) as wire:
        wire.send(get(PREVIEW, f"Content-Length: {len(smuggled)}\r\n"), smuggled, get(READ))
        assert [wire.answer().status, wire.answer().status] == [200, 402]
        chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(smuggled), smuggled)
        wire.send(get(PREVIEW, "Transfer-Encoding: chunked\r\n"), chunk, get(READ))
        assert [wire.answer().status, wire.answer().status] == [200, 402]


@pytest.mark.parametrize(
    ("request_", "goes_on"),
    [
        (get(PREVIEW, version="1.0"), False),
        (get(PREVIEW, "Connection: keep-alive\r\n", version="1.0"), False),
        (get(PREVIEW, "Connection: close\r\n"), False),
        (get(PREVIEW, "Connection: keep-alive\r\n"), True),
        (get(PREVIEW), True),
    ],
)
def test_a_connection_goes_on_when_both_say_so(
    request_: bytes, goes_on: bool, served: Stage
) -> None:
    with closing(Wire(served.server.port)) as wire:
        wire.send(request_)
        told = wire.answer()
        assert told.status == 200
        assert (told.headers.get("connection") == "close") != goes_on
        if goes_on:
            wire.send(get(READ))
            assert wire.answer().status == 402
        else:
            assert wire.is_over


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"BREW / HTTP/1.1\r\n\r\n", 405),
        (get(PREVIEW)[:-2] + b"X: " + b"x" * (MAX_HEAD + 300_000), 431),
    ],
)
def test_what_cannot_be_taken_is_told_and_ends_the_connection(
    sent: bytes, status: int, served: Stage
) -> None:
    with closing(Wire(served.server.port)) as wire:
        wire.send(get(PREVIEW))
        assert wire.answer().status == 200
        wire.send(sent[:100_000])
        for at in range(100_000, len(sent), 50_000):
            try:
                wire.send(sent[at : at + 50_000])
            except OSError:  # it does not listen to the end
                break
        told = wire.answer()
        assert told.status == status
        assert told.headers["content-security-policy"]
        assert told.headers["cache-control"] == "private, no-store"


def test_a_trusted_proxy_says_whether_it_is_https(served: Stage) -> None:
    hsts = "strict-transport-security"
    with closing(Wire(served.server.port)) as wire:
        for path in (PREVIEW, READ, "/library"):
            for told, is_secure in (("https", True), ("http", False), ("gopher", False)):
                wire.send(get(path, f"X-Forwarded-Proto: {told}\r\n"))
                assert (hsts in wire.answer().headers) == is_secure


def test_a_client_that_does_not_read_gets_every_answer_in_the_end(served: Stage) -> None:
    asked = 5_000  # many times what the system keeps for a connection
    before = served.server.memory()
    with closing(Wire(served.server.port)) as wire:
        sender = os.fork()
        if sender == 0:
            wire.send(*[get(PREVIEW), get(READ)] * (asked // 2))
            os._exit(0)
        with closing(Wire(served.server.port)) as other:  # nobody waits for it
            other.send(get("/healthz"))
            assert other.answer().status == 200
        statuses = [wire.answer().status for _ in range(asked)]
        os.waitpid(sender, 0)
    assert statuses == [200, 402] * (asked // 2)
    assert served.server.memory() - before < 100 << 20


def test_it_ends_with_connections_open(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "gateway", "serve", "--port", str(port)]
    environment = {**os.environ, "PAIDGATE_DATA": str(tmp_path / "data")}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def is_up() -> bool:
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        assert comes_true(is_up)
        with closing(Wire(port)) as idle, closing(Wire(port)) as slow, closing(Wire(port)) as new:
            idle.send(get("/healthz"), get("/robots.txt"))
            assert [idle.answer().status, idle.answer().status] == [200, 200]
            slow.send(get("/healthz")[:20])
            new.send(b"")
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0
            assert idle.is_over
    finally:
        process.kill()
        process.wait()
