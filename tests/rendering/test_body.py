"""The body of a text on its page: contents, regions, and where the preview broke off."""

from __future__ import annotations

import pytest
from selectolax.lexbor import LexborHTMLParser

from gateway.core.documents import PLACEHOLDER, Address
from gateway.formats import FORMATS
from gateway.formats.cutting import PAGE_BREAK
from gateway.formats.sanitising import sanitise
from gateway.formats.sources import SourceFormats
from gateway.rendering.body import going_on, headings, with_regions
from gateway.rendering.pages import LANGUAGES
from gateway.usecases.composing import Task, compose
from gateway.usecases.submissions import Submission
from tests.support.samples import body_of
from tests.support.services import NOW
from tests.web.sheets import PRESS

HERE = '<span id="go-on"></span>'


@pytest.mark.parametrize(
    ("free", "whole"),
    [
        ('<p class="cut">a</p>', "<p>a|b</p>"),
        ('<p class="cut">a &amp;</p>', "<p>a &amp;|&amp; b</p>"),
        ('<p class="cut">a &lt;</p>', "<p>a |&amp; b</p>"),
        ("<p>a</p>", "<p>a</p>\n<p>|b</p>"),
        ("<p>a</p>", "<p>a</p><h2 id='doc-b'>|b</h2>"),
        ("<p>a</p>", "<p>a</p><ul><li>|b</li></ul>"),
        ("<ul><li>a</li></ul>", "<ul><li>a</li><li>|b</li></ul>"),
        ('<p class="cut">a</p>', "<p>a |<b>b</b></p>"),
        ("<p>a</p>", "<p>a</p><table><tbody><tr><td>|b</td></tr></tbody></table>"),
        ("<p>a</p>", "<p>a</p><hr><p>b</p>".replace("<hr>", "|<hr>")),
        ("<p>a</p>", f"<p>a</p>{PAGE_BREAK}\n{PAGE_BREAK}<p>|b</p>"),
        ("", "<p>|b</p>"),
        ("<p>a</p>", "<p>a</p>"),
    ],
)
def test_the_text_goes_on_where_the_preview_broke_off(free: str, whole: str) -> None:
    clean = whole.replace("'", '"')
    assert going_on(clean.replace("|", ""), free) == clean.replace("|", HERE)


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_every_full_text_with_a_cut_has_one_place_to_go_on(form: object) -> None:
    source = "T\n\nFree text of a line##paidbegin## that goes on.\n\nPaid.##paidend##\n\nEnd.\n"
    name = form.name  # type: ignore[attr-defined]
    submission = Submission(Address("demo", "d"), body_of(name, source), name)
    full = compose(Task(submission, "e", NOW, None), SourceFormats(), PRESS).sealed.full
    for language in LANGUAGES:
        tree = LexborHTMLParser(full.forms[f"html.{language}"].bodies["identity"].decode())
        (anchor,) = tree.css("#go-on")
        assert anchor.parent
        assert anchor.parent.text().startswith("Free text of a line")


def test_contents_list_headings_that_can_be_reached_and_none_twice() -> None:
    html = (
        '<h2 id="doc-a">A <em>b</em> &lt;</h2><h3 id="doc-c">C</h3><h4 id="doc-d">D</h4>'
        f'<h2>torn</h2><h2 id="doc-e">E{PLACEHOLDER}</h2><h2 id="doc-f"> </h2>'
    )
    assert headings(html) == [(2, "doc-a", "A b <"), (3, "doc-c", "C"), (2, "doc-e", "E")]


def test_tables_and_code_are_regions_with_names_of_their_own() -> None:
    html = sanitise("<table><tr><td>a<pre>b</pre></table><pre>c</pre><table><tr><td>d</table>")
    made = with_regions(html, lambda name, number: f"{name} {number}")
    tree = LexborHTMLParser(made)
    found = [node.attributes["aria-label"] for node in tree.css("[role=region][tabindex='0']")]
    assert sorted(str(each) for each in found) == ["pre 1", "pre 2", "table 1", "table 2"]
    assert tree.css("div.wide > table")
    assert not LexborHTMLParser(html).css("[role]")
