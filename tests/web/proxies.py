"""Caches to stand between visitors and a gateway: nginx as it is shipped, and worse ones."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from tests.support.answers import Answer, ask
from tests.support.servers import comes_true, free_port, private_folder, program_for, running

DEPLOY = Path(__file__).parents[2] / "deploy"

# A proxy that somebody else set up: it keeps whatever the headers of an answer let it keep.
PLAIN = """
pid nginx.pid;
error_log stderr crit;
events {}
http {
    access_log off;
    client_body_temp_path body; proxy_temp_path answers;
    fastcgi_temp_path unused; scgi_temp_path unused; uwsgi_temp_path unused;
    proxy_cache_path cache keys_zone=all:1m;
    proxy_cache all;
    proxy_cache_key $request_uri;
    proxy_set_header Host $http_host;
    add_header X-Cache-Status $upstream_cache_status always;
    include places.conf;
}
"""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request."""

    target: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


Asking = Callable[[Ask], Answer]


def asking(port: int) -> Asking:
    """Return what asks a server on loopback. Targets go out as they are."""

    def send(request: Ask) -> Answer:
        headers = request.headers.items()
        return ask(port, request.method, request.target, headers, request.body)

    return send


@contextmanager
def served(app: ASGIApp) -> Iterator[int]:
    """Serve an application on loopback from a thread of its own, and yield the port."""
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(
            app, port=port, lifespan="off", log_config=None, server_header=False, date_header=True
        )
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert comes_true(lambda: server.started)
        yield port
    finally:
        server.should_exit = True
        thread.join()


@dataclass(frozen=True, slots=True)
class Nginx:
    """A running nginx, and the folder below which it writes."""

    port: int
    folder: Path

    @property
    def log(self) -> str:
        """Return what it has logged."""
        return (self.folder / "log").read_text()

    def kept(self) -> list[bytes]:
        """Return the content of every file that it keeps."""
        cache = self.folder / "cache"
        return [path.read_bytes() for path in cache.rglob("*") if path.is_file()]


@contextmanager
def nginx(configuration: str, gateways: Sequence[int]) -> Iterator[Nginx]:
    """Run nginx before gateways on loopback, in the places of the shipped places.conf."""
    program, port = program_for("nginx", "nginx"), free_port()
    with private_folder("nginx") as folder:
        (folder / "nginx.conf").write_text(configuration)
        (folder / "places.conf").write_text(places(port, gateways))
        place = ["-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
        ask = asking(port)

        def is_up() -> bool:
            try:
                return bool(ask(Ask("/healthz")))
            except OSError:
                return False

        with running([program, *place], folder, is_up):
            yield Nginx(port, folder)


def shipped() -> str:
    """Return the configuration that comes with the gateway."""
    return (DEPLOY / "nginx.conf").read_text()


def places(port: int, gateways: Sequence[int]) -> str:
    """Return the shipped places.conf with other places in it."""
    text = (DEPLOY / "places.conf").read_text()
    servers = "".join(f"server 127.0.0.1:{gateway};\n" for gateway in gateways)
    text, listens = re.subn(r"listen 8080;", f"listen 127.0.0.1:{port};", text)
    text, upstreams = re.subn(r"(server gateway-\d:8000;\s*)+", servers, text)
    assert (listens, upstreams) == (1, 1)
    return text


class Aggressive:
    """A cache that keeps by extension, for everybody: Vary, cookies, queries and status are
    nothing to it. It honours no-store, and no other word."""

    _EXTENSION = re.compile(r"\.(css|js|json|md|txt|png|svg|ico|woff2)\Z", re.IGNORECASE)

    def __init__(self, ask: Asking) -> None:
        self._ask = ask
        self._kept: dict[str, Answer] = {}
        self.hits = 0

    def __call__(self, request: Ask) -> Answer:
        """Answer a request from memory where that is possible."""
        key = request.target.partition("?")[0]
        if request.method not in ("GET", "HEAD"):
            return self._ask(request)
        if key in self._kept:
            self.hits += 1
            return self._kept[key]
        answer = self._ask(request)
        control = answer.header("cache-control")
        may_keep = "public" in control or self._EXTENSION.search(request.target)
        if request.method == "GET" and may_keep and "no-store" not in control:
            self._kept[key] = answer
        return answer
