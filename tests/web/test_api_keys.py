"""API keys: each may what it was made for, for as long; what is ended opens nothing any more."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest

from gateway.core.timestamps import timestamp
from tests.support.answers import Answer
from tests.support.asgi import exchange
from tests.support.services import Standing
from tests.web.caller import Caller, caller, open_api
from tests.web.test_redeeming import devices, opened
from tests.web.visitor import Scene, Visitor, scene

pytestmark = pytest.mark.anyio

DAY = 86_400
ALL = ["publish", "grant", "read"]


async def make(api: Caller, **wish: object) -> tuple[Caller, dict[str, Any]]:
    """Make a key with another, and return whoever has it and what was told of it."""
    told = await api.ask("POST", "/api/keys", {"label": "a script"} | wish)
    return Caller(api.app, told["key"]), told


async def own_id(api: Caller) -> str:
    """Return the id of the first key."""
    (key,) = [k for k in (await api.ask("GET", "/api/keys"))["keys"] if k["label"] == ""]
    return str(key["id"])


async def test_a_key_is_told_once_and_listed_without_its_text() -> None:
    standing, api = await open_api()
    expires = timestamp(standing.clock.at + DAY)
    _, told = await make(api, label="商店", may=["read", "grant"], expires=expires)
    facts = {"label": "商店", "may": ["grant", "read"], "expires": expires, "confirmed": True}
    assert facts.items() <= told.items()
    listed = await api.send("GET", "/api/keys")
    assert told["key"].encode() not in listed.body
    first, other = sorted(listed.json["keys"], key=lambda key: str(key["label"]))
    assert (first["label"], first["may"], first["expires"]) == ("", ALL, None)
    assert other == {name: told[name] for name in other}


async def test_a_key_does_what_it_may_and_nothing_else() -> None:
    standing, api = await open_api()
    grant, _ = await standing.grant("all")
    asked: dict[str, list[tuple[str, str, object]]] = {
        "read": [("GET", "/api/grants", None), ("GET", "/api/documents/d/source", None)],
        "grant": [
            ("POST", "/api/grants", {"scope": "all"}),
            ("POST", "/api/codes", {"scope": "all", "count": 1}),
            ("POST", f"/api/grants/{grant.id}/renew-link", None),
            ("DELETE", f"/api/grants/{grant.id}", None),
        ],
        "publish": [("DELETE", "/api/documents/d", None)],
    }
    for may in asked:
        key, _ = await make(api, may=[may])
        for needed, requests in asked.items():
            for method, target, told in requests if needed != may else ():
                body = b"" if told is None else json.dumps(told).encode()
                answer = await key.send(method, target, body)
                assert answer.status == 403, (may, target)
                assert answer.json["title"] == "Not allowed"
    for may, requests in asked.items():
        key, _ = await make(api, may=[may])
        for method, target, told in requests:
            body = b"" if told is None else json.dumps(told).encode()
            assert (await key.send(method, target, body)).status < 300, (may, target)


async def test_whatever_changes_something_needs_more_than_to_read() -> None:
    _, api = await open_api()
    key, _ = await make(api, may=["read"])
    ways = [
        (method.upper(), path)
        for path, ways in (await api.ask("GET", "/openapi.json"))["paths"].items()
        for method, way in ways.items()
        if method != "get" and way.get("security") != [] and not path.startswith("/api/keys")
    ]
    assert len(ways) > 9
    for method, path in ways:
        answer = await key.send(method, path.replace("{", "").replace("}", ""))
        assert answer.status == 403, path


async def test_a_key_makes_none_that_may_more_or_lasts_longer_than_itself() -> None:
    standing, api = await open_api()
    soon, late = (timestamp(standing.clock.at + days * DAY) for days in (1, 2))
    key, _ = await make(api, may=["read", "grant"], expires=soon)
    for wish in ({"may": ["publish"]}, {"may": ALL}, {"expires": late}):
        answer = await key.send("POST", "/api/keys", json.dumps({"label": "x"} | wish).encode())
        assert answer.status == 403, wish
    _, child = await make(key)
    assert (child["may"], child["expires"]) == (["grant", "read"], soon)
    _, less = await make(key, may=["read"])
    assert less["may"] == ["read"]
    assert (await key.send("DELETE", f"/api/keys/{await own_id(api)}")).status == 403
    assert (await api.send("GET", "/api/grants")).status == 200


@pytest.mark.parametrize(
    "wrong", [{"may": []}, {"may": ["rule"]}, {"expires": 1}, {"label": "a\nb"}, {"lable": ""}]
)
async def test_a_key_that_makes_no_sense_is_not_made(wrong: dict[str, object]) -> None:
    _, api = await open_api()
    body = json.dumps({"label": "x"} | wrong).encode()
    assert (await api.send("POST", "/api/keys", body)).status == 400
    assert len((await api.ask("GET", "/api/keys"))["keys"]) == 1


async def test_a_key_that_is_ended_or_over_opens_nothing() -> None:
    standing, api = await open_api()
    key, told = await make(api)
    short, _ = await make(api, expires=timestamp(standing.clock.at + DAY))
    assert (await key.send("GET", "/api/grants")).status == 200
    assert (await api.send("DELETE", f"/api/keys/{told['id']}")).status == 204
    assert (await key.send("GET", "/api/grants")).status == 401
    assert (await short.send("GET", "/api/grants")).status == 200
    standing.clock.at += DAY
    assert (await short.send("GET", "/api/grants")).status == 401
    assert (await api.send("GET", "/api/grants")).status == 200


async def test_the_last_use_of_a_key_is_told_to_the_minute() -> None:
    standing, api = await open_api()
    key, told = await make(api)
    assert told["used"] is None
    for later, noted in ((0, 0), (59, 0), (61, 61)):
        standing.clock.at += later
        await key.send("GET", "/api/grants")
        listed = (await api.ask("GET", "/api/keys"))["keys"]
        (used,) = [each["used"] for each in listed if each["id"] == told["id"]]
        at = standing.clock.at if noted or not later else standing.clock.at - later
        assert used == timestamp(at)


async def test_a_key_of_another_publisher_does_not_exist() -> None:
    standing, api = await open_api()
    other = await caller(standing, "other")
    assert len((await other.ask("GET", "/api/keys"))["keys"]) == 1
    assert (await other.send("DELETE", f"/api/keys/{await own_id(api)}")).status == 404
    assert (await api.send("GET", "/api/grants")).status == 200


# --- what is told again, for a day -------------------------------------------------------------


async def again(api: Caller, target: str, told: object) -> Answer:
    """Send a request with a key that makes it the same again."""
    return await api.send("POST", target, json.dumps(told).encode(), idempotency_key="k")


@pytest.mark.parametrize(
    ("target", "told"),
    [("/api/keys", {"label": "x"}), ("/api/codes", {"scope": "all", "count": 2})],
)
async def test_a_secret_is_told_again_for_a_day_and_then_nobody_can_make_it(
    target: str, told: object
) -> None:
    standing, api = await open_api()
    first = await again(api, target, told)
    standing.clock.at += DAY - 1
    assert (await again(api, target, told)).body == first.body
    standing.clock.at += 1
    late = await again(api, target, told)
    assert (late.status, b"cannot be told again" in late.body) == (409, True)
    await standing.services.seeds.forget()
    assert await standing.ledger.seed("demo", "k", 0) == ""
    assert (await again(api, target, told)).status == 409
    assert len(next(iter((await api.ask("GET", target)).values()))) == 2


async def test_under_another_root_secret_no_second_set_of_codes_is_made() -> None:
    standing, api = await open_api()
    told = {"scope": "all", "count": 2}
    assert (await again(api, "/api/codes", told)).status == 201
    standing.services.signing._root = b"another secret"
    assert (await again(api, "/api/codes", told)).status == 409
    assert len((await api.ask("GET", "/api/codes"))["codes"]) == 2


# --- a new link --------------------------------------------------------------------------------


async def read(standing: Standing, token: str) -> int:
    """Read with a token."""
    bearer = ("authorization", f"Bearer {token}")
    return (await exchange(standing.app, "GET", "/read/demo/d", [bearer])).status


async def test_a_new_link_makes_every_earlier_one_void_and_leaves_devices_open() -> None:
    standing, api = await open_api()
    made = await api.ask("POST", "/api/grants", {"scope": "all"})
    reader = await opened(standing, made["token"])
    assert await read(standing, made["token"]) == 200
    path = f"/api/grants/{made['id']}/renew-link"
    renewed = await api.ask("POST", path, idempotency_key="k")
    assert renewed["confirmed"] is True
    assert renewed["unlock_url"].endswith(renewed["token"])
    assert await api.ask("POST", path, idempotency_key="k") == renewed
    tokens = [made["token"], renewed["token"], (await api.ask("POST", path))["token"]]
    assert [await read(standing, token) for token in tokens] == [401, 401, 200]
    assert (await reader.unlock(tokens[0])).status == 401
    assert (await reader.get("/read/demo/d")).status == 200
    assert (await opened(standing, tokens[2])).cookie
    assert await devices(api) == [2]
    why = await api.ask("GET", f"/api/explain?document=d&token={tokens[0]}")
    assert (why["allowed"], why["steps"][1]["ok"]) == (False, False)


async def test_what_was_taken_back_gets_no_new_link() -> None:
    standing, api = await open_api()
    grant, token = await standing.grant("all")
    assert (await api.send("DELETE", f"/api/grants/{grant.id}")).status == 204
    assert (await api.send("POST", f"/api/grants/{grant.id}/renew-link")).status == 403
    other = await caller(standing, "other")
    assert (await other.send("POST", f"/api/grants/{grant.id}/renew-link")).status == 404
    assert await read(standing, token) == 403


# --- the studio --------------------------------------------------------------------------------


def copy_of(at: Scene) -> Visitor:
    """Return another browser with the same session."""
    copy = Visitor(at.standing)
    copy.plant(at.visitor.cookie.partition("paidgate_studio=")[2].partition(";")[0])
    assert copy.get("/studio/rights").status == 200
    return copy


def test_signing_out_of_the_studio_ends_every_copy_of_the_session() -> None:
    at = scene()
    copy, other = copy_of(at), Visitor(at.standing)
    other.sign_in(at.key)
    at.visitor.press("/studio", "/studio/signout")
    assert copy.get("/studio/rights").status == 303
    assert other.get("/studio/rights").status == 200


def test_ending_a_key_ends_the_sessions_that_were_begun_with_it() -> None:
    at = scene()
    (key,) = anyio.run(at.standing.services.api_keys.keys, "demo")
    assert anyio.run(at.standing.services.api_keys.end, "demo", key.id)
    assert at.visitor.get("/studio/rights").status == 303
    assert Visitor(at.standing).sign_in(at.key).status == 401


def test_a_key_that_may_not_give_or_publish_may_not_in_the_studio_either() -> None:
    at = scene()
    at.publish("d", "A title\n\nFree.\n\n##paidbegin##Paid.##paidend##\n")
    api = Caller(at.standing.app, at.key)
    _, told = anyio.run(lambda: make(api, may=["read"]))
    reader = Visitor(at.standing)
    assert reader.sign_in(told["key"]).status == 303
    form = reader.get("/studio/rights").field("csrf_token")
    wish = {"csrf_token": form, "once": "1", "scope": "all", "term": "30d", "devices": "3"}
    refused = reader.submit("/studio/rights", wish)
    assert refused.status == 403
    assert "Your key does not allow this" in refused.text
    assert reader.submit("/studio/codes", wish | {"count": "1", "uses": "1"}).status == 403
    assert reader.submit("/studio/documents/d/delete", {"csrf_token": form}).status == 403
    assert reader.hand_in("/studio/new", {"csrf_token": form, "action": "publish"}).status == 403
    assert reader.press("/studio/rights", "/studio/signout").status == 303


def test_the_page_of_devices_makes_a_new_link_and_shows_it_once() -> None:
    at = scene()
    at.publish("d", "A title\n\nFree.\n\n##paidbegin##Paid.##paidend##\n")
    grant, token = anyio.run(at.standing.grant, "all")
    page = at.visitor.get(f"/studio/grants/{grant.id}")
    fields = {name: page.field(name) for name in ("csrf_token", "once")}
    made = at.visitor.submit(f"/studio/grants/{grant.id}/renew", fields)
    again = at.visitor.submit(f"/studio/grants/{grant.id}/renew", fields)
    links = [each.text.partition('value="http')[2].partition('"')[0] for each in (made, again)]
    assert links[0]
    assert links[0] == links[1]
    assert token not in made.text
    assert anyio.run(read, at.standing, token) == 401
    assert anyio.run(read, at.standing, links[0].partition("token=")[2]) == 200
