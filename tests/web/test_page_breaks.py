"""A text with page breaks has pages: the preview its own, the full text its own."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from gateway.app import build
from gateway.core.documents import Address
from gateway.formats.sanitising import sanitise
from gateway.rendering.paging import MAX_PAGES, paged
from gateway.stores.files.public_store import FilePublicStore
from tests.properties.register import text_of
from tests.support.answers import Answer
from tests.support.services import Standing, gateway
from tests.web.caller import Browser
from tests.web.sheets import one

pytestmark = pytest.mark.anyio

ORIGIN = "https://read.example"
BOOK = Address("demo", "book")
PATH = f"/documents/{BOOK}"
BREAK = '<hr class="pagebreak">'
SOURCE = """# The book

## One

First. [To three](#three)

##pagebreak##

## Two

Second##paidbegin## is paid.

##pagebreak##

## Hidden

More.

##pagebreak##

Still more.##paidend##

##pagebreak##

## Three

Last##paidbegin## words.##paidend##
"""


async def book(source: str = SOURCE) -> tuple[Standing, Browser]:
    """Publish a book; return a browser that may read all of it."""
    standing = gateway(1)
    await standing.publish("book", source, form="markdown")
    reader = Browser(standing.app)
    answer = await reader.unlock((await standing.grant("document:book"))[1])
    assert answer.header("location") == "/read/demo/book?page=2#go-on"
    return standing, reader


def tree(answer: Answer) -> LexborHTMLParser:
    """Read a page as a browser does."""
    assert answer.status == 200
    return LexborHTMLParser(text_of(answer))


@pytest.mark.parametrize(("place", "count"), [("documents", 3), ("read", 5)])
async def test_each_part_is_a_page_under_one_title(place: str, count: int) -> None:
    _, reader = await book()
    seen = []
    for number in range(1, count + 1):
        query = f"?page={number}" if number > 1 else ""
        for _ in range(2):  # the second time, from memory
            page = tree(await reader.get(f"/{place}/demo/book{query}"))
            links = {node.attributes["rel"]: node.attributes["href"] for node in page.css("a[rel]")}
            before = f"/{place}/demo/book" + (f"?page={number - 1}" if number > 2 else "")
            assert links.get("prev") == (before if number > 1 else None)
            after = f"/{place}/demo/book?page={number + 1}"
            assert links.get("next") == (after if number < count else None)
            assert [node.text() for node in page.css("h1")] == ["The book"]
            assert bool(page.css("link[rel=next]")) == (number < count)
        seen.append(one(page, ".text").text())
    assert "First." in seen[0]
    assert "Second" in seen[1]
    assert ["Last" in text for text in seen] == [False] * (count - 1) + [True]


@pytest.mark.parametrize("is_file", [False, True])
async def test_each_page_is_canonical_and_names_those_beside_it(
    is_file: bool, tmp_path: Path
) -> None:
    standing = gateway(1, base_url=ORIGIN)
    await standing.publish("book", SOURCE, form="markdown")
    app, made = standing.app, await standing.store.get(BOOK)
    if is_file and made:
        store = FilePublicStore(tmp_path)
        await store.put(BOOK, made)
        app = build(replace(standing.services, store=store))
    places = [f"{ORIGIN}{PATH}{query}" for query in ("", "?page=2", "?page=3")]
    for number, place in enumerate(places):
        for _ in range(2):  # the second time, from memory
            answer = await Browser(app).get(place.removeprefix(ORIGIN))
            assert answer.header("link") == f'<{place}>; rel="canonical"'
            assert answer.header("content-language") == "en"
            links = {n.attributes["rel"]: n.attributes["href"] for n in tree(answer).css("link")}
            assert links["canonical"] == place
            assert links.get("prev") == (places[number - 1] if number else None)
            assert links.get("next") == (places[number + 1] if number < 2 else None)
    text = await Browser(app).get(f"{PATH}.md?page=2")
    assert text.header("link") == f'<{ORIGIN}{PATH}>; rel="canonical"'


@pytest.mark.parametrize(
    ("paid", "page", "place"),
    [
        ("##paidbegin##\n\n##pagebreak##\n\n## Here\n\nIt goes on.", 3, "Here"),
        (" on##paidbegin##\n\n##pagebreak##\n##pagebreak##\n\nHere it goes on.", 3, "Here it"),
        ("##paidbegin## here\n\n##pagebreak##\n\nAnd on.", 2, "Free text here"),
    ],
)
async def test_unlocking_leads_to_the_page_where_the_paid_text_begins(
    paid: str, page: int, place: str
) -> None:
    standing = gateway(1)
    source = f"# The book\n\nFirst.\n\n##pagebreak##\n\nFree text{paid}##paidend##\n"
    await standing.publish("book", source, form="markdown")
    reader = Browser(standing.app)
    answer = await reader.unlock((await standing.grant("document:book"))[1])
    assert answer.header("location") == f"/read/demo/book?page={page}#go-on"
    anchor = one(tree(await reader.get(f"/read/demo/book?page={page}")), "#go-on")
    assert anchor.parent
    assert anchor.parent.text().startswith(place)


@pytest.mark.parametrize("query", ["4", "0", "01", "x", "", "1&page=1", "999", "1000", "%32"])
async def test_a_page_beyond_the_last_is_none(query: str) -> None:
    _, reader = await book()
    status = (await reader.get(f"/documents/demo/book?page={query}")).status
    assert status == (200 if query == "%32" else 404)


async def test_the_first_page_has_one_address_more_and_the_same_bytes() -> None:
    _, reader = await book()
    pages = [await reader.get(f"/documents/demo/book{query}") for query in ("", "?page=1")]
    assert pages[0].body == pages[1].body
    both = [await reader.get(f"/documents/demo/book?{q}") for q in ("amp=1&page=2", "page=2")]
    assert both[0].body == both[1].body != pages[0].body


async def test_every_page_with_a_cut_has_the_panel_and_no_other_page_has() -> None:
    _, reader = await book()
    panels = [
        len(tree(await reader.get(f"/documents/demo/book?page={n}")).css("#unlock-code"))
        for n in (1, 2, 3)
    ]
    assert panels == [0, 1, 1]


async def test_links_and_contents_lead_to_the_page_that_holds_them() -> None:
    _, reader = await book()
    page = tree(await reader.get("/documents/demo/book?page=2"))
    assert [node.attributes["href"] for node in page.css(".contents a")] == [
        "/documents/demo/book#doc-one",
        "#doc-two",
        "/documents/demo/book?page=3#doc-three",
    ]
    first = tree(await reader.get("/documents/demo/book"))
    assert one(first, ".text a").attributes["href"] == "/documents/demo/book?page=3#doc-three"
    full = tree(await reader.get("/read/demo/book"))
    assert one(full, ".text a").attributes["href"] == "/read/demo/book?page=5#doc-three"
    assert tree(await reader.get("/read/demo/book?page=2")).css("#go-on")


async def test_whoever_is_refused_learns_nothing_of_the_pages_of_the_whole() -> None:
    standing, _ = await book()
    answers = [
        await Browser(standing.app).get(f"/read/demo/book{query}")
        for query in ("", "?page=2", "?page=5", "?page=6", "?page=99")
    ]
    assert {answer.status for answer in answers} == {402}
    assert len({answer.body for answer in answers}) == 1


@pytest.mark.parametrize("suffix", [".md", ".txt", ".json"])
async def test_other_forms_hold_all_pages(suffix: str) -> None:
    _, reader = await book()
    for place, last in (("documents", "Last"), ("read", "words.")):
        text = text_of(await reader.get(f"/{place}/demo/book{suffix}?page=2"))
        assert all(part in text for part in ("First.", "Second", last))


async def test_pages_are_made_at_publication_in_every_coding() -> None:
    standing, _ = await book()
    for coding in ("br", "zstd", "gzip"):
        page = await standing.store.form(BOOK, "html.3", coding)
        assert page
        assert page.coding == coding


@pytest.mark.parametrize(
    ("html", "pages"),
    [
        (f"<p>a</p>{BREAK}<p>b</p>", ["<p>a</p>", "<p>b</p>"]),
        (f"{BREAK}<p>a</p>{BREAK}{BREAK}\n<p>b</p>{BREAK}", ["<p>a</p>", "<p>b</p>"]),
        (f"<div>{BREAK}</div><p>b</p>", [f"<div>{BREAK}</div><p>b</p>"]),
        (
            f"<ul><li>a{BREAK}b</li></ul>{BREAK}<p>b</p>",
            [f"<ul><li>a{BREAK}b</li></ul>", "<p>b</p>"],
        ),
        (BREAK, [""]),
        ("", [""]),
    ],
)
def test_breaks_divide_at_the_level_of_the_body_alone(html: str, pages: list[str]) -> None:
    assert sanitise(html) == html
    assert [page.html for page in paged(html, "/x")] == pages


def test_what_is_beyond_the_most_pages_stands_on_the_last() -> None:
    parts = [f"<p>{n}</p>" for n in range(MAX_PAGES + 5)]
    pages = paged(BREAK.join(parts), "/x")
    assert len(pages) == MAX_PAGES
    assert re.findall(r"\d+", pages[-1].html) == [str(n) for n in range(MAX_PAGES - 1, len(parts))]


async def test_a_page_without_the_panel_leads_to_the_one_that_has_it() -> None:
    standing, _ = await book()
    stranger = Browser(standing.app)
    for surface, status in (("documents", 200), ("read", 402)):
        answer = await stranger.get(f"/{surface}/demo/book")
        assert answer.status == status
        assert (
            one(LexborHTMLParser(answer.body), "#unlock a").attributes["href"]
            == f"{PATH}?page=2#unlock"
        )
    assert one(tree(await stranger.get(f"{PATH}?page=2")), "#unlock #unlock-code")
