"""Snippets: cut out of the text itself, with the words of the query marked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.search_terms import query_of
from gateway.core.snippets import LENGTH, REACH, marked, snippet

ELLIPSIS = "…"


def shown(text: str, query: str) -> str:
    pieces = snippet(text, query_of(query))
    return "".join(f"[{p.text}]" if p.is_hit else p.text for p in pieces)


def test_the_words_of_a_query_are_marked() -> None:
    assert shown("这里有付费墙。", "付费墙") == "这里有[付费墙]。"
    assert shown("Un café noir", "CAFE") == "Un [café] noir"
    assert shown("Un cafe\u0301 noir", "café") == "Un [cafe\u0301] noir"


def test_a_part_of_a_word_is_not_marked() -> None:
    assert shown("payment, then pay", "pay") == "payment, then [pay]"


def test_the_whole_of_a_query_goes_before_its_parts() -> None:
    text = "费墙" + "甲" * 400 + "付费墙" + "乙" * 400
    assert "[付费墙]" in shown(text, "付费墙")


def test_where_the_whole_does_not_stand_its_parts_are_marked() -> None:
    assert shown("付费在此，费墙在彼", "付费墙") == "[付费]在此，[费墙]在彼"


def test_a_text_that_holds_none_of_it_has_no_snippet() -> None:
    assert snippet("甲乙丙", query_of("丁")) == ()
    assert snippet("甲乙丙", query_of("")) == ()
    assert snippet("甲" * REACH + "丁", query_of("丁")) == ()


def test_a_snippet_of_words_is_cut_between_them() -> None:
    text = " ".join(f"word{n}" for n in range(200))
    words = shown(text, "word100").replace("[", "").replace("]", "").strip(ELLIPSIS).split(" ")
    assert set(words) <= set(text.split(" "))


def test_a_snippet_is_short_however_long_its_text_is() -> None:
    pieces = snippet("甲" * 1_000 + "付费" + "乙" * 1_000, query_of("付费"))
    assert len("".join(piece.text for piece in pieces)) == LENGTH + 2 * len(ELLIPSIS)


@given(st.text(), st.text(min_size=1, max_size=20), st.text())
def test_a_snippet_says_nothing_that_its_text_does_not(before: str, query: str, after: str) -> None:
    text = f"{before} {query} {after}"
    pieces = snippet(text, query_of(query))
    said = "".join(piece.text for piece in pieces if piece.text != ELLIPSIS)
    assert said in text
    assert "".join(p.text for p in marked(text, query_of(query))) == text
