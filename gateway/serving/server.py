"""The one place that knows the ASGI server."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import re
import resource
import socket
import struct
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache, partial
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.supervisors import Multiprocess

from gateway.app import Gateway
from gateway.process import die_with_parent, give_back_large_blocks
from gateway.serving.slow_clients import Pace
from gateway.settings import Settings, load
from gateway.web.http.access_log import set_up_logs
from gateway.web.http.fast_path import (
    ASKED,
    FastPath,
    PreparedResponse,
    plain_headers,
    with_page,
)
from gateway.web.http.headers import CACHE_PRIVATE, SECURITY

_METHOD = re.compile(rb"(?!(?:GET|HEAD|POST|PUT|DELETE) )[A-Z]{1,32} /[^ ]* HTTP/1\.[01]\r\n")

START = 60.0  # seconds that the first worker has to come up
DRAIN = 7  # seconds that open requests have after SIGTERM; the rest of ten ends the processes

# Longer than proxies keep a connection to us, so that it is never we who cut off a request.
IDLE = 75.0  # seconds without a request
IDLE_WHEN_CROWDED = 5.0  # when half of the room for connections is taken
CAPACITY = 1 << 16  # open files, if the system allows them
POLL_INTERVAL = 5.0  # seconds between two looks at a connection
UNSENT = 64 << 10  # bytes of an answer that the kernel keeps for a client besides what is under way
JOINED = 16 << 10  # bytes of a body that are copied to be sent with its head

_CLOSING = b"\r\nconnection: close"

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: what was not sent is not, and the client is told so
_TAKEN = struct.Struct("=120xQ")  # of Linux's tcp_info the bytes that the client has acknowledged


def supervised() -> Gateway:
    """Make the application of a worker that ends with its supervisor."""
    supervisor = multiprocessing.parent_process()
    die_with_parent(
        supervisor.pid or 0 if supervisor else 0
    )  # alone it would hold the port for good
    return application()


def application() -> Gateway:
    """Make the application of one worker."""
    give_back_large_blocks()
    settings = load(os.environ)
    set_up_logs(settings.log_level)
    return Gateway(settings)


def listen(host: str, port: int) -> socket.socket:
    """Bind before anything else, so that a port in use is said at once. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.create_server((host, port), family=family, backlog=2048)
    sock.set_inheritable(True)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # every connection has it from here
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT)
    return sock


