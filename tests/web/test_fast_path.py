"""A ready answer is the answer: what the long way would send, and nothing else."""

from __future__ import annotations

import json
import re

import pytest
from starlette.types import ASGIApp

from gateway.app import build
from gateway.core.bundles import Bundle, Variant
from gateway.core.documents import Address
from gateway.core.errors import GatewayError, Revoked, Unpaid
from gateway.usecases.reading import Credential
from gateway.web.http import access_log as logs
from gateway.web.http.fast_path import FastPath
from tests.properties.public_surface import FIXED, HEADERS, of_document
from tests.support import pictures
from tests.support.answers import Answer, Headers
from tests.support.asgi import exchange
from tests.support.samples import SUFFIXES
from tests.support.services import Standing, gateway

pytestmark = pytest.mark.anyio

SOURCE = "Title\n\nFree text.\n\n##paidbegin##The paid part.##paidend##\n"
ADDRESS = Address("demo", "d")
MORE: tuple[Headers, ...] = (
    (("accept-encoding", "br"), ("accept-encoding", "gzip")),
    (("accept-encoding", "gzip"), ("accept-encoding", "br")),
    (("accept-encoding", "*;q=0.5, br;q=0"),),
    (("accept-encoding", "x" * 300 + ", br"),),
    (("if-none-match", "*"),),
    (("if-none-match", 'W/"1", "2"'),),
    (("accept-language", "zh"),),
    (("accept-language", "x" * 300),),
    (("cookie", "a=b; paidgate=x"),),
    (("cookie", "paidgate=x; paidgate=y"),),
    (("cookie", "paidgate=x"), ("cookie", "paidgate=x")),
    (("authorization", "Basic x"),),
    (("authorization", "Bearer"),),
    (("authorization", "bearer x"), ("cookie", "paidgate=x")),
    (("authorization", "Bearer x"), ("authorization", "Bearer y")),
    (("content-length", "0"),),
)


class Remembering:
    """A reading that has remembered one answer."""

    def __init__(self, standing: Standing, answer: Bundle | GatewayError | None) -> None:
        self._reading = standing.services.reading
        self.answer = answer
        self.asked: list[tuple[Address, Credential]] = []

    def ready(
        self, address: Address, credential: Credential, form: str, coding: str
    ) -> Variant | None:
        self.asked.append((address, credential))
        if isinstance(self.answer, GatewayError):
            raise self.answer
        return self.answer.forms[form].variant(coding) if self.answer else None

    def __getattr__(self, name: str) -> object:
        return getattr(self._reading, name)


async def published() -> Standing:
    standing = gateway()
    await standing.publish("d", SOURCE)
    said = {"name": "Lamp", "colour": "#1a5fb4"}
    await standing.services.profiles.change("demo", said, pictures.png("mark"))
    return standing


async def full_bundle(standing: Standing) -> Bundle:
    _, token = await standing.grant("document:d")
    opened = await standing.services.reading.open(ADDRESS, Credential(token), "html.en")
    return await standing.services.vault.open(opened.permit)


def remembering(standing: Standing, answer: Bundle | GatewayError | None) -> Remembering:
    """Put a memory into a gateway, and build its application anew."""
    memory = Remembering(standing, answer)
    object.__setattr__(standing.services, "reading", memory)
    standing.app = build(standing.services)
    return memory


def long_way(standing: Standing) -> ASGIApp:
    """Build the same application without ready answers."""
    app = build(standing.services)
    app.user_middleware[0].kwargs["ready"] = FastPath({}, is_https=False)
    return app


def ways(standing: Standing) -> tuple[ASGIApp, ASGIApp]:
    return standing.app, long_way(standing)


async def both(
    ways: tuple[ASGIApp, ASGIApp], method: str, target: str, headers: Headers
) -> list[Answer]:
    return [await exchange(app, method, target, headers) for app in ways]


def comparable(answer: Answer) -> tuple[int, list[tuple[str, str]], bytes]:
    # Each unlock form is another one.
    return answer.status, sorted(answer.headers), _ONCE.sub(b"", answer.body)


_ONCE = re.compile(rb'name="once" value="[^"]*"')


async def is_ready(standing: Standing, target: str, headers: Headers = ()) -> bool:
    """Return whether a request has a ready answer."""
    ready: FastPath = build(standing.services).state.ready
    pairs = {name.encode(): value.encode() for name, value in headers}
    return ready.answer(b"GET", target.encode(), pairs, False) is not None


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
async def test_both_ways_answer_the_same(method: str) -> None:
    standing = await published()
    etag = (await exchange(standing.app, "GET", f"/documents/{ADDRESS}")).header("etag")
    own = (("if-none-match", etag),)
    apps = ways(standing)
    for target in (*of_document(str(ADDRESS)), *FIXED, *_assets()):
        for headers in (*HEADERS, *MORE, own):
            ready, long = await both(apps, method, target, headers)
            assert comparable(ready) == comparable(long), (method, target, headers)


def _assets() -> list[str]:
    return ["/static/app.css", "/static/app.000000000000.css", "/static/../app.css"]


