"""Front matter of other tools is read, or refused for a reason its author would accept."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

import pytest

from gateway.core.documents import Meta
from gateway.core.errors import Refused
from gateway.core.timestamps import written
from gateway.formats.declarations import Declared
from gateway.formats.frontmatter import split
from tests.formats.fronts import BODY, FRONTS, HELD, READ, REFUSED, Front
from tests.properties.articles import articles
from tests.support.services import NOW

OPENINGS = (
    "{}", "---\n{}", "---\n\n{}", "***\n\n{}", "———\n{}", "* * *\n{}", "=====\n{}", "~~~\n{}",
    "Note: {}", "note: {}", "---\nNote: {}", "---\n\nNote: {}\n\n---\n", "注意：{}", "PS：{}",
    "———\nPS：{}", "Q：你好吗\nA：{}", "---\nQ: How?\nA: So.\n\n{}\n\n---\n",
    "作者：李四\n日期：{}",
    "作者：李四\n来源：新华社\n---\n{}", "来源: 新华社\n作者: 李四\n\n{}",
    "Title: A\nAuthor: B\n\n{}",
    "Title: A\n---\n{}", "Title: A\nAuthor: B\nSummary: C\nRating: D\n\n{}", "Summary\n---\n{}",
    "From: a\nTo: b\nDate: Monday\nSubject: c\n\n{}", "---\nDate: 5 May\n\n{}\n\n---\nmore",
    "Dear all:\n{}", "Chapter 1: {}", "TL;DR: {}", "http://a.example/\n{}", "10:30 {}",
    "---\nhttps://a.example/\n\n{}", "+++ b/a.py\n@@ -1 +1 @@\n{}", "{{\n{}", '{{"id": 1}}\n\n{}',
    "date: tomorrow\n\n{}", "description: {}", "author: a\nreader: b\n\n{}", "import a\n\n{}",
    "name: ci\non: push\njobs:\n  a: b\n\n{}", "apiVersion: v1\nkind: Pod\n\n{}",
    "```yaml\ntitle: x\ndate: y\n```\n\n{}", "~~~yaml\ntitle: x\n~~~\n{}", "$title = 'x';\n\n{}",
    "title = 'x'\ntags = 3\n\n{}", "<h1>Title: x</h1>\n{}", "<p>Note: x</p>\n<hr>\n{}",
    "<!doctype html><title>x</title><style>\nbody {{ color: red; }}\n</style>\n{}",
    "| Title: | Date: |\n|---|---|\n\n{}", "- title: x\n- date: y\n\n{}", "# title: x\n\n{}",
    "**Note:** {}", "> title: x\n\n{}", "第一章：{}", "VIP章节：{}", "----\n\n{}\n\n----\n",
    "Ingredients:\n- egg\n- milk\n\n{}", "Re: {}", "Update: {}", "Updated: 2020-09-05\n\n{}",
    "---\nUpdate: {}", "Disclaimer: x\nRating: PG\n---\n{}", "---\n**Note**: {}\n---\n",
)  # fmt: skip


def told(meta: Meta, name: str) -> str:
    """Return a field of meta as the table has it."""
    value = getattr(meta, name)
    return "" if value is None else written(value) if name in ("date", "updated") else str(value)


@pytest.mark.parametrize("front", READ, ids=lambda front: front.name)
def test_what_other_tools_write_is_read(front: Front) -> None:
    parts = split(front.text + BODY)
    assert parts.front == front.text
    assert parts.rest.endswith(BODY)
    assert {name: told(parts.declared.meta, name) for name in front.meta} == front.meta
    assert [hold for hold in parts.declared.holds if hold.stands(NOW)] == []
    warned = [warning.message for warning in parts.declared.warnings]
    assert len(warned) == len(front.warned)
    assert all(name in message for name, message in zip(front.warned, warned, strict=True))


@pytest.mark.parametrize("front", HELD, ids=lambda front: front.name)
def test_what_says_not_yet_is_held(front: Front) -> None:
    holds = [hold for hold in split(front.text + BODY).declared.holds if hold.stands(NOW)]
    assert {hold.finding.message.split()[2] for hold in holds} >= set(front.held)


@pytest.mark.parametrize("front", REFUSED, ids=lambda front: front.name)
def test_what_almost_is_front_matter_is_refused_at_its_line(front: Front) -> None:
    with pytest.raises(Refused) as refused:
        split(front.text + BODY)
    found = refused.value.findings
    assert [(str(each.code), each.line) for each in found] == [front.refused]


@pytest.mark.parametrize("front", FRONTS, ids=lambda front: front.name)
@pytest.mark.parametrize("lead", ["\n", "\n\n\n"])
def test_blank_lines_before_move_its_lines_alone(lead: str, front: Front) -> None:
    assert outcome(lead + front.text + BODY) == moved(outcome(front.text + BODY), len(lead))


def test_no_ordinary_article_has_any() -> None:
    for text in ordinary(10_000):
        front, declared, _, _ = split(text)
        assert (front.strip("-\n"), declared) == ("", Declared()), text  # two rules are rules


def ordinary(count: int) -> Iterator[str]:
    """Return articles that begin in many ways."""
    for article, opening in zip(articles(7, count), cycle(OPENINGS), strict=False):
        yield opening.format(article)


def outcome(text: str) -> list[tuple[str, int]]:
    """Return what is found in a text: messages and lines."""
    try:
        declared = split(text).declared
    except Refused as refused:
        found = refused.findings
    else:
        found = (*declared.warnings, *(hold.finding for hold in declared.holds))
    return [(each.message, each.line) for each in found]


def moved(found: list[tuple[str, int]], lines: int) -> list[tuple[str, int]]:
    return [(message, line + lines) for message, line in found]
