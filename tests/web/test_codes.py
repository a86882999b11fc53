"""Codes over HTTP: made by a publisher, typed by people, used exactly as often as they can be."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from typing import Any, cast
from urllib.parse import urlencode

import pytest

from gateway.core.codes import LENGTH, Code
from gateway.core.errors import Unavailable
from gateway.core.timestamps import timestamp
from gateway.ports import Ledger
from gateway.stores.leased_cache import DirectCoherence
from gateway.stores.memory import MemoryAudit
from gateway.usecases.codes import CodeRequest
from tests.support.answers import Answer
from tests.support.asgi import exchange
from tests.support.services import NOW, beside
from tests.web.caller import FORM, Browser, Caller, caller, once_in, open_api

pytestmark = pytest.mark.anyio

DAY = 86_400


def wide(text: str) -> str:
    """Return ASCII as an East Asian keyboard types it."""
    return "".join(chr(ord(c) + 0xFEE0) for c in text)


# --- making ------------------------------------------------------------------------------------


async def test_codes_are_made_with_what_was_asked_and_told_once() -> None:
    _, api = await open_api()
    made = await api.make_codes(
        scope="document:d", count=3, uses=2, term="30d", devices=2, note="春季", expires=NOW + DAY
    )
    assert len({code["code"] for code in made}) == len({code["id"] for code in made}) == 3
    listed = (await api.ask("GET", "/api/codes"))["codes"]
    assert listed == sorted(
        ({k: v for k, v in code.items() if k != "code"} for code in made),
        key=lambda code: code["id"],
    )
    facts = {"scope": "document:d", "uses": 2, "used": 0, "term": "30d", "devices": 2}
    assert facts.items() <= listed[0].items()
    assert listed[0]["expires"] == "2027-01-16T08:00:00Z"


async def test_codes_page_by_id() -> None:
    _, api = await open_api()
    made = await api.make_codes(count=5)
    seen: list[str] = []
    place = "/api/codes?limit=2"
    while place:
        page = await api.ask("GET", place)
        seen += [code["id"] for code in page["codes"]]
        place = page["next"]
    assert seen == sorted(code["id"] for code in made)


async def test_ten_thousand_codes_are_made_at_once_and_all_differ() -> None:
    _, api = await open_api()
    made = await api.make_codes(count=10_000)
    assert len({code["code"] for code in made}) == 10_000


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"count": 0}, "count"),
        ({"count": 10_001}, "count"),
        ({"uses": 0}, "uses"),
        ({"uses": 10_001}, "uses"),
        ({"devices": 0}, "devices"),
        ({"scope": "everything"}, "scope"),
        ({"term": "soon"}, "term"),
        ({"note": "two\nlines"}, "note"),
        ({"expires": NOW}, "expires"),
        ({"expires": "tomorrow"}, "expires"),
        ({"count": True}, "count"),
        ({"words": ["A"]}, "words"),
    ],
)
async def test_a_wish_that_makes_no_sense_makes_no_code(
    wrong: dict[str, object], where: str
) -> None:
    _, api = await open_api()
    wish = {"scope": "all", "count": 1} | wrong
    answer = await api.send("POST", "/api/codes", json.dumps(wish).encode())
    assert (answer.status, answer.json["where"]) == (400, where)
    assert (await api.ask("GET", "/api/codes"))["codes"] == []


@pytest.mark.parametrize(
    ("accept", "is_csv"),
    [
        ("text/csv", True),
        ("text/csv, application/json;q=0.5", True),
        ("text/*", True),
        ("text/csv;q=0.5, application/json", False),
        ("text/csv, application/json", False),
        ("text/csv;q=0", False),
        ("*/*", False),
        ("", False),
    ],
)
async def test_codes_come_as_a_table_to_whoever_prefers_one(accept: str, is_csv: bool) -> None:
    _, api = await open_api()
    body = json.dumps({"scope": "all", "count": 2}).encode()
    answer = await api.send("POST", "/api/codes", body, accept=accept)
    assert answer.status == 201
    assert answer.header("content-type").startswith("text/csv" if is_csv else "application/json")


async def test_a_table_of_codes_holds_no_formula() -> None:
    _, api = await open_api()
    note = '=HYPERLINK("http://evil.example","x")'
    body = json.dumps({"scope": "all", "count": 2, "note": note}).encode()
    answer = await api.send("POST", "/api/codes", body, accept="text/csv")
    rows = list(csv.DictReader(StringIO(answer.body.decode(), newline="")))
    assert [len(row["code"].replace("-", "")) for row in rows] == [LENGTH, LENGTH]
    assert {row["note"] for row in rows} == {f"'{note}"}


async def test_the_same_request_again_gives_the_same_codes() -> None:
    standing, api = await open_api()
    wish = {"scope": "all", "count": 3}
    first = await api.ask("POST", "/api/codes", wish, idempotency_key="order-1")
    standing.clock.at += 5
    again = await api.ask("POST", "/api/codes", wish, idempotency_key="order-1")
    assert again == first
    other = await api.ask("POST", "/api/codes", wish, idempotency_key="order-2")
    assert {c["code"] for c in other["codes"]}.isdisjoint(c["code"] for c in first["codes"])
    assert len((await api.ask("GET", "/api/codes"))["codes"]) == 6


async def test_a_key_that_was_used_for_another_request_is_refused() -> None:
    _, api = await open_api()
    source = {"content_type": "text/plain", "idempotency_key": "k"}
    assert (await api.send("POST", "/api/documents/d/check", b"Title", **source)).status == 200
    assert (await api.send("POST", "/api/documents/d/check", b"Title", **source)).status == 200
    for method, target, body in (
        ("POST", "/api/documents/d/check", b"Other"),
        ("POST", "/api/documents/e/check", b"Title"),
        ("POST", "/api/codes", b'{"scope": "all", "count": 1}'),
        ("POST", "/api/grants", b'{"scope": "all"}'),
        ("POST", "/api/documents/d/editions/0/publish", b""),
    ):
        answer = await api.send(method, target, body, **source)
        assert answer.status == 409, target
    assert (await api.ask("GET", "/api/codes"))["codes"] == []


async def test_the_key_of_another_publisher_is_another_key() -> None:
    standing, api = await open_api()
    other = await caller(standing, "other")
    wish = {"scope": "all", "count": 1}
    ours, theirs = [
        await each.ask("POST", "/api/codes", wish, idempotency_key="k") for each in (api, other)
    ]
    assert ours["codes"][0]["code"] != theirs["codes"][0]["code"]
    assert ours["codes"][0]["id"] != theirs["codes"][0]["id"]


async def test_codes_that_a_crash_left_half_made_are_made_by_the_next_request() -> None:
    standing, api = await open_api()
    dying = replace(standing, ledger=cast("Ledger", Dying(standing.ledger)))
    left = Caller(beside(dying, DirectCoherence()).app, api.key)
    wish = {"scope": "all", "count": 2}
    first_asked = timestamp(standing.clock.at)
    told = json.dumps(wish).encode()
    assert (await left.send("POST", "/api/codes", told, idempotency_key="k")).status == 503
    standing.clock.at += 60
    made = await api.ask("POST", "/api/codes", wish, idempotency_key="k")
    assert {code["made"] for code in made["codes"]} == {first_asked}
    assert await api.ask("POST", "/api/codes", wish, idempotency_key="k") == made
    assert len((await api.ask("GET", "/api/codes"))["codes"]) == 2


class Dying:
    """A ledger that goes away before it has recorded any codes."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger, name)

    async def add_codes(self, codes: Sequence[Code]) -> None:
        raise Unavailable("ledger")


