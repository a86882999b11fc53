"""A publisher at the studio, as a browser sees it: pages, forms and their hidden fields."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import anyio
from starlette.testclient import TestClient

from gateway.core.documents import Address
from gateway.ports import Edition
from tests.support.services import Standing, gateway

ORIGIN = "http://127.0.0.1:8000"
MULTIPART = "multipart/form-data; boundary=limit"


def multipart(parts: Iterable[tuple[str, bytes, str]]) -> bytes:
    """Return parts of a form, each with its name, value and what stands behind the name."""
    body = b"".join(
        f'--limit\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode()
        + value
        + b"\r\n"
        for name, value, more in parts
    )
    return body + b"--limit--\r\n"


@dataclass(frozen=True, slots=True)
class Seen:
    """An answer as its reader takes it."""

    status: int
    text: str
    headers: Mapping[str, str]
    cookies: tuple[str, ...]

    @property
    def place(self) -> str:
        return self.headers.get("location", "")

    def field(self, name: str) -> str:
        """Return the value of the first hidden or readonly field called name."""
        found = re.search(rf'<input[^>]* name="{name}"[^>]* value="([^"]*)"', self.text)
        assert found, f"no field {name}"
        return html.unescape(found[1])

    @property
    def typed(self) -> str:
        """Return what the text field of the editor holds."""
        found = re.search(r'<textarea[^>]* name="text"[^>]*>\n(.*?)</textarea>', self.text, re.S)
        assert found, "no text field"
        return html.unescape(found[1])


class Visitor:
    """A browser at the studio of a gateway."""

    def __init__(self, standing: Standing, origin: str = ORIGIN) -> None:
        self._client = TestClient(standing.app, base_url=origin, follow_redirects=False)
        self._host = urlsplit(origin).hostname or ""

    def plant(self, cookie: str) -> None:
        """Put a session into this browser."""
        self._client.cookies.set("paidgate_studio", cookie, domain=self._host)

    @property
    def cookie(self) -> str:
        """Return what this browser sends as its cookies."""
        return "; ".join(f"{name}={value}" for name, value in self._client.cookies.items())

    @property
    def has_session(self) -> bool:
        return "paidgate_studio" in self._client.cookies

    def get(self, path: str, **headers: str) -> Seen:
        """Open a page."""
        return self._send("GET", path, headers=headers)

    def submit(self, path: str, fields: Mapping[str, str], **headers: str) -> Seen:
        """Send a small form."""
        return self._send("POST", path, data=dict(fields), headers=headers)

    def hand_in(
        self, path: str, fields: Mapping[str, str], file: tuple[str, bytes] = ("", b"")
    ) -> Seen:
        """Send the form of the editor, as browsers do: the file's part is always there."""
        parts = [(name, value.encode(), "") for name, value in fields.items()]
        return self.send_parts(path, [*parts, ("file", file[1], f'; filename="{file[0]}"')])

    def send_parts(
        self, path: str, parts: list[tuple[str, bytes, str]], media_type: str = MULTIPART
    ) -> Seen:
        """Send parts of a form as they are."""
        headers = {"content-type": media_type}
        return self._send("POST", path, content=multipart(parts), headers=headers)

    def _send(self, method: str, path: str, **how: object) -> Seen:
        answer = self._client.request(method, path, **how)  # type: ignore[arg-type]
        cookies = tuple(answer.headers.get_list("set-cookie"))
        return Seen(answer.status_code, answer.text, answer.headers, cookies)

    # --- what a publisher does ---

    def sign_in(self, key: str) -> Seen:
        """Open the door with a key."""
        door = self.get("/studio")
        return self.submit("/studio/signin", {"csrf_token": door.field("csrf_token"), "key": key})

    def write(
        self,
        path: str = "/studio/new",
        action: str = "publish",
        *,
        file: tuple[str, bytes] = ("", b""),
        **fields: str,
    ) -> Seen:
        """Open the editor, fill it in and press a button."""
        page = self.get(path)
        assert page.status == 200
        begun = {name: page.field(name) for name in ("csrf_token", "edition")}
        return self.hand_in(path, begun | {"action": action} | fields, file)

    def press(self, page: str, path: str, **fields: str) -> Seen:
        """Press a button of a page: send its token, and more, to a path."""
        return self.submit(path, {"csrf_token": self.get(page).field("csrf_token"), **fields})


@dataclass(frozen=True, slots=True)
class Scene:
    """A gateway, and a publisher who is signed in at its studio."""

    standing: Standing
    visitor: Visitor
    key: str

    def current(self, slug: str, publisher: str = "demo") -> Edition | None:
        """Return what is published at an address."""
        ledger = self.standing.ledger
        return anyio.run(ledger.current, Address(publisher, slug))

    def preview(self, slug: str) -> str:
        """Return the public page of a document."""
        return self.visitor.get(f"/documents/demo/{slug}").text

    def publish(self, slug: str, source: str, publisher: str = "demo") -> Edition:
        """Publish besides the studio."""

        async def publish() -> Edition:
            return (await self.standing.publish(slug, source, publisher=publisher)).edition

        return anyio.run(publish)


def add_publisher(standing: Standing, name: str = "demo") -> str:
    """Add a publisher and return its key."""
    return anyio.run(standing.services.publishers.add, name)


def scene(origin: str = ORIGIN, **settings: str) -> Scene:
    """Set up a gateway with a publisher, demo, who is signed in."""
    standing = gateway(1, **settings)
    key = add_publisher(standing)
    visitor = Visitor(standing, origin)
    assert visitor.sign_in(key).status == 303
    return Scene(standing, visitor, key)
