"""Several hosts as docs/operations.md puts them together: two gateways of two workers each, nginx
before them, and Redis, PostgreSQL and an S3 server behind them, each of which can be harmed."""

from __future__ import annotations

import getpass
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.support import servers
from tests.support.answers import Answer
from tests.test_compose import PASSWORDS, environment
from tests.web.proxies import Ask, Asking, asking, nginx, shipped

PAIDGATE = [sys.executable, "-m", "gateway"]
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Hosts:
    """Two gateways and the proxy before them, each to be asked."""

    one: Asking
    other: Asking
    proxy: Asking
    ports: tuple[int, ...]
    proxy_port: int
    key: Mapping[str, str]
    logs: tuple[Path, Path]

    @property
    def gateways(self) -> tuple[Asking, Asking]:
        return self.one, self.other

    def logged(self, event: str) -> list[dict[str, object]]:
        """Return the lines about an event that the gateways have logged."""
        lines = [line for log in self.logs for line in log.read_text().splitlines()]
        told = [json.loads(line) for line in lines if line.startswith("{")]
        return [line for line in told if line["event"] == event]


@contextmanager
def several_hosts(given: Mapping[str, str]) -> Iterator[Hosts]:
    """Run the gateways of docker-compose.yml and its proxy, with some settings of their own."""
    with ExitStack() as stack:
        settings = {**environment("gateway-1", PASSWORDS), **given}
        settings |= {"PAIDGATE_TRUSTED_PROXIES": "127.0.0.1"}
        folders = [stack.enter_context(servers.private_folder("host")) for _ in range(2)]
        places = [settings | {"PAIDGATE_DATA": str(folder / "data")} for folder in folders]
        # Both come up on the empty ledger at once.
        ports = stack.enter_context(_gateways(folders, places))
        proxy = stack.enter_context(nginx(shipped(), ports))
        command = [*PAIDGATE, "publisher", "add", "demo"]
        added = subprocess.run(
            command, env=os.environ | places[0], cwd=ROOT, capture_output=True, text=True
        )
        key = {"Authorization": f"Bearer {added.stdout.split()[-1]}"}
        one, other = map(asking, ports)
        log, another = (folder / "log" for folder in folders)
        yield Hosts(one, other, asking(proxy.port), tuple(ports), proxy.port, key, (log, another))


@contextmanager
def _gateways(folders: list[Path], places: list[dict[str, str]]) -> Iterator[list[int]]:
    """Start every gateway, then wait for each."""
    ports = [servers.free_port() for _ in folders]
    with ExitStack() as stack:
        for folder, place, port in zip(folders, places, ports, strict=True):
            command = [*PAIDGATE, "serve", "--port", str(port), "--workers", "2"]
            stack.enter_context(
                servers.running(
                    command,
                    folder,
                    lambda: True,
                    user=getpass.getuser(),  # another may not reach into .venv/
                    environment=place,
                )
            )
        for folder, port in zip(folders, ports, strict=True):
            assert servers.comes_true(partial(is_ready, port)), (folder / "log").read_text()
        yield ports


def is_ready(port: int) -> bool:
    """Return whether a gateway is up, with all that it stands on."""
    try:
        return asking(port)(Ask("/readyz")).status == 200
    except OSError:
        return False


def put(ask: Asking, hosts: Hosts, slug: str, text: str) -> Answer:
    """Publish a document with a free and a paid word."""
    source = f"# {slug}\n\nfree {text}\n\n##paidbegin##paid {text}##paidend##\n"
    headers = {"Content-Type": "text/markdown", **hosts.key}
    return ask(Ask(f"/api/documents/{slug}", "PUT", headers, source.encode()))


def grant(ask: Asking, hosts: Hosts) -> tuple[str, dict[str, str]]:
    """Grant everything; return the grant's id, and the header that reads by it."""
    body = json.dumps({"scope": "all"}).encode()
    headers = {"Content-Type": "application/json", **hosts.key}
    made = json.loads(ask(Ask("/api/grants", "POST", headers, body)).body)
    return made["id"], {"Authorization": f"Bearer {made['token']}"}
