"""Whoever guesses is told to wait, on every gateway alike; whoever is right never is."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import anyio
import anyio.lowlevel
import pytest
from starlette.requests import Request

from gateway.stores.redis.failed_attempts import LIMITS, MemoryFailedAttempts, RedisFailedAttempts
from gateway.web.http.rate_limit import network
from tests.support.answers import Answer
from tests.support.asgi import exchange
from tests.support.services import NOW
from tests.web.caller import FORM, Browser, Caller, open_api
from tests.web.visitor import Visitor, add_publisher

pytestmark = pytest.mark.anyio

PER_MINUTE = LIMITS[0].amount
WRONG = "ABCD-EFGH-JKMN-PQRS"


def is_refused(answer: Answer) -> bool:
    """Return whether an answer tells to wait, and for how long at most."""
    return answer.status == 429 and 1 <= int(answer.header("retry-after")) <= 61


async def test_wrong_codes_are_limited_and_right_ones_are_not() -> None:
    standing, api = await open_api(MemoryFailedAttempts())
    (code,) = await api.make_codes()
    _, token = await standing.grant("all")
    browser = Browser(standing.app)
    for word in (WRONG, "pg1.k1.a.b") * (PER_MINUTE // 2):
        assert (await browser.unlock(word)).status == 401
    for word in (code["code"], token):
        for wrong in (WRONG, "pg1.k1.a.b"):
            assert is_refused(await browser.unlock(wrong))
        assert (await Browser(standing.app).unlock(word)).status == 303
        told = json.dumps({"code": word}).encode()
        assert (await exchange(standing.app, "POST", "/redeem", body=told)).status == 200


async def test_guesses_near_one_code_are_limited_wherever_they_come_from() -> None:
    standing, api = await open_api(MemoryFailedAttempts())
    (code,) = await api.make_codes()
    near = code["code"][:14] + "-0000"

    async def guess(word: str, host: int) -> Answer:
        body = urlencode({"code": word}).encode()
        return await exchange(
            standing.app, "POST", "/unlock", [FORM], body, client=f"192.0.2.{host}"
        )

    for host in range(PER_MINUTE):
        assert (await guess(near, host)).status == 401
    assert is_refused(await guess(near, 99))
    assert (await guess("0" * 16, 99)).status == 401
    assert (await guess(code["code"], 99)).status == 303


async def test_of_many_guesses_at_once_no_more_are_answered() -> None:
    standing, _ = await open_api(MemoryFailedAttempts())
    statuses: list[int] = []

    async def unknown(letters: str) -> None:
        await anyio.lowlevel.checkpoint()  # so that all are let in before the first has failed

    standing.ledger.code = unknown  # type: ignore[method-assign,assignment]

    async def guess() -> None:
        statuses.append((await Browser(standing.app).unlock(WRONG)).status)

    async with anyio.create_task_group() as tasks:
        for _ in range(5 * PER_MINUTE):
            tasks.start_soon(guess)
    assert (statuses.count(401), statuses.count(429)) == (PER_MINUTE, 4 * PER_MINUTE)


async def test_what_succeeds_and_what_is_no_guess_does_not_count() -> None:
    standing, api = await open_api(MemoryFailedAttempts())
    (code,) = await api.make_codes(uses=1, devices=1)
    winner = Browser(standing.app)
    for _ in range(3 * PER_MINUTE):
        assert (await winner.unlock(code["code"])).status == 303
        assert (await Browser(standing.app).unlock(code["code"])).status == 409
        assert (await api.send("GET", "/api/grants")).status == 200


async def test_what_is_too_old_is_no_guess() -> None:
    standing, api = await open_api(MemoryFailedAttempts())
    (code,) = await api.make_codes(expires=NOW + 60)
    token = (await api.ask("POST", "/api/grants", {"scope": "all", "term": "1m"}))["token"]
    standing.clock.at += 61
    for _ in range(PER_MINUTE):
        for word in (code["code"], token):
            assert (await Browser(standing.app).unlock(word)).status == 401


async def test_api_keys_are_limited_like_codes_and_apart_from_them() -> None:
    standing, api = await open_api(MemoryFailedAttempts())
    for number in range(PER_MINUTE):
        answer = await Caller(standing.app, f"pgk-{number}").send("GET", "/api/grants")
        assert answer.status == 401
    refused = await Caller(standing.app, "pgk-guess").send("GET", "/api/grants")
    assert is_refused(refused)
    assert (await api.send("GET", "/api/grants")).status == 200
    assert refused.json["type"] == "urn:paidgate:too-many-tries"
    assert (await Browser(standing.app).unlock(WRONG)).status == 401


async def test_a_request_without_a_key_is_no_try() -> None:
    standing, api = await open_api(MemoryFailedAttempts())
    for _ in range(2 * PER_MINUTE):
        assert (await exchange(standing.app, "GET", "/api/grants")).status == 401
    assert (await api.send("GET", "/api/grants")).status == 200


def test_signing_in_at_the_studio_is_limited() -> None:
    standing, _ = anyio.run(open_api, MemoryFailedAttempts())
    key = add_publisher(standing)
    visitor = Visitor(standing)
    for _ in range(PER_MINUTE):
        assert visitor.sign_in("pgk-wrong").status == 401
    refused = visitor.sign_in("pgk-wrong")
    assert refused.status == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 61
    assert not visitor.has_session
    assert visitor.sign_in(key).status == 303


async def test_two_gateways_on_one_redis_share_the_count(redis_url: str) -> None:
    attempts = [RedisFailedAttempts(redis_url), RedisFailedAttempts(redis_url)]
    gateways = [await open_api(each) for each in attempts]
    browsers = [Browser(standing.app) for standing, _ in gateways]
    for number in range(PER_MINUTE):
        assert (await browsers[number % 2].unlock(WRONG)).status == 401
    assert [is_refused(await browser.unlock(WRONG)) for browser in browsers] == [True, True]
    for each in attempts:
        await each.close()


async def test_without_redis_each_gateway_counts_for_itself() -> None:
    attempts = RedisFailedAttempts("unix:///nowhere/redis.sock")
    standing, _ = await open_api(attempts)
    browser = Browser(standing.app)
    for _ in range(PER_MINUTE):
        assert (await browser.unlock(WRONG)).status == 401
    assert is_refused(await browser.unlock(WRONG))
    await attempts.close()


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("testclient", "", True),
    ],
)
def test_a_client_is_all_that_it_can_send_from(one: str, other: str, is_same: bool) -> None:
    names = [network(Request({"type": "http", "client": (host, 1)})) for host in (one, other)]
    assert (names[0] == names[1]) is is_same
