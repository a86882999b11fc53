"""Explanations: what they say is what happens, and nobody is told of what is another's."""

from __future__ import annotations

from itertools import product
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.services import NOW, Standing
from tests.web.caller import Browser, Caller, caller, open_api

pytestmark = pytest.mark.anyio

DAY = 86_400
SCOPES = ("all", "document:d", "document:e", "collection:c", "collection:x")


async def explained(api: Caller, document: str, **who: str) -> dict[str, Any]:
    """Ask why."""
    query = "&".join(f"{name}={quote(value)}" for name, value in who.items())
    found: dict[str, Any] = await api.ask("GET", f"/api/explain?document={document}&{query}")
    return found


async def open_shelf() -> tuple[Standing, Caller]:
    """Publish d, which is in no collection, and e, which is in the collection c."""
    standing, api = await open_api()
    await standing.publish(
        "e",
        "---\ncollection: c\n---\nTitle\n\nFree. ##paidbegin##Paid.##paidend##",
        form="markdown",
    )
    return standing, api


@pytest.mark.parametrize(
    ("scope", "state"), [*product(SCOPES, ("stands", "not-yet", "ended", "revoked"))]
)
async def test_an_explanation_says_what_happens(scope: str, state: str) -> None:
    standing, api = await open_shelf()
    starts = NOW + 5 * DAY if state == "not-yet" else 0
    grant, token = await standing.grant(scope, subject="ada", starts=starts, term="1d")
    reader = Browser(standing.app)
    await reader.unlock(token)
    if state == "ended":
        standing.clock.at += DAY
    if state == "revoked":
        await standing.services.granting.revoke("demo", grant.id)
    for document in ("d", "e"):
        bearer = await Caller(standing.app, token).send("GET", f"/read/demo/{document}")
        cookie = await reader.get(f"/read/demo/{document}")
        of_token = await explained(api, document, token=token)
        of_subject = await explained(api, document, subject="ada")
        assert of_token["allowed"] is (bearer.status == 200)
        assert of_subject["allowed"] is (cookie.status == 200)
        (told,) = [step for step in of_subject["steps"] if step["step"] == "grant"]
        assert told["standing"] == state
        assert told["ok"] is of_subject["allowed"]


async def test_the_steps_of_a_yes_lead_from_the_document_to_the_grant() -> None:
    standing, api = await open_shelf()
    grant, token = await standing.grant("collection:c")
    told = await explained(api, "e", token=token)
    assert [(step["step"], step["ok"]) for step in told["steps"]] == [
        ("document", True),
        ("token", True),
        ("grant", True),
        ("verdict", True),
    ]
    assert told["steps"][0]["collection"] == "c"
    assert told["steps"][3]["grant"] == grant.id


async def test_one_standing_grant_among_others_is_the_one_that_decides() -> None:
    standing, api = await open_shelf()
    for scope in ("document:e", "collection:c", "document:d"):
        grant, _ = await standing.grant(scope, subject="ada")
    told = await explained(api, "d", subject="ada")
    assert told["steps"][-1]["grant"] == grant.id
    assert [s["ok"] for s in told["steps"] if s["step"] == "grant"].count(True) == 1


async def test_a_token_that_is_none_is_explained_and_never_quoted() -> None:
    standing, api = await open_shelf()
    _, token = await standing.grant("all")
    for text in (token, token[:-2], "x" * 3_000, "pg1.k1.a.b"):
        answer = await api.send("GET", f"/api/explain?document=d&token={text}")
        assert answer.status == 200
        assert text.encode() not in answer.body
        assert token.rpartition(".")[2].encode() not in answer.body
        assert answer.json["allowed"] is (text == token)


async def test_what_is_another_publishers_is_what_does_not_exist() -> None:
    standing, _ = await open_shelf()
    other = await caller(standing, "other")
    await standing.publish("o", "Title\n\nFree.\n", publisher="other")
    grant, token = await standing.grant("all", subject="ada", term="1d")
    missing = await other.send("GET", "/api/explain?document=none&subject=ada")
    for target in (
        "d&subject=ada",
        "demo/d&subject=ada",
        f"d&token={token}",
    ):
        answer = await other.send("GET", f"/api/explain?document={target}")
        assert (answer.status, answer.body) == (404, missing.body)
    for at in (NOW, NOW + 2 * DAY):
        standing.clock.at = at
        answer = await other.send("GET", f"/api/explain?document=o&token={token}")
        assert answer.status == 404
        assert grant.id.encode() not in answer.body
    assert not (await explained(other, "o", subject="ada"))["allowed"]


@pytest.mark.parametrize("query", ["d", "d&subject=a&token=b", "d&subject="])
async def test_an_explanation_needs_to_know_for_whom(query: str) -> None:
    _, api = await open_api()
    assert (await api.send("GET", f"/api/explain?document={query}")).status == 400
