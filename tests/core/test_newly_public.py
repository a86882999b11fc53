"""What becomes public from one edition to the next is found, and nothing else is."""

from __future__ import annotations

import random

import pytest

from gateway.core.grammar import Spelling
from gateway.core.newly_public import MOST, newly_public

BEFORE = """标题

开头的免费内容，人人可读。##paidbegin##第一段付费内容，讲的是价格怎样定。
第二段付费内容，讲的是客户从哪里来。##paidend##免费的结尾。

Free words stand here.
##paidbegin##
Paid words of some length stand here, and they go on for a while without a comma
until the line ends.

- a short one
##paidend##
"""
SOUND = BEFORE.replace("人人可读", "人人都可以读")


def lines(after: str, before: str = BEFORE) -> list[int]:
    return [warning.line for warning in newly_public(before, after)]


def unmarked(text: str) -> str:
    for begin, end in (spelling.value for spelling in Spelling):
        text = text.replace(begin, "").replace(end, "")
    return text


def test_whatever_was_paid_is_found_when_the_markers_are_gone() -> None:
    assert lines(unmarked(BEFORE)) == [3, 4, 8, 9, 11]
    assert lines(unmarked(BEFORE).replace("\n", "\r\n")) == [3, 4, 8, 9, 11]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (
            BEFORE.replace("##paidbegin##", "", 1).replace("内容，讲", "内容##paidbegin##，讲", 1),
            [3],
        ),
        (BEFORE.replace("Free words", "Paid words of some length stand here. Free words"), [6]),
        (BEFORE.replace("标题", "标题：讲的是客户从哪里来"), [1]),
        (f"---\nsummary: 讲的是客户从哪里来\n---\n{BEFORE}", [2]),
        (BEFORE.replace("免费的结尾", "**第二段付费**内容，讲的_是_客户从哪里来"), [4]),
        (BEFORE + "\n* a short one\n", [14]),
    ],
)
def test_a_part_of_it_is_found_where_it_stands(after: str, expected: list[int]) -> None:
    assert lines(after) == expected


@pytest.mark.parametrize(
    "after",
    [
        BEFORE,
        SOUND,
        BEFORE.replace("怎样定", "怎样定，又怎样变"),
        BEFORE.replace("##paid", "$$paid").replace("begin##", "begin$$").replace("end##", "end$$"),
        "##paidbegin##" + unmarked(BEFORE) + "##paidend##",
        BEFORE.replace("Free words", "Quite other words").replace("标题", "新的标题"),
        "",
    ],
)
def test_an_edit_of_free_text_or_of_paid_text_is_none(after: str) -> None:
    assert lines(after) == []


@pytest.mark.parametrize("word", ["gold", "付费"])
def test_a_short_section_is_found_amid_its_line(word: str) -> None:
    before = f"Title\n\nLead ##paidbegin##{word}##paidend## rest."
    assert lines(f"Title\n\nLead {word} rest.", before) == [3]


@pytest.mark.parametrize("free", ["![]({})", '<img alt="" src="{}">', "[x]({} 'a title')"])
@pytest.mark.parametrize("name", ["1.png", "img/b%20c.JPG", "./d.pdf"])
def test_a_picture_or_an_attachment_that_was_paid_is_found_by_its_name(
    free: str, name: str
) -> None:
    before = f"Free.\n\n##paidbegin##{free.format(name)}##paidend##\n\n![](other.png)\n"
    after = f"Free.\n\n{free.format(name)}\n\n![](other.png)\n##paidbegin##x##paidend##\n"
    assert lines(after, before) == [3]
    assert lines(before, before) == []
    assert lines(after, after) == []


def test_what_was_free_as_well_is_not_newly_public() -> None:
    phrase = "讲的是客户从哪里来，也讲价格怎样定"
    before = f"标题\n\n免费：{phrase}。\n##paidbegin##付费：{phrase}。##paidend##\n"
    assert lines(before.replace("标题", f"标题，{phrase}"), before) == []


def test_a_document_of_which_nothing_was_paid_has_nothing_to_tell() -> None:
    assert lines(BEFORE, unmarked(BEFORE)) == []


def test_a_source_that_this_version_would_refuse_is_compared_all_the_same() -> None:
    before = BEFORE + "\n＃＃paidbegin＃＃ never one\n"
    assert lines(unmarked(before), before) == [3, 4, 8, 9, 11]


def test_every_line_of_random_paid_text_is_found_and_only_those() -> None:
    chance = random.Random(1)
    for _ in range(50):
        texts = [_text(chance) for _ in range(30)]
        paid = {n for n in range(2, 30) if chance.random() < 0.4}
        marked = [f"<paid>{t}</paid>" if n in paid else t for n, t in enumerate(texts)]
        opened = {n for n in paid if chance.random() < 0.5}
        after = [texts[n] if n in opened else line for n, line in enumerate(marked)]
        assert lines("\n".join(after), "\n".join(marked)) == [n + 1 for n in sorted(opened)]


def _text(chance: random.Random) -> str:
    if chance.random() < 0.5:
        return "".join(
            chr(chance.randrange(0x4E00, 0x9F00)) for _ in range(chance.randrange(4, 80))
        )
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ("".join(chance.choices(letters, k=chance.randrange(2, 9))) for _ in range(12))
    return " ".join(words)


def test_no_more_lines_are_told_than_anybody_reads() -> None:
    text = "\n".join(f"line number {n} of many" for n in range(2 * MOST))
    assert len(lines(text, f"<paid>{text}</paid>")) == MOST
