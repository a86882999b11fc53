"""Headings have the ids that GitHub gives them, the same in preview and full text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.documents import Address, Document, Meta, Rendering, Shared
from gateway.core.errors import Refused
from gateway.core.markers import divide
from gateway.formats import FORMATS, html, markdown, plain
from gateway.formats.anchors import slug
from gateway.ports import Format
from tests.formats import soups
from tests.formats.test_commuting import without_cuts
from tests.support.examples import examples
from tests.support.samples import SAMPLES

PAID = ("##paidbegin##", "##paidend##")


def both(form: Format, source: str) -> tuple[Rendering, Rendering]:
    """Return the preview and the full text of a source."""
    division = divide(source.replace("{", PAID[0]).replace("}", PAID[1]))
    document = Document(Address("a", "b"), form.name, Meta(), division.sections, form.seam)
    preview = form.render(document.projection_text(), "Title")
    shared = Shared(preview.ids, document.paid_spans())
    return preview, form.render(document.full_text().reveal(), "Title", shared)


def headings(rendering: Rendering) -> list[tuple[str, str]]:
    """Return id and words of each heading."""
    return re.findall(r'<h\d(?: id="doc-([^"]*)")?[^>]*>(.*?)</h\d>', rendering.html)


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("第一节", "第一节"),
        ("Second part", "second-part"),
        ("What’s new? (v2.0)", "whats-new-v20"),
        ("一、总则：范围", "一总则范围"),
        ("a_b  c - d", "a_b-c---d"),
        ("é ü 日本語 한국어", "é-ü-日本語-한국어"),
        ("🎉 Party", "-party"),
        ("!!!", ""),
    ],
)
def test_a_slug_is_the_one_that_github_makes(heading: str, expected: str) -> None:
    assert slug(heading) == expected


def test_like_headings_are_numbered() -> None:
    made = markdown.render("# T\n\n## A\n\n## A\n\n## A 1\n\n## A\n")
    assert [own for own, _ in headings(made)] == ["a", "a-1", "a-1-1", "a-2"]


@pytest.mark.parametrize(
    ("form", "source"),
    [
        (markdown, "## A\n\n{## A\n\nx\n\n}\n\n## A\n\n{\n## B\n}\n\n## B\n"),
        (markdown, "## A\n\n{\n\nA\n=\n\n<h2>A</h2>\n\n}\n\nA\n-\n"),
        (markdown, "## Result: {it rose}\n\n{## Result\n\n}\n\n## Result\n"),
        (markdown, "##pagebreak##\n\n## A\n\n{x\n\n##pagebreak##\n\n## A\n\n}\n\n## A\n"),
        (html, "<h2>A</h2>{<h2 class=x>A</h2><H3>A</H3>}<p>x</p><h2>A</h2>{<h2 id=a>B</h2>}"),
        (html, "<h2 id=a>A</h2>{<h2 id=a>A</h2><h2 id=b>A</h2>}<h2 id=b>B</h2>"),
        (
            plain,
            "第一章 A\n\nx\n\n{第一章 A\n\nx\n}\n\n第一章 A\n\nx {x\n\n楔子\n\nx}\n\n楔子\n\nx",
        ),
    ],
)
def test_a_free_heading_has_the_same_id_whatever_is_paid(form: Format, source: str) -> None:
    preview, full = both(form, source)
    free, all_ = headings(preview), headings(full)
    for own, words in free:
        assert any(own == its and said.startswith(words) for its, said in all_)
    assert len({own for own, _ in all_}) == len(all_) > len(free)


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
@examples(50)
@given(st.data())
def test_no_paid_soup_takes_the_id_of_a_free_heading(form: Format, data: st.DataObject) -> None:
    soup = SAMPLES[form.name].soup.map(without_cuts).map(lambda text: re.sub(r"[\\{}]", "", text))
    paid = data.draw(soup)
    source = f"{SAMPLES[form.name].heading}\n\nx\n\n{{{paid}x}}"
    try:
        preview, full = both(form, source)
    except Refused:
        return
    assert headings(preview)[0] == headings(full)[0]


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
@examples(100)
@given(st.data())
def test_every_link_within_a_document_leads_somewhere(form: Format, data: st.DataObject) -> None:
    made = form.render(data.draw(SAMPLES[form.name].soup)).html
    ids = re.findall(r' id="([^"]*)"', made)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r' href="#([^"]*)"', made)) <= set(ids)


def test_links_find_their_headings_however_they_are_written() -> None:
    made = markdown.render(
        "# T\n\n[a](#第一节) [b](#%E7%AC%AC%E4%B8%80%E8%8A%82) [c](#Second-Part) "
        "[d](#none) [e](#t)\n\n## 第一节\n\n## Second part\n"
    ).html
    assert made.count('href="#doc-第一节"') == 2
    assert 'href="#doc-second-part"' in made
    assert "d e</p>" in made


def test_an_anchor_of_old_is_led_to() -> None:
    made = html.render('<p><a name="top">x</a> <a href="#top">y</a></p>', "T").html
    assert '<a rel="noopener noreferrer" id="doc-top">x</a> <a href="#doc-top"' in made


def test_a_link_that_leads_nowhere_keeps_what_is_in_it() -> None:
    made = html.render('<p><a href="#none"><b>x</b> <i>y</i></a> <a href="/z">z</a></p>', "T").html
    assert made == '<p><b>x</b> <i>y</i> <a href="/z" rel="noopener noreferrer">z</a></p>'


def test_many_like_headings_take_no_more_time_each() -> None:
    made = markdown.render("# T\n\n" + "## A\n\n" * 5_000)
    assert f"doc-a-{4_999}" in made.ids


def test_the_soups_hold_links_within_a_document() -> None:
    assert 'href="#' in "".join(soups.ATTRIBUTES)
