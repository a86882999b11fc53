"""Grants over HTTP: an order sent twice is one grant, and a device can be sent away."""

from __future__ import annotations

import json
import re

import pytest

from gateway.core.rights import DEEPEST
from tests.support.services import NOW, Standing
from tests.web.caller import Browser, caller, open_api

pytestmark = pytest.mark.anyio

DAY = 86_400


def hush(standing: Standing) -> None:
    """Let no worker confirm anything from now on."""

    async def silent(keys: object) -> bool:
        return False

    for services in standing.houses:
        services.coherence.announce = silent  # type: ignore[method-assign]


async def test_an_order_sent_twice_is_one_grant() -> None:
    standing, api = await open_api()
    wish = {"scope": "all", "source_ref": "order-7", "term": "30d"}
    first = await api.ask("POST", "/api/grants", wish)
    standing.clock.at += 5
    again = await api.ask("POST", "/api/grants", wish)
    assert (again["id"], again["expires"]) == (first["id"], first["expires"])
    other = await api.ask("POST", "/api/grants", wish | {"scope": "document:d"})
    assert other["id"] != first["id"]
    assert len((await api.ask("GET", "/api/grants"))["grants"]) == 2


async def test_an_order_of_another_publisher_is_another_grant() -> None:
    standing, api = await open_api()
    other = await caller(standing, "other")
    wish = {"scope": "all", "source_ref": "order-7"}
    ours, theirs = [await each.ask("POST", "/api/grants", wish) for each in (api, other)]
    assert ours["id"] != theirs["id"]


async def test_a_key_and_an_order_together_are_one_grant() -> None:
    _, api = await open_api()
    wish = {"scope": "all", "source_ref": "order-7"}
    made = [
        await api.ask("POST", "/api/grants", wish, idempotency_key=key) for key in ("a", "a", "b")
    ]
    assert len({each["id"] for each in made}) == 1


async def test_a_new_grant_says_whether_every_worker_knows_of_it() -> None:
    standing, api = await open_api()
    assert (await api.ask("POST", "/api/grants", {"scope": "all"}))["confirmed"] is True
    hush(standing)
    answer = await api.send("POST", "/api/grants", b'{"scope": "all"}')
    assert (answer.status, answer.json["confirmed"]) == (201, False)


@pytest.mark.parametrize("starts", [NOW + DAY, "2027-01-16T08:00:00Z", "2027-01-16T16:00:00+08:00"])
async def test_a_grant_that_starts_later_opens_nothing_before(starts: object) -> None:
    standing, api = await open_api()
    wish = {"scope": "all", "starts": starts, "term": "1d"}
    made = await api.ask("POST", "/api/grants", wish)
    assert (made["starts"], made["expires"]) == ("2027-01-16T08:00:00Z", "2027-01-17T08:00:00Z")
    reader = Browser(standing.app)
    assert (await reader.unlock(made["token"])).status == 303
    seen = []
    for at in (NOW + DAY - 1, NOW + DAY, NOW + 2 * DAY - 1, NOW + 2 * DAY):
        standing.clock.at = at
        seen.append((await reader.get("/read/demo/d")).status)
    assert seen == [402, 200, 200, 402]


@pytest.mark.parametrize(
    "wish",
    [
        {"starts": "2027-01-16"},
        {"starts": "2027-01-16T08:00:00"},
        {"starts": -1},
        {"starts": NOW - 10 * DAY, "term": "1d"},
        {"starts": NOW + 4_000 * DAY},
        {"source_ref": "two\nlines"},
        {"devices": 0},
    ],
)
async def test_a_wish_that_makes_no_sense_makes_no_grant(wish: dict[str, object]) -> None:
    _, api = await open_api()
    told = json.dumps({"scope": "all"} | wish).encode()
    assert (await api.send("POST", "/api/grants", told)).status == 400
    assert (await api.ask("GET", "/api/grants"))["grants"] == []


async def test_a_child_goes_with_its_parent_whether_grant_or_code() -> None:
    _, api = await open_api()
    (code,) = await api.make_codes()
    parent = await api.ask("POST", "/api/grants", {"scope": "all"})
    for name, place in ((code["id"], "codes"), (parent["id"], "grants")):
        child = await api.ask("POST", "/api/grants", {"scope": "all", "parent": name})
        assert child["parent"] == name
        await api.send("DELETE", f"/api/{place}/{name}")
        assert (await api.ask("GET", f"/api/grants/{child['id']}"))["revoked"]
        answer = await api.send(
            "POST", "/api/grants", json.dumps({"scope": "all", "parent": name}).encode()
        )
        assert answer.status == 403


async def test_rights_come_one_from_another_only_so_deep() -> None:
    _, api = await open_api()
    (code,) = await api.make_codes()
    parent = code["id"]
    for _ in range(DEEPEST - 1):
        parent = (await api.ask("POST", "/api/grants", {"scope": "all", "parent": parent}))["id"]
    body = json.dumps({"scope": "all", "parent": parent}).encode()
    refused = await api.send("POST", "/api/grants", body)
    assert refused.status == 400
    told = refused.json
    assert told["where"] == "parent"
    assert str(DEEPEST) in told["detail"]
    assert told["hint"]
    await api.send("DELETE", f"/api/codes/{code['id']}")
    assert (await api.ask("GET", f"/api/grants/{parent}"))["revoked"]


