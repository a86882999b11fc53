"""P-CACHE: whatever stands between, an anonymous visitor gets no paid byte and nobody's cookie.

Buyers and strangers ask the same addresses, spelled in every way that makes caches and servers
disagree, through the nginx that is shipped, through one that keeps all that headers allow, and
through a model of a cache that goes by extensions.
"""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.core.bundles import IDENTITY
from gateway.core.documents import Address
from tests.properties.canaries import canaries, found_in, needles, paid_with
from tests.properties.public_surface import SITE, of_document
from tests.support.answers import Answer
from tests.support.samples import SUFFIXES
from tests.support.servers import comes_true, free_port
from tests.support.services import gateway
from tests.web.proxies import PLAIN, Aggressive, Ask, Asking, asking, nginx, served, shipped

SEED = 20
ROUNDS = 150
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Shop:
    """A gateway with one paid document, and what opens it."""

    app: ASGIApp
    words: list[str]
    token: str
    key: str
    asset: str


def shop(seed: int = SEED) -> Shop:
    """Build a gateway and publish a document with canaries in it."""
    standing, words = gateway(), canaries(seed)

    async def fill() -> tuple[str, str]:
        key = await standing.services.publishers.add("demo")
        source = f"# 标题\n\n免费。\n\n##paidbegin##{paid_with(words)}##paidend##\n"
        await standing.publish("x", source, form="markdown")
        _, token = await standing.grant("all", devices=1_000)
        return key, token

    key, token = asyncio.run(fill())
    bundle = asyncio.run(standing.services.store.get(Address("demo", "x")))
    assert bundle
    page = bundle.forms["html"].bodies[IDENTITY].decode()
    asset = page.partition('href="/static/')[2].partition('"')[0]
    return Shop(standing.app, words, token, key, asset)


# --- who asks what -----------------------------------------------------------------------------