# --- typing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        lambda word: word,
        str.lower,
        lambda word: word.replace("-", ""),
        lambda word: f"  {word.replace('-', ' ')} ",
        lambda word: word.replace("-", "–"),
        wide,
        lambda word: wide(word.lower()),
        lambda word: word.replace("1", "l").replace("0", "o"),
        lambda word: "\u200b".join(word),
    ],
)
async def test_a_code_is_taken_however_it_is_typed(typed: Any) -> None:
    standing, api = await open_api()
    (code,) = await api.make_codes(scope="document:d")
    browser = Browser(standing.app)
    answer = await browser.unlock(typed(code["code"]))
    assert (answer.status, answer.header("location")) == (303, "/read/demo/d#go-on")
    assert b"Paid." in (await browser.get("/read/demo/d")).body


async def test_the_field_takes_a_whole_token_too() -> None:
    standing, _ = await open_api()
    _, token = await standing.grant("all")
    answer = await Browser(standing.app).unlock(token)
    assert (answer.status, answer.header("location")) == (303, "/library")


@pytest.mark.parametrize("word", ["ABCD-EFGH-JKMN-PQRS", "x", "pg1.k1.a.b", "=1+1", ""])
async def test_what_is_no_code_opens_nothing(word: str) -> None:
    standing, _ = await open_api()
    assert (await Browser(standing.app).unlock(word)).status == 401


