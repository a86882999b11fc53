"""Pages hold in a real browser: under the policy, at any width, without scripts, by keyboard."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from gateway.core.bundles import IDENTITY
from gateway.core.documents import PLACEHOLDER
from gateway.ports.search_index import Hit, Hits
from gateway.web.search import Asked, facts
from tests.browser.pictures import ORIGIN, chromium, shown
from tests.rendering.test_pages import ENTRY
from tests.web.sheets import MOMENT, PAGES, PRESS, STATIC, full_text, projection

WIDE = "<table><tr>" + "<td>一二三四五六七八</td>" * 12 + f"</tr></table><pre>{'x' * 400}</pre>"
NAMES = ("preview", "refused", "read", "catalogue", "search", "library", "unlock", "code", "error")
ASKED = Asked("付费墙 " + "w" * 90, "demo", "c" * 80, 2)
HITS = Hits(60, [Hit(ENTRY, "这里有付费墙。" * 40), Hit(ENTRY, "x" * 400)])


def _pages() -> dict[str, bytes]:
    public = PRESS.public(projection(f"甲{PLACEHOLDER}乙{PLACEHOLDER}", (0, 50_000)), "e1").forms
    full = PRESS.full(full_text(), "e1").forms
    preview = public["html"].bodies[IDENTITY]
    return {
        "preview": preview.replace("<p>甲</p>".encode(), f'<p class="cut">甲</p>{WIDE}'.encode()),
        "refused": public["html.refused"].bodies[IDENTITY],
        "read": full["html.zh-CN"].bodies[IDENTITY],
        "catalogue": PAGES.render(
            "catalogue.html", "zh-CN", entries=(ENTRY,), following=MOMENT, is_first=False
        ),
        "search": PAGES.render("search.html", "zh-CN", **facts(ASKED, HITS)),
        "library": PAGES.render(
            "library.html",
            "zh-CN",
            editions=(ENTRY,),
            following="demo/a",
            is_first=False,
            once="1",
        ),
        "unlock": PAGES.render("unlock.html", "en", token="pg1.a.b", once="1"),
        "code": PAGES.render("unlock.html", "zh-CN", token="", once="1"),
        "error": PAGES.render(
            "error.html", "en", kind="unavailable", status=503, once="", document=""
        ),
    }


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start one browser for all."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def pages() -> dict[str, bytes]:
    """Make every page that readers see."""
    return _pages()


@pytest.mark.parametrize("name", NAMES)
def test_the_browser_finds_nothing_to_complain_of(
    browser: Browser, pages: dict[str, bytes], name: str
) -> None:
    with shown(browser, pages[name], STATIC) as seen:
        assert seen.complaints == []
        assert all(url.startswith((ORIGIN + "/", "data:")) for url in seen.asked)


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("name", NAMES)
def test_no_page_scrolls_sideways(
    browser: Browser, pages: dict[str, bytes], name: str, width: int
) -> None:
    with shown(browser, pages[name], STATIC, width) as seen:
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", NAMES)
def test_whatever_is_pressed_is_large_enough_for_a_thumb(
    browser: Browser, pages: dict[str, bytes], name: str
) -> None:
    with shown(browser, pages[name], STATIC) as seen:
        small = seen.page.evaluate(
            """() => [...document.querySelectorAll(
                "button, input, .masthead a, .imprint a, .paywall a, .pager a, .gate-ways a")]
              .filter(e => e.offsetParent && e.getBoundingClientRect().height < 40)
              .map(e => e.outerHTML)"""
        )
        assert small == []


def test_the_keyboard_comes_first_to_the_content(browser: Browser, pages: dict[str, bytes]) -> None:
    with shown(browser, pages["preview"], STATIC) as seen:
        seen.page.keyboard.press("Tab")
        seen.page.keyboard.press("Enter")
        assert seen.page.evaluate("document.activeElement.id") == "main"


def test_without_scripts_the_form_is_there_and_the_copy_button_is_not(
    browser: Browser, pages: dict[str, bytes]
) -> None:
    with shown(browser, pages["preview"], STATIC, scripts=False) as seen:
        assert seen.page.locator("#unlock input[name=code]").is_visible()
        assert not seen.page.locator("[data-copy]").is_visible()


def test_the_text_that_breaks_off_pales(browser: Browser, pages: dict[str, bytes]) -> None:
    with shown(browser, pages["preview"], STATIC) as seen:
        mask = seen.page.evaluate("getComputedStyle(document.querySelector('.cut')).maskImage")
        assert mask.startswith("linear-gradient")