ADDRESSES = (
    *(f"/read/demo/x{form}" for form in SUFFIXES for _ in range(6)),  # as many as are public
    *(f"/documents/demo/x{form}" for form in SUFFIXES),
    *SITE,
    *(each for each in of_document("demo/x") if each.startswith(("/documents", "/oembed"))),
    *("/library", "/unlock", "/studio", "/static/none.css"),
    *("/api/documents/x", "/api/documents/x/source", "/api/grants", "/readyz"),
)
SEARCHES = tuple(f"/search{form}?q={word}" for form in ("", ".json") for word in ("x", "paid"))
TRICKS: dict[str, Callable[[str], str]] = {
    "as it is": lambda path: path,
    "suffix": lambda path: path + "/x.css",
    "encoded dot": lambda path: path + "/x%2ecss",
    "parameter": lambda path: path + ";.css",
    "encoded parameter": lambda path: path + "%3b.css",
    "extension": lambda path: path + ".css",
    "query": lambda path: path + "?x.css",
    "encoded query": lambda path: path + "%3fx.css",
    "encoded fragment": lambda path: path + "%23.css",
    "newline": lambda path: path + "%0a.css",
    "null": lambda path: path + "%00.css",
    "trailing slash": lambda path: path + "/",
    "double slash": lambda path: "/" + path,
    "inner double slash": lambda path: path.replace("/", "//"),
    "dot": lambda path: "/." + path,
    "encoded letter": lambda path: path.replace("/r", "/%72").replace("/d", "/%64"),
    "encoded slash": lambda path: "/" + path[1:].replace("/", "%2f"),
    "twice encoded slash": lambda path: "/" + path[1:].replace("/", "%252f"),
    "capitals": lambda path: path.upper(),
    "below static": lambda path: "/static/.." + path,
    "encoded below static": lambda path: "/static/..%2f" + path[1:],
    "below documents": lambda path: "/documents/demo/%2e%2e/%2e%2e" + path,
    "back to documents": lambda path: path + "/../../../documents/demo/x.css",
    "backslash": lambda path: path.replace("/x", "\\x"),
    "absolute": lambda path: "http://127.0.0.1" + path,
}
HEADERS: tuple[dict[str, str], ...] = (
    {},
    {},
    {"Accept-Encoding": "br"},
    {"Accept-Encoding": "gzip, zstd;q=0.5"},
    {"Range": "bytes=0-"},
    {"Range": "bytes=-400"},
    {"If-None-Match": "*"},
    {"If-None-Match": '"0"'},
    {"If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
    {"If-Range": '"0"', "Range": "bytes=1-20"},
    {"Cache-Control": "no-cache"},
    {"Accept-Language": "en"},
)


@dataclass(frozen=True, slots=True)
class Tally:
    """What a run has shown."""

    leaks: list[str]
    opened: int  # answers in which a buyer got paid text


def run(ask: Asking, shop: Shop, seed: int = SEED) -> Tally:
    """Let buyers and strangers ask in turn; look at all that strangers get."""
    chance, searched = random.Random(seed), needles([*shop.words, shop.token])
    sold = buyer_headers(ask, shop)
    leaks: list[str] = []
    cookies: set[str] = {sold[0]["Cookie"]}  # that others have got before
    opened = 0
    asked = [Ask(trick("/read/demo/x"), headers=sold[1]) for trick in TRICKS.values()]
    asked += [random_ask(chance, sold) for _ in range(ROUNDS)]
    asked += [Ask(target, headers=way) for way in sold for target in SEARCHES]
    for paid in asked:
        free = Ask(paid.target, chance.choice(("GET", "GET", "HEAD")), chance.choice(HEADERS))
        for request in chance.choice(([paid, free], [free, paid, free], [paid, paid, free])):
            answer = ask(request)
            if request is paid:
                opened += bool(found_in(answer.stream, searched))
            else:
                leaks += [f"{request}: {leak}" for leak in found_in(answer.stream, searched)]
            cookie = answer.cookie
            leaks += [f"{request}: a cookie of another"] * (cookie in cookies)
            cookies |= {cookie} - {""}
    for paid in asked:
        leaks += found_in(ask(Ask(paid.target)).stream, searched)
    return Tally(leaks, opened)


def random_ask(chance: random.Random, sold: list[dict[str, str]]) -> Ask:
    target = chance.choice(list(TRICKS.values()))(chance.choice(ADDRESSES))
    headers = {**chance.choice(HEADERS), **chance.choice(sold)}
    return Ask(target, chance.choice(("GET", "GET", "GET", "HEAD")), headers)


def buyer_headers(ask: Asking, shop: Shop) -> list[dict[str, str]]:
    """Redeem, through the cache, and return each way of showing that one has paid."""
    redeemed = ask(Ask("/unlock", "POST", FORM, f"token={shop.token}".encode()))
    assert redeemed.status == 303
    cookie = {"Cookie": redeemed.cookie}
    bearer = {"Authorization": f"Bearer {shop.token}"}
    return [cookie, cookie, bearer, {"Authorization": f"Bearer {shop.key}"}]


# --- the caches --------------------------------------------------------------------------------


@contextmanager
def before(app: ASGIApp, cache: str) -> Iterator[Asking]:
    """Put a cache before an application."""
    with served(app) as port:
        if cache == "by extension":
            yield Aggressive(asking(port))
            return
        with nginx(CACHES[cache], [port]) as proxy:
            yield asking(proxy.port)


CACHES = {
    "shipped": shipped(),
    "plain": PLAIN,
    "by extension": "",
    # The shipped one, with each of its two fences down.
    "keeps all": shipped().replace("default off;", "default public;"),
    "keeps all, and passes credentials": shipped()
    .replace("default off;", "default public;")
    .replace('default "";', "default $http_cookie;", 1),
}


def forgetting(app: ASGIApp, control: str = "public, max-age=60") -> ASGIApp:
    """Return a gateway that leaks: it forgets to forbid that private answers be kept."""

    async def forgetful(scope: Scope, receive: Receive, send: Send) -> None:
        async def forget(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    (name, value.replace(b"private, no-store", control.encode()))
                    for name, value in message["headers"]
                ]
            await send(message)

        await app(scope, receive, forget)

    return forgetful


@pytest.fixture(scope="module")
def sold() -> Shop:
    """Open one shop for all."""
    return shop()


@pytest.mark.parametrize("cache", CACHES)
def test_a_stranger_gets_no_paid_byte_and_nobody_s_cookie(sold: Shop, cache: str) -> None:
    with before(sold.app, cache) as ask:
        tally = run(ask, sold)
    assert tally.leaks == []
    if cache != "keeps all":  # that one lets no buyer in
        assert tally.opened > 10


@pytest.mark.parametrize(
    ("cache", "control"),
    [
        ("plain", "max-age=60"),
        ("by extension", "private"),
        ("by extension", ""),
        ("keeps all, and passes credentials", "public, max-age=60"),
    ],
)
def test_a_gateway_that_forgets_to_forbid_is_caught(sold: Shop, cache: str, control: str) -> None:
    with before(forgetting(sold.app, control), cache) as ask:
        assert run(ask, sold).leaks


@pytest.mark.parametrize("cache", ["shipped", "keeps all"])
def test_the_shipped_proxy_holds_even_then(sold: Shop, cache: str) -> None:
    with before(forgetting(sold.app), cache) as ask:
        assert run(ask, sold).leaks == []


# --- the shipped nginx -------------------------------------------------------------------------


def test_public_answers_come_from_the_cache_whoever_asks(sold: Shop) -> None:
    with served(sold.app) as port, nginx(shipped(), [port]) as proxy:
        ask, direct = asking(proxy.port), asking(port)
        cookie = buyer_headers(ask, sold)[0]
        for target in ("/", "/documents/demo/x", "/documents/demo/x.json", "/documents/demo/none"):
            first, second = ask(Ask(target)), ask(Ask(target, headers=cookie))
            assert [a.header("x-cache-status") for a in (first, second)] == ["MISS", "HIT"]
            assert first.body == second.body == direct(Ask(target)).body
            assert ask(Ask(target, "HEAD")).header("x-cache-status") == "HIT"
        known = {"If-None-Match": ask(Ask("/documents/demo/x")).header("etag")}
        unchanged = ask(Ask("/documents/demo/x", headers=known))
        assert (unchanged.status, unchanged.header("x-cache-status")) == (304, "HIT")


def test_each_coding_is_kept_apart(sold: Shop) -> None:
    with served(sold.app) as port, nginx(shipped(), [port]) as proxy:
        ask, direct = asking(proxy.port), asking(port)
        for _ in range(2):
            for coding in ("identity", "br", "gzip", "zstd"):
                request = Ask("/documents/demo/x", headers={"Accept-Encoding": coding})
                answer = ask(request)
                assert answer.body == direct(request).body
                assert answer.header("content-encoding") == coding.replace("identity", "")
        assert answer.header("x-cache-status") == "HIT"


def test_nothing_is_kept_of_what_is_private_or_asked_for_with_a_key(sold: Shop) -> None:
    with served(sold.app) as port, nginx(shipped(), [port]) as proxy:
        ask = asking(proxy.port)
        cookie, _, bearer, key = buyer_headers(ask, sold)
        asked = [Ask("/documents/demo/x", headers=bearer), Ask("/", headers=key)]
        private = (
            "/read/demo/x",
            "/library",
            "/api/documents/x/source",
            f"/unlock?token={sold.token}",
        )
        asked += [Ask(target, headers=h) for target in private for h in (cookie, bearer, key)]
        for request in asked * 2:
            assert ask(request).header("x-cache-status") in ("", "BYPASS")
        assert proxy.kept() == []
        assert ask(Ask("/documents/demo/x")).header("x-cache-status") == "MISS"
        assert len(proxy.kept()) == 1


def test_no_private_byte_is_written_down(sold: Shop) -> None:
    searched = needles([*sold.words, sold.token])
    with served(sold.app) as port, nginx(shipped(), [port]) as proxy:
        for name in ("body", "answers"):
            (proxy.folder / name).chmod(0o500)  # whatever it wrote down would fail
        ask = asking(proxy.port)
        *_, bearer, key = buyer_headers(ask, sold)
        text = paid_with(sold.words) * 2_000
        source = f"标题\n\n##paidbegin##{text}##paidend##\n".encode()
        assert len(source) > 400_000
        typed = {"Content-Type": "text/plain", **key}
        assert ask(Ask("/api/documents/y", "PUT", typed, source)).status == 201
        full = ask(Ask("/read/demo/y.txt", headers=bearer))
        assert (full.status, bool(found_in(full.body, searched))) == (200, True)
        assert len(full.body) > 400_000
        ask(Ask(f"/unlock?token={sold.token}"))
        ask(Ask("/documents/demo/y"))
        written = b"".join(p.read_bytes() for p in proxy.folder.rglob("*") if p.is_file())
    assert b"/unlock" in written
    assert found_in(written, searched) == []


def test_no_token_is_in_the_log_when_the_gateway_is_away(sold: Shop) -> None:
    with nginx(shipped(), [free_port()]) as proxy:
        answer = asking(proxy.port)(Ask(f"/unlock?token={sold.token}"))
        assert answer.status == 502
        assert comes_true(lambda: '"path":"/unlock"' in proxy.log)
        assert sold.token[:40] not in proxy.log


def test_the_gateway_learns_who_asks_and_public_addresses_come_without_credentials() -> None:
    seen: list[dict[str, str]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append({name.decode(): value.decode() for name, value in scope["headers"]})
        await PlainTextResponse("")(scope, receive, send)

    given = {
        "Cookie": "paidgate=1",
        "Authorization": "Bearer 1",
        "X-Forwarded-For": "192.0.2.7",
        "X-Forwarded-Proto": "gopher",
        "Range": "bytes=0-1",
        "If-Match": '"1"',
    }
    with served(app) as port, nginx(shipped(), [port]) as proxy:
        seen.clear()
        for target in ("/read/demo/x", "/documents/demo/x"):
            asking(proxy.port)(Ask(target, headers=given))
    private, public = seen
    for headers in seen:
        assert headers["x-forwarded-for"] == "192.0.2.7, 127.0.0.1"
        assert headers["x-forwarded-proto"] == "http"
        assert headers["host"] == f"127.0.0.1:{proxy.port}"
    assert (private["cookie"], private["authorization"]) == ("paidgate=1", "Bearer 1")
    assert private["if-match"] == '"1"'
    assert not {"cookie", "authorization"} & set(public)


def test_a_request_of_two_lengths_reaches_no_gateway() -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["path"])
        await PlainTextResponse("")(scope, receive, send)

    lengths = "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    smuggled = "GET /read/demo/x HTTP/1.1\r\nHost: a\r\n\r\n"
    with served(app) as port, nginx(shipped(), [port]) as proxy:
        seen.clear()
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=30) as client:
            client.sendall(f"POST /unlock HTTP/1.1\r\nHost: a\r\n{lengths}{smuggled}".encode())
            told = b"".join(iter(partial(client.recv, 4_096), b""))
    assert told.startswith(b"HTTP/1.1 400 ")
    assert told.count(b"HTTP/1.1") == 1
    assert seen == []


