"""What of Markdown is read beyond CommonMark, and what of it stays as it was written."""

from __future__ import annotations

import re
from html import unescape

import pytest

from gateway.core.documents import PLACEHOLDER
from gateway.core.findings import FindingCode
from gateway.formats import markdown


def body(text: str) -> str:
    """Return the HTML of a text under a title, without what every link has."""
    return markdown.render(text, "Title").html.replace(' rel="noopener noreferrer"', "")


# --- formulas ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "formula",
    ["$x^*(b) = a^*$", "$u_i, v_i$", "$n$", r"$\$5_a$", "$$a_1 * b_2 * c$$", r"\(p_1 + p_2\)",
     r"\(x\)", r"\[x^2 = \text{价格}\]", "$a\nb_c_d$"],
)  # fmt: skip
@pytest.mark.parametrize("around", ["设{}。", "a {} b", "**{}**", "- {} x"])
def test_a_formula_stays_letter_for_letter(formula: str, around: str) -> None:
    (found,) = re.findall('<code class="math">(.*?)</code>', body(around.format(formula)), re.S)
    assert unescape(found) == formula


@pytest.mark.parametrize(
    "text",
    ["$5 and $10", "US$5和$6", "from $5-$10", "a $ b $ c", "$ x$", r"\$x\$", "$x", "`$x$`",
     r"\[1\]", r"\(see below\)", r"\[link\_to\_it\]", r"\[ \]", "$$", "$$ $$"],
)  # fmt: skip
def test_prices_and_escaped_brackets_are_no_formulas(text: str) -> None:
    assert "math" not in body(text)


@pytest.mark.parametrize("formula", ["$$\na\n= b\n- c\n$$", "\\[\na_1\n+ b\n\\]", "$$ x $$"])
@pytest.mark.parametrize("indent", ["", "> ", "- "])
def test_a_formula_on_lines_of_its_own_is_a_listing(formula: str, indent: str) -> None:
    rest = "  " if indent == "- " else indent
    html = body("a\n\n" + indent + formula.replace("\n", "\n" + rest) + "\n\nb")
    assert f'<pre><code class="math">{formula}</code></pre>' in html


def test_a_formula_that_does_not_end_is_text() -> None:
    assert "math" not in body("$$\na\n\nb\n$$ c")


# --- notes and references ----------------------------------------------------------------------


def test_notes_are_numbered_as_the_text_refers_to_them() -> None:
    made = markdown.render("x[^b] y[^a] z[^b]\n\n[^a]: A[^c]\n[^b]: B\n[^c]: C\n", "T")
    assert made.text.startswith("x[1] y[2] z[1]\n")
    assert [line[:4] for line in made.text.splitlines() if ". " in line] == ["1. B", "2. A", "3. C"]
    assert made.markdown.endswith("[^1]: B\n\n[^2]: A[^3]\n\n[^3]: C\n")


def test_a_note_that_only_an_unused_one_refers_to_is_not_shown() -> None:
    made = markdown.render(
        "x\n\n[^a]: dark [^b]\n\n[^b]: dark\n\n    [^c]: dark\n\n    dark\n", "T"
    )
    assert "dark" not in f"{made}"


def test_the_first_of_like_named_notes_counts() -> None:
    made = markdown.render("x[^a]\n\n[^a]: light\n\n[^a]: dark\n", "T")
    assert "light" in made.text
    assert "dark" not in f"{made}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("推荐[那本 **书**][book]，另有[^a]。", "推荐那本 书，另有。"),
        ("![words][pic] and [words][]", "words and words"),
        ("rows[i][j] and [words]", "rows[i][j] and [words]"),
        ("[words][known]", "words"),
    ],
)
def test_with_a_cut_an_undefined_reference_shows_its_words(text: str, shown: str) -> None:
    made = markdown.render(f"{text}\n\n{PLACEHOLDER}\n\n[known]: /x\n", "T")
    assert made.text.partition(PLACEHOLDER)[0].strip() == shown


def test_without_a_cut_an_undefined_reference_is_text() -> None:
    assert markdown.render("a [words][book] b[^a]", "T").text == "a [words][book] b[^a]\n"


# --- tasks, addresses, emphasis ----------------------------------------------------------------


def test_tasks_have_boxes() -> None:
    made = markdown.render("- [ ] a\n- [x] b\n- [y] c\n\n[ ] d\n", "T")
    assert "<li>☐ a</li>\n<li>☑ b</li>\n<li>[y] c</li>" in made.html
    assert "<p>[ ] d</p>" in made.html
    assert "- [ ] a\n- [x] b\n" in made.markdown


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("见https://e.example/a_b_c，然后", "https://e.example/a_b_c"),
        ("(https://e.example/a)", "https://e.example/a"),
        ("https://e.example/a_(b).", "https://e.example/a_(b)"),
        ("**https://e.example/a**", "https://e.example/a"),
        (r"http://e.example/a\_b?c=d&e=f", "http://e.example/a_b?c=d&amp;e=f"),
    ],
)
def test_a_bare_address_becomes_a_link(text: str, address: str) -> None:
    assert f'<a href="{address}">{address}</a>' in body(text)


@pytest.mark.parametrize(
    "text", ["ftp://e.example", "xhttps://e.example", "https://", "`https://e.x`"]
)
def test_nothing_else_becomes_one(text: str) -> None:
    assert "<a" not in body(text)


def test_a_link_holds_no_second_one() -> None:
    assert body("[https://e.example](/x)").count("<a") == 1
    assert body("<a href='/x'>https://e.example</a>").count("<a") == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("他说**“甲”**乙", "他说<strong>“甲”</strong>乙"),
        ("又说__粗体__文字", "又说<strong>粗体</strong>文字"),
        ("snake_case_name 第一_第二_第三", "snake_case_name 第一_第二_第三"),
        ("a__b__c", "a__b__c"),
    ],
)
def test_emphasis_beside_chinese(text: str, expected: str) -> None:
    assert body(text) == f"<p>{expected}</p>"


# --- what is lost ------------------------------------------------------------------------------


def test_what_no_form_shows_is_told_with_its_line() -> None:
    made = markdown.render(
        "a\nb ![x](http://e.example/x.png)\n![y](y.png)\n\n> ![z](data:image/png,)\n\n"
        "<div hidden>dark</div>\n\nc <iframe src='https://e.example/v'></iframe>\n\n"
        "![ok](https://e.example/ok.png) ![w](/w.png)\n",
        "T",
    )
    assert [(each.line, each.code) for each in sorted(made.warnings)] == [
        (2, FindingCode.BLOCKED_PICTURE),
        (3, FindingCode.MISSING_PICTURE),
        (5, FindingCode.LEFT_OUT),
        (7, FindingCode.HIDDEN),
        (9, FindingCode.LEFT_OUT),
        (11, FindingCode.MISSING_PICTURE),  # it may be there for all we know, and stays
    ]
    assert "dark" not in f"{made}"
    assert '<a href="https://e.example/v"' in made.html
    assert '<img src="/w.png"' in made.html


def test_of_a_picture_that_is_not_shown_the_words_are() -> None:
    made = markdown.render('![一](pics/a.png) ![二](http://e.example/b.png "三")', "T")
    assert made.html == "<p>一 二</p>"
    assert made.markdown == made.text == "一 二\n"
