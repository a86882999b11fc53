"""The one place that knows the ASGI server."""

from __future__ import annotations

import multiprocessing
import os
import re
import socket
import sys
from collections.abc import Callable
from types import FrameType

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.supervisors import Multiprocess

from gateway.app import Gateway
from gateway.settings import Settings, load
from gateway.stores.tether import tie_to
from gateway.web.headers import CACHE_PRIVATE, SECURITY
from gateway.web.logs import set_up_logs

_METHOD = re.compile(rb"(?!(?:GET|HEAD|POST|PUT|DELETE) )[A-Z]{1,32} /[^ ]* HTTP/1\.[01]\r\n")

PATIENCE = 60.0  # seconds that the first worker has to come up
DRAIN = 8  # seconds that open requests have after SIGTERM


def supervised() -> Gateway:
    """Make the application of a worker that ends with its supervisor."""
    supervisor = multiprocessing.parent_process()
    tie_to(supervisor.pid or 0 if supervisor else 0)  # alone it would hold the port for good
    return application()


def application() -> Gateway:
    """Make the application of one worker."""
    settings = load(os.environ)
    set_up_logs(settings.log_level)
    return Gateway(settings)


def listen(host: str, port: int) -> socket.socket:
    """Bind before anything else, so that a port in use is said at once. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.create_server((host, port), family=family, backlog=2048)
    sock.set_inheritable(True)
    return sock


def serve(settings: Settings, sock: socket.socket, workers: int, ready: Callable[[], None]) -> None:
    """Serve on a bound socket until SIGTERM or SIGINT; call ready when the first worker is up."""
    config = uvicorn.Config(
        "gateway.server:supervised" if workers > 1 else "gateway.server:application",
        factory=True,
        loop="uvloop",
        http=_Protocol,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=True,
        forwarded_allow_ips=list(settings.trusted_proxies),
        workers=workers,
        timeout_graceful_shutdown=DRAIN,
        h11_max_incomplete_event_size=64 << 10,
    )
    if workers > 1:
        _Supervisor(config, [sock], ready).run()
        return
    server = _Server(config, ready)
    server.run(sockets=[sock])
    if not server.started:
        sys.exit(1)


class _Protocol(HttpToolsProtocol):
    """HTTP/1.1, which answers what it cannot parse like the gateway answers everything else."""

    def data_received(self, data: bytes) -> None:
        self._received = data
        super().data_received(data)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  uvicorn's signature
        status, text = b"400 Bad Request", b"400 This is not an HTTP request.\n"
        headers = {"content-type": "text/plain; charset=utf-8", "connection": "close"} | SECURITY
        if _METHOD.match(self._received):  # the parser knows every method that we do
            status, text = b"405 Method Not Allowed", b"405 This method is not allowed here.\n"
            headers["allow"] = "DELETE, GET, HEAD, POST, PUT"
        headers |= {"content-length": str(len(text)), "cache-control": CACHE_PRIVATE}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.transport.write(b"HTTP/1.1 %b\r\n%b\r\n%b" % (status, lines.encode(), text))
        self.transport.close()


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
        if self.processes[0].wait_until_ready(PATIENCE):
            self._ready()
