"""A request has one meaning or none: its host, its path, and the site that its form is from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote

import anyio
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Scope

from gateway.app import build
from gateway.web.http.fast_path import FastPath
from tests.support.services import Standing
from tests.web.visitor import Scene, scene

TEXT = "A title\n\nFree words.\n\n##paidbegin##Paid words.##paidend##\n"
PREVIEW = b"/documents/demo/a"

Hosts = Sequence[bytes]


@pytest.fixture
def at() -> Scene:
    """Sign a publisher in who has one document, a."""
    made = scene()
    made.publish("a", TEXT)
    return made


def ways(standing: Standing) -> Iterator[ASGIApp]:
    """Yield the application with its ready answers and without."""
    yield standing.app
    app = build(standing.services)
    app.user_middleware[0].kwargs["ready"] = FastPath({}, is_https=False)
    yield app


def ask(
    app: ASGIApp, path: bytes, hosts: Hosts = (b"127.0.0.1:8000",), version: str = "1.1"
) -> tuple[int, bytes]:
    """Ask with exactly these Host headers and this raw path, as a server hands them over."""
    headers = [(b"host", host) for host in hosts]
    scope: Scope = {
        "type": "http", "method": "GET", "scheme": "http", "http_version": version,
        "path": unquote(path.decode("ascii")), "raw_path": path, "query_string": b"",
        "root_path": "", "headers": headers, "client": ("127.0.0.1", 1), "server": ("::1", 80),
    }  # fmt: skip
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    anyio.run(app, scope, receive, send)
    return sent[0]["status"], b"".join(m.get("body", b"") for m in sent[1:]) + repr(
        sent[0]
    ).encode()


# --- the host ----------------------------------------------------------------------------------

UNCLEAR: list[Hosts] = [
    (),
    (b"127.0.0.1", b"evil.example"),
    (b"127.0.0.1", b"127.0.0.1"),
    (b"",),
    (b"a b",),
    (b"a/b",),
    (b"user@evil.example",),
    (b"evil.example#",),
    (b"evil.example:80:80",),
    (b"evil.example:port",),
    (b"[::1",),
    (b"evil.example, 127.0.0.1",),
    (b"evil\xff.example",),
    (b'"><script>',),
]


@pytest.mark.parametrize("hosts", UNCLEAR)
def test_a_host_that_is_not_one_is_refused_on_every_way(at: Scene, hosts: Hosts) -> None:
    for app in ways(at.standing):
        for path in (PREVIEW, PREVIEW + b".json", b"/", b"/healthz", b"/api/documents", b"/none"):
            status, told = ask(app, path, hosts)
            assert status == 400, (path, told)
            assert b"evil" not in told


@pytest.mark.parametrize(
    "host", [b"evil.example", b"EVIL.example:81", b"[2001:db8::1]:8000", b"gateway_1", b"10.0.0.7:"]
)
def test_a_host_that_is_not_trusted_is_served_and_not_reflected(at: Scene, host: bytes) -> None:
    for app in ways(at.standing):
        for path in (PREVIEW, PREVIEW + b".json", b"/"):
            status, told = ask(app, path, (host,))
            assert status == 200
            assert host not in told


def test_before_http_1_1_there_need_be_no_host(at: Scene) -> None:
    for app in ways(at.standing):
        assert [ask(app, PREVIEW, hosts, "1.0")[0] for hosts in ((), (b"a", b"b"))] == [200, 400]


# --- the path ----------------------------------------------------------------------------------


def respelt(path: bytes) -> Iterator[bytes]:
    """Yield a path with what stands in it encoded, doubled or led astray."""
    for slash in (b"%2F", b"%2f", b"%5C", b"\\", b"//", b"/./", b"/x/../", b"/%2e/", b"/%2E%2e/"):
        places = [m.start() for m in re.finditer(rb"/", path)]
        yield from (path[:at] + slash + path[at + 1 :] for at in places if at or slash != b"//")
    yield from (
        path + end for end in (b"/", b"%00", b"%0a", b"%", b"%2", b"%zz", b"%252Fa", b"%ff")
    )
    yield path.replace(b".", b"%2E") if b"." in path else path + b"%2Emd"
    yield path[:-1] + b"%%%02x" % path[-1] + b"%2F.."


@pytest.mark.parametrize(
    "path",
    [PREVIEW, PREVIEW + b".md", b"/read/demo/a", b"/read/demo/a.txt"],
)
def test_a_path_that_could_be_another_is_nothing(at: Scene, path: bytes) -> None:
    for app in ways(at.standing):
        assert ask(app, path)[0] in (200, 401, 402)
        found = {other: ask(app, other)[0] for other in respelt(path)}
        # A last slash on a public address is a slip, and is told where to go.
        assert found.pop(path + b"/") == (301 if path.startswith(PREVIEW) else 404)
        assert set(found.values()) == {404}, found


def test_a_letter_that_is_encoded_is_the_letter(at: Scene) -> None:
    for app in ways(at.standing):
        assert ask(app, b"/documents/dem%6f/a") == ask(app, PREVIEW)


# --- the site of a form ------------------------------------------------------------------------


def forms(app: ASGIApp) -> list[str]:
    """Return the path of every POST that a browser could be made to send."""
    assert isinstance(app, Starlette)
    found = []
    for route in app.routes:
        assert isinstance(route, Route)
        takes_json = route.path.startswith("/api/") or route.path == "/redeem"
        if "POST" in (route.methods or ()) and not takes_json:
            found.append(re.sub(r"\{slug\}", "a", re.sub(r"\{(?!slug)\w+\}", "0", route.path)))
    return found


OTHERS: list[dict[str, str]] = [
    {"origin": "null"},
    {"origin": "https://evil.example"},
    {"origin": "http://["},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1:8000"},
]


@pytest.mark.parametrize("headers", OTHERS, ids=str)
def test_a_form_that_may_be_of_another_site_changes_nothing(
    at: Scene, headers: dict[str, str]
) -> None:
    page = at.visitor.get("/studio")
    paths = forms(at.standing.app)
    assert {"/unlock", "/signout", "/studio/signin"} < set(paths)
    found = {
        path: at.visitor.submit(path, {"csrf_token": page.field("csrf_token")}, **headers).status
        for path in paths
    }
    assert set(found.values()) == {403}, found
    assert at.current("a")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://127.0.0.1:8000"},
        {"origin": "null", "sec-fetch-site": "same-origin"},
    ],
    ids=str,
)
def test_a_form_of_ours_is_taken(at: Scene, headers: dict[str, str]) -> None:
    form = at.visitor.get("/studio").field("csrf_token")
    assert at.visitor.submit("/signout", {}, **headers).status == 303
    assert at.visitor.submit("/studio/signout", {"csrf_token": form}, **headers).status == 303
