"""Whole gateways as real processes, and what a browser or a script asks of them."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import gateway.process
from gateway.app import open_services
from gateway.core.documents import Address
from gateway.settings import Settings, load
from gateway.usecases.submissions import Submission
from tests.faults.processes import children_of
from tests.support.answers import Answer, ask
from tests.support.servers import comes_true, free_port

ROOT = Path(__file__).parents[2]
TETHER = Path(gateway.process.__file__)
SECRET = "a root secret for tests, 32 bytes"
TIMEOUT = 60.0  # seconds
WORKERS = 2
PAID = b"Only for those who may."
SOURCE = "Report\n\nFree words.##paidbegin##\n\nOnly for those who may.\n##paidend##\n"


def environment(data: Path, **given: str) -> dict[str, str]:
    """Return the environment of a gateway with these settings."""
    bare = {k: v for k, v in os.environ.items() if not k.startswith("PAIDGATE_")}
    told = {"data": str(data), "secret": SECRET, "log_level": "warning"} | given
    return bare | {f"PAIDGATE_{name.upper()}": value for name, value in told.items()}


def command(*arguments: str) -> list[str]:
    """Return a command line of the gateway."""
    return [sys.executable, "-m", "gateway", *arguments]


class Served:
    """A gateway that serves."""

    def __init__(self, settings: Mapping[str, str], log: Path, key: str) -> None:
        self.key = key  # of the publisher
        self._settings = settings
        self._log = log
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process
        return self._process

    def begin(self) -> None:
        """Start it; do not wait."""
        serve = command("serve", "--port", str(self.port), "--workers", str(WORKERS))
        serve = [sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), *serve]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                serve, cwd=ROOT, env=self._settings, stdout=log, stderr=log, start_new_session=True
            )

    def wait(self) -> None:
        """Wait until every worker serves."""
        assert comes_true(lambda: self._is_up() or self.process.poll() is not None, TIMEOUT)
        assert self.process.poll() is None, self._log.read_text()[-4_000:]

    def _is_up(self) -> bool:
        return len(self.workers()) == WORKERS and self.answers()

    def answers(self) -> bool:
        """Return whether it answers at all."""
        try:
            return self.ask("GET", "/healthz").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def workers(self) -> list[int]:
        """Return the processes that answer."""
        return [p for p in children_of(self.process.pid) if b"spawn_main" in _command_line(p)]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command line beside it."""
        return subprocess.run(
            command(*arguments),
            cwd=ROOT,
            env=self._settings,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )

    def stop(self) -> int:
        """End it gently, and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(TIMEOUT)

    def kill(self) -> None:
        """Kill the process that everything else ends with."""
        self.process.kill()
        self.process.wait()

    # --- what is asked of it, each time over a connection of its own ---

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one request."""
        return ask(self.port, method, path, (headers or {}).items(), body, TIMEOUT)

    def order(self, method: str, path: str, told: object = None, once: str = "") -> Answer:
        """Send a request of the publisher's, with a key that makes it the same again."""
        body = b"" if told is None else json.dumps(told).encode()
        headers = {"authorization": f"Bearer {self.key}"}
        return self.ask(method, path, body, headers | ({"idempotency-key": once} if once else {}))

    def publish(self, slug: str, source: str = SOURCE) -> Answer:
        """Publish a text."""
        headers = {"authorization": f"Bearer {self.key}", "content-type": "text/plain"}
        return self.ask("PUT", f"/api/documents/{slug}", source.encode(), headers)

    def grant(self, scope: str = "document:report") -> tuple[str, str]:
        """Grant a right; return its id and its token."""
        made = self.order("POST", "/api/grants", {"scope": scope})
        assert made.status == 201, made
        return made.json["id"], made.json["token"]

    def unlock(self, token: str, cookie: str = "") -> Answer:
        """Press the button under an unlock link."""
        headers = {"content-type": "application/x-www-form-urlencoded"}
        headers |= {"cookie": cookie} if cookie else {}
        return self.ask("POST", "/unlock", urlencode({"token": token}).encode(), headers)

    def redeem(self, token: str, cookie: str = "") -> str:
        """Redeem a token; return the reader's cookie."""
        answer = self.unlock(token, cookie)
        assert answer.status == 303, answer
        return answer.cookie

    def read(self, *, token: str = "", cookie: str = "") -> Answer:
        """Read the document."""
        told = {"authorization": f"Bearer {token}"} if token else {"cookie": cookie}
        answer = self.ask("GET", "/read/demo/report", headers=told)
        assert (PAID in answer.body) == (answer.status == 200)
        return answer


def _command_line(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


@contextmanager
def serving(folder: Path, number: int = 1, **given: str) -> Iterator[list[Served]]:
    """Serve one document from gateways side by side, on the same stores."""
    settings = environment(folder / "data", **given)
    key = asyncio.run(moved_in(load(settings)))
    gateways = [Served(settings, folder / f"log-{n}", key) for n in range(number)]
    try:
        for gateway in gateways:
            gateway.begin()
        for gateway in gateways:
            gateway.wait()
        yield gateways
    finally:
        for gateway in gateways:
            gateway.kill()


async def moved_in(settings: Settings) -> str:
    """Publish the document, and return its publisher's key."""
    services = await open_services(settings, in_process=True)
    try:
        key = await services.publishers.add("demo")
        submission = Submission(Address("demo", "report"), SOURCE.encode(), "plain")
        await services.publishing.publish(submission)
        return key
    finally:
        await services.close()