async def test_previews_and_assets_are_ready() -> None:
    standing = await published()
    await standing.store.get(ADDRESS)
    for form in SUFFIXES:
        assert await is_ready(standing, f"/documents/{ADDRESS}{form}")
    assert await is_ready(standing, "/static/app.000000000000.css")
    for target in ("/documents/demo/none", "/documents/demo/d/", "/documents/demo/%64", "/"):
        assert not await is_ready(standing, target)
    assert not await is_ready(standing, "/documents/" + "d" * 80 + "/" + "d" * 200)


async def test_nothing_is_ready_to_read_that_memory_does_not_tell() -> None:
    standing = await published()
    _, token = await standing.grant("document:d")
    remembering(standing, None)
    headers = (("authorization", f"Bearer {token}"),)
    assert not await is_ready(standing, f"/read/{ADDRESS}", headers)
    assert (await exchange(standing.app, "GET", f"/read/{ADDRESS}", headers)).status == 200


@pytest.mark.parametrize("form", SUFFIXES)
@pytest.mark.parametrize("language", ["en", "zh-CN,zh;q=0.9", ""])
async def test_a_full_read_is_the_same_from_memory(form: str, language: str) -> None:
    standing = await published()
    _, token = await standing.grant("document:d")
    remembering(standing, await full_bundle(standing))
    headers = (("authorization", f"Bearer {token}"), ("accept-language", language))
    for method in ("GET", "HEAD"):
        ready, long = await both(ways(standing), method, f"/read/{ADDRESS}{form}", headers)
        assert comparable(ready) == comparable(long)
        assert ready.status == 200
        assert ready.header("cache-control") == "private, no-store"
        assert ("The paid part." in ready.body.decode()) == (method == "GET")


@pytest.mark.parametrize("form", SUFFIXES)
async def test_a_refusal_is_the_same_from_memory(form: str) -> None:
    standing = await published()
    remembering(standing, Unpaid())
    for method in ("GET", "HEAD"):
        ready, long = await both(ways(standing), method, f"/read/{ADDRESS}{form}", ())
        assert comparable(ready) == comparable(long)
        assert ready.status == 402
    if form == ".json":
        assert json.loads((await exchange(standing.app, "GET", f"/read/{ADDRESS}.json")).body)


async def test_a_revocation_that_memory_tells_is_told_the_long_way() -> None:
    standing = await published()
    grant, token = await standing.grant("document:d")
    await standing.services.granting.revoke(None, grant.id)
    remembering(standing, Revoked())
    headers = (("authorization", f"Bearer {token}"),)
    assert not await is_ready(standing, f"/read/{ADDRESS}", headers)
    assert (await exchange(standing.app, "GET", f"/read/{ADDRESS}", headers)).status == 403


async def test_memory_is_asked_with_what_the_request_shows() -> None:
    standing = await published()
    memory = remembering(standing, None)
    shown: dict[Headers, Credential | None] = {
        (): Credential(),
        (("authorization", "bearer  t "),): Credential("t"),
        (("cookie", "a=b; paidgate=c"),): Credential("", "c"),
        (("cookie", "paidgate=c"), ("authorization", "Bearer t")): Credential("t"),
        (("cookie", "xpaidgate=c"),): Credential(),
        (("cookie", "__Host-paidgate=c"),): Credential(),
        (("cookie", "paidgate=c; paidgate=d"),): None,
        (("cookie", "paidgate=" + "c" * 5_000),): None,
        (("authorization", "Basic t"),): None,
    }
    for headers, credential in shown.items():
        memory.asked.clear()
        await is_ready(standing, f"/read/{ADDRESS}", headers)
        assert memory.asked == ([(ADDRESS, credential)] if credential else [])


async def test_https_is_told_alike_both_ways() -> None:
    standing = await published()
    for app in (standing.app, long_way(standing)):
        secure = await exchange(app, "GET", f"/documents/{ADDRESS}", scheme="https")
        plain = await exchange(app, "GET", f"/documents/{ADDRESS}")
        assert secure.header("strict-transport-security")
        assert not plain.header("strict-transport-security")


async def test_every_request_has_one_line_of_json_and_an_id_of_its_own() -> None:
    standing = await published()
    written: list[str] = []
    with logs.noted(written.append):
        for target in (f"/documents/{ADDRESS}", f"/documents/{ADDRESS}.md", "/documents/demo/x"):
            await exchange(standing.app, "GET", target + "?token=secret")
            assert await exchange(standing.app, "GET", target)
    lines = [json.loads(line) for line in "".join(written).splitlines()]
    assert len(lines) == 6
    assert len({line["request"] for line in lines}) == 6
    assert [line["status"] for line in lines] == [200] * 4 + [404] * 2
    keys = {"event", "method", "path", "status", "ms", "request", "level", "timestamp"}
    assert all(set(line) == keys for line in lines)
    assert "secret" not in "".join(written)


async def test_a_path_cannot_forge_a_line() -> None:
    standing = await published()
    written: list[str] = []
    with logs.noted(written.append):
        await exchange(standing.app, "GET", '/x%0A{"event":"forged"}%22%E2%80%A8')
    assert len("".join(written).splitlines()) == 1
    assert json.loads("".join(written))["path"] == '/x\n{"event":"forged"}"\u2028'


def test_a_warning_does_not_wait_and_comes_after_what_was_before() -> None:
    written: list[str] = []
    lines = logs.Lines(written.append)
    lines._waiting.append("first")
    lines.warning("second")
    assert written == ["first\nsecond\n"]