def make_room() -> None:
    """Let this process and its workers hold as many connections as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY:
        wanted = CAPACITY if hard == resource.RLIM_INFINITY else min(CAPACITY, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


@cache
def _room() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return CAPACITY if soft == resource.RLIM_INFINITY else soft


def serve(settings: Settings, sock: socket.socket, workers: int, ready: Callable[[], None]) -> None:
    """Serve on a bound socket until SIGTERM or SIGINT; call ready when the first worker is up."""
    make_room()
    config = uvicorn.Config(
        f"{__name__}:{'supervised' if workers > 1 else 'application'}",
        factory=True,
        loop="uvloop",
        http=_Protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=True,
        forwarded_allow_ips=list(settings.trusted_proxies),
        workers=workers,
        timeout_keep_alive=int(IDLE),
        timeout_graceful_shutdown=DRAIN,
    )
    if workers > 1:
        _Supervisor(config, [sock], ready).run()
        return
    server = _Server(config, ready)
    server.run(sockets=[sock])
    if not server.started:
        sys.exit(1)


class _Protocol(HttpToolsProtocol):
    """HTTP/1.1, which sends a ready answer at once, and does not wait for the slow for good.

    A ready answer takes no task, no scope and no timer; every other request goes uvicorn's way.
    What it cannot parse it answers like the gateway answers everything else.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        # What uvicorn's does, which makes a socket of each to ask for its addresses.
        self.connections.add(self)
        self.transport, self.flow, self.scheme = transport, FlowControl(transport), "http"
        self.server, self.client = _address(transport, "sockname"), _address(transport, "peername")
        proxies: Any = self.app  # the wrapper that uvicorn puts around the application
        self._ready: FastPath = proxies.app.ready
        self._is_proxied = self.client is not None and self.client[0] in proxies.trusted_hosts
        self._pace = Pace(self.loop.time())
        self._look_again()

    def connection_lost(self, exc: Exception | None) -> None:
        self._next_look.cancel()  # or it would keep what is gone
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._received = data
        self._pace.taken += len(data)
        super().data_received(data)
        pace = self._pace
        if pace.is_in_head and pace.has_too_long_a_head and not self.transport.is_closing():
            self._refuse(b"431 Request Header Fields Too Large", "The headers are too large.")

    def on_message_begin(self) -> None:
        self._pace.begin(self.loop.time())
        self._is_answered = False
        self.url = b""
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._pace.is_in_head = False
        headers = self._plain_headers()
        answer = None if headers is None else self._ready_answer(headers)
        if headers is None or answer is None:
            self._go_the_long_way(is_asked=headers is not None)
            return
        self._is_answered = True
        ((_, date),) = self.server_state.default_headers
        head, lines, body = answer.head, answer.common.lines, answer.body
        goes_on = self._goes_on(headers)
        if not goes_on:
            date += _CLOSING
        if len(body) <= JOINED:
            self.transport.write(b"%b%bdate: %b\r\n\r\n%b" % (head, lines, date, body))
        else:  # of what waits for a slow client there is one copy for all of them
            self.transport.write(b"%b%bdate: %b\r\n\r\n" % (head, lines, date))
            self.transport.write(body)
        if not goes_on:
            self.transport.close()  # when all is sent

    def _plain_headers(self) -> Mapping[bytes, bytes] | None:
        if self._is_busy or self.flow.write_paused or b"%" in self.url:
            return None
        return plain_headers(self.headers)

    def _ready_answer(self, headers: Mapping[bytes, bytes]) -> PreparedResponse | None:
        path, _, query = self.url.partition(b"?")
        is_https = self._is_https(headers)
        if query:
            path = with_page(path, query)
        return self._ready.answer(self.parser.get_method(), path, headers, is_https, bool(query))

    def _goes_on(self, headers: Mapping[bytes, bytes]) -> bool:
        """Return whether the connection stays open: as on the long way, none of HTTP/1.0 does."""
        parser = self.parser
        # One of HTTP/1.0 could stay open only if the client asked for it.
        return parser.should_keep_alive() and (
            b"connection" not in headers or parser.get_http_version() == "1.1"
        )

    def _is_https(self, headers: Mapping[bytes, bytes]) -> bool:
        if not self._is_proxied or b"x-forwarded-proto" not in headers:
            return self.scheme == "https"
        # As uvicorn's wrapper reads it on the long way: the last header, and no list in it.
        told = (value for name, value in reversed(self.headers) if name == b"x-forwarded-proto")
        scheme = next(told).strip()
        return scheme == b"https" or (scheme != b"http" and self.scheme == "https")

    def _go_the_long_way(self, *, is_asked: bool) -> None:
        url, headers = self.url, self.headers
        super().on_message_begin()  # makes the scope
        self.url = url
        self.headers += headers
        self.expect_100_continue = any(
            name == b"expect" and value.lower() == b"100-continue" for name, value in headers
        )
        self.scope["state"][ASKED] = is_asked
        super().on_headers_complete()

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: an offer that nobody has to take up is no fault."""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        super()._start_asgi_task(cycle, partial(self._answered, cycle, app))

    async def _answered(
        self, cycle: RequestResponseCycle, app: Any, scope: Any, receive: Any, send: Any
    ) -> None:
        """Answer; what ends before it is whole must not look as if it were."""
        try:
            await app(scope, receive, send)
        finally:
            if cycle.response_started and not (cycle.response_complete or cycle.disconnected):
                cycle.disconnected = True
                self._cut()

    def on_message_complete(self) -> None:
        self._pace.end(self.loop.time())
        if not self._is_answered:
            super().on_message_complete()

    def _look(self) -> None:
        """Part with a client that is too slow, or idle for too long; else look again later."""
        pace, transport, now = self._pace, self.transport, self.loop.time()
        unsent = transport.get_write_buffer_size()
        if self.flow.read_paused:
            pace.wait_for_us(now)
        if pace.is_stuck(unsent, self._taken(unsent) if unsent else 0, now):
            self._cut()
        elif transport.is_closing():
            self._look_again()  # until the last of its answer is taken
        elif pace.is_slow(now) and self._is_busy:
            self._cut()
        elif pace.is_slow(now):
            self._refuse(b"408 Request Timeout", "The request took too long to come.")
            self._look_again()
        elif not (pace.begun or self._is_busy or unsent) and now - pace.last > self._idle:
            transport.close()
        else:
            self._look_again()

    def _look_again(self) -> None:
        self._next_look = self.loop.call_later(POLL_INTERVAL, self._look)

    def _taken(self, unsent: int) -> int:
        """Return how many bytes the client has taken, or else what changes as it takes some."""
        # In steps of a segment: what we still have goes down in steps of what the kernel asks for.
        sock = self.transport.get_extra_info("socket")
        try:
            told = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TAKEN.size)
            return int(_TAKEN.unpack(told)[0])
        except (AttributeError, OSError, struct.error):  # this system does not tell
            return -unsent

    def _cut(self) -> None:
        """End the connection so that the client knows that it has not got everything."""
        with suppress(OSError):  # it may be over already
            sock = self.transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.transport.abort()

    @property
    def _is_busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def _idle(self) -> float:
        return IDLE if len(self.connections) < _room() / 2 else IDLE_WHEN_CROWDED

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  uvicorn's signature
        if _METHOD.match(self._received):  # the parser knows every method that we do
            allowed = {"allow": "DELETE, GET, HEAD, POST, PUT"}
            self._refuse(b"405 Method Not Allowed", "This method is not allowed here.", allowed)
        else:
            self._refuse(b"400 Bad Request", "This is not an HTTP request.")

    def _refuse(self, status: bytes, words: str, more: Mapping[str, str] | None = None) -> None:
        if self.transport.is_closing():
            return  # what comes after the last request is nobody's
        text = b"%b %b\n" % (status[:3], words.encode())
        headers = {"content-type": "text/plain; charset=utf-8", "connection": "close"} | SECURITY
        headers |= more or {}
        headers |= {"content-length": str(len(text)), "cache-control": CACHE_PRIVATE}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.transport.write(b"HTTP/1.1 %b\r\n%b\r\n%b" % (status, lines.encode(), text))
        self.transport.close()


def _address(transport: asyncio.Transport, which: str) -> tuple[str, int] | None:
    found = transport.get_extra_info(which)
    return (found[0], found[1]) if found else None  # of IPv6 it says more


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self._captured_signals.clear()  # or uvicorn raises it again once it has drained

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


class _Supervisor(Multiprocess):
    def __init__(
        self, config: uvicorn.Config, sockets: list[socket.socket], ready: Callable[[], None]
    ) -> None:
        super().__init__(config, sockets)
        self._ready = ready

    def init_processes(self) -> None:
        super().init_processes()
        if self.processes[0].wait_until_ready(START):
            self._ready()
