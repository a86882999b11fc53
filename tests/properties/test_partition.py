"""P-PART: the sections are the source, cut at its markers and nowhere else.

Each checker takes the divider as a parameter, and must catch dividers that leak.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.findings import FindingCode
from gateway.core.grammar import Spelling
from gateway.core.markers import Division, Section, divide
from gateway.core.texts import FreeText, PaidText
from tests.core import naive_markers
from tests.support.examples import examples

Divide = Callable[[str], Division]
Part = tuple[str, Spelling, str]  # free text, then paid text in this spelling

properly = examples(300)

# Free and paid text share no character, none of them is of a marker, and many change their
# length when lowered, normalised, encoded or unescaped.
FREE = "uvw 天地玄黄，\n\r\tİßé\u0301ﷺ😀𝔘"
PAID = "XYZ宇宙洪荒。\x0b\x85Şĳ\u0327ﷻ🎉𝔜"
HOSTILE = [*(text for pair in Spelling for text in pair.value), "##", "$", "#", "\\", "paid", "<"]

parts = st.lists(
    st.tuples(st.text(FREE), st.sampled_from(Spelling), st.text(PAID)), min_size=1, max_size=5
)
hostile_text = st.lists(
    st.sampled_from(
        [*HOSTILE, "begin", "end", "\n", "\r\n", "İ", "ﷺ", "中", "##\\paidbegin##", "<\\paid>"]
    )
).map("".join)


def written(document: Sequence[Part], tail: str = "") -> str:
    return (
        "".join(
            free + spelling.value[0] + paid + spelling.value[1] for free, spelling, paid in document
        )
        + tail
    )


def texts(division: Division) -> list[tuple[bool, str]]:
    return [(section.paid, revealed(section)) for section in division.sections]


def revealed(section: Section) -> str:
    return section.text.reveal() if isinstance(section.text, PaidText) else section.text


# Checkers


def check_sections(divider: Divide, document: Sequence[Part], tail: str = "") -> None:
    """The sections are those that were written, in order, without the empty ones."""
    division = divider(written(document, tail))
    expected = [pair for free, _, paid in document for pair in ((False, free), (True, paid))]
    assert texts(division) == [pair for pair in [*expected, (False, tail)] if pair[1]]
    assert not division.findings


def check_no_paid_character_is_free(divider: Divide, document: Sequence[Part]) -> None:
    for section in divider(written(document)).sections:
        if not section.paid:
            assert not set(PAID) & set(revealed(section))


def check_cover(divider: Divide, source: str) -> None:
    """Sections and markers together are the source; an unsound source has no sections."""
    division = divider(source)
    if division.findings:
        assert division.sections == ()
        return
    tokens = naive_markers.find_tokens(source)
    cut = [index for token in tokens if token.marks for index in (token.start, token.end)]
    cut = [0, *cut, len(source)]
    escapes = {token.start + token.text.index("paid") for token in tokens if token.literal}
    runs = [
        (number % 2 == 1, "".join(source[i] for i in range(start, end) if i not in escapes))
        for number, (start, end) in enumerate(zip(cut[::2], cut[1::2], strict=True))
    ]
    assert texts(division) == [run for run in runs if run[1]]
    opened = [token.opens for token in tokens if token.marks]
    assert opened == [True, False] * (len(opened) // 2)


def check_newlines(divider: Divide, document: Sequence[Part], newline: str) -> None:
    def changed(text: str) -> str:
        return re.sub(r"\r\n|\r|\n", newline, text)

    source = written(document)
    expected = [(paid, changed(text)) for paid, text in texts(divider(source))]
    assert texts(divider(changed(source))) == expected


def check_byte_order_mark(divider: Divide, document: Sequence[Part]) -> None:
    plain = texts(divider("w" + written(document)))
    assert texts(divider("\ufeffw" + written(document))) == [
        (False, "\ufeff" + plain[0][1]),
        *plain[1:],
    ]


def check_spelling(divider: Divide, document: Sequence[Part], spelling: Spelling) -> None:
    respelled = [(free, spelling, paid) for free, _, paid in document]
    assert texts(divider(written(document))) == texts(divider(written(respelled)))


def check_concatenation(divider: Divide, one: Sequence[Part], two: Sequence[Part]) -> None:
    joined = texts(divider(written(one) + written(two)))
    assert joined == texts(divider(written(one))) + texts(divider(written(two)))


def check_appending(divider: Divide, document: Sequence[Part], tail: str) -> None:
    before, after = texts(divider(written(document))), texts(divider(written(document, tail)))
    assert after == [*before, *([(False, tail)] if tail else [])]


# The divider holds


@properly
@given(parts, st.text(FREE))
def test_sections_are_what_was_written(document: list[Part], tail: str) -> None:
    check_sections(divide, document, tail)


@properly
@given(parts)
def test_no_free_section_holds_a_paid_character(document: list[Part]) -> None:
    check_no_paid_character_is_free(divide, document)


@properly
@given(hostile_text)
def test_sections_and_markers_are_the_source(source: str) -> None:
    check_cover(divide, source)


@properly
@given(parts, st.sampled_from(["\n", "\r", "\r\n"]))
def test_the_style_of_line_ends_changes_no_section(document: list[Part], newline: str) -> None:
    check_newlines(divide, document, newline)


@properly
@given(parts)
def test_a_byte_order_mark_changes_no_section(document: list[Part]) -> None:
    check_byte_order_mark(divide, document)


@properly
@given(parts, st.sampled_from(Spelling))
def test_the_spelling_of_markers_changes_no_section(
    document: list[Part], spelling: Spelling
) -> None:
    check_spelling(divide, document, spelling)


@properly
@given(parts, parts)
def test_sections_of_joined_documents_are_joined(one: list[Part], two: list[Part]) -> None:
    check_concatenation(divide, one, two)


@properly
@given(parts, st.text(FREE))
def test_appended_free_text_changes_no_section_before_it(document: list[Part], tail: str) -> None:
    check_appending(divide, document, tail)


@pytest.mark.parametrize("shift", [65_535, 65_536, 1 << 20])
def test_a_marker_across_any_boundary_is_whole(shift: int) -> None:
    for back in range(14):
        check_sections(divide, [("天" * (shift - back), Spelling.HASH, "X")], "地")


# The checkers catch dividers that leak


def found_on_lowered_text(source: str) -> Division:
    lowered = source.lower()
    return cut(source, [match.span() for match in PAIR.finditer(lowered)])


def greedy(source: str) -> Division:
    return cut(source, [match.span() for match in GREEDY.finditer(source)])


def of_single_lines(source: str) -> Division:
    return cut(source, [match.span() for match in ONE_LINE.finditer(source)])


def offsets_of_bytes(source: str) -> Division:
    encoded = source.encode()
    return cut(source, [match.span() for match in re.finditer(BYTES, encoded)])


def deaf_to_unclosed(source: str) -> Division:
    """Take what is never closed for free text."""
    division = divide(source)
    if {finding.code for finding in division.findings} <= {FindingCode.UNCLOSED}:
        return cut(source, [match.span() for match in PAIR.finditer(source)])
    return division


def deaf_to_dollars(source: str) -> Division:
    return divide(source.replace("$$", "￥￥"))


def offsets_without_a_byte_order_mark(source: str) -> Division:
    return cut(source, [match.span() for match in PAIR.finditer(source.removeprefix("\ufeff"))])


def offsets_with_plain_line_ends(source: str) -> Division:
    return cut(source, [match.span() for match in PAIR.finditer(source.replace("\r\n", "\n"))])


def ending_with_the_last_section(source: str) -> Division:
    division = divide(source)
    return Division(division.sections[:4], (), (), 0)


def rescanning(source: str) -> Division:
    """Delete the pairs without paid text, then look again."""
    return divide(source.replace("##paidend##", "", 1))


PAIR = re.compile(r"(##paidbegin##|\$\$paidbegin\$\$|<paid>).*?(##paidend##|\$\$paidend\$\$|</paid>)", re.S)  # fmt: skip # noqa: E501
GREEDY = re.compile(PAIR.pattern.replace("*?", "*"), re.S)
ONE_LINE = re.compile(PAIR.pattern)
BYTES = re.compile(PAIR.pattern.encode(), re.S)


def cut(source: str, spans: Iterable[tuple[int, int]]) -> Division:
    sections, at = [], 0
    for start, end in spans:
        sections.append(Section(False, FreeText(source[at:start]), 1, 1))
        paid = re.sub(r"^(##|\$\$|<)paid(begin)?(##|\$\$|>)|(##|\$\$|</)paid(end)?(##|\$\$|>)$", "", source[start:end])  # fmt: skip # noqa: E501
        sections.append(Section(True, PaidText(paid), 1, 1))
        at = end
    sections.append(Section(False, FreeText(source[at:]), 1, 1))
    return Division(tuple(one for one in sections if revealed(one)), (), (), 0)


SHIFTED: list[Part] = [("İ" * 60, Spelling.HASH, "宇宙"), ("天\n", Spelling.TAG, "X\nY")]


@pytest.mark.parametrize("leak", [found_on_lowered_text, greedy, of_single_lines, offsets_of_bytes])
def test_checkers_of_documents_catch_a_leak(leak: Divide) -> None:
    with pytest.raises(AssertionError):
        check_sections(leak, [("天", Spelling.HASH, "X\n"), *SHIFTED], "地")


@pytest.mark.parametrize("leak", [found_on_lowered_text, of_single_lines, offsets_of_bytes])
def test_the_checker_of_characters_catches_a_leak(leak: Divide) -> None:
    with pytest.raises(AssertionError):
        check_no_paid_character_is_free(leak, [("İ" * 60 + "天", Spelling.HASH, "宇\n宙")])


@pytest.mark.parametrize("leak", [greedy, deaf_to_unclosed, rescanning, of_single_lines])
def test_the_checker_of_cover_catches_a_leak(leak: Divide) -> None:
    with pytest.raises(AssertionError):  # noqa: PT012
        check_cover(leak, "a##paidbegin##\nX##paidend##b##paidbegin##Y##paidend##c")
        check_cover(leak, "a##paidbegin##X")
        check_cover(leak, "##paid##paidend##begin##X##paidend##")


MILD: list[Part] = [("天\nw", Spelling.HASH, "X\n宇宙"), ("地", Spelling.TAG, "Z")]


@pytest.mark.parametrize(
    ("check", "leak"),
    [
        (partial(check_newlines, newline="\r"), of_single_lines),
        (partial(check_newlines, newline="\r\n"), offsets_with_plain_line_ends),
        (check_byte_order_mark, offsets_of_bytes),
        (check_byte_order_mark, offsets_without_a_byte_order_mark),
        (partial(check_spelling, spelling=Spelling.TAG), offsets_of_bytes),
        (partial(check_spelling, spelling=Spelling.DOLLAR), deaf_to_dollars),
        (partial(check_concatenation, two=MILD), greedy),
        (partial(check_concatenation, two=MILD), ending_with_the_last_section),
        (partial(check_appending, tail="地"), ending_with_the_last_section),
        (partial(check_appending, tail="Ｗ" * 9), offsets_of_bytes),
    ],
)
def test_the_relations_catch_a_leak(check: Callable[..., None], leak: Divide) -> None:
    with pytest.raises(AssertionError):
        check(leak, MILD)
