"""Readers with a code or a link, in a real browser, with and without scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.http.served import PAID, Served, serving
from tests.support.servers import comes_true

OPEN = 'form[action$="/unlock"] button'
FIELD = 'input[name="code"]'
TIMEOUT = 30_000  # milliseconds

# Each page with a form that redeems, and how one comes to it.
PAGES: dict[str, Callable[[Page], object]] = {
    "unlock": lambda page: page.goto("/unlock"),
    "preview": lambda page: page.goto("/documents/demo/report"),
    "refused": lambda page: page.goto("/read/demo/report"),
    "library": lambda page: page.goto("/library"),
    "error": lambda page: mistype(page),
}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve a gateway with one document."""
    with serving(tmp_path_factory.mktemp("gateway"), redis="none") as (served,):
        yield served


@pytest.fixture(params=["script", "no script"])
def device(
    request: pytest.FixtureRequest, gateway: Served, browser: Browser
) -> Iterator[Callable[[], BrowserContext]]:
    """Give one phone after the other: with scripts in English, without in Chinese."""
    opened: list[BrowserContext] = []
    is_scripted = request.param == "script"

    def fresh() -> BrowserContext:
        context = browser.new_context(
            base_url=f"http://127.0.0.1:{gateway.port}",
            java_script_enabled=is_scripted,
            locale="en" if is_scripted else "zh-CN",
            viewport={"width": 390, "height": 844},
        )
        opened.append(context)
        return context

    yield fresh
    for context in opened:
        context.close()


def make_code(gateway: Served, **wish: object) -> str:
    """Make a code, and return its word."""
    told = {"scope": "document:report", "count": 1} | wish
    word: str = gateway.order("POST", "/api/codes", told).json["codes"][0]["code"]
    return word


def places(gateway: Served) -> int:
    """Return in how many devices the newest rights are open, all together."""
    grants = gateway.order("GET", "/api/grants").json["grants"]
    paths = [f"/api/grants/{grant['id']}/devices" for grant in grants]
    return sum(len(gateway.order("GET", path).json["devices"]) for path in paths)


def fill(page: Page, word: str) -> None:
    """Type a word into the form."""
    if not page.locator(FIELD).is_visible():
        page.locator(".paywall summary:has(+ form)").click()
    page.locator(FIELD).focus()
    # Nobody types as fast as a picture of no bytes comes.
    assert comes_true(lambda: "paidgate_once" in {c["name"] for c in page.context.cookies()})
    page.locator(FIELD).fill(word)


def send(page: Page, word: str) -> None:
    """Type a word and press the button."""
    fill(page, word)
    page.locator(OPEN).click()


def mistype(page: Page) -> None:
    """Come to the page that tells of a wrong code."""
    page.goto("/unlock")
    send(page, "ABCD-EFGH-JKMN-PQRS")
    expect(page.locator("#told")).to_be_visible()


def expect_text(page: Page) -> None:
    """Expect the whole document."""
    expect(page.locator("article")).to_contain_text(PAID.decode(), timeout=TIMEOUT)


@pytest.mark.parametrize("name", PAGES)
def test_a_double_click_takes_one_place_from_every_page(
    device: Callable[[], BrowserContext], gateway: Served, name: str
) -> None:
    before, word = places(gateway), make_code(gateway, uses=2)
    page = device().new_page()
    PAGES[name](page)
    fill(page, word)
    page.locator(OPEN).dblclick(no_wait_after=True)
    expect_text(page)
    assert places(gateway) == before + 1
    listed = gateway.order("GET", "/api/codes").json["codes"]
    (code,) = [each for each in listed if each["used"] < each["uses"] and not each["revoked"]]
    assert code["used"] == 1
    assert gateway.order("DELETE", f"/api/codes/{code['id']}").status == 204


def test_a_double_click_on_a_link_takes_one_place(
    device: Callable[[], BrowserContext], gateway: Served
) -> None:
    before, (_, token) = places(gateway), gateway.grant()
    page = device().new_page()
    page.goto(f"/unlock?token={quote(token)}")
    page.locator(OPEN).dblclick(no_wait_after=True)
    expect_text(page)
    assert places(gateway) == before + 1


