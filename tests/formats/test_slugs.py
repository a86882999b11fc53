"""A name of any script becomes an address, and no two the same one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.documents import MAX_NAME, is_name
from gateway.formats.frontmatter import split
from gateway.formats.slugs import other_than, slug_of


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("季度报告", "ji-du-bao-gao"),
        ("2026年Q1 财报（终稿）", "2026-nian-q1-cai-bao-zhong-gao"),
        ("Ünïcode & Co.", "unicode-co"),
        ("Привет мир", "privet-mir"),
        ("한국어", "han-gug-eo"),
        ("カタカナ", "katakana"),
        ("ＡＢＣ１", "abc1"),
        ("Hello, World!", "hello-world"),
        ("already-a-name", "already-a-name"),
        ("!!! …", ""),
        ("word " * 30, "word-" * 15 + "word"),
        ("x" * 300, "x" * MAX_NAME),
    ],
)
def test_a_name_is_spelled_in_letters_of_an_address(name: str, slug: str) -> None:
    assert slug_of(name) == slug


@given(st.text())
def test_what_is_made_of_a_name_is_an_address_and_stays_one(name: str) -> None:
    slug = slug_of(name)
    assert slug == "" or is_name(slug)
    assert slug_of(slug) == slug


@given(st.lists(st.sampled_from(["a", "a-2", "b", "x" * MAX_NAME]), max_size=30))
def test_no_two_names_share_an_address(names: list[str]) -> None:
    taken: set[str] = set()
    for name in names:
        slug = other_than(name, taken)
        assert slug not in taken
        assert is_name(slug)
        taken.add(slug)


@pytest.mark.parametrize(
    ("field", "slug"),
    [
        ("slug: first-light", "first-light"),
        ("slug: 曙光", "shu-guang"),
        ("permalink: /2020/01/first-light/", "first-light"),
        ("permalink: /notes/first.html", "first"),
        ("url: /posts/first/?a=1", "first"),
        ("permalink: /:year/:title/", ""),
        ("url: https://example.org/first", ""),
        ("title: First", ""),
    ],
)
def test_a_source_may_declare_its_address(field: str, slug: str) -> None:
    assert split(f"---\n{field}\n---\nText\n").declared.slug == slug
