"""A library moves to another device: once, whole, and out of the browser that it leaves."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

import pytest
from anyio import create_task_group

from tests.properties.register import text_of
from tests.support.answers import Answer
from tests.support.asgi import exchange
from tests.support.services import Standing
from tests.web.caller import FORM, Browser, open_api

pytestmark = pytest.mark.anyio

HERE = "/read/demo/d"


async def link_of(browser: Browser) -> str:
    """Press the button that makes a link to another device, and return the link."""
    page = await exchange(browser.app, "POST", "/library/move", [("cookie", browser.cookie), FORM])
    found = re.search(r'<p class="keep">([^<]*)</p>', text_of(page))
    assert found, page.status
    assert "<svg" in text_of(page)
    return html.unescape(found[1])


async def status(browser: Browser) -> int:
    """Return what a browser gets for the document."""
    return (await browser.get(HERE)).status


async def reader_with_link() -> tuple[Standing, Browser, str]:
    """Return a browser that has redeemed, and a link that moves its library."""
    standing, _ = await open_api()
    browser = Browser(standing.app)
    await browser.unlock((await standing.grant("all", devices=1))[1])
    return standing, browser, await link_of(browser)


async def test_a_library_moves_and_the_browser_that_it_leaves_forgets_it() -> None:
    standing, old, link = await reader_with_link()
    new = Browser(standing.app)
    page = await new.get(f"/unlock?{link.partition('?')[2]}")
    assert "Take your library to this browser" in text_of(page)
    answer = await new.unlock(link)
    assert (answer.status, answer.header("location")) == (303, "/library")
    assert (await status(old), await status(new)) == (402, 200)
    grants = await standing.services.granting.grants("demo", limit=9)
    assert [len(await standing.services.granting.devices("demo", g.id)) for g in grants] == [1]


async def test_a_link_to_another_device_is_never_used_twice() -> None:
    standing, old, link = await reader_with_link()
    other = await link_of(old)
    first, second = Browser(standing.app), Browser(standing.app)
    assert (await first.unlock(link)).status == 303
    for again in (link, other):
        answer = await second.unlock(again)
        assert answer.status == 409
        assert "This link was used, or is too old" in text_of(answer)
    assert (await status(first), await status(second)) == (200, 402)


async def test_the_same_form_again_because_its_answer_was_lost_moves_to_the_same_browser() -> None:
    standing, _, link = await reader_with_link()
    new, thief = Browser(standing.app), Browser(standing.app)
    once = await new.once()
    assert (await new.unlock(link, once)).status == 303
    new.cookie = ""  # the answer was lost
    assert (await thief.unlock(link, await thief.once())).status == 409
    assert (await new.unlock(link, once)).status == 303
    assert (await status(new), await status(thief)) == (200, 402)


async def at_once(standing: Standing, links: Sequence[str], once: str) -> list[tuple[int, Browser]]:
    """Send links at once, as from one page; return each status, and who has its answer."""
    outcomes: list[tuple[int, Browser]] = []

    async def send(link: str) -> None:
        browser = Browser(standing.app)
        outcomes.append(((await browser.unlock(link, once)).status, browser))

    async with create_task_group() as tasks:
        for link in links:
            tasks.start_soon(send, link)
    return outcomes


async def test_two_links_of_one_library_with_one_form_move_it_once() -> None:
    standing, old, link = await reader_with_link()
    standing.clock.at += 1
    other = await link_of(old)
    assert other != link
    once = await Browser(standing.app).once()
    outcomes = await at_once(standing, [link, other], once)
    assert [status for status, _ in outcomes] == [303, 303]
    readers = [await standing.services.reading.reader(cookie_of(new)) for _, new in outcomes]
    assert readers[0] == readers[1] is not None
    (grant,) = await standing.services.granting.grants("demo", limit=9)
    assert len(await standing.services.granting.devices("demo", grant.id)) == 1
    assert await status(old) == 402
    for again in (link, other):
        assert (await Browser(standing.app).unlock(again)).status == 409


async def test_links_of_two_libraries_with_one_form_move_each_once_and_mix_nothing() -> None:
    standing, _ = await open_api()
    await standing.publish("e", "A title\n\nFree.\n\n##paidbegin##Paid.##paidend##\n")
    links: list[str] = []
    for slug in ("d", "e"):
        browser = Browser(standing.app)
        await browser.unlock((await standing.grant(f"document:{slug}", devices=1))[1])
        links.append(await link_of(browser))
    once = await Browser(standing.app).once()
    outcomes = await at_once(standing, links, once)
    assert [status for status, _ in outcomes] == [303, 303]
    opened = [
        [(await new.get(f"/read/demo/{slug}")).status for slug in ("d", "e")] for _, new in outcomes
    ]
    assert sorted(opened) == [[200, 402], [402, 200]]
    for link in links:
        assert (await Browser(standing.app).unlock(link)).status == 409
        assert (await Browser(standing.app).unlock(link, once)).status == 303


def cookie_of(browser: Browser) -> str:
    return browser.cookie.partition("=")[2]


async def test_a_link_to_another_device_is_good_for_ten_minutes() -> None:
    standing, old, link = await reader_with_link()
    standing.clock.at += 600
    assert (await Browser(standing.app).unlock(link)).status == 409
    assert await status(old) == 200


async def test_signing_out_ends_the_links_that_were_made_before() -> None:
    standing, old, link = await reader_with_link()
    await exchange(old.app, "POST", "/signout", [("cookie", old.cookie), FORM])
    new = Browser(standing.app)
    assert (await new.unlock(link)).status == 409
    assert await status(new) == 402


async def test_a_browser_with_rights_of_its_own_keeps_them_and_the_link_stays_good() -> None:
    standing, old, link = await reader_with_link()
    busy = Browser(standing.app)
    await busy.unlock((await standing.grant("document:d"))[1])
    answer = await busy.unlock(link)
    assert (answer.status, await status(busy), await status(old)) == (409, 200, 200)
    assert "library of its own" in text_of(answer)
    assert (await Browser(standing.app).unlock(link)).status == 303


async def test_the_browser_that_made_a_link_does_not_use_it_up() -> None:
    standing, old, link = await reader_with_link()
    assert (await old.unlock(link)).status == 303
    assert (await Browser(standing.app).unlock(link)).status == 303


@pytest.mark.parametrize("method", ["read", "redeem"])
async def test_a_link_to_another_device_opens_nothing_by_itself(method: str) -> None:
    standing, _, link = await reader_with_link()
    token = link.partition("token=")[2]
    answers: dict[str, Answer] = {
        "read": await exchange(standing.app, "GET", HERE, [("authorization", f"Bearer {token}")]),
        "redeem": await exchange(
            standing.app,
            "POST",
            "/redeem",
            [("content-type", "application/json")],
            f'{{"token": "{token}"}}'.encode(),
        ),
    }
    assert answers[method].status == 401


async def test_who_has_no_library_gets_no_link() -> None:
    standing, _ = await open_api()
    answer = await exchange(standing.app, "POST", "/library/move", [FORM])
    assert (answer.status, answer.header("location")) == (303, "/library")
