"""Pages hold in a real browser: under the policy, at any width, without scripts, by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from markupsafe import Markup
from playwright.sync_api import Browser, expect

from gateway.core.bundles import IDENTITY
from gateway.core.documents import PLACEHOLDER, Offer
from gateway.core.profiles import Profile
from gateway.ports.search_index import Hit, Hits
from gateway.rendering.body import with_regions
from gateway.rendering.listings import Listing
from gateway.rendering.qr_codes import qr_code
from gateway.usecases.redeeming import Opening
from gateway.web.search import Asked, facts
from tests.browser.pictures import ORIGIN, SAID, Shown, barriers, shown
from tests.browser.wild import FORMS, SOURCES, pages_of
from tests.rendering.test_pages import EDITION, ENTRY, GRANTS, LIBRARY, UNLOCK, listed
from tests.web.sheets import MOMENT, PAGES, PRESS, STATIC, full_text, projection

WIDE = with_regions(
    "<table><tr>" + "<td>一二三四五六七八</td>" * 12 + f"</tr></table><pre>{'x' * 400}</pre>",
    lambda name, number: f"{name} {number}",
)
LINK = f"https://gateway.test/unlock?token=pg1.k1.{'x' * 200}"
NAMES = (
    *("preview", "refused", "read", "catalogue", "author", "tag", "search", "library", "unlock"),
    *("code", "move", "error", "said", "list said"),
    *(f"{slug} {form}" for slug in SOURCES for form in FORMS),
)
LONG = "Unbreakable" * 18
OPEN_ALL = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
ASKED = Asked("付费墙 " + "w" * 90, "demo", "c" * 80, 2)
HITS = Hits(60, [Hit(ENTRY, "这里有付费墙。" * 40), Hit(ENTRY, "x" * 400)])


def _pages() -> dict[str, bytes]:
    public = PRESS.public(projection(f"甲{PLACEHOLDER}乙{PLACEHOLDER}", (0, 50_000)), "e1").forms
    full = PRESS.full(full_text(), "e1").forms
    preview = public["html"].bodies[IDENTITY]
    said = PRESS.said(SAID).public(projection(), "e1")
    assert said.entry
    return {
        "said": said.forms["html"].bodies[IDENTITY],
        "list said": PAGES.render(
            "catalogue.html", "en", **listed(Listing("", "demo", "", (said.entry,), profile=SAID))
        ),
        "preview": preview.replace("<p>甲</p>".encode(), f'<p class="cut">甲</p>{WIDE}'.encode()),
        "refused": public["html.refused"].bodies[IDENTITY],
        "read": full["html.zh-CN"].bodies[IDENTITY],
        "catalogue": PAGES.render(
            "catalogue.html",
            "zh-CN",
            **listed(Listing("", "demo", "letters", (ENTRY,), MOMENT, MOMENT)),
        ),
        "author": PAGES.render(
            "catalogue.html", "en", **listed(Listing("", "demo", entries=(ENTRY,), author=LONG))
        ),
        "tag": PAGES.render(
            "catalogue.html", "zh-CN", **listed(Listing("", "demo", entries=(ENTRY,), tag=LONG))
        ),
        "search": PAGES.render("search.html", "zh-CN", **facts(ASKED, HITS)),
        "library": PAGES.render("library.html", "zh-CN", **LIBRARY),
        "unlock": PAGES.render(
            "unlock.html", "en", **UNLOCK | {"token": "x", "opening": Opening(GRANTS[0], EDITION)}
        ),
        "code": PAGES.render("unlock.html", "zh-CN", **UNLOCK),
        "move": PAGES.render("move.html", "en", link=LINK, picture=Markup(qr_code(LINK))),
        "error": PAGES.render(
            "error.html",
            "en",
            kind="unavailable",
            status=503,
            once="",
            document="",
            is_desk=True,
        ),
    } | {f"{slug} {form}": page for slug in SOURCES for form, page in pages_of(slug).items()}


@pytest.fixture(scope="module")
def pages() -> dict[str, bytes]:
    """Make every page that readers see."""
    return _pages()


@pytest.fixture(scope="module", params=NAMES)
def seen(
    request: pytest.FixtureRequest, browser: Browser, pages: dict[str, bytes]
) -> Iterator[Shown]:
    """Show one page after the other on a phone."""
    with shown(browser, pages[request.param], STATIC) as page:
        yield page


def test_the_browser_finds_nothing_to_complain_of(seen: Shown) -> None:
    assert seen.complaints == []
    assert all(url.startswith((ORIGIN + "/", "data:")) for url in seen.asked)


def test_whatever_is_pressed_is_large_enough_for_a_thumb(seen: Shown) -> None:
    small = seen.page.evaluate(
        """() => [...document.querySelectorAll(
            "button, input:not(label input), .aa label, .masthead a, .imprint a, .paywall a,"
            + ".pager a, .gate-ways a")]
          .filter(e => e.offsetParent && e.getBoundingClientRect().height < 40)
          .map(e => e.outerHTML)"""
    )
    assert small == []


def test_no_page_scrolls_sideways(seen: Shown) -> None:
    seen.page.evaluate(OPEN_ALL)
    for size, width in product(("100%", "200%"), (256, 320, 390, 1280)):
        seen.page.evaluate(f"document.documentElement.style.fontSize = '{size}'")
        seen.page.set_viewport_size({"width": width, "height": 844})
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width


def test_nothing_keeps_anybody_out(seen: Shown) -> None:
    seen.page.evaluate(OPEN_ALL)
    for width, paper in ((320, "light"), (390, "sepia"), (1280, "dark")):
        seen.page.evaluate(f"document.documentElement.dataset.paper = '{paper}'")
        seen.page.evaluate("document.getAnimations().forEach((each) => each.finish())")
        seen.page.set_viewport_size({"width": width, "height": 844})
        assert barriers(seen.page) == []


@pytest.mark.parametrize(
    ("harm", "rule"),
    [
        ("document.documentElement.lang = ''", "html-has-lang"),
        ("document.querySelector('.sheet-meta').style.color = '#aaa'", "color-contrast"),
        (
            "document.querySelector('.wide').removeAttribute('tabindex')",
            "scrollable-region-focusable",
        ),
        ("document.querySelector('.chip').innerHTML = ''", "link-name"),
    ],
)
def test_what_would_keep_somebody_out_is_found(
    browser: Browser, pages: dict[str, bytes], harm: str, rule: str
) -> None:
    with shown(browser, pages["arabic preview"], STATIC) as seen:
        seen.page.evaluate(harm)
        assert rule in " ".join(barriers(seen.page))


def test_the_keyboard_comes_first_to_the_content(browser: Browser, pages: dict[str, bytes]) -> None:
    with shown(browser, pages["preview"], STATIC) as seen:
        seen.page.keyboard.press("Tab")
        seen.page.keyboard.press("Enter")
        assert seen.page.evaluate("document.activeElement.id") == "main"


def test_without_scripts_the_form_is_there_and_the_copy_button_is_not(
    browser: Browser, pages: dict[str, bytes]
) -> None:
    with shown(browser, pages["preview"], STATIC, scripts=False) as seen:
        assert not seen.page.locator("#unlock input[name=code]").is_visible()
        seen.page.locator(".paywall summary:has(+ form)").click()
        assert seen.page.locator("#unlock input[name=code]").is_visible()
        assert not seen.page.locator("[data-copy]").is_visible()


def test_a_link_to_the_field_for_a_code_opens_its_fold(
    browser: Browser, pages: dict[str, bytes]
) -> None:
    with shown(browser, pages["preview"], STATIC) as seen:
        seen.page.evaluate("location.hash = 'unlock-code'")
        expect(seen.page.locator("#unlock-code")).to_be_visible()


@pytest.mark.parametrize("width", [256, 320, 390])
@pytest.mark.parametrize(
    "price", ["From $4 per month, billed yearly, cancel anytime", "¥" + "9" * 49]
)
def test_a_price_of_any_length_wraps_at_twice_the_size(
    browser: Browser, width: int, price: str
) -> None:
    offers = (Offer("Everything for a year", price, "/buy", "A letter a week"), Offer("甲" * 100))
    made = PRESS.public(projection(offers=offers), "e1").forms["html"].bodies[IDENTITY]
    with shown(browser, made, STATIC, width) as seen:
        for size in ("100%", "200%"):
            seen.page.evaluate(f"document.documentElement.style.fontSize = '{size}'")
            assert seen.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("where", ["", "help@maren.example", "微信号 haidao-shuxin，周一至周五"])
def test_the_panel_with_three_offers_stands_on_one_screen_with_two_lines_of_text(
    browser: Browser, where: str, language: str
) -> None:
    offers = tuple(Offer("本篇全文", "¥6.00", "/buy", "一次付款") for _ in range(3))
    text = projection(offers=offers, outline=(), language=language)
    made = PRESS.said(Profile(help=where)).public(text, "e1").forms["html"].bodies[IDENTITY]
    with shown(browser, made, STATIC) as seen:
        box = seen.page.locator("#unlock").bounding_box()
        assert box
        assert box["height"] <= 460


def test_the_text_that_breaks_off_pales(browser: Browser, pages: dict[str, bytes]) -> None:
    with shown(browser, pages["preview"], STATIC) as seen:
        mask = seen.page.evaluate("getComputedStyle(document.querySelector('.cut')).maskImage")
        assert mask.startswith("linear-gradient")
