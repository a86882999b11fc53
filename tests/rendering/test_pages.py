"""Pages speak the language that is asked for, and have no holes."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup
from selectolax.lexbor import LexborHTMLParser

from gateway.core import errors
from gateway.core.bundles import Entry
from gateway.core.documents import Address
from gateway.core.groups import group_name
from gateway.core.rights import Grant, Scope, Standing
from gateway.ports import Edition
from gateway.rendering.linked_data import of_listing
from gateway.rendering.listings import Listing
from gateway.rendering.pages import LANGUAGES, Language, Pages, interface
from gateway.rendering.qr_codes import qr_code
from gateway.usecases.reading import HeldGrant, Shelved
from gateway.usecases.redeeming import Opening
from tests.web.sheets import HOSTILE, MOMENT, PAGES, STATIC, inline_of, one

ENTRY = Entry(
    Address("demo", "a"), HOSTILE, HOSTILE, "en", HOSTILE, MOMENT, MOMENT, tags=(HOSTILE,)
)
EDITION = Edition("e", ENTRY.address, 0, "plain", HOSTILE, "en", "c", "", MOMENT, MOMENT)
GRANTS = [
    Grant("g", Scope.parse("demo", scope), ends=ends, revoked_at=revoked)
    for scope, ends, revoked in (
        ("document:a", 1_900_000_000, None),
        ("collection:c", None, None),
        ("all", None, 1),
    )
]
SHELVES = [("demo", "c", [Shelved(EDITION, None), Shelved(EDITION, 1_900_000_000)] * 7)]
LIBRARY: dict[str, object] = {
    "shelves": SHELVES,
    "count": 14,
    "places": [HeldGrant(grant, standing, 1) for grant, standing in product(GRANTS[:1], Standing)],
    "names": {"demo": HOSTILE},
    "following": "demo/a",
    "is_first": False,
    "once": HOSTILE,
}
UNLOCK: dict[str, object] = {
    "token": "",
    "once": HOSTILE,
    "opening": None,
    "by": HOSTILE,
    "is_move": False,
}
LISTINGS = (
    Listing("https://read.example", entries=(ENTRY,), following=f"{MOMENT} demo/a"),
    Listing("", "demo", here=HOSTILE),
    Listing("", "demo", "letters", (ENTRY,), HOSTILE, HOSTILE),
    Listing("", "demo", entries=(ENTRY,), author=group_name(HOSTILE)),
    Listing("", "demo", entries=(ENTRY,), tag=group_name(HOSTILE)),
)


def listed(listing: Listing) -> dict[str, object]:
    """Return what a page or a feed of a list needs."""
    return {
        "listing": listing,
        "site": "Paidgate",
        "linked_data": of_listing(listing, "Paidgate", "/search"),
    }


ALONE: dict[str, object] = {
    "once": "",
    "document": "",
    "is_desk": False,
}  # of an error: nothing else
TOLD: list[tuple[str, dict[str, object]]] = [
    *(("catalogue.html", listed(each)) for each in LISTINGS),
    ("library.html", LIBRARY),
    (
        "library.html",
        LIBRARY | {"shelves": (), "places": (), "count": 0, "following": "", "is_first": True},
    ),
    ("unlock.html", UNLOCK | {"token": HOSTILE, "opening": Opening(GRANTS[0], EDITION)}),
    ("unlock.html", UNLOCK),
    ("unlock.html", UNLOCK | {"token": HOSTILE, "opening": Opening(GRANTS[1], None)}),
    ("unlock.html", UNLOCK | {"token": HOSTILE, "is_move": True}),
    ("move.html", {"link": HOSTILE, "picture": Markup(qr_code(HOSTILE))}),
    ("error.html", ALONE | {"status": 404, "kind": "missing", "is_desk": True}),
    (
        "error.html",
        ALONE | {"status": 429, "kind": "used-up", "once": HOSTILE, "document": HOSTILE},
    ),
]


@pytest.mark.parametrize(
    ("language", "around"),
    [("zh", "zh-CN"), ("zh-Hant-TW", "zh-CN"), ("zh_CN", "zh-CN"), ("zha", "en"), ("ja", "en")],
)
def test_the_interface_around_a_text_speaks_its_language_or_english(
    language: str, around: str
) -> None:
    assert interface(language) == around


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("name", "context"), TOLD)
def test_a_page_is_whole_and_inert(
    name: str, context: dict[str, object], language: Language
) -> None:
    text = PAGES.render(name, language, **context).decode()
    tree = LexborHTMLParser(text)
    assert inline_of(tree) == []
    assert "<script>alert" not in text
    assert one(tree, "html").attributes["lang"] == language
    assert len(tree.css("h1")) == 1
    assert one(tree, "title").text()
    assert len(tree.css("main")) == 1
    ids = [node.id for node in tree.css("[id]")]
    assert len(ids) == len(set(ids))
    for label in tree.css("label"):
        assert label.attributes["for"] in ids


def test_a_hole_in_a_context_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        PAGES.render("unlock.html", "en")


def test_opening_a_link_needs_a_press_of_the_button() -> None:
    tree = LexborHTMLParser(
        PAGES.render("unlock.html", "en", **UNLOCK | {"token": "pg1.a.b"}).decode()
    )
    form = one(tree, "form[method=post][action='/unlock']")
    assert one(form, "input[type=hidden][name=token]").attributes["value"] == "pg1.a.b"
    assert len(form.css("button")) == 1
    assert not tree.css("meta[http-equiv=refresh]")


def test_whoever_has_no_link_can_enter_a_code() -> None:
    tree = LexborHTMLParser(PAGES.render("unlock.html", "en", **UNLOCK).decode())
    assert tree.css_first("form[method=post][action='/unlock'] input[name=code]")


def test_the_catalogue_leads_on_by_its_cursor() -> None:
    [(name, context), *_] = TOLD
    tree = LexborHTMLParser(PAGES.render(name, "en", **context).decode())
    link = one(tree, "a[rel=next]")
    assert link.attributes["href"] == "/?before=2025-03-04T03%3A00%3A00Z%20demo%2Fa"


def _kinds(kind: type[errors.GatewayError]) -> list[type[errors.GatewayError]]:
    return [kind, *(found for each in kind.__subclasses__() for found in _kinds(each))]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_has_a_page_that_says_how_to_go_on(language: Language) -> None:
    for kind in _kinds(errors.GatewayError):
        name = re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()
        page = PAGES.render("error.html", language, kind=name, status=500, **ALONE)
        tree = LexborHTMLParser(page.decode())
        assert one(tree, "h1").text()
        assert tree.css("main a[href='/']")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503])
def test_every_status_has_a_page_of_its_own_words(status: int) -> None:
    for kind in ("", "blank"):
        page = PAGES.render("error.html", "en", kind=kind, status=status, **ALONE)
        assert str(status) in page.decode()


def test_private_pages_are_reloaded_when_they_come_back() -> None:
    for name, context in (
        each for each in TOLD if each[0] in ("library.html", "unlock.html", "move.html")
    ):
        assert b" data-private>" in PAGES.render(name, "en", **context)
    assert b" data-private>" not in PAGES.render("catalogue.html", "en", **TOLD[0][1])


def test_a_template_is_found_only_among_the_templates(tmp_path: Path) -> None:
    (tmp_path / "x.html").write_text("{{ words }}")
    pages = Pages(tmp_path, STATIC)
    assert pages.render("x.html", "en", words="{{7*7}}<b>") == b"{{7*7}}&lt;b&gt;"
