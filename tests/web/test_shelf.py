"""The unlock page says what a link opens; the library, what is open, until when and where."""

from __future__ import annotations

import pytest

from tests.properties.register import text_of
from tests.support.services import gateway
from tests.web.caller import Browser, open_api

pytestmark = pytest.mark.anyio

DAY = 86_400
SOURCE = "Free.\n\n##paidbegin##Paid.##paidend##\n"


async def test_an_unlock_page_says_what_it_opens_whose_it_is_and_until_when() -> None:
    standing, _ = await open_api()
    told = {
        "document:d": ("A title", "demo", "16 January 2027"),
        "all": ("Everything of this publisher", "demo", "16 January 2027"),
        "collection:news": ("The collection news", "demo", "16 January 2027"),
    }
    for scope, words in told.items():
        _, token = await standing.grant(scope, term="1d")
        page = text_of(await Browser(standing.app).get(f"/unlock?token={token}"))
        assert [word for word in words if word not in page] == []


async def test_an_unlock_page_says_nothing_of_what_a_link_opens_no_more() -> None:
    standing, _ = await open_api()
    grant, token = await standing.grant("document:d")
    await standing.services.granting.revoke("demo", grant.id)
    for word in (token, token[:-1] + "A", "nothing"):
        page = await Browser(standing.app).get(f"/unlock?token={word}")
        assert page.status == 200
        assert "A title" not in text_of(page)


async def test_a_library_is_by_collection_and_says_until_when_and_in_how_many_places() -> None:
    standing = gateway(1)
    for slug, collection in (("a", "news"), ("b", ""), ("c", "news"), ("d", "old")):
        front = (
            f"---\ntitle: T{slug}\ncollection: {collection}\n---\n"
            if collection
            else f"T{slug}\n\n"
        )
        await standing.publish(slug, front + SOURCE)
    browser = Browser(standing.app)
    for scope, term in (
        ("collection:news", "2d"),
        ("document:a", "9d"),
        ("document:b", ""),
        ("document:d", "1d"),
    ):
        await browser.unlock((await standing.grant(scope, term=term, devices=2))[1])
    standing.clock.at += DAY
    page = text_of(await browser.get("/library"))
    places = [page.index(f">T{slug}</a>") for slug in "bac"]
    assert places == sorted(places)
    assert ">Td</a>" not in page
    assert page.count('class="shelf"') == 2
    assert "until 24 January 2027" in page[places[1] : places[2]]  # the later of two ends
    assert "until 17 January 2027" in page[places[2] :]
    assert "ended on 16 January 2027" in page
    assert page.count("open in 1 of 2 browsers") == 4
