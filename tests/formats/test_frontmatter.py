"""Front matter stands at the very start, holds text alone, and its faults have lines."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.documents import Meta, Offer
from gateway.core.errors import Refused
from gateway.core.findings import Finding, FindingCode
from gateway.formats.declarations import Declared
from gateway.formats.frontmatter import MAX_FRONT_MATTER, split
from tests.support.examples import examples

YAML = """---
title: "标题: 一"
language: zh-CN
summary: >
  Two lines
  of it
author: [Ann, 李]
date: 2023-05-01 12:00:00 +0800
collection: reports
tags: [a, b]
categories:
  - {x: 1}
offer:
  - {name: 单篇, price: ¥9.90, url: https://shop.example/1}
  - name: All
    price: 30
    url: /buy
---
Body
"""
TOML = """+++
title = "标题: 一"
language = "zh-CN"
summary = "Two lines of it"
author = ["Ann", "李"]
date = 2023-05-01T12:00:00+08:00
collection = "reports"
tags = ["a", "b"]
draft = false
[[offer]]
name = "单篇"
price = "¥9.90"
url = "https://shop.example/1"
[[offer]]
name = "All"
price = 30
url = "/buy"
+++
Body
"""
META = Meta(
    title="标题: 一",
    language="zh-CN",
    summary="Two lines of it",
    author="Ann, 李",
    date=datetime(2023, 5, 1, 12, tzinfo=timezone(timedelta(hours=8))),
    collection="reports",
    tags=("a", "b"),
    offers=(Offer("单篇", "¥9.90", "https://shop.example/1"), Offer("All", "30", "/buy")),
)


def findings(text: str) -> tuple[Finding, ...]:
    with pytest.raises(Refused) as refused:
        split(text)
    return refused.value.findings


def yaml(*lines: str) -> str:
    return "\n".join(["---", *lines, "---", "Body"])


@pytest.mark.parametrize("text", [YAML, TOML])
def test_every_field_is_read(text: str) -> None:
    parts = split(text)
    assert parts.declared.meta == META
    assert parts.rest == "Body\n"
    assert text.split("\n")[parts.line - 1] == "Body"


@pytest.mark.parametrize("text", [YAML, TOML])
def test_the_parts_make_up_the_text(text: str) -> None:
    parts = split(text)
    assert parts.front + parts.rest == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Body",
        "---",
        "---\nA thematic break, then prose.\n\n---\nmore",
        "---\n> quoted\n---\n",
        "+++ b/file.py\n@@ -1 +1 @@\n",
        "+++\nprose\n",
    ],
)
def test_other_texts_have_none(text: str) -> None:
    assert split(text) == ("", Declared(), text, 1)


def test_an_empty_one_is_taken_off() -> None:
    assert split("---\n---\nBody") == ("---\n---\n", Declared(), "Body", 3)
    assert split("---\n\n---\nBody").rest == "Body"
    text = "---\n# only a comment\ntitle:\n---"
    assert split(text) == (text, Declared(), "", 4)


def test_a_second_one_is_text() -> None:
    parts = split(yaml("title: a") + "\n---\ntitle: b\n---\n")
    assert parts.declared.meta.title == "a"
    assert parts.rest == "Body\n---\ntitle: b\n---\n"


@pytest.mark.parametrize(
    "text", ["---\ntitle: x\nBody", "---\n\n# c\ntitle: x", "+++\ntitle = 'x'\n", "+++\n[a]\n"]
)
def test_an_unclosed_one_is_refused(text: str) -> None:
    (found,) = findings(text)
    assert (found.code, found.line, found.column) == (FindingCode.UNCLOSED, 1, 1)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("title: [a, {b: c}]", FindingCode.UNDECODABLE),
        ("title: {a: b}", FindingCode.UNDECODABLE),
        ("title: " + "x" * 201, FindingCode.TOO_LARGE),
        ('title: "\\ud800"', FindingCode.UNDECODABLE),
        ('title: "\\uFDD0"', FindingCode.UNDECODABLE),
        ('title: "\\0"', FindingCode.UNDECODABLE),
        ("collection: a/b", FindingCode.UNDECODABLE),
        ("collection: A Title", FindingCode.UNDECODABLE),
        ("collection: 标题", FindingCode.UNDECODABLE),
        ("collection: " + "a" * 81, FindingCode.TOO_LARGE),
        ("language: 天书", FindingCode.UNDECODABLE),
        ("language: en/US", FindingCode.UNDECODABLE),
        ("date: yesterday", FindingCode.UNDECODABLE),
        ("date: 2023-02-30", FindingCode.UNDECODABLE),
        ("date: 01.02.2023", FindingCode.UNDECODABLE),
        ("summary: " + "x" * 1001, FindingCode.TOO_LARGE),
        ("author: " + "x" * 201, FindingCode.TOO_LARGE),
        ("offer: free", FindingCode.UNDECODABLE),
        ("offer: {price: 3}", FindingCode.UNDECODABLE),
        ("offer: {name: a, url: 'javascript:alert(1)'}", FindingCode.UNDECODABLE),
        ("offer: {name: a, url: //evil.example}", FindingCode.UNDECODABLE),
        ("offer: {name: a, url: /\\evil.example}", FindingCode.UNDECODABLE),
        ("offer: {name: a, url: 'data:text/html,x'}", FindingCode.UNDECODABLE),
        ("offer: {name: a, url: shop}", FindingCode.UNDECODABLE),
        ("offer: {name: " + "x" * 101 + "}", FindingCode.TOO_LARGE),
        ("offer: [" + "{name: a}," * 21 + "]", FindingCode.TOO_LARGE),
        ("title: 'a", FindingCode.UNDECODABLE),
        ("title: &a x", FindingCode.UNDECODABLE),
        ("title: *a", FindingCode.UNDECODABLE),
        ("x: !!python/object/apply:os.system [id]", FindingCode.UNDECODABLE),
        ("title: !!str x", FindingCode.UNDECODABLE),
        ("\ttitle: x", FindingCode.UNDECODABLE),
        ("author: a\nauthor: b", FindingCode.UNDECODABLE),
        ("x: " + "[" * 100, FindingCode.TOO_LARGE),
        ("x: " + "{a: " * 100, FindingCode.TOO_LARGE),
        ("x: " + "[" * 60_000, FindingCode.TOO_LARGE),
    ],
)
def test_a_field_that_cannot_be_has_a_finding_with_its_line(line: str, code: FindingCode) -> None:
    found = findings(yaml("x-unknown: CANARY", line))[0]
    assert found.code is code
    assert found.line in (3, 4, 5)
    assert "CANARY" not in found.message + found.hint
    assert len(found.message + found.hint) < 200


def test_findings_name_every_field_and_quote_none() -> None:
    lines = ("title: x", "collection: CANARY 1", "date: CANARY 2", "language: CANARY 3")
    found = findings(yaml(*lines))
    assert [each.line for each in found] == [3, 4, 5]
    assert "CANARY" not in "".join(each.message + each.hint for each in found)


@pytest.mark.parametrize(
    "front",
    [
        "a = [" + "[" * 5000,
        "a = " + "{b=" * 5000,
        "a = 1\na = 2",
        "a = CANARY",
        'a = "\\ud800"',
        "= 1",
    ],
)
def test_unreadable_toml_is_refused_with_a_line(front: str) -> None:
    (found,) = findings(f"+++\n[x]\n{front}\n+++\n")
    assert found.line >= 2
    assert "CANARY" not in found.message


def test_a_bad_toml_field_has_its_line() -> None:
    (found,) = findings('+++\nx = 1\n"collection" = "A B"\n+++\n')
    assert found.line == 3


def test_more_than_a_page_of_it_is_too_large() -> None:
    (found,) = findings(yaml("x: " + "y" * MAX_FRONT_MATTER))
    assert (found.code, found.line) == (FindingCode.TOO_LARGE, 1)


def test_values_stay_text() -> None:
    meta = split(
        yaml("title: 1e3", "author: yes", "summary: 2023-01-01", "date: 2023-01-01")
    ).declared.meta
    assert (meta.title, meta.author, meta.summary) == ("1e3", "yes", "2023-01-01")


@examples(130)
@given(
    st.sampled_from(["---", "+++"]),
    st.lists(
        st.sampled_from(
            [
                "title",
                "collection",
                "date",
                "offer",
                "name",
                "url",
                ":",
                "=",
                "-",
                "[",
                "]",
                "{",
                "}",
                "'",
                '"',
                "&",
                "*",
                "!",
                "|",
                ">",
                "%",
                "@",
                "`",
                "#",
                "\n",
                "\n",
                "\t",
                "x",
                "1",
                "字",
                ",",
                "?",
                "...",
            ]
        ),
        max_size=20,
    ).map(" ".join),
)
def test_any_front_matter_is_read_or_refused(mark: str, front: str) -> None:
    with suppress(Refused):
        assert split(f"{mark}\n{front}\n{mark}\nBody").rest.endswith("Body")


@pytest.mark.parametrize(
    ("field", "lines"),
    [
        ("outline: One", ("One",)),
        ("outline: [One, two  words, 3]", ("One", "two words", "3")),
        ("outline:\n  - One\n  - Two", ("One", "Two")),
        ("outline:", ()),
    ],
)
def test_an_outline_is_a_line_or_several(field: str, lines: tuple[str, ...]) -> None:
    assert split(yaml("title: T", field)).declared.meta.outline == lines


@pytest.mark.parametrize(
    "field",
    ["outline: {a: b}", f"outline: [{'x' * 101}]", f"outline: [{', '.join('x' * 21)}]"],
)
def test_an_outline_that_is_none_is_refused_at_its_line(field: str) -> None:
    (finding,) = findings(yaml("title: T", field))
    assert finding.line == 3
    assert finding.hint.startswith("Write one line for each part")
