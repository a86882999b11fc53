"""A cut stands between blocks; what it tears is closed and opened again."""

from __future__ import annotations

import pytest
from hypothesis import given

from gateway.core.documents import PAGE, PLACEHOLDER
from gateway.formats.cutting import cut
from gateway.formats.fragments import FLOW, pieces
from gateway.formats.sanitising import sanitise
from tests.formats import soups
from tests.support.examples import examples


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>a <b>x|y</b> z</p>", '<p class="cut">a <b>x</b></p>|<p><b>y</b> z</p>'),
        ("<p>a。|b</p>", '<p class="cut">a。</p>|<p>b</p>'),
        ("<p>a.|</p>", '<p class="cut">a.</p>|'),
        ("<p>a|</p>", '<p class="cut">a</p>|'),
        ("<p>a\n|\nb</p>", '<p class="cut">a</p>|<p>b</p>'),
        ("<p>a<br>|<br>b</p>", '<p class="cut">a</p>|<p>b</p>'),
        ("<p>|</p>", "|"),
        ("<p>|a</p>", "|<p>a</p>"),
        ("<p> | </p>", "|"),
        ("<p><b><i>|</i></b></p>", "|"),
        ("<p>a||b</p>", '<p class="cut">a</p>||<p>b</p>'),
        ("<p>a|<b>|</b>|b</p>", '<p class="cut">a</p>|||<p>b</p>'),
        ("<p>a</p>|<p>b</p>", "<p>a</p>|<p>b</p>"),
        ("<p>a</p>\n<p>|</p>\n<p>b</p>", "<p>a</p>\n|\n<p>b</p>"),
        ("<ul><li>|</li><li>b</li></ul>", "<ul><li>|</li><li>b</li></ul>"),
        ("<ul><li>a|b</li></ul>", "<ul><li>a|b</li></ul>"),
        ("<ul><li><p>a|b</p></li></ul>", '<ul><li><p class="cut">a</p>|<p>b</p></li></ul>'),
        ("<ul><li>a</li>|<li>b</li></ul>", "<ul><li>a</li></ul>|<ul><li>b</li></ul>"),
        (
            "<blockquote><p>a|b</p></blockquote>",
            '<blockquote><p class="cut">a</p>|<p>b</p></blockquote>',
        ),
        (
            "<table><tr><td>a <b>x|y</b></td></tr></table>",
            "<table><tbody><tr><td>a <b>x</b>|<b>y</b></td></tr></tbody></table>",
        ),
        ("<h2>a|b</h2>", "<h2>a</h2>|<h2>b</h2>"),
        ('<h2 id="x">a|b</h2>', '<h2 id="doc-x">a</h2>|<h2>b</h2>'),
        (
            "<pre><code>a\n|\nb\n</code></pre>",
            "<pre><code>a</code></pre>|<pre><code>b\n</code></pre>",
        ),
        ("<pre>a\n|\n</pre>", "<pre>a</pre>|"),
        ("<p>a<img src='/x'>|</p>", '<p class="cut">a<img src="/x" loading="lazy"></p>|'),
        ("<div>a|b</div>", "<div>a|b</div>"),
        ("<div><p>|</p></div>", "<div>|</div>"),
        (
            "<p><ruby>漢|<rt>han</rt></ruby></p>",
            '<p class="cut"><ruby>漢</ruby></p>|<p><ruby><rt>han</rt></ruby></p>',
        ),
        (
            "<p><a href='/x'>a|b</a></p>",
            '<p class="cut"><a href="/x" R>a</a></p>|<p><a href="/x" R>b</a></p>',
        ),
        ("<p>a/b</p>", '<p>a</p><hr class="pagebreak"><p>b</p>'),
        ("<p>/</p>", '<hr class="pagebreak">'),
        ("<p>a|/b</p>", '<p class="cut">a</p>|<hr class="pagebreak"><p>b</p>'),
    ],
)
def test_a_cut_splits_up_to_the_nearest_box(html: str, expected: str) -> None:
    marks = str.maketrans({"|": PLACEHOLDER})

    def marked(text: str) -> str:
        return (
            text.replace("a/b", f"a{PAGE}b")
            .replace("p>/<", f"p>{PAGE}<")
            .replace("|/", f"|{PAGE}")
            .translate(marks)
        )

    relation = 'rel="noopener noreferrer"'
    assert cut(sanitise(marked(html))) == expected.replace("R>", f"{relation}>").translate(marks)


@examples(270)
@given(soups.html)
def test_cuts_stand_at_flow_level_alone_and_none_is_lost(soup: str) -> None:
    clean = sanitise(soup)
    result = cut(clean)
    stack: list[str] = []
    for piece in pieces(result):
        if piece.opens:
            stack.append(piece.name)
        elif piece.closes:
            assert stack.pop() == piece.name
        elif PLACEHOLDER in piece.raw:
            assert not stack or stack[-1] in FLOW
    assert stack == []
    assert result.count(PLACEHOLDER) == clean.count(PLACEHOLDER)
    assert PAGE not in result


@examples(270)
@given(soups.html)
def test_cutting_changes_no_text_and_stays_sanitised(soup: str) -> None:
    clean = sanitise(soup)
    result = cut(clean)
    assert sanitise(result) == result.replace('<p class="cut">', "<p>")
    assert cut(result) == result
    assert letters(result) == letters(clean.replace(PAGE, ""))


def letters(html: str) -> str:
    return "".join("".join(piece.text for piece in pieces(html)).split())


@examples(130)
@given(soups.html)
def test_no_id_is_there_twice_because_of_a_cut(soup: str) -> None:
    clean = sanitise(soup)
    assert cut(clean).count(' id="') <= clean.count(' id="')


def test_many_cuts_in_deep_markup_stay_small() -> None:
    html = sanitise("<p>" + "<b>" * 100 + f"x{PLACEHOLDER}" * 1000)
    assert len(cut(html)) < 1000 * 100 * 8
