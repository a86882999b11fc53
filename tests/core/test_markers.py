"""The marker grammar, rule by rule."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from gateway.core import skeletons
from gateway.core.faults import MOST_FINDINGS
from gateway.core.findings import FindingCode
from gateway.core.grammar import PAGEBREAK, Spelling, literal, scan, shown, stand_ins, veiled
from gateway.core.markers import Division, divide, residue
from gateway.core.rulers import position
from gateway.core.texts import PaidText

PIECE = skeletons.PIECE
VECTORS = json.loads(Path("tests/corpus/markers.json").read_text(encoding="utf-8"))
ACCEPTED = [vector for vector in VECTORS if "segments" in vector]
REFUSED = [vector for vector in VECTORS if "errors" in vector]


def named(vector: dict[str, object]) -> str:
    return str(vector["name"])


def segments(division: Division) -> list[list[str]]:
    return [
        ["paid", section.text.reveal()]
        if isinstance(section.text, PaidText)
        else ["free", section.text]
        for section in division.sections
    ]


def errors(division: Division) -> list[list[object]]:
    return [[one.code.value, one.line, one.column] for one in division.findings]


@pytest.mark.parametrize("vector", ACCEPTED, ids=named)
def test_an_accepted_vector_has_its_sections(vector: dict[str, Any]) -> None:
    division = divide(vector["source"])
    assert segments(division) == vector["segments"]
    assert division.findings == ()


@pytest.mark.parametrize("vector", REFUSED, ids=named)
def test_a_refused_vector_has_its_findings_and_no_sections(vector: dict[str, Any]) -> None:
    division = divide(vector["source"])
    assert errors(division) == vector["errors"]
    assert division.sections == ()


def test_the_corpus_has_both_kinds() -> None:
    assert len(ACCEPTED) > 15
    assert len(REFUSED) > 15


# Escapes


@pytest.mark.parametrize("spelling", Spelling)
def test_every_marker_can_be_shown(spelling: Spelling) -> None:
    begin, end = spelling.value
    division = divide(f"{literal(begin)} and {literal(end)}")
    assert segments(division) == [["free", f"{begin} and {end}"]]
    assert division.escapes == 2


def test_literal_markers_in_paid_text_are_not_counted_as_free() -> None:
    division = divide("a<paid><\\paid></\\paid></paid></\\paid>")
    assert segments(division) == [["free", "a"], ["paid", "<paid></paid>"], ["free", "</paid>"]]
    assert division.escapes == 1


@pytest.mark.parametrize("backslashes", range(1, 6))
def test_a_backslash_before_a_whole_marker_is_a_finding_however_many_there_are(
    backslashes: int,
) -> None:
    for text in (text for spelling in Spelling for text in spelling.value):
        division = divide("a\nC:" + "\\" * backslashes + text)
        assert errors(division) == [["escaped", 2, 3 + backslashes]]


@pytest.mark.parametrize("backslashes", range(1, 6))
def test_a_real_end_after_an_escaped_begin_is_unopened(backslashes: int) -> None:
    source = "C:" + "\\" * backslashes + "##paidbegin##secret##paidend##"
    assert errors(divide(source)) == [
        ["escaped", 1, 3 + backslashes],
        ["unopened", 1, 22 + backslashes],
    ]


def test_an_escaped_marker_is_mended_in_two_ways_and_both_are_told() -> None:
    (finding,) = divide("\\</paid>").findings
    assert "backslash out" in finding.hint
    assert "</\\paid>" in finding.hint


@pytest.mark.parametrize(
    "written",
    [
        "\\#\\#paidbegin##", "\\#\\#paidbegin\\#\\#", "\\$\\$paidbegin\\$\\$", "<paid\\>",
        "\\<paid\\>",
        "\\</paid\\>", "\\\\##paidbegin##", "&lt;paid&gt;", "&lt;/paid&gt;", "\\&lt;paid>",
        "##\\\\paidbegin##", "<\\\\paid>", "\\#\\#paidbegn\\#\\#", "\\<piad\\>", "<\\/paid>",
        "##\\PAIDBEGIN##", "##\\ paidend##", "##paid\\begin##", "$$\\paidbegin##",
        "##\\paidbegin#",
    ],
)  # fmt: skip
def test_what_an_editor_makes_of_a_marker_is_never_silent(written: str) -> None:
    for source in (written, f"free {written}secret", f"a\n{written}\nsecret\n", f"字{written}字"):
        codes = {finding.code for finding in divide(source).findings}
        assert codes & {FindingCode.ESCAPED, FindingCode.SUSPECT}, source


def test_a_backslash_elsewhere_is_text() -> None:
    for source in (
        "\\a \\#\\#\n\\",
        "\\paid \\\\paid\\",
        "C:\\paid\\",
        "#\\paid# <\\b>",
        "\\##tag##",
    ):
        assert segments(divide(source)) == [["free", source]]


def test_a_letter_stands_in_for_each_literal_marker_of_a_section() -> None:
    text = "a ##paidbegin## b <paid></paid> $$paidend$$ paid"
    assert "##" not in stand_ins(text)
    assert len(stand_ins(text)) == len("a X b XX X paid")
    assert shown(stand_ins(text)) == text
    assert shown(stand_ins("<paid>"), str.upper) == "<PAID>"


# Tokens


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("###paidbegin##x##paidend##", [["free", "#"], ["paid", "x"]]),
        ("##paidbegin###x##paidend##", [["paid", "#x"]]),
        ("####paidbegin##x##paidend####", [["free", "##"], ["paid", "x"], ["free", "##"]]),
        ("$$$paidbegin$$x$$paidend$$$", [["free", "$"], ["paid", "x"], ["free", "$"]]),
        ("<<paid>x</paid>>", [["free", "<"], ["paid", "x"], ["free", ">"]]),
        ("##paidbegin####paidend####paidbegin##x##paidend##", [["paid", "x"]]),
        ("##paidbegin##\n##paidend##", [["paid", "\n"]]),
        ("/#/##paidbegin##x##paidend##", [["free", "/#/"], ["paid", "x"]]),
    ],
)
def test_sigils_around_a_marker_are_text(source: str, expected: list[list[str]]) -> None:
    assert segments(divide(source)) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("##paidbegin##paidend##", [["suspect", 1, None], ["unclosed", 1, 1]]),
        ("##paidend##paidbegin##", [["unopened", 1, 1], ["suspect", 1, None]]),
        ("##\\paidbegin##paidend##", [["suspect", 1, None]]),
        ("$$paidbegin$$paidend$$", [["unclosed", 1, 1], ["suspect", 1, None]]),
        (
            "##paid##paidend##begin##x##paidend##",
            [["suspect", 1, None], ["unopened", 1, 7], ["unopened", 1, 26]],
        ),
    ],
)
def test_markers_share_no_sigil(source: str, expected: list[list[object]]) -> None:
    assert sorted(errors(divide(source)), key=str) == sorted(expected, key=str)


def test_a_scan_finds_markers_where_they_stand() -> None:
    source = "天##paidbegin##地</paid><\\paid>\\<paid>$$paidend$$"
    found = [(source[one.start : one.end], one.opens, one.spelling) for one in scan(source)]
    assert found == [
        ("##paidbegin##", True, Spelling.HASH),
        ("</paid>", False, Spelling.TAG),
        ("$$paidend$$", False, Spelling.DOLLAR),
    ]


@pytest.mark.parametrize("source", ["", "p", "paid", "##paidbegin#", "paidbegin##", "<paid", "d##"])
def test_a_piece_of_a_marker_is_none(source: str) -> None:
    assert scan(source) == ()


def test_a_page_break_is_text_to_the_grammar() -> None:
    assert segments(divide(PAGEBREAK)) == [["free", PAGEBREAK]]


# Faults


def test_spellings_pair_only_with_themselves() -> None:
    for one, other in product(Spelling, Spelling):
        division = divide(f"a{one.value[0]}b{other.value[1]}c")
        codes = [finding.code for finding in division.findings]
        assert codes == ([] if one is other else [FindingCode.MISMATCHED])


def test_a_begin_of_another_spelling_inside_is_nested() -> None:
    assert errors(divide("##paidbegin##a<paid>b</paid>c")) == [
        ["nested", 1, 15],
        ["mismatched", 1, 22],
    ]


def test_findings_stand_in_the_order_of_the_source() -> None:
    source = "##paidbegin##\n</paid>\n##PAIDEND##\n##paidend## ##paidbegn## <paid>"
    assert errors(divide(source)) == [
        ["mismatched", 2, 1],
        ["suspect", 3, None],
        ["unopened", 4, 1],
        ["suspect", 4, None],
        ["unclosed", 4, 26],
    ]


def test_a_line_has_one_suspect_at_most() -> None:
    assert errors(divide("##PAIDBEGIN##x##PAIDEND## ##Paidbegin##")) == [["suspect", 1, None]]


@pytest.mark.parametrize(
    "source",
    [
        "a <PAID>b</paid> c",
        "a <paid id='1'>b\n\n</paid> c",
        "<paid >a</paid>\n<paid >b</paid>",
    ],
)
def test_an_end_tag_speaks_for_its_inexact_begin(source: str) -> None:
    assert {finding.code for finding in divide(source).findings} == {FindingCode.UNOPENED}


@pytest.mark.parametrize(
    "source",
    [
        "<paid>a<PAID>b</paid>c",
        "<PAID>a<paid>b</paid>",
        "<PAID>a##paidend##",
        "<paid>a</PAID>b</paid>",
        "</PAID>a</paid>",
    ],
)
def test_an_inexact_tag_that_no_end_speaks_for_is_suspect(source: str) -> None:
    assert FindingCode.SUSPECT in {finding.code for finding in divide(source).findings}


@pytest.mark.parametrize("control", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_a_bidirectional_control_on_a_line_with_a_marker_is_suspect(control: str) -> None:
    source = f"a{control}b\nc{control} ##paidbegin##d\ne##paidend##\n{control}"
    assert errors(divide(source)) == [["suspect", 2, None]]


def test_a_bidirectional_control_elsewhere_is_text() -> None:
    assert divide("\u202eabc\n##paidbegin##d##paidend##\n\u2066x").findings == ()


def test_a_finding_quotes_nothing_of_the_document() -> None:
    secret = "宇宙洪荒 q7x"
    sources = (
        f"{secret}##paidbegin##{secret}",
        f"{secret}##paidend##{secret}",
        f"##paidbegin##{secret}<paid>{secret}$$paidend$${secret}",
        f"##paidbegn##{secret}",
    )
    for source in sources:
        for finding in divide(source).findings:
            assert finding.message
            assert finding.hint
            assert "q7x" not in repr(finding)
            assert "宇" not in repr(finding)


def test_a_hint_names_the_marker_that_mends() -> None:
    (finding,) = divide("a$$paidend$$").findings
    assert "$$paidbegin$$" in finding.hint


def test_paid_text_slips_out_by_no_repr() -> None:
    division = divide("a##paidbegin##secret##paidend##")
    assert "secret" not in repr(division)
    assert "secret" not in f"{division.sections[1].text}"


# Lines


@pytest.mark.parametrize(
    ("source", "places"),
    [
        ("", [(1, 1)]),
        ("ab", [(1, 1), (1, 2), (1, 3)]),
        ("a\nb", [(1, 1), (1, 2), (2, 1), (2, 2)]),
        ("a\r\nb", [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2)]),
        ("a\rb", [(1, 1), (1, 2), (2, 1), (2, 2)]),
        ("\r\r\n\n", [(1, 1), (2, 1), (2, 2), (3, 1), (4, 1)]),
        ("\n\r\n", [(1, 1), (2, 1), (2, 2), (3, 1)]),
        ("😀é\u0301\n", [(1, 1), (1, 2), (1, 3), (1, 4), (2, 1)]),
        ("\u2028\x0b\x0c\x85", [(1, 1), (1, 2), (1, 3), (1, 4), (1, 5)]),
    ],
)
def test_positions_count_lines_and_code_points(source: str, places: list[tuple[int, int]]) -> None:
    assert [position(source, index) for index in range(len(source) + 1)] == places


def test_sections_tell_their_lines() -> None:
    division = divide("one\r\ntwo##paidbegin##\rthree\n\n##paidend##six\n")
    assert [(one.paid, one.line, one.end_line) for one in division.sections] == [
        (False, 1, 2),
        (True, 2, 4),
        (False, 5, 5),
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_finding_is_on_its_line(newline: str) -> None:
    source = newline.join(["x"] * 9 + ["##paidend##", "x", "##paidbegn##"])
    assert errors(divide(source)) == [["unopened", 10, 1], ["suspect", 12, None]]


def test_a_control_between_two_line_ends_does_not_join_them() -> None:
    for control in "\0\x1a\u200b":
        source = f"x\r{control}\n##paidbegn##"
        assert errors(divide(source)) == [["suspect", 3, None]]


# Hostile sources


def test_findings_have_a_bound() -> None:
    division = divide("##paidend##paidend\n" * (MOST_FINDINGS // 2 + 1))
    assert len(division.findings) == MOST_FINDINGS
    assert len(divide("paidend\n" * (MOST_FINDINGS + 1)).findings) == MOST_FINDINGS


@pytest.mark.parametrize(
    "source",
    [
        "\ud800##paidbegin##\udfff##paidend##",
        "&#" + "9" * 10_000 + ";",
        "&#x" + "0" * 10_000 + "70;",
        "&" * 1000 + "amp;" * 1000,
        "\x00\x1a\x1f\x7f\x80\x9f",
        "\U0010ffff\ufffe\ue000",
        "#" * 10_000,
        "<" * 10_000 + "/" * 10_000,
        "# " * 10_000,
        "p" + " " * 10_000 + "aid",
        "\\" * 10_000,
    ],
)
def test_no_text_is_too_odd_to_divide(source: str) -> None:
    division = divide(source)
    assert division.sections
    assert division.findings == ()


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_a_wrongly_decoded_marker_is_suspect(encoding: str) -> None:
    source = "a##paidbegin##x".encode(encoding).decode()
    assert errors(divide(source)) == [["suspect", 1, None]]


@pytest.mark.parametrize("damage", ["\ufffd", "\x81", "\u0000", "\ufffc"])
def test_a_marker_damaged_in_decoding_is_suspect(damage: str) -> None:
    marker = "##paidbegin##"
    for at in range(1, len(marker)):
        source = marker[:at] + damage + marker[at:]
        assert errors(divide(source)) == [["suspect", 1, None]]


# Sources of many pieces


@pytest.mark.parametrize(
    "odd", ["&#35;&#35;paidbegin##", "＃＃paidend＃＃", "##раidbegin##", "paidend"]
)
@pytest.mark.parametrize("filler", ["字", "x ", "ё", "one\n"])
def test_what_looks_like_a_marker_is_found_wherever_it_stands(filler: str, odd: str) -> None:
    before = filler * (PIECE // len(filler) - 20)
    for between in range(0, 40, 3):
        source = f"{before}{'z' * between}\n{odd}\n{before}\n{odd}\n##paidend##"
        lines = [n for n, line in enumerate(source.split("\n"), 1) if line == odd]
        found = [(one.line, one.code) for one in divide(source).findings]
        assert found[:2] == [(line, FindingCode.SUSPECT) for line in lines]
        assert [code for _, code in found[2:]] == [FindingCode.UNOPENED]


def test_a_line_of_many_pieces_is_one_line() -> None:
    source = "字" * 3 * PIECE + "##paidbegn##" + "字" * 3 * PIECE + "\n##paidbegn##"
    assert [one.line for one in divide(source).findings] == [1, 2]


def test_every_suspect_line_is_found_and_each_once() -> None:
    source = "a ##paidbegn## b ##paidbegn##\nnothing\n ## paidend ##\n\npaidend\n" * 100
    lines = [5 * n + line for n in range(100) for line in (1, 3, 5)]
    assert [one.line for one in divide(source).findings] == lines


# Residue


@pytest.mark.parametrize(
    ("rendered", "places"),
    [
        ("nothing here", 0),
        ("##paidbegin## and ##paidend##", 2),
        ("\\##paidbegin##", 1),
        ("##PAIDBEGIN##\nx\n## paidend ##", 2),
        ("##paidbegin## paidbegn ##paidbegn##", 2),
    ],
)
def test_residue_counts_what_still_reads_as_a_marker(rendered: str, places: int) -> None:
    assert residue(rendered) == places


def free_of(source: str) -> str:
    return "".join(text for kind, text in segments(divide(source)) if kind == "free")


def test_what_was_written_literally_leaves_no_residue_but_these() -> None:
    source = "show ##\\paidbegin## and </\\paid>\n##paidbegin##x##paidend##"
    assert residue(free_of(source)) == divide(source).escapes == 2
    assert residue(free_of(veiled(source))) == 0
    assert residue(free_of(source), free_of(veiled(source))) == 0


def test_a_literal_marker_excuses_a_marker_of_its_own_text_alone() -> None:
    shown = veiled("##\\paidbegin## <\\paid>")
    assert residue("##paidbegin## <paid>", shown) == 0
    assert residue("##paidbegin## ##paidbegin##", shown) == 1
    assert residue("##paidbegin## ##paidend##", shown) == 1
    assert residue("##paidbegn##", shown) == 1


def test_a_tag_in_code_is_no_residue_unless_it_is_exact() -> None:
    assert residue("<Paid> <paid-note> <pair>") == 0
    assert residue("<paid>") == 1
    assert residue("<Paid> <paid-note> <pair>", "", None) == 1


def test_a_source_without_literal_markers_has_no_veils() -> None:
    source = "a ##paidbegin##b##paidend## \\"
    assert veiled(source) == source


def test_dividing_the_free_text_again_finds_nothing_new() -> None:
    for vector in ACCEPTED:
        division = divide(vector["source"])
        if not division.escapes:
            free = "".join(text for kind, text in segments(division) if kind == "free")
            assert [one.paid for one in divide(free).sections] in ([], [False])
