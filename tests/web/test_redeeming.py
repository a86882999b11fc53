"""What a code opens, in how many places, and that a form sent twice is a form sent once."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest

from gateway.stores.redis.failed_attempts import MemoryFailedAttempts
from tests.support.answers import Answer
from tests.support.asgi import exchange
from tests.support.services import Standing
from tests.web.caller import FORM, Browser, Caller, open_api

pytestmark = pytest.mark.anyio

DAY = 86_400
ENGLISH, CHINESE = ("accept-language", "en"), ("accept-language", "zh-CN")


async def devices(api: Caller) -> list[int]:
    """Return in how many devices each grant is open."""
    grants = (await api.ask("GET", "/api/grants"))["grants"]
    asked = [await api.ask("GET", f"/api/grants/{grant['id']}/devices") for grant in grants]
    return [len(each["devices"]) for each in asked]


async def sign_out(browser: Browser) -> Answer:
    """Press the button that forgets a browser."""
    return await exchange(browser.app, "POST", "/signout", [("cookie", browser.cookie), FORM])


async def opened(standing: Standing, word: str) -> Browser:
    """Return a browser that has redeemed a word."""
    browser = Browser(standing.app)
    assert (await browser.unlock(word)).status == 303
    return browser


# --- places ------------------------------------------------------------------------------------


async def test_a_code_opens_in_three_browsers_and_a_fourth_is_told_why_not() -> None:
    standing, api = await open_api()
    (code,) = await api.make_codes(scope="document:d")
    for _ in range(3):
        browser = await opened(standing, code["code"])
        assert b"Paid." in (await browser.get("/read/demo/d")).body
    fourth = await Browser(standing.app).unlock(code["code"], headers=(ENGLISH,))
    assert fourth.status == 409
    assert b"open in as many browsers as it allows" in fourth.body
    assert (
        "允许的最多数量".encode()
        in (await Browser(standing.app).unlock(code["code"], headers=(CHINESE,))).body
    )
    assert await devices(api) == [3]
    (listed,) = (await api.ask("GET", "/api/codes"))["codes"]
    assert (listed["used"], listed["devices"]) == (1, 3)


async def test_a_link_too_opens_in_three_browsers() -> None:
    standing, _ = await open_api()
    _, token = await standing.grant("all")
    statuses = [(await Browser(standing.app).unlock(token)).status for _ in range(4)]
    assert statuses == [303, 303, 303, 409]


async def test_signing_out_frees_the_place_and_the_same_code_leads_back() -> None:
    standing, api = await open_api()
    (code,) = await api.make_codes(devices=1)
    browser = await opened(standing, code["code"])
    copy = Browser(standing.app, browser.cookie)
    assert (await Browser(standing.app).unlock(code["code"])).status == 409
    assert (await sign_out(browser)).status == 303
    assert (await copy.get("/read/demo/d")).status == 402
    assert await devices(api) == [0]
    back = await opened(standing, code["code"])
    assert (await back.get("/read/demo/d")).status == 200
    assert (await copy.get("/read/demo/d")).status == 402
    assert (await Browser(standing.app).unlock(code["code"])).status == 409


async def test_an_evicted_browser_finds_the_way_back_with_its_code() -> None:
    standing, api = await open_api()
    (code,) = await api.make_codes(devices=1)
    browser = await opened(standing, code["code"])
    (grant,) = (await api.ask("GET", "/api/grants"))["grants"]
    path = f"/api/grants/{grant['id']}/devices"
    (device,) = (await api.ask("GET", path))["devices"]
    assert (await api.send("DELETE", f"{path}/{device['id']}")).status == 204
    assert (await browser.get("/read/demo/d")).status == 402
    assert (await browser.unlock(code["code"])).status == 303
    assert (await browser.get("/read/demo/d")).status == 200


async def test_a_code_opens_its_grant_and_not_a_longer_one() -> None:
    standing, api = await open_api()
    (code,) = await api.make_codes(term="2d")
    await opened(standing, code["code"])
    standing.clock.at += DAY
    late = await opened(standing, code["code"])
    standing.clock.at += DAY - 1
    assert (await late.get("/read/demo/d")).status == 200
    standing.clock.at += 1
    assert (await late.get("/read/demo/d")).status == 402
    assert (await Browser(standing.app).unlock(code["code"])).status == 401


async def test_a_code_that_was_redeemed_in_time_opens_its_grant_after_its_last_day() -> None:
    standing, api = await open_api()
    (code,) = await api.make_codes(expires=standing.clock.at + DAY)
    await opened(standing, code["code"])
    standing.clock.at += DAY
    assert (await (await opened(standing, code["code"])).get("/read/demo/d")).status == 200


# --- the same form again -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Representation:
    """A page with a form that redeems, as a browser has it: cookies, and what its fields carry."""

    app: Any
    page: str
    cookies: str
    fields: str

    async def send(self, word: str) -> Answer:
        """Send the form; the browser has kept nothing of any answer."""
        headers = [("cookie", self.cookies), ("sec-fetch-site", "same-origin"), FORM]
        return await exchange(
            self.app, "POST", "/unlock", headers, f"{self.fields}code={word}".encode()
        )


async def form(app: Any, page: str) -> Representation:
    """Open a page and begin to fill in its form: so the style sheet asks for a picture."""
    if page == "error":
        shown = await exchange(app, "POST", "/unlock", [FORM], b"code=mistyped")
    else:
        shown = await exchange(app, "GET", page)
    assert b'name="code"' in shown.body, page
    fields = re.findall(rb'<input type="hidden" name="(\w+)" value="([^"]*)"', shown.body)
    carried = "".join(f"{name.decode()}={value.decode()}&" for name, value in fields)
    picture = await exchange(app, "GET", "/once")
    assert picture.header("cache-control") == "private, no-store"
    return Representation(app, page, picture.cookie, carried)


PAGES = ("/unlock", "/documents/demo/d", "/read/demo/d", "/library", "error")


@pytest.mark.parametrize("page", PAGES)
async def test_a_form_that_is_sent_twice_takes_one_place_and_answers_the_same(page: str) -> None:
    standing, api = await open_api()
    words = [
        (await api.make_codes(devices=1))[0]["code"],
        (await api.make_codes(uses=9))[0]["code"],
    ]
    words.append((await standing.grant("all", devices=1))[1])
    for word in words:
        sent = await form(standing.app, page)
        answers = [await sent.send(word) for _ in range(3)]
        assert [answer.status for answer in answers] == [303] * 3
        assert len({answer.header("set-cookie") for answer in answers}) == 1
        assert len({answer.header("location") for answer in answers}) == 1
    assert sorted(await devices(api)) == [1, 1, 1]


async def test_a_form_sent_again_from_another_page_is_the_same_browsers() -> None:
    standing, api = await open_api()
    (code,) = await api.make_codes()
    first = await form(standing.app, "/documents/demo/d")
    await first.send(code["code"])
    again = Representation(
        standing.app, "/unlock", first.cookies, f"once={await Browser(standing.app).once()}&"
    )
    await again.send(code["code"])
    assert await devices(api) == [1]


async def test_two_browsers_are_two_whatever_they_have_in_common() -> None:
    standing, api = await open_api()
    (code,) = await api.make_codes()
    for _ in range(2):
        assert (
            await (await form(standing.app, "/documents/demo/d")).send(code["code"])
        ).status == 303
    assert await devices(api) == [2]


async def test_a_browser_keeps_what_it_is_known_by_and_signing_out_changes_it() -> None:
    standing, _ = await open_api()
    first = await exchange(standing.app, "GET", "/once")
    given = first.header("set-cookie")
    assert "HttpOnly" in given
    assert "SameSite=lax" in given
    kept = given.partition(";")[0]
    again = await exchange(standing.app, "GET", "/once", [("cookie", kept)])
    assert not [value for name, value in again.headers if name == "set-cookie"]
    standing.clock.at += 3_601
    later = await exchange(standing.app, "GET", "/once", [("cookie", kept)])
    assert later.cookie != kept
    out = await exchange(standing.app, "POST", "/signout", [("cookie", kept), FORM])
    told = [value.partition(";")[0] for name, value in out.headers if name == "set-cookie"]
    (fresh,) = (value for value in told if value.startswith("paidgate_once="))
    assert fresh not in (kept, 'paidgate_once=""')


# --- programs ----------------------------------------------------------------------------------


async def redeem(app: Any, told: object, *headers: tuple[str, str]) -> Answer:
    """Redeem as a program."""
    return await exchange(app, "POST", "/redeem", [*headers], json.dumps(told).encode())


async def test_a_program_redeems_a_code_for_a_token_that_reads() -> None:
    standing, api = await open_api()
    (code,) = await api.make_codes(scope="document:d", term="1d")
    answer = await redeem(standing.app, {"code": code["code"].lower()})
    told = answer.json
    assert (answer.status, answer.header("cache-control")) == (200, "private, no-store")
    facts = {"scope": "document:d", "document": "demo/d", "ends": "2027-01-16T08:00:00Z"}
    assert told == facts | {"token": told["token"], "confirmed": True}
    bearer = ("authorization", f"Bearer {told['token']}")
    read = await exchange(standing.app, "GET", "/read/demo/d.txt", [bearer])
    assert b"Paid." in read.body


async def test_a_program_redeems_a_token_or_a_link() -> None:
    standing, api = await open_api()
    made = await api.ask("POST", "/api/grants", {"scope": "all"})
    for word in (made["token"], made["unlock_url"]):
        told = json.loads((await redeem(standing.app, {"token": word})).body)
        assert (told["token"], told["scope"]) == (made["token"], "all")
        assert (told["document"], told["ends"]) == (None, None)


async def test_the_same_idempotency_key_takes_one_place_and_answers_the_same() -> None:
    standing, api = await open_api()
    (code,) = await api.make_codes()
    key = ("idempotency-key", "once")
    answers = [await redeem(standing.app, {"code": code["code"]}, key) for _ in range(5)]
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert await devices(api) == [1]
    others = [(await redeem(standing.app, {"code": code["code"]})).status for _ in range(3)]
    assert others == [200, 200, 409]


async def test_a_program_is_told_what_a_browser_is() -> None:
    standing, api = await open_api(MemoryFailedAttempts())
    codes = await api.make_codes(count=2, devices=1)
    await redeem(standing.app, {"code": codes[0]["code"]})
    await api.send("DELETE", f"/api/codes/{codes[1]['id']}")
    wrong = {"code": "ABCD-EFGH-JKMN-PQRS"}
    cases = [(codes[0], 409), (codes[1], 403), (wrong, 401)]
    for told, status in cases:
        answer = await redeem(standing.app, {"code": told["code"]})
        assert answer.status == status
        assert answer.header("content-type") == "application/problem+json"
        assert (await Browser(standing.app).unlock(told["code"])).status == status
    for _ in range(9):
        await redeem(standing.app, wrong)
    assert (await redeem(standing.app, wrong)).status == 429


@pytest.mark.parametrize(
    ("told", "where"),
    [
        *[({}, "body"), ({"code": "a", "token": "b"}, "body"), ([], "body")],
        *[({"code": 1}, "code"), ({"word": "a"}, "word")],
    ],
)
async def test_what_names_no_code_and_no_token_is_refused_in_words(
    told: object, where: str
) -> None:
    standing, _ = await open_api()
    answer = await redeem(standing.app, told)
    assert (answer.status, answer.json["where"]) == (400, where)