@pytest.mark.parametrize("name", PAGES)
def test_a_code_whose_answer_was_lost_is_sent_again_and_opens(
    device: Callable[[], BrowserContext], gateway: Served, name: str
) -> None:
    before, word = places(gateway), make_code(gateway, devices=1)
    context = device()
    page = context.new_page()
    PAGES[name](page)
    lost: list[int] = []

    def lose(route: Route) -> None:
        jar = "; ".join(f"{each['name']}={each['value']}" for each in context.cookies())
        headers = {k: v for k, v in route.request.headers.items() if k != "content-length"}
        headers["sec-fetch-site"] = "same-origin"  # which the browser adds later than this
        body = (route.request.post_data or "").encode()
        lost.append(gateway.ask("POST", "/unlock", body, headers | {"cookie": jar}).status)
        route.abort("connectionreset")

    fill(page, word)
    page.route("**/unlock", lose, times=1)
    page.locator(OPEN).click(no_wait_after=True)
    assert comes_true(lambda: bool(context.cookies() and lost))  # to ask lets the browser go on
    assert lost == [303]
    again = context.new_page()
    PAGES["preview"](again)
    send(again, word)
    expect_text(again)
    assert places(gateway) == before + 1


def test_whoever_signs_out_comes_in_again_with_the_same_code(
    device: Callable[[], BrowserContext], gateway: Served
) -> None:
    before, word = places(gateway), make_code(gateway, devices=1)
    page = device().new_page()
    for _ in range(2):
        page.goto("/documents/demo/report")
        send(page, word)
        expect_text(page)
        assert places(gateway) == before + 1
        page.goto("/library")
        page.locator('form[action="/signout"] button').click()
        page.wait_for_url("**/")
        assert places(gateway) == before
        page.goto("/read/demo/report")
        expect(page.locator("main")).not_to_contain_text(PAID.decode())


def test_a_second_device_opens_and_a_fourth_is_told_what_to_do(
    device: Callable[[], BrowserContext], gateway: Served
) -> None:
    word = make_code(gateway)
    pages = [device().new_page() for _ in range(4)]
    for page in pages:
        page.goto("/documents/demo/report")
        send(page, word)
        if page is not pages[3]:
            expect_text(page)
    told = pages[3].locator("#told")
    expect(told).not_to_be_empty()  # the page is there
    is_english = pages[3].evaluate("document.documentElement.lang") == "en"
    words = ("Press “Forget this browser”", "点“退出并清除此浏览器的权限”")[not is_english]
    expect(told).to_contain_text(words)
    assert pages[3].evaluate("document.documentElement.scrollWidth") <= 390
    pages[1].goto("/library")
    pages[1].locator('form[action="/signout"] button').click()
    pages[1].wait_for_url("**/")
    send(pages[3], word)
    expect_text(pages[3])


def test_an_unlock_page_in_history_asks_again_after_signing_out(
    device: Callable[[], BrowserContext], gateway: Served
) -> None:
    _, token = gateway.grant()
    page = device().new_page()
    page.goto(f"/unlock?token={quote(token)}")
    page.locator(OPEN).click()
    expect_text(page)
    page.goto("/library")
    page.locator('form[action="/signout"] button').click()
    page.wait_for_url("**/")
    is_scripted = page.evaluate("navigator.language") == "en"
    for _ in range(3):
        page.go_back()
        expect(page.locator("main")).not_to_contain_text(PAID.decode())
    assert "/unlock" in page.url
    # Without a script the address still holds the link; the page does nothing by itself.
    assert ("token" in page.url) is not is_scripted
    if is_scripted:
        expect(page.locator(FIELD)).to_be_visible()


def test_a_library_moves_to_a_third_device_and_the_others_keep_what_is_theirs(
    device: Callable[[], BrowserContext], gateway: Served
) -> None:
    _, token = gateway.grant()
    pages = [device().new_page() for _ in range(3)]
    for page in pages[:2]:
        page.goto(f"/unlock?token={quote(token)}")
        page.locator(OPEN).click()
        expect_text(page)
    pages[0].goto("/library")
    pages[0].locator('form[action="/library/move"] button').click()
    link = pages[0].locator(".keep").inner_text()
    expect(pages[0].locator(".qr svg")).to_be_visible()
    assert pages[0].evaluate("document.documentElement.scrollWidth") <= 390
    pages[2].goto(link)
    pages[2].locator(OPEN).click()
    pages[2].wait_for_url("**/library")
    for page, reads in zip(pages, (False, True, True), strict=True):
        page.goto("/read/demo/report")
        assert (PAID.decode() in page.locator("main").inner_text()) == reads


def test_a_reader_lands_where_the_preview_broke_off(
    device: Callable[[], BrowserContext], gateway: Served
) -> None:
    _, token = gateway.grant()
    page = device().new_page()
    page.goto(f"/unlock?token={quote(token)}")
    page.locator(OPEN).click()
    page.wait_for_url("**/read/demo/report#go-on")
    box = page.locator("#go-on").locator("xpath=..").bounding_box()
    assert box
    assert 0 <= box["y"] < 844