async def test_a_right_of_a_code_lasts_its_term_from_the_redemption() -> None:
    standing, api = await open_api()
    (code,) = await api.make_codes(term="1d")
    standing.clock.at += 10 * DAY
    browser = Browser(standing.app)
    await browser.unlock(code["code"])
    standing.clock.at += DAY - 1
    assert (await browser.get("/read/demo/d")).status == 200
    standing.clock.at += 1
    assert (await browser.get("/read/demo/d")).status == 402


async def test_a_code_that_expires_is_taken_until_then() -> None:
    standing, api = await open_api()
    (code,) = await api.make_codes(uses=9, expires="2027-01-16T16:00:00+08:00")
    standing.clock.at = NOW + DAY - 1
    assert (await Browser(standing.app).unlock(code["code"])).status == 303
    standing.clock.at += 1
    assert (await Browser(standing.app).unlock(code["code"])).status == 401


async def test_a_code_is_used_up_and_the_same_browser_uses_nothing_again() -> None:
    standing, api = await open_api()
    (code,) = await api.make_codes(uses=2)
    one, other, late = (Browser(standing.app) for _ in range(3))
    for browser in (one, one, other, one, other):
        assert (await browser.unlock(code["code"])).status == 303
    assert (await late.unlock(code["code"])).status == 409
    (listed,) = (await api.ask("GET", "/api/codes"))["codes"]
    assert (listed["used"], listed["uses"]) == (2, 2)


async def test_a_grant_of_a_code_tells_where_it_comes_from_but_not_from_whom() -> None:
    standing, api = await open_api()
    (code,) = await api.make_codes()
    await Browser(standing.app).unlock(code["code"])
    (grant,) = (await api.ask("GET", "/api/grants"))["grants"]
    assert (grant["source"], grant["parent"], grant["source_ref"]) == ("code", code["id"], "")


# --- sending a form twice ----------------------------------------------------------------------


async def test_an_unlock_form_that_is_sent_twice_uses_a_code_once() -> None:
    standing, api = await open_api()
    (code,) = await api.make_codes(uses=1)
    once = await Browser(standing.app).once()
    assert once
    answers = [await Browser(standing.app).unlock(code["code"], once) for _ in range(3)]
    assert [answer.status for answer in answers] == [303, 303, 303]
    assert len((await api.ask("GET", "/api/grants"))["grants"]) == 1


async def test_an_unlock_link_that_is_pressed_twice_takes_one_device() -> None:
    standing, api = await open_api()
    grant, token = await standing.grant("all", devices=1)
    once = once_in(await Browser(standing.app).get(f"/unlock?token={token}"))
    for _ in range(2):
        assert (await Browser(standing.app).unlock(token, once)).status == 303
    assert len((await api.ask("GET", f"/api/grants/{grant.id}/devices"))["devices"]) == 1