async def test_nothing_comes_from_what_is_another_publishers() -> None:
    standing, api = await open_api()
    other = await caller(standing, "other")
    grant = await api.ask("POST", "/api/grants", {"scope": "all"})
    (code,) = await api.make_codes()
    bodies = set()
    for parent in (grant["id"], code["id"], "0" * 32):
        body = json.dumps({"scope": "all", "parent": parent}).encode()
        answer = await other.send("POST", "/api/grants", body)
        assert answer.status == 404
        bodies.add(answer.body)
    assert len(bodies) == 1


# --- devices -----------------------------------------------------------------------------------


async def test_a_device_that_is_sent_away_reads_no_more_and_makes_room() -> None:
    standing, api = await open_api()
    grant, token = await standing.grant("all", devices=1)
    one, other = Browser(standing.app), Browser(standing.app)
    assert (await one.unlock(token)).status == 303
    assert (await other.unlock(token)).status == 409
    (device,) = (await api.ask("GET", f"/api/grants/{grant.id}/devices"))["devices"]
    assert device["redeemed"] == "2027-01-15T08:00:00Z"
    place = f"/api/grants/{grant.id}/devices/{device['id']}"
    assert (await api.send("DELETE", place)).status == 204
    assert (await one.get("/read/demo/d")).status == 402
    assert (await other.unlock(token)).status == 303
    assert (await other.get("/read/demo/d")).status == 200
    assert (await api.send("DELETE", place)).status == 404


async def test_a_device_is_told_under_a_name_of_the_grant_and_never_as_the_reader() -> None:
    standing, api = await open_api()
    reader, names = Browser(standing.app), set()
    for _ in range(2):
        grant, token = await standing.grant("all")
        await reader.unlock(token)
        (told,) = (await api.ask("GET", f"/api/grants/{grant.id}/devices"))["devices"]
        (device,) = await standing.ledger.devices(grant.id, 9)
        assert re.fullmatch("[0-9a-f]{16}", told["id"])
        assert told["id"] not in device.reader
        names.add(told["id"])
    assert len(names) == 2


async def test_the_devices_of_another_publishers_grant_do_not_exist() -> None:
    standing, api = await open_api()
    grant, token = await standing.grant("all")
    reader = Browser(standing.app)
    await reader.unlock(token)
    (device,) = (await api.ask("GET", f"/api/grants/{grant.id}/devices"))["devices"]
    other = await caller(standing, "other")
    assert (await other.send("GET", f"/api/grants/{grant.id}/devices")).status == 404
    place = f"/api/grants/{grant.id}/devices/{device['id']}"
    assert (await other.send("DELETE", place)).status == 404
    assert (await reader.get("/read/demo/d")).status == 200


async def test_a_rollback_that_is_asked_for_again_does_not_undo_what_came_since() -> None:
    standing, api = await open_api()
    first = await api.ask("GET", "/api/documents/d")
    await standing.publish("d", "A second title\n\nFree.\n")
    place = f"/api/documents/d/editions/{first['edition']}/publish"
    done = await api.ask("POST", place, idempotency_key="k")
    assert done["edition"] == first["edition"]
    third = (await standing.publish("d", "A third title\n\nFree.\n")).edition
    answer = await api.send("POST", place, idempotency_key="k")
    assert (answer.status, answer.json) == (200, done)
    assert answer.header("etag") == first["etag"]
    assert (await api.ask("GET", "/api/documents/d"))["edition"] == third.id


# --- what was told to every worker -------------------------------------------------------------


async def test_whoever_makes_an_edition_current_learns_whether_every_worker_knows_of_it() -> None:
    standing, api = await open_api()
    first = await api.ask("GET", "/api/documents/d")
    back = f"/api/documents/d/editions/{first['edition']}/publish"
    assert "confirmed" not in first
    for confirmed in (True, False):
        if not confirmed:
            hush(standing)
        for method, place, body in (
            (
                "PUT",
                "/api/documents/d?free=true",
                b"Title\n\nNewer." if confirmed else b"Title\n\nNewest.",
            ),
            ("PUT", "/api/documents/e?free=true", b"Title\n\nFree."),
            ("POST", back, b""),
            ("POST", back, b""),
        ):
            answer = await api.send(method, place, body, content_type="text/plain")
            assert answer.status in (200, 201)
            assert answer.json["confirmed"] is confirmed, place


async def test_a_rollback_that_was_not_confirmed_is_so_when_it_is_asked_for_again() -> None:
    standing, api = await open_api()
    first = await api.ask("GET", "/api/documents/d")
    await standing.publish("d", "A second title\n\nFree.\n")
    place = f"/api/documents/d/editions/{first['edition']}/publish"
    hush(standing)
    told = await api.ask("POST", place, idempotency_key="k")
    for services in standing.houses:
        del services.coherence.announce  # its own again
    again = await api.ask("POST", place, idempotency_key="k")
    assert (told["confirmed"], again) == (False, told | {"confirmed": True})


async def test_new_codes_come_with_whether_every_worker_knows_of_all_that_is_on_record() -> None:
    standing, api = await open_api()
    wish = {"scope": "all", "count": 1}
    assert (await api.ask("POST", "/api/codes", wish))["confirmed"] is True
    hush(standing)
    await standing.grant("all")
    assert (await api.ask("POST", "/api/codes", wish))["confirmed"] is False