def test_an_answer_is_served_stale_while_a_new_one_is_fetched_if_its_headers_allow() -> None:
    versions = iter(range(1_000))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        control = "public, max-age=1"
        if scope["path"] == "/":
            control += ", stale-while-revalidate=600"
        body = str(next(versions))
        await PlainTextResponse(body, headers={"cache-control": control})(scope, receive, send)

    with served(app) as port, nginx(shipped(), [port]) as proxy:
        ask = asking(proxy.port)

        def old(target: str) -> tuple[Answer, Answer]:
            answers = [ask(Ask(target))]

            def is_old() -> bool:
                answers.append(ask(Ask(target)))
                return answers[-1].header("x-cache-status") not in ("MISS", "HIT")

            assert comes_true(is_old)
            return answers[0], answers[-1]

        first, stale = old("/")
        assert (stale.header("x-cache-status"), stale.body) == ("STALE", first.body)
        assert comes_true(lambda: ask(Ask("/")).body != first.body)
        first, expired = old("/robots.txt")
        assert expired.header("x-cache-status") == "EXPIRED"
        assert expired.body != first.body


def test_two_gateways_share_the_work_and_one_is_enough(sold: Shop) -> None:
    counts = [0, 0]

    def counting(n: int) -> ASGIApp:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            counts[n] += 1
            await sold.app(scope, receive, send)

        return app

    with served(counting(0)) as one, nginx(shipped(), [one, free_port()]) as proxy:
        ask = asking(proxy.port)
        assert {ask(Ask("/readyz")).status for _ in range(6)} == {200}
    with (
        served(counting(0)) as one,
        served(counting(1)) as other,
        nginx(shipped(), [one, other]) as proxy,
    ):
        counts[:] = 0, 0
        ask = asking(proxy.port)
        for _ in range(10):
            ask(Ask("/readyz"))
    assert counts == [5, 5]
