"""Codes as people type them: one spelling on record, many on paper."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.codes import LETTERS, Code, State, code_hash, normal, spell
from gateway.core.rights import Scope
from gateway.core.terms import term_seconds, term_text

NUMBERS = st.integers(0, 2**80 - 1)
BETWEEN = st.sampled_from(["", "-", " ", "–", "—", "\u3000", "\u200b", "－", "\t", "­"])
SHAPES = st.sampled_from([str.upper, str.lower, lambda c: chr(ord(c) + 0xFEE0)])


@given(NUMBERS, st.data())
def test_a_code_is_the_same_however_it_is_typed(number: int, data: st.DataObject) -> None:
    letters = spell(number).replace("-", "")
    typed = "".join(data.draw(SHAPES)(c) + data.draw(BETWEEN) for c in letters)
    assert normal(typed) == letters


@given(NUMBERS, NUMBERS)
def test_different_codes_have_different_spellings_and_hashes(one: int, other: int) -> None:
    same = one == other
    assert (normal(spell(one)) == normal(spell(other))) is same
    assert (code_hash(normal(spell(one))) == code_hash(normal(spell(other)))) is same


@given(st.text(max_size=60))
def test_what_is_no_code_has_no_letters(text: str) -> None:
    found = normal(text)
    assert found == "" or (len(found) == 16 and set(found) <= set(LETTERS))


def test_letters_that_look_alike_are_read_as_one() -> None:
    assert normal("iILl-oO00-1111-2222") == "1111000011112222"
    assert normal("UUUU-1111-1111-1111") == ""


@given(
    NUMBERS,
    st.sampled_from(["Code: {}.", "兑换码：{}。", "《{}》", "Hello!\n{}\nBest wishes", "{} 谢谢"]),
)
def test_words_beside_a_code_do_not_hide_it(number: int, message: str) -> None:
    assert normal(message.format(spell(number))) == spell(number).replace("-", "")


@given(NUMBERS)
def test_two_codes_or_more_letters_than_one_are_no_code(number: int) -> None:
    word = spell(number)
    assert normal(f"{word} or {spell(number ^ 1)}") == ""
    assert normal(f"{word}-0000") == normal(f"A{word}") == normal(f"{word}0") == ""


def test_a_code_is_open_until_something_ends_it() -> None:
    scope = Scope.parse("demo", "all")
    for facts, state in (
        ((0, None, None), State.OPEN),
        ((0, 11, None), State.OPEN),
        ((0, 10, None), State.ENDED),
        ((1, None, None), State.USED_UP),
        ((1, 10, None), State.ENDED),
        ((1, 10, 99), State.REVOKED),
    ):
        uses, expires, revoked_at = facts
        code = Code("c1", "h", scope, uses=uses, expires=expires, revoked_at=revoked_at)
        assert code.state(10) is state


@given(st.integers(1, 500), st.sampled_from("smhdw"))
def test_a_term_is_told_as_one_of_the_same_length(number: int, unit: str) -> None:
    seconds = term_seconds(f"{number}{unit}")
    assert term_seconds(term_text(seconds)) == seconds


def test_a_term_is_told_as_people_ask_for_it() -> None:
    for text in ("30d", "7d", "1y", "12h", "90m", "45s"):
        assert term_text(term_seconds(text)) == text
    assert term_text(None) == ""
