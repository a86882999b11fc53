"""A line, or a paragraph of HTML, that holds nothing but a marker is none."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.core.documents import PLACEHOLDER, Address, Document, Meta
from gateway.core.grammar import Spelling, shown
from gateway.core.markers import divide
from gateway.formats import FORMATS, html, markdown, plain
from gateway.ports import Format
from tests.formats import soups
from tests.support.examples import examples

properly = examples(100)

MARKERS = [text for spelling in Spelling for text in spelling.value]
ANY = "|".join(map(re.escape, MARKERS))
BLANKS = ["", " ", "\t", "  \u3000"]
SOUPS = {"plain": soups.plain, "markdown": soups.markdown, "html": soups.html}


def document(form: Format, source: str) -> Document:
    division = divide(source)
    assert division.findings == ()
    return Document(Address("a", "b"), form.name, Meta(), division.sections, form.seam)


def without_markers(form: Format, source: str) -> str:
    """Take the markers out, by the line or by the paragraph where they are alone in it."""
    if form.name == "html":
        source = re.sub(rf"<p>(?:{ANY})</p>\n?", "", source)
        return re.sub(ANY, "", source)
    lines = [
        re.sub(ANY, "", line)
        for line in source.splitlines(keepends=True)
        if not re.fullmatch(rf"\s*(?:(?:{ANY})\s*)+", line)
    ]
    return "".join(lines)


def check_full_text(form: Format, source: str) -> None:
    full = document(form, source).full_text().reveal()
    assert form.render(full, "T") == form.render(without_markers(form, source), "T")


@st.composite
def sources(draw: st.DrawFn, form: Format) -> str:
    """Draw a source whose markers stand alone on their lines, in paragraphs, or amid text."""
    soup = SOUPS[form.name].map(lambda text: text.replace(PLACEHOLDER, "x").replace("\\", "/"))
    source = draw(soup)
    for _ in range(draw(st.integers(1, 3))):
        begin, end = draw(st.sampled_from(Spelling)).value
        for marker in (begin, end):
            blanks = draw(st.sampled_from(BLANKS)), draw(st.sampled_from(BLANKS))
            alone = f"<p>{marker}</p>\n" if form.name == "html" else f"\n{marker.join(blanks)}\n"
            source += draw(st.sampled_from([alone, alone, marker])) + draw(soup)
    return source


TEXTS = [form for form in FORMATS if form.is_text]


@pytest.mark.parametrize("form", TEXTS, ids=lambda form: form.name)
def test_the_full_text_is_the_source_without_what_only_marks(form: Format) -> None:
    @properly
    @given(sources(form))
    def holds(source: str) -> None:
        assume(not divide(source).findings)
        check_full_text(form, source)

    holds()


@pytest.mark.parametrize(
    ("source", "full"),
    [
        ("a\n##paidbegin##\nb\n##paidend##\nc\n", "a\nb\nc\n"),
        ("a\r\n ##paidbegin##\t\r\nb\r\n\u3000##paidend##\r\nc", "a\r\nb\r\nc"),
        ("a\r##paidbegin##\rb\r##paidend##\rc", "a\rb\rc"),
        ("##paidbegin##\nb\n##paidend##", "b\n"),
        ("\n##paidbegin##b\n##paidend##\n", "\nb\n"),
        ("a ##paidbegin##\nb\n##paidend## c", "a \nb\n c"),
        ("a\n##paidbegin##b\n##paidend####paidbegin##\nc##paidend##\n", "a\nb\nc\n"),
        ("a\n##paidbegin####paidend##\nb", "a\nb"),
        ("a\n##paidbegin##\n##paidend##\nb", "a\nb"),
        ("a\n##\\paidbegin##\n##paidbegin##b##paidend##", "a\n##paidbegin##\nb"),
    ],
)
def test_a_line_of_markers_alone_is_no_line(source: str, full: str) -> None:
    assert shown(document(plain, source).full_text().reveal()) == full


@pytest.mark.parametrize(
    ("source", "full"),
    [
        ("> a\n> ##paidbegin##\n> b\n> ##paidend##\n> c", "> a\n> b\n> c"),
        ("- a\n  ##paidbegin##\n  b\n  ##paidend##\n- c", "- a\n  b\n- c"),
        ("> > a\n>> ##paidbegin##\n> > b\n> >##paidend##\n", "> > a\n> > b\n"),
        ("a > ##paidbegin##b##paidend##", "a > b"),
    ],
)
def test_a_line_of_markers_alone_in_a_quotation_is_no_line_of_it(source: str, full: str) -> None:
    assert document(markdown, source).full_text().reveal() == full


@pytest.mark.parametrize(
    ("source", "full"),
    [
        ("<p>a</p>\n<p>##paidbegin##</p>\n<p>b</p>\n<p>##paidend##</p>\n", "<p>a</p>\n<p>b</p>\n"),
        ("<P class='x'> &nbsp;##paidbegin##<br/>\n</P >b##paidend##", "b"),
        ("<p><span style='a'><b>##paidbegin##</b></span></p><p>b##paidend##</p>", "<p>b</p>"),
        ("<pre>##paidbegin##</pre>b##paidend##", "<pre></pre>b"),
        ("<p>a##paidbegin##</p><p>##paidend##b</p>", "<p>a</p><p>b</p>"),
    ],
)
def test_a_paragraph_of_markers_alone_is_no_paragraph(source: str, full: str) -> None:
    assert document(html, source).full_text().reveal() == full


CUTS = {
    "table": "| a | b |\n|---|---|\n| open | 1 |\n{}\n| gold | 2 |\n{}\n| last | 3 |\n",
    "list": "- open\n{}\n- gold\n- gold\n{}\n- last\n",
    "quotation": "> open\n{}\n> gold\n{}\n> last\n",
    "quotation with its signs": "> open\n> {}\n> gold\n> {}\n> last\n",
    "fence": "```\nopen\n{}\ngold\n{}\nlast\n```\n",
    "indented code": "    open\n{}\n    gold\n{}\n    last\n",
}


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("spelling", Spelling)
def test_a_block_that_marker_lines_cut_is_whole_and_cut_once_in_the_preview(
    cut: str, spelling: Spelling
) -> None:
    source = CUTS[cut].format(*spelling.value)
    body = document(markdown, source)
    whole = re.sub(r"(?:> )?\{}\n", "", CUTS[cut])
    assert markdown.render(body.full_text().reveal(), "T") == markdown.render(whole, "T")
    preview = markdown.render(body.projection_text(), "T")
    for form in (preview.html, preview.markdown, preview.text):
        assert form.count(PLACEHOLDER) == 1
        assert "gold" not in form
        assert "open" in form
        assert "last" in form


# The checker catches full texts with empty lines in them


def test_the_checker_catches_a_full_text_that_keeps_the_lines_of_its_markers() -> None:
    for form in FORMATS:
        alone = "<p>{}</p>" if form.name == "html" else "{}"
        begin, end = map(alone.format, Spelling.HASH.value)
        source = f"- a\n{begin}\n- b\n{end}\n- c\n"
        check_full_text(form, source)
        kept = SimpleNamespace(**vars(form) | {"seam": re.compile("(?!)")})
        if form.name != "plain":  # which shows no empty line
            with pytest.raises(AssertionError):
                check_full_text(cast(Format, kept), source)
