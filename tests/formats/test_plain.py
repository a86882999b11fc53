"""What of plain text is a heading."""

from __future__ import annotations

import pytest

from gateway.formats import plain

HEADINGS = (
    "第一千二百章 承", "第壹章 转", "第４章 合", "第两百回 雪", "楔子", "序章 起", "引子",
    "番外一 雪", "尾声", "后记", "Chapter One", "Chapter Twenty-One: The Start", "CHAPTER TWO",
    "Prologue",
)  # fmt: skip
ORDINARY = (
    "第一集团军来了", "序列很长", "后记者来了", "Part two was better", "Chapter one of the book",
    "楔子里说到的那个人，后来回来了。",
)  # fmt: skip


@pytest.mark.parametrize("line", HEADINGS)
def test_the_name_of_a_chapter_is_a_heading(line: str) -> None:
    assert f">{line}</h2>" in plain.render(f"a\n\n{line}\n\nb。\n", "Title").html


@pytest.mark.parametrize("line", ORDINARY)
def test_a_line_that_only_begins_like_one_is_none(line: str) -> None:
    assert "<h" not in plain.render(f"a\n\n{line}\n\nb。\n", "Title").html
