"""What a gateway answers, whichever way it was asked, and asking one over loopback."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, as it was sent; headers in order."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: str) -> str:
        """Return the one header called name, "" where there is none."""
        found = [value for key, value in self.headers if key.lower() == name]
        assert len(found) <= 1, f"{name} stands {len(found)} times"
        return found[0] if found else ""

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def cookie(self) -> str:
        """The cookie that is set, by name and value."""
        return self.header("set-cookie").partition(";")[0]

    @property
    def stream(self) -> bytes:
        """Head and body, as they went over the wire."""
        head = "".join(f"{key}: {value}\n" for key, value in self.headers)
        return head.encode("latin-1") + self.body


def ask(
    port: int,
    method: str,
    target: str,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    timeout: float = 60,
) -> Answer:
    """Ask a server on loopback, over a connection of its own. The target goes out as it is.

    timeout: seconds. Raises OSError, http.client.HTTPException.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        if body:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        response = connection.getresponse()
        return Answer(response.status, tuple(response.getheaders()), response.read())
    finally:
        connection.close()
