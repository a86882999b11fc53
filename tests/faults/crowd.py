"""Readers and publishers who ask without a pause, and count what they are answered."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping

from tests.support.servers import comes_true

TIMEOUT = 60.0  # seconds for an answer
CUT = 0  # in place of a status: the connection was cut
REFUSED = (402, 403)
ACTS = ("read", "preview", "publish", "grant", "revoke")

Headers = Mapping[str, str]


class Asker:
    """One connection to a server, made anew when it was cut."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)

    def ask(self, method: str, path: str, headers: Headers, body: bytes = b"") -> tuple[int, bytes]:
        """Return status and body."""
        try:
            self._connection.request(method, path, body or None, dict(headers))
            answer = self._connection.getresponse()
            status, told = answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            status, told = CUT, b""
        if status == CUT or status >= 500:
            self.close()  # who refuses before it has heard all does not go on listening
        return status, told

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


class Crowd:
    """Reads by a right that stands, previews, publications, and rights given and taken back.

    What is acknowledged is held against the reads after it.
    """

    def __init__(self, port: int, key: Headers, slug: str, standing: Headers) -> None:
        self._port = port
        self._key = {**key, "Content-Type": "application/json"}
        self._read_path = f"/read/demo/{slug}.txt"
        self._preview_path = f"/documents/demo/{slug}.txt"
        self._scope = json.dumps({"scope": f"document:{slug}"}).encode()
        self._standing = standing
        self._over = threading.Event()
        self._turn = threading.Lock()
        self.answers: dict[str, Counter[int]] = defaultdict(Counter)
        self.wrong: list[str] = []

    def __enter__(self) -> Crowd:
        works = (self._reads, self._reads, self._changes, self._changes, self._publishes)
        self._threads = [threading.Thread(target=self._go_on, args=(work,)) for work in works]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def changed(self) -> int:
        """Return how many changes were answered, however."""
        with self._turn:
            return sum(self.answers["grant"].values()) + sum(self.answers["revoke"].values())

    def goes_on(self, changes: int) -> None:
        """Wait until some more changes are answered, however."""
        goal = self.changed() + changes
        assert comes_true(lambda: self.changed() >= goal, TIMEOUT)

    def _go_on(self, work: Callable[[_Counted], None]) -> None:
        asker = Asker(self._port)

        def ask(act: str, *request: object) -> tuple[int, bytes]:
            status, body = asker.ask(*request)  # type: ignore[arg-type]
            with self._turn:
                self.answers[act][status] += 1
            return status, body

        while not self._over.is_set():
            work(ask)
        asker.close()

    def _reads(self, ask: _Counted) -> None:
        status, body = ask("read", "GET", self._read_path, self._standing)
        self._hold(status not in REFUSED, "a right that stands was refused")
        self._hold((b"paid " in body) == (status == 200), "a read was not what it said")
        _, body = ask("preview", "GET", self._preview_path, {})
        self._hold(b"paid " not in body, "a preview had what is paid")

    def _publishes(self, ask: _Counted) -> None:
        source = f"# moving\n\nfree {time.monotonic()}\n\n##paidbegin##paid ##paidend##\n"
        headers = self._key | {"Content-Type": "text/markdown"}
        ask("publish", "PUT", "/api/documents/moving", headers, source.encode())

    def _changes(self, ask: _Counted) -> None:
        status, body = ask("grant", "POST", "/api/grants", self._key, self._scope)
        if status != 201:
            return
        made = json.loads(body)
        bearer = {"Authorization": f"Bearer {made['token']}"}
        status, _ = ask("read", "GET", self._read_path, bearer)
        self._hold(not made["confirmed"] or status not in REFUSED, "what was granted was refused")
        status, _ = ask("revoke", "DELETE", f"/api/grants/{made['id']}", self._key)
        if status == 204:
            statuses = {ask("read", "GET", self._read_path, bearer)[0] for _ in range(3)}
            self._hold(200 not in statuses, "what is gone was served")

    def _hold(self, is_right: bool, words: str) -> None:
        if not is_right:
            self.wrong.append(words)


_Counted = Callable[..., tuple[int, bytes]]