async def test_the_form_of_an_error_can_be_sent_twice_too() -> None:
    standing, api = await open_api()
    (code,) = await api.make_codes(uses=1)
    once = once_in(await Browser(standing.app).unlock("mistyped"))
    for _ in range(2):
        assert (await Browser(standing.app).unlock(code["code"], once)).status == 303


async def test_every_unlock_page_is_another_reader() -> None:
    standing, api = await open_api()
    (code,) = await api.make_codes(uses=9)
    cookies = set()
    for _ in range(3):
        browser = Browser(standing.app)
        await browser.unlock(code["code"], await browser.once())
        cookies.add(browser.cookie)
    assert len(cookies) == 3


async def test_no_public_page_carries_what_makes_a_reader() -> None:
    standing, _ = await open_api()
    browser = Browser(standing.app)
    for page in ("/", "/documents/demo/d", "/read/demo/d", "/documents/demo/none"):
        assert once_in(await browser.get(page)) == "", page


@pytest.mark.parametrize(
    ("headers", "is_taken"),
    [
        ((("sec-fetch-site", "same-origin"),), True),
        ((("origin", "http://127.0.0.1:8000"),), True),
        ((("sec-fetch-site", "none"),), False),
    ],
)
async def test_only_a_form_that_is_surely_ours_chooses_its_reader(
    headers: tuple[tuple[str, str], ...], is_taken: bool
) -> None:
    standing, api = await open_api()
    (code,) = await api.make_codes(uses=9)
    once = await Browser(standing.app).once()
    for _ in range(2):
        assert (await Browser(standing.app).unlock(code["code"], once, headers)).status == 303
    assert len((await api.ask("GET", "/api/grants"))["grants"]) == (1 if is_taken else 2)


async def test_an_old_unlock_page_makes_a_new_reader() -> None:
    standing, api = await open_api()
    (code,) = await api.make_codes(uses=9)
    once = await Browser(standing.app).once()
    await Browser(standing.app).unlock(code["code"], once)
    standing.clock.at += 3_601
    await Browser(standing.app).unlock(code["code"], once)
    assert len((await api.ask("GET", "/api/grants"))["grants"]) == 2


async def test_what_one_unlock_page_opens_leads_to_no_other_reader() -> None:
    standing, api = await open_api()
    one, other = await api.make_codes(count=2)
    once = await Browser(standing.app).once()
    victim, thief = Browser(standing.app), Browser(standing.app)
    await victim.unlock(one["code"], once)
    await thief.unlock(other["code"], once)
    assert victim.cookie != thief.cookie


# --- taking back -------------------------------------------------------------------------------


async def test_a_code_that_is_taken_back_takes_every_right_that_came_from_it() -> None:
    standing, api = await open_api()
    code, other = await api.make_codes(count=2, uses=3)
    readers = [Browser(standing.app) for _ in range(3)]
    for reader, word in zip(readers, (code, code, other), strict=True):
        await reader.unlock(word["code"])
    assert (await api.send("DELETE", f"/api/codes/{code['id']}")).status == 204
    seen = [(await reader.get("/read/demo/d")).status for reader in readers]
    assert seen == [403, 403, 200]
    assert (await Browser(standing.app).unlock(code["code"])).status == 403
    assert (await readers[0].unlock(code["code"])).status == 403
    assert (await api.send("DELETE", f"/api/codes/{code['id']}")).status == 204


async def test_a_reader_whose_right_was_taken_back_does_not_get_it_from_the_code_again() -> None:
    standing, api = await open_api()
    (code,) = await api.make_codes(uses=2)
    reader = Browser(standing.app)
    await reader.unlock(code["code"])
    (grant,) = (await api.ask("GET", "/api/grants"))["grants"]
    await api.send("DELETE", f"/api/grants/{grant['id']}")
    assert (await reader.unlock(code["code"])).status == 403
    assert (await reader.get("/read/demo/d")).status == 403


