"""A refusal says why: no right, one that ended, one that was taken back; and never 402 for free."""

from __future__ import annotations

import json

import pytest

from tests.properties.register import text_of
from tests.support.services import gateway
from tests.web.caller import Browser, open_api

pytestmark = pytest.mark.anyio

DAY = 86_400
CHINESE = "---\nlanguage: zh-CN\n---\n标题\n\n免费。\n\n##paidbegin##付费。##paidend##\n"


@pytest.mark.parametrize("is_warm", [False, True])
async def test_a_right_that_ended_is_told_from_none(*, is_warm: bool) -> None:
    standing, _ = await open_api()
    _, token = await standing.grant("document:d", term="1d")
    browser = Browser(standing.app)
    await browser.unlock(token)
    assert (await browser.get("/read/demo/d")).status == 200
    standing.clock.at += DAY
    for _ in range(2 if is_warm else 1):
        page = await browser.get("/read/demo/d")
    assert page.status == 402
    assert "Your access ended on 16 January 2027." in text_of(page)
    assert "Paid." not in text_of(page)
    assert json.loads((await browser.get("/read/demo/d.json")).body)["ended"].startswith(
        "2027-01-16"
    )
    stranger = await Browser(standing.app).get("/read/demo/d")
    assert "This browser has no access" in text_of(stranger)


async def test_of_several_rights_that_ended_the_last_is_told() -> None:
    standing, _ = await open_api()
    browser = Browser(standing.app)
    for term in ("3d", "1d"):
        await browser.unlock((await standing.grant("all", term=term))[1])
    standing.clock.at += 9 * DAY
    assert "ended on 18 January 2027" in text_of(await browser.get("/read/demo/d"))


async def test_a_right_that_was_taken_back_leaves_the_preview_and_says_so() -> None:
    standing = gateway(1)
    await standing.publish("d", CHINESE)
    grant, token = await standing.grant("document:d")
    browser = Browser(standing.app)
    await browser.unlock(token)
    assert await standing.services.granting.revoke("demo", grant.id)
    page = await browser.get("/read/demo/d")
    assert page.status == 403
    for told in ("阅读权限已被收回", "免费。", 'id="unlock"'):
        assert told in text_of(page)
    assert "付费。" not in text_of(page)
    for suffix in (".md", ".txt", ".json"):
        answer = await browser.get(f"/read/demo/d{suffix}")
        assert (answer.status, "免费" in text_of(answer)) == (403, False)


@pytest.mark.parametrize("suffix", ["", ".md", ".txt", ".json"])
async def test_a_document_without_a_paid_section_is_never_unpaid(suffix: str) -> None:
    standing = gateway(1)
    await standing.publish("free", "A title\n\nAll of it.\n")
    grant, token = await standing.grant("document:free", term="1d")
    reader, stranger = Browser(standing.app), Browser(standing.app)
    await reader.unlock(token)
    for _ in range(2):  # the second time, from memory
        answer = await stranger.get(f"/read/demo/free{suffix}")
        assert (answer.status, answer.header("location")) == (303, f"/documents/demo/free{suffix}")
        assert (await reader.get(f"/read/demo/free{suffix}")).status == 200
    assert await standing.services.granting.revoke("demo", grant.id)
    assert (await reader.get(f"/read/demo/free{suffix}")).status == 303
