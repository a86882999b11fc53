"""What a browser remembers of reading: how a text looks, where one was, and the way past a wall."""

from __future__ import annotations

from functools import cache

from playwright.sync_api import Browser, Page, expect

from gateway.core.bundles import IDENTITY
from gateway.core.documents import Address
from gateway.formats.sources import SourceFormats
from gateway.usecases.composing import Task, compose
from gateway.usecases.submissions import Submission
from tests.browser.pictures import ORIGIN, shown
from tests.browser.wild import CODE, COLUMNS, TABLE
from tests.support.servers import comes_true
from tests.support.services import NOW
from tests.web.sheets import PRESS, STATIC

CHAPTER = "## Chapter {}\n\n" + "A sentence that goes on for a while. " * 40 + "\n\n"
CHAPTERS = "".join(CHAPTER.format(number) for number in range(12))
SOURCE = (
    f"# A long text\n\n{CHAPTERS}{TABLE}\n{CODE}\n"
    f"Here it ends##paidbegin## for some.\n\n{CHAPTERS}##paidend##\n"
)


@cache
def pages() -> dict[str, bytes]:
    """Make every page of the text, once."""
    submission = Submission(Address("demo", "long"), SOURCE.encode(), "markdown")
    sealed = compose(Task(submission, "e", NOW, None), SourceFormats(), PRESS).sealed
    forms = dict(sealed.public.forms) | {"read": sealed.full.forms["html.en"]}
    names = {"preview": "html", "refused": "html.refused", "read": "read"}
    return {name: forms[form].bodies[IDENTITY] for name, form in names.items()}


def show(page: Page, name: str) -> None:
    """Come to another page in the same browser."""
    page.route("**/", lambda route: route.fulfill(body=pages()[name], content_type="text/html"))
    page.goto("about:blank")
    page.goto("https://gateway.test/")


def test_whoever_has_read_it_comes_from_its_preview_to_all_of_it(browser: Browser) -> None:
    with shown(browser, pages()["preview"], STATIC) as seen:
        bar = seen.page.locator(".opened a")
        expect(bar).to_be_hidden()
        show(seen.page, "read")
        show(seen.page, "preview")
        expect(bar).to_be_visible()
        assert bar.get_attribute("href") == "/read/demo/long"
        show(seen.page, "refused")
        show(seen.page, "preview")
        expect(bar).to_be_hidden()
        assert seen.complaints == []


def test_a_reader_goes_on_where_it_was_only_when_asked(browser: Browser) -> None:
    with shown(browser, pages()["read"], STATIC) as seen:
        page = seen.page
        page.evaluate("document.querySelectorAll('.text h2')[6].scrollIntoView()")
        assert comes_true(lambda: "at:/" in page.evaluate("Object.keys(localStorage)"))
        show(page, "read")
        bar = page.locator(".resume button")
        expect(bar).to_contain_text("%")
        assert page.evaluate("scrollY") == 0
        bar.click()
        top = "document.querySelectorAll('.text h2')[6].getBoundingClientRect().top"
        assert comes_true(lambda: abs(page.evaluate(top)) < 90)


def test_how_the_text_looks_is_remembered(browser: Browser) -> None:
    with shown(browser, pages()["read"], STATIC) as seen:
        page = seen.page
        size = "parseFloat(getComputedStyle(document.querySelector('.text')).fontSize)"
        before = page.evaluate(size)
        page.locator(".aa summary").click()
        page.locator(".aa input[value=sepia]").check()
        page.locator(".aa input[value=large]").check()
        show(page, "preview")
        assert page.evaluate(size) > before
        paper = "getComputedStyle(document.body).backgroundColor"
        assert page.evaluate(paper) == "rgb(246, 239, 224)"
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_contents_stand_beside_a_long_text_on_a_desk_and_are_folded_on_a_phone(
    browser: Browser,
) -> None:
    for width, is_open in ((1280, True), (390, False)):
        with shown(browser, pages()["read"], STATIC, width) as seen:
            contents = seen.page.locator(".contents")
            assert (contents.get_attribute("open") is not None) == is_open
            assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
            start = seen.page.locator(".text").bounding_box()
            assert start
            assert start["y"] < 400


def test_wide_tables_and_code_scroll_by_keyboard(browser: Browser) -> None:
    with shown(browser, pages()["read"], STATIC) as seen:
        for name in ("Table 1", "Code 1"):
            region = seen.page.get_by_role("region", name=name)
            region.focus()
            seen.page.keyboard.press("ArrowRight")
            # Not the browser's own waiting, which evaluates words: no page of ours lets it.
            assert comes_true(lambda: region.evaluate("element => element.scrollLeft") > 0)  # noqa: B023


def test_print_keeps_every_column_and_names_its_source(browser: Browser) -> None:
    with shown(browser, pages()["read"], STATIC, 643) as seen:  # 17 cm, as A4 within its margins
        seen.page.emulate_media(media="print")
        ends = seen.page.evaluate(
            "[...document.querySelectorAll('th')].map((e) => e.getBoundingClientRect().right)"
        )
        assert len(ends) == len(COLUMNS)
        assert max(ends) <= 643
        table = "getComputedStyle(document.querySelector('.wide')).page"
        assert seen.page.evaluate(table) == "across"
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= 643
        expect(seen.page.locator(".sheet-source")).to_contain_text("demo · /documents/demo/long")
        expect(seen.page.locator(".aa")).to_be_hidden()


def test_what_is_near_a_text_comes_when_its_end_is_near(browser: Browser) -> None:
    with shown(browser, pages()["preview"], STATIC) as seen:
        near = f"{ORIGIN}/documents/demo/long/near.html"
        expect(seen.page.locator(".near h2 a")).to_have_attribute("href", "/documents/demo")
        assert near not in seen.asked
        seen.page.locator(".sheet-foot").scroll_into_view_if_needed()
        expect(seen.page.locator(".near h3")).to_have_text("The next")
        assert seen.asked.count(near) == 1
        assert seen.complaints == []