async def test_a_code_of_another_publisher_does_not_exist() -> None:
    standing, api = await open_api()
    (code,) = await api.make_codes()
    other: Caller = await caller(standing, "other")
    assert (await other.ask("GET", "/api/codes"))["codes"] == []
    gone, none = [
        await other.send("DELETE", f"/api/codes/{name}") for name in (code["id"], "0" * 32)
    ]
    assert gone.status == none.status == 404
    assert gone.body == none.body
    assert (await Browser(standing.app).unlock(code["code"])).status == 303


# --- from the page of a document ---------------------------------------------------------------


async def sent(browser: Browser, code: str, document: str) -> Answer:
    """Send the form of a document's page."""
    body = urlencode({"code": code, "document": document}).encode()
    return await exchange(browser.app, "POST", "/unlock", [FORM], body)


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ("demo/d", "/read/demo/d#go-on"),
        ("demo/none", "/library"),
        ("other/d", "/library"),
        ("", "/library"),
        ("//evil.example/x", "/library"),
        ("demo/d/e", "/library"),
    ],
)
async def test_a_code_for_all_leads_back_to_the_document_that_it_opens(
    document: str, place: str
) -> None:
    standing, api = await open_api()
    (code,) = await api.make_codes()
    answer = await sent(Browser(standing.app), code["code"], document)
    assert (answer.status, answer.header("location")) == (303, place)


async def test_a_wrong_code_leads_back_to_its_document_and_quotes_nothing() -> None:
    standing, _ = await open_api()
    page = (await exchange(standing.app, "GET", "/documents/demo/d")).body
    assert b'<input type="hidden" name="document" value="demo/d">' in page
    answer = await sent(Browser(standing.app), "ABCD-EFGH-JKMN-PQRS", "demo/d")
    assert answer.status == 401
    assert b'href="/documents/demo/d#unlock"' in answer.body
    assert b'name="document" value="demo/d"' in answer.body
    assert b"EFGH" not in answer.body
    answer = await sent(Browser(standing.app), "ABCD-EFGH-JKMN-PQRS", '"><script>')
    assert answer.status == 401
    assert b"#unlock" not in answer.body


async def test_a_whole_unlock_link_can_be_pasted_for_a_code() -> None:
    standing, api = await open_api()
    made = await api.ask("POST", "/api/grants", {"scope": "document:d"})
    browser = Browser(standing.app)
    for word in (made["unlock_url"][:-1], "https://x/unlock?token=a", "https://x/?token=a"):
        assert (await browser.unlock(word)).status == 401
    answer = await browser.unlock(made["unlock_url"])
    assert (answer.status, answer.header("location")) == (303, "/read/demo/d#go-on")


# --- what the audit says -----------------------------------------------------------------------


async def test_the_audit_names_every_code_and_the_grant_that_a_reader_got_by_one() -> None:
    standing, _ = await open_api()
    codes, audit = standing.services.codes, standing.services.audit
    assert isinstance(audit, MemoryAudit)
    audit.records.clear()
    minted = await codes.make("demo", CodeRequest("all", count=3))
    made = [(record.what, record.by, record.on) for record in audit.records]
    assert made == [("code", "publisher:demo", each.code.id) for each in minted]
    audit.records.clear()
    code = minted[1].code.id
    await standing.services.redeeming.redeem(minted[1].word, None)
    (grant,) = await standing.services.granting.grants("demo", limit=9)
    (device,) = await standing.ledger.devices(grant.id, 9)
    told = [(record.what, record.by, record.on) for record in audit.records]
    assert told == [
        ("grant", f"code:{code}", grant.id),
        ("redeem", f"reader:{device.reader}", grant.id),
    ]
