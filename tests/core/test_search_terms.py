"""Search terms: what is found, and by what."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.search_terms import (
    LONGEST_TEXT,
    MOST_CHARACTERS,
    MOST_TERMS,
    folded,
    query_of,
    terms_of,
)


def finds(query: str, text: str, title: str = "") -> bool:
    asked = query_of(query)
    return bool(asked.terms) and asked.all_terms <= terms_of("demo", "", title, text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("墙", "付费墙"),
        ("付费", "这里有付费墙。"),
        ("付费墙", "这里有付费墙。"),
        ("付费，墙", "墙在这里；付费在那里。"),
        ("付 费", "付费"),
        ("ＰＡＹ", "Pay the wall"),
        ("cafe", "Un café"),
        ("café", "Un cafe\u0301 noir"),
        ("2024年", "在2024年的春天"),
        ("漢字", "漢\u200b字"),
        ("カタカナ", "これはカタカナです"),
        ("ｶﾀｶﾅ", "これはカタカナです"),
        ("한국", "한국어"),
        ("привет", "ПРИВЕТ мир"),
        ("naïve straße", "Naïve Straße"),
        ("a" * 90, "a" * 90),
        ("𠮷野家", "在𠮷野家"),
    ],
)
def test_a_word_finds_the_text_that_holds_it(query: str, text: str) -> None:
    assert finds(query, text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("费付", "付费"),
        ("pay", "payment"),
        ("付费 nothing", "付费"),
        ("wtitle", "title"),
        ("", "anything"),
        ("!!! ***", "anything"),
        ("p64656d6f", "x"),
    ],
)
def test_what_a_text_does_not_hold_does_not_find_it(query: str, text: str) -> None:
    assert not finds(query, text)


def test_a_word_of_the_title_is_told_from_one_of_the_text() -> None:
    query = query_of("付费")
    assert query.title_terms <= terms_of("demo", "", "付费", "")
    assert not query.title_terms <= terms_of("demo", "", "墙", "付费")
    assert query.all_terms <= terms_of("demo", "", "付费", "")


def test_a_search_within_a_publisher_or_a_collection_finds_nothing_of_others() -> None:
    within = query_of("墙", "demo", "series")
    assert within.all_terms <= terms_of("demo", "series", "墙", "")
    assert not within.all_terms <= terms_of("demo", "other", "墙", "")
    assert not within.all_terms <= terms_of("other", "series", "墙", "")
    assert not query_of("墙", "dem").all_terms <= terms_of("demo", "", "墙", "")


def test_of_a_long_query_the_beginning_is_asked_for_and_that_is_said() -> None:
    assert not query_of("字" * MOST_CHARACTERS).is_cut
    assert query_of("字" * (MOST_CHARACTERS + 1)).is_cut
    words = " ".join(f"word{n}" for n in range(MOST_TERMS + 1))
    asked = query_of(words)
    assert asked.is_cut
    assert len(asked.terms) == MOST_TERMS


def test_of_a_text_that_is_too_long_the_beginning_is_found() -> None:
    text = "甲" * (LONGEST_TEXT - 2) + "乙丙丁戊"
    assert finds("乙丙", text)
    assert not finds("丁", text)


@given(st.text())
def test_folding_keeps_every_character_in_its_place(text: str) -> None:
    assert len(folded(text)) == len(text)


@given(st.text(), st.text(), st.text(min_size=1))
def test_every_term_is_one_word_to_every_database(title: str, text: str, other: str) -> None:
    terms = terms_of("demo", "series", title, text + other)
    assert all(re.fullmatch("[a-z0-9]+", term) for term in terms)


@given(st.text(), st.text(), st.text())
def test_what_stands_in_a_text_is_found_whatever_stands_around_it(
    before: str, query: str, after: str
) -> None:
    asked = query_of(query)
    assert asked.all_terms <= terms_of("demo", "", "", f"{before} {query} {after}") or asked.is_cut


@given(st.characters(categories=("L", "N")), st.characters(categories=("L", "N")))
def test_words_that_differ_are_spelled_differently(one: str, other: str) -> None:
    if folded(one) != folded(other):
        assert query_of(one).terms != query_of(other).terms


@given(st.characters(categories=("L", "N"), max_codepoint=0x2FFFF))
def test_a_character_that_is_folded_is_a_letter_still(character: str) -> None:
    kind = unicodedata.category(folded(character))[0]
    assert kind in "LN" or folded(character) == "\u0300"
