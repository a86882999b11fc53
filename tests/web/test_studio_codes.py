"""Codes and devices at the studio: words are shown once, and what is taken back is gone."""

from __future__ import annotations

import csv
import html
import re
from io import StringIO

import anyio
import pytest

from tests.support.asgi import exchange
from tests.web.caller import FORM, Browser
from tests.web.visitor import Scene, Seen, Visitor, add_publisher, scene

TEXT = "A title\n\nFree words.\n\n##paidbegin##Paid words.##paidend##\n"
RIGHTS = "/studio/documents/a/rights"
CODES = "/studio/documents/a/codes"


@pytest.fixture
def at() -> Scene:
    """Sign a publisher in who has one document, a."""
    made = scene()
    made.publish("a", TEXT)
    return made


def make(at: Scene, page: str = RIGHTS, **fields: str) -> Seen:
    """Fill in the form for codes and send it."""
    form = {"once": at.visitor.get(page).field("once"), "scope": "document"}
    form |= {"count": "3", "uses": "2", "term": "30d"} | fields
    return at.visitor.press(page, page.replace("rights", "codes"), **form)


def words(seen: Seen) -> list[str]:
    """Return the words that a page shows."""
    found = re.search(r'<textarea[^>]*id="words"[^>]*>\n(.*?)</textarea>', seen.text, re.DOTALL)
    assert found, seen.text
    return found[1].split("\n")


def unlocked(at: Scene, word: str) -> Browser:
    """Return a browser that has typed a code."""
    browser = Browser(at.standing.app)
    answer = anyio.run(browser.unlock, word)
    assert answer.status == 303, answer.status
    return browser


def status(browser: Browser) -> int:
    """Return what a browser gets for the whole document."""
    return anyio.run(browser.get, "/read/demo/a").status


def way(seen: Seen, end: str) -> str:
    """Return where the first button that does something leads."""
    found = re.search(rf'action="(/studio/[^"]*/{end})"', seen.text)
    assert found, end
    return html.unescape(found[1])


def test_the_words_of_new_codes_are_shown_once_and_open_the_document(at: Scene) -> None:
    seen = make(at)
    assert (seen.status, len(words(seen))) == (200, 3)
    assert status(unlocked(at, words(seen)[0])) == 200
    listed = at.visitor.get(RIGHTS).text
    assert not any(word in listed for word in words(seen))
    assert "1 of 2 uses left" in listed


def test_a_form_for_codes_that_is_sent_twice_makes_them_once(at: Scene) -> None:
    once = at.visitor.get(RIGHTS).field("once")
    assert words(make(at, once=once)) == words(make(at, once=once))
    assert at.visitor.get(RIGHTS).text.count("/revoke") == 3
    assert set(words(make(at))).isdisjoint(words(make(at, once=once)))


def test_the_words_come_as_a_table_too(at: Scene) -> None:
    seen = make(at)
    again = {
        name: seen.field(name) for name in ("csrf_token", "once", "scope", "count", "uses", "term")
    }
    table = at.visitor.submit(CODES, again | {"as": seen.field("as")})
    assert table.headers["content-disposition"] == 'attachment; filename="codes.csv"'
    rows = list(csv.DictReader(StringIO(table.text, newline="")))
    assert [row["code"] for row in rows] == words(seen)
    assert at.visitor.get(RIGHTS).text.count("/revoke") == 3


def test_codes_for_all_documents_are_made_on_the_page_of_all_rights(at: Scene) -> None:
    at.publish("b", TEXT)
    seen = make(at, "/studio/rights", scope="all")
    browser = unlocked(at, words(seen)[0])
    assert anyio.run(browser.get, "/read/demo/b").status == 200
    assert "No codes yet." in at.visitor.get(RIGHTS).text


@pytest.mark.parametrize(
    ("name", "value"),
    [("count", "0"), ("count", "10001"), ("count", "x"), ("uses", "0"), ("term", "soon")],
)
def test_codes_that_cannot_be_made_say_why_and_keep_what_was_typed(
    at: Scene, name: str, value: str
) -> None:
    seen = make(at, **({"count": "7", "uses": "4"} | {name: value}))
    assert seen.status == 400
    assert 'role="alert"' in seen.text
    assert ('value="7"' in seen.text) is (name != "count")
    assert "No codes yet." in seen.text


def test_a_code_that_is_taken_back_takes_its_rights_along(at: Scene) -> None:
    seen = make(at, count="1")
    browser = unlocked(at, words(seen)[0])
    done = at.visitor.press(RIGHTS, way(at.visitor.get(RIGHTS), "revoke"), slug="a")
    assert done.place == f"{RIGHTS}?done=revoked"
    assert status(browser) == 403


def test_the_button_of_a_code_takes_the_code_back(at: Scene) -> None:
    make(at, count="1")
    path = way(at.visitor.get(RIGHTS), "revoke")
    assert path.startswith("/studio/codes/")
    done = at.visitor.press(RIGHTS, path, slug="a")
    assert done.place == f"{RIGHTS}?done=code-revoked"
    page = at.visitor.get(done.place).text
    assert "The code was taken back" in page
    assert "/revoke" not in page


def test_a_device_is_sent_away(at: Scene) -> None:
    grant, token = anyio.run(at.standing.grant, "document:a")
    browser = unlocked(at, token)
    page = at.visitor.get(f"/studio/grants/{grant.id}")
    done = at.visitor.press(f"/studio/grants/{grant.id}", way(page, "evict"))
    assert done.place == f"/studio/grants/{grant.id}?done=evicted"
    assert status(browser) == 402
    assert "It was opened nowhere yet." in at.visitor.get(done.place).text


def test_nobody_comes_near_the_codes_and_devices_of_another(at: Scene) -> None:
    make(at, count="1")
    grant, token = anyio.run(at.standing.grant, "document:a")
    browser = unlocked(at, token)
    revoke = way(at.visitor.get("/studio/rights"), "revoke")
    evict = way(at.visitor.get(f"/studio/grants/{grant.id}"), "evict")
    other = Visitor(at.standing)
    other.sign_in(add_publisher(at.standing, "other"))
    assert "No codes yet." in other.get("/studio/rights").text
    assert other.get(f"/studio/grants/{grant.id}").status == 404
    for path in (revoke, evict):
        assert other.press("/studio/rights", path).status == 404
    assert status(browser) == 200


def test_codes_page_apart_from_grants(at: Scene) -> None:
    make(at, count="120")
    page, seen = "/studio/rights", 0
    while page:
        text = at.visitor.get(page).text
        seen += text.count("/revoke")
        found = re.search(r'rel="next" href="([^"]*)"', text)
        page = html.unescape(found[1]) if found else ""
    assert seen == 120


def test_a_form_from_elsewhere_makes_no_codes(at: Scene) -> None:
    body = b"scope=all&count=1&uses=1&term="
    answer = anyio.run(exchange, at.standing.app, "POST", "/studio/codes", [FORM], body)
    assert answer.status == 401
    assert at.visitor.submit("/studio/codes", {"csrf_token": "0" * 64, "count": "1"}).status == 403
