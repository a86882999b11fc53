"""A marker is in place where two readers of the markup both find running text."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from gateway.core.documents import PLACEHOLDER
from gateway.core.grammar import scan
from gateway.core.markers import divide
from gateway.formats import contexts, html, markdown, plain
from gateway.formats.pruning import prune
from gateway.formats.sanitising import DROPPED
from gateway.formats.textual import prose_of
from tests.formats import soups
from tests.formats.commuting import document
from tests.support.examples import examples


def misplaced(form: object, text: str) -> list[str]:
    found = form.misplaced(text, scan(text))  # type: ignore[attr-defined]
    return [text[marker.start : marker.end] for marker in found]


@pytest.mark.parametrize(
    "text",
    [
        "<p>a ##paidbegin##b</p><p>c##paidend## d</p>",
        "##paidbegin##<p>a</p>##paidend##",
        "<b>free<paid>SEC</b>CANARY</paid>",
        "<p><paid>a<p>CANARY_P</p></paid>",
        "<p>a $$paidbegin$$ b",
        "<ul><li>a##paidbegin##</li><li>b##paidend##</li></ul>",
        "<table><tr><td>a##paidbegin##</td><td>b##paidend##</td></tr></table>",
        "<table><caption>##paidbegin##a##paidend##</caption><tr><td>a</td></tr></table>",
        "<table><tr><td>a<table><tr><td>##paidbegin##b</td></tr></table>c##paidend##</td></tr></table>",
        "<p>1 < 2 ##paidbegin## a > b ##paidend##",
        "<pre>##paidbegin##a##paidend##</pre>",
        "<pre>a</pre>##paidbegin##<pre>b</pre>##paidend##<pre>c</pre>",
        "<details><summary>a</summary>##paidbegin##b##paidend##</details>",
        "<html><head><title>t</title></head><body>##paidbegin##a##paidend##</body></html>",
        "<!-- c --><p title='>'>##paidbegin##a##paidend##</p>",
        "<p class=a>##paidbegin##a<br/>##paidend##</p>",
        "<x-y>##paidbegin##a##paidend##</x-y>",
        "<center><font color=red>##paidbegin##a##paidend##</font></center>",
        "<Card />a##paidbegin##b##paidend##",
        "<path d='M0'/>\n<p>a##paidbegin##b</p><set>c##paidend##</set>",
        "<text>a<image /><list>##paidbegin##b</list>##paidend##",
        "<svg><path/></svg><path/>##paidbegin##b##paidend##",
    ],
)
def test_markers_in_running_html_are_in_place(text: str) -> None:
    assert misplaced(html, text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('<img alt="##paidbegin##"> CANARY_P <p title="##paidend##">', "both"),
        ('<a href="/x?##paidbegin##">a</a>##paidend##', "begin"),
        ("<a href=/x##paidbegin##>a</a>##paidend##", "begin"),
        ("<p style='##paidbegin##'>a##paidend##", "begin"),
        ("<p data-x='a' ##paidbegin##>a##paidend##", "begin"),
        ("<img srcset='##paidbegin## 1x'>##paidend##", "begin"),
        ("<p##paidbegin##>a</p>##paidend##", "begin"),
        ("</p ##paidbegin##>a##paidend##", "begin"),
        ("<!-- ##paidbegin## -->CANARY_P2<!-- ##paidend## -->", "both"),
        ("<!##paidbegin##>a##paidend##", "begin"),
        ("<?##paidbegin##?>a##paidend##", "begin"),
        ("<!--##paidbegin##>a##paidend##", "both"),
        ("<script>##paidbegin##</script>a##paidend##", "begin"),
        ("<style>/*##paidbegin##*/</style>a##paidend##", "begin"),
        ("<title>##paidbegin##</title>a##paidend##", "begin"),
        ("<textarea><paid></textarea>CANARY_P</paid>", "begin"),
        ("<textarea>##paidbegin##a##paidend##", "both"),
        ("<noscript>##paidbegin##</noscript>a##paidend##", "begin"),
        ("<template>##paidbegin##</template>a##paidend##", "begin"),
        ("<select><option>##paidbegin##</select>a##paidend##", "begin"),
        ("<iframe>##paidbegin##</iframe>a##paidend##", "begin"),
        ("<iframe srcdoc='##paidbegin##'></iframe>a##paidend##", "begin"),
        ("<svg><text>##paidbegin##</text></svg>a##paidend##", "begin"),
        ("<math><mi>##paidbegin##</mi></math>a##paidend##", "begin"),
        ("<xmp>##paidbegin##</xmp>a##paidend##", "begin"),
        ("<plaintext>##paidbegin##a##paidend##", "both"),
        ("<object>##paidbegin##</object>a##paidend##", "begin"),
        ("<table>##paidbegin##<tr><td>a</td></tr>##paidend##</table>", "both"),
        ("<table><tr><td>f</td></tr><paid><tr><td>C</td></tr></paid></table>", "both"),
        ("<table><tr>##paidbegin##<td>a##paidend##</td></tr></table>", "begin"),
        ("<table><tr><td>a</td>##paidbegin##</tr></table>a##paidend##", "begin"),
        ("<table><tbody><b>##paidbegin##</b><tr><td>a##paidend##</table>", "begin"),
        ("a##paidbegin##<pre>b##paidend##</pre>", "both"),
        ("<code>a##paidbegin##</code>b##paidend##", "both"),
        ("<pre>a##paidbegin##</pre><pre>b##paidend##</pre>", "both"),
    ],
)
def test_markers_anywhere_else_in_html_are_misplaced(text: str, found: str) -> None:
    begin, end = (text[marker.start : marker.end] for marker in scan(text))
    expected = {"both": [begin, end], "begin": [begin], "end": [end]}[found]
    # The other one of the pair may be named too: what stands between them crosses an edge.
    assert set(expected) <= set(misplaced(html, text))


@pytest.mark.parametrize(
    "text",
    [
        "free ##paidbegin## paid\n\npaid ##paidend## free",
        "# heading ##paidbegin##\n\npaid\n\n##paidend##",
        "- a ##paidbegin##\n- b\n\nc ##paidend##",
        "> a ##paidbegin## b\n\nc ##paidend##",
        "```\na\n##paidbegin##\nb\n##paidend##\nc\n```",
        "`a ##paidbegin## b ##paidend##`",
        "##paidbegin##\n\n```\na\n```\n\n##paidend##",
        "| a | b |\n|---|---|\n| 1 |\n##paidbegin##\n| 2 |\n##paidend##\n| 3 |",
        "| a | b |\n|---|---|\n| 1 ##paidbegin## | 2 ##paidend## |",
        "**a ##paidbegin## b** ##paidend##",
        "[a ##paidbegin## b](/x) ##paidend##",
        "<div>\n\n##paidbegin##\n\n</div>\n\n##paidend##",
        "x[^1] ##paidbegin##\n\n[^1]: a note\n\nb ##paidend##",
        "x[^1]\n\n[^1]: a ##paidbegin## note ##paidend##",
        "a\n##paidbegin##\nb\n##paidend##",
        "$$paidbegin$$ x $$paidend$$",
        "<paid>x</paid>",
        "<Card />\n\na ##paidbegin## b ##paidend##",
        "<path />\n<Card>\n\n##paidbegin##\n\nb\n\n##paidend##\n\n</Card>",
        "> ##paidbegin##\n> a\n> ##paidend##",
    ],
)
def test_markers_in_running_markdown_are_in_place(text: str) -> None:
    assert misplaced(markdown, text) == []


@pytest.mark.parametrize(
    "text",
    [
        "```\n##paidbegin##\nCANARY_P\n```\n##paidend##",
        "a ##paidbegin##\n\n```\nb ##paidend##\nc\n```",
        "a ##paidbegin## `b ##paidend## c`",
        "```##paidbegin##\na\n```\n##paidend##",
        "a ##paidbegin##\n\n    b ##paidend##",
        "[report](https://ex.com/##paidbegin##CANARY_P)##paidend##",
        "[report](https://ex.com/##paidbegin##CANARY_P##paidend##)",
        "[report](/x '##paidbegin##CANARY##paidend##')",
        "![##paidbegin##CANARY##paidend##](/x)",
        "<https://ex.com/##paidbegin##a>##paidend##",
        "[a]: /x '##paidbegin##'\n\n[a] ##paidend##",
        "[a##paidbegin##]: /x\n\n##paidend##",
        "[^1]: unused ##paidbegin##CANARY##paidend##",
        "[^1]: a ##paidbegin##b##paidend##\n\nc[^1] ##paidbegin##d##paidend##",
        "x[^##paidbegin##] ##paidend##\n\n[^##paidbegin##]: a ##paidend##",
        "<b title='##paidbegin##'>a</b> ##paidend##",
        "<!-- ##paidbegin## -->\n\nCANARY\n\n<!-- ##paidend## -->",
        "<script>\n##paidbegin##\n</script>\n\n##paidend##",
        "<table><tr>\n##paidbegin##\n<td>a</td>\n</tr></table>\n\n##paidend##",
    ],
)
def test_markers_anywhere_else_in_markdown_are_misplaced(text: str) -> None:
    assert misplaced(markdown, text)


_SCRAPS = st.sampled_from(["##paidbegin##", "##paidend##", "\n\n", "\n", "words ", "字。", "    "])


@examples(300)
@given(st.lists(st.one_of(_SCRAPS, _SCRAPS, soups.markdown), max_size=12).map("".join))
@example("[^1]: unused\n\n    ##paidbegin##b##paidend##")
@example("<div hidden>\n\n##paidbegin##b##paidend##\n\n</div>")
@example("a `b\n##paidbegin##\n` c ##paidend##")
@example("- a\n\n  ##paidbegin##\n\n```\n##paidend##\n```")
def test_markers_that_stand_among_words_alone_are_in_place_by_every_reading(text: str) -> None:
    markers = scan(text)
    marked = contexts.marked(text, markers)
    if markdown._are_plain(marked, len(markers)):
        tokens, shown = markdown._parsed(marked)
        assert contexts.misplaced(shown, markers, markdown._autolinks(tokens)) == []


@pytest.mark.parametrize("form", [html, markdown])
@pytest.mark.parametrize(
    "tag", ["<Card />", "<path>", "<set>", "<text>", "<list/>", "<unknown>", "</share>"]
)
def test_an_element_that_html_does_not_know_takes_nothing_with_it(form: object, tag: str) -> None:
    rendering = form.render(f"a {tag} b\n\n{tag}\n\nc", "Title")  # type: ignore[attr-defined]
    assert rendering.text.split() == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("form", "text", "coded"),
    [
        (
            markdown,
            "x | a `|b`\n\n```\n| c\n```\n\n    |i\n\n- d\n\n      |i\n\n``` |`",
            [1, 2, 3, 4],
        ),
        (markdown, "`` |a ` |b `` <code>|c</code> |d\n\n<pre>\n|e\n</pre>\n\n\\`|f`", [0, 1, 2, 4]),
        (markdown, "> ~~~\n> |\n> ~~~\n\n|\n\n1. `x\n   |`\n\n<b title='`'>|</b> `", [0, 2]),
        (html, "|<pre>|<b>|</b></pre>|<p><code>|</code>|<!-- | --><i title='|'>|", [1, 2, 4]),
        (html, "<textarea><pre>|</pre></textarea>|<script><code>|</code></script><kbd>|</kbd>", []),
        (plain, "```\n|\n```\n`|`", []),
    ],
)
def test_places_in_code_are_told_from_the_others(form: object, text: str, coded: list[int]) -> None:
    parts = text.split("|")  # a bar stands for a place
    places = [len("".join(parts[:n])) for n in range(1, len(parts))]
    told = form.in_code("".join(parts), places)  # type: ignore[attr-defined]
    assert sorted(told) == [places[n] for n in coded]


def test_plain_text_has_no_markup_to_stand_in() -> None:
    assert misplaced(plain, "<!-- ##paidbegin## --> ``` ##paidend##") == []


def test_many_markers_are_told_apart() -> None:
    text = "##paidbegin##a##paidend##" * 1500 + "<!-- ##paidbegin##b##paidend## -->"
    markers = scan(text)
    assert html.misplaced(text, markers) == list(markers[-2:])


_markup = st.sampled_from(["<!--", "-->", "<td>", "</td>", "'", ">"])
_soup = st.one_of(soups.html.map(lambda soup: soup.replace(PLACEHOLDER, "x")), _markup)
_sections = st.tuples(_soup, _soup.filter(bool), _soup).map(
    lambda parts: "{}##paidbegin##{}##paidend##{}".format(*parts)
)


@examples(330)
@given(_sections)
def test_a_third_reader_finds_every_placed_marker_in_the_text(text: str) -> None:
    markers = scan(text)
    wrong = html.misplaced(text, markers)
    marked = prune(contexts.marked(text, markers))  # what every reader of ours is given
    shown = []
    for node in LexborHTMLParser(marked).root.traverse(include_text=True):  # type: ignore[union-attr]
        if node.is_text_node and not (ancestors(node) & DROPPED):
            shown += list(contexts._numbers(node.text_content or ""))
    placed = [number for number, marker in enumerate(markers) if marker not in wrong]
    assert [number for number in shown if number in placed] == placed


def ancestors(node: object) -> set[str]:
    found = set()
    while (node := node.parent) is not None:  # type: ignore[attr-defined]
        found.add(node.tag)
    return found


@examples(330)
@given(_sections)
def test_every_section_of_a_sound_document_has_its_place_in_the_preview(text: str) -> None:
    division = divide(text)
    assume(division.markers and not division.findings)
    assume(not html.misplaced(text, division.markers))
    rendering = html.render(document(html, text).projection_text(), "Title")
    paid = sum(section.paid for section in division.sections)
    assert rendering.html.count(PLACEHOLDER) == paid
    assert rendering.text.count(PLACEHOLDER) == paid
    assert rendering.markdown.count(PLACEHOLDER) == paid


@pytest.mark.parametrize(
    "code",
    [
        "<code>b<code>c</code>d</code>",
        "<code>b <code>c <code>d",
        "<pre>b<code>c<code>d</code></code></pre>",
        "<code>b<pre>c</pre>d</code>",
    ],
)
def test_code_within_code_is_no_prose(code: str) -> None:
    shown = html.render(f"<p>a {code}", "Title").html
    assert prose_of(shown).split() == ["a"]
