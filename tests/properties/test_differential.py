"""P-DIFF: the divider and the naive parser agree on every source.

The checker takes the divider as a parameter, and must catch dividers that leak.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.findings import FindingCode
from gateway.core.grammar import Spelling
from gateway.core.markers import Division, divide
from gateway.core.texts import PaidText
from tests.core import naive_markers
from tests.support.examples import examples

Divide = Callable[[str], Division]

VECTORS = json.loads(Path("tests/corpus/markers.json").read_text(encoding="utf-8"))
MARKERS = [text for pair in Spelling for text in pair.value]
PIECES = [
    *MARKERS,
    *("##", "#", "$", "$$", "<", ">", "</", "/", "\\", "paid", "begin", "end", "paidbegin"),
    *("paidend", "paidbegn", "padiend", "PAID", "＃", "ｐａｉｄ", "♯", "￥", "‹", "〉", "《paid》"),
    *("&#35;", "&#x23;", "&lt;", "&gt;", "&num;", "&nbsp;", "&amp;", "&#112;", "&", "&#10;"),
    *("\u200b", "\u00ad", "\ufeff", "\u202e", "\u2066", "\u0301", "\0", "\x1a", "\u3000", "\x85"),
    *(
        "р",
        "а",
        "і",
        "ԁ",
        "в",
        "е",
        "ɡ",
        "ո",
        "ı",
        "İ",
        "Ν",
        "é",
        "ﷺ",
        "㎩",
        "中文",
        "。",
        "😀",
        "…",
    ),
    *("\n<", ">\n", "<!--", "-->", "<piad>", "</pad>", "<main>", "\\>", "<br>", "\nend"),
    *(
        "##\\paidbegin##",
        "<\\paid>",
        "\\paid",
        "\\##",
        "<pay",
        "<pai",
        "/paid>",
        "</p",
        "aid>",
        "id>",
    ),
    *(
        "№",
        "№№",
        "℡",
        "㎩",
        "付费",
        "收費",
        "开始",
        "結束",
        "pay",
        "vip",
        "start",
        "stop",
        "{",
        "=",
    ),
    *("\n", "\r", "\r\n", " ", "\t", "a", "d", "x", "-", "_", "5", "%23", "class='x'", "\ud800"),
]

properly = examples(600)

pieces = st.sampled_from(PIECES)
soup = st.lists(pieces, max_size=14).map("".join)
spaced_soup = st.lists(
    st.sampled_from(["#", "#", " ", "p", "a", "i", "d", "b", "e", "g", "n", "x", "paid", "end"]),
    max_size=24,
).map("".join)
documents = st.lists(
    st.tuples(soup, st.sampled_from(Spelling), st.booleans(), soup).map(
        lambda one: one[0] + one[1].value[0] + one[3] + (one[1].value[1] if one[2] else "")
    ),
    max_size=3,
).map("".join)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Draw a vector, or a marker, with a few pieces put in, taken out or changed."""
    source: str = draw(st.sampled_from([*(one["source"] for one in VECTORS), *MARKERS]))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(source)))
        taken = draw(st.integers(0, 2))
        if draw(st.booleans()):
            source = source[:at] + draw(pieces) + source[at + taken :]
        else:
            source = source[:at] + source[at : at + 2][::-1] + source[at + 2 :]
    return source


def check_agreement(divider: Divide, source: str) -> None:
    division, reading = divider(source), naive_markers.read(source)
    faults = [(one.line, one.column or 0, one.code.value) for one in division.findings]
    assert sorted(faults) == reading.faults
    assert [(one.start, one.end) for one in division.markers] == reading.spans
    sections = [
        (
            section.paid,
            section.text.reveal() if isinstance(section.text, PaidText) else section.text,
            section.line,
            section.end_line,
        )
        for section in division.sections
    ]
    assert sections == reading.sections


@properly
@given(soup)
def test_both_parsers_agree_on_random_text(source: str) -> None:
    check_agreement(divide, source)


@properly
@given(spaced_soup)
def test_both_parsers_agree_on_sigils_and_letters(source: str) -> None:
    check_agreement(divide, source)


@properly
@given(documents)
def test_both_parsers_agree_on_documents(source: str) -> None:
    check_agreement(divide, source)


@properly
@given(mutated())
def test_both_parsers_agree_on_mutated_vectors(source: str) -> None:
    check_agreement(divide, source)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["name"]))
def test_the_naive_parser_holds_the_vectors(vector: dict[str, object]) -> None:
    source = str(vector["source"])
    reading = naive_markers.read(source)
    if "errors" in vector:
        errors = vector["errors"]
        assert isinstance(errors, list)
        assert reading.faults == sorted((line, column or 0, code) for code, line, column in errors)
    else:
        sections = [["paid" if one[0] else "free", one[1]] for one in reading.sections]
        assert sections == vector["segments"]


# The checker catches dividers that leak


def blind_to(*chars: str) -> Divide:
    """Make a divider that takes these characters for others."""

    def divider(source: str) -> Division:
        return divide(source.translate({ord(char): "文" for char in chars}))

    return divider


def without(*codes: FindingCode) -> Divide:
    """Make a divider that does not care for some faults."""

    def divider(source: str) -> Division:
        division = divide(source)
        kept = tuple(one for one in division.findings if one.code not in codes)
        return replace(division, findings=kept)

    return divider


def escaping_by_parity(source: str) -> Division:
    return divide(source.replace("\\\\", "文文"))


def eager(source: str) -> Division:
    """Open with the second of two begins."""
    return divide(source.replace("##paidbegin##", "文" * 13, 1)) if "nested" in str(
        divide(source).findings
    ) else divide(source)  # fmt: skip


LEAKS = {
    "no normalisation": (blind_to(*"＃ｐａｉｄ"), "a ##ｐａｉｄbegin##x"),
    "no removal of format characters": (
        blind_to("\u200b", "\u00ad"),
        "a ##p\u200ba\u200bi\u00addbegin##x",
    ),
    "no entities": (blind_to("&"), "a ##&#112;a&#105;dbegin##x"),
    "no look-alikes": (blind_to(*"раіԁ"), "a ##раіԁbegin##x"),
    "no bidirectional controls": (blind_to("\u202e"), "a\u202e ##paidbegin##x##paidend##"),
    "no suspects": (without(FindingCode.SUSPECT), "a ##PAIDBEGIN##x"),
    "unclosed is free": (without(FindingCode.UNCLOSED), "a ##paidbegin##x"),
    "unopened is text": (without(FindingCode.UNOPENED), "a ##paidend##x"),
    "any end closes": (without(FindingCode.MISMATCHED), "a ##paidbegin##x$$paidend$$"),
    "even backslashes": (escaping_by_parity, "a \\\\##paidbegin##x##paidend##"),
    "the second begin counts": (eager, "a##paidbegin##x##paidbegin##y##paidend##"),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_the_checker_catches_a_leak(leak: str) -> None:
    divider, source = LEAKS[leak]
    check_agreement(divide, source)
    with pytest.raises(AssertionError):
        check_agreement(divider, source)
