"""What looks like another system's wall, and what else may be meant otherwise, is told."""

from __future__ import annotations

import pytest

from gateway.core.faults import MOST_WARNINGS, PAGE_LENGTH
from gateway.core.findings import FindingCode
from gateway.core.markers import divide
from gateway.core.suspects import everywhere


def warned(source: str) -> list[tuple[str, int]]:
    division = divide(source)
    assert division.findings == ()
    return [(one.code.value, one.line) for one in division.warnings]


@pytest.mark.parametrize(
    "wall",
    [
        "[paid]", "[/paid]", "[/hide]", "[hide=5]", "[vip]", "[members-only]", "[PAID begin]",
        "[付费]",
        "[/付费内容]", "{{paid}}", "{{ /paid }}", "{% paid %}", "{% endpaid %}",
        "{{< members >}}",
        "{{% premium %}}", ":::paid", "::: vip", "::: {.members-only}", "【付费开始】",
        "【以下为付费内容】",
        "【VIP】", "「会员专属」", "［收费结束］", "<!--more-->", "<!-- more -->",
        "<!--members-only-->",
        "<!-- paid begin -->", "<!-- /premium -->", "<!-- wp:more -->", '<div class="paid">',
        "<hide>",
        "<section class='note members-only x'>", '<div id="paywall">', "<vip>", "</members-only>",
        '<premium level="2">',
    ],
)  # fmt: skip
def test_what_looks_like_another_systems_wall_is_told_at_its_line(wall: str) -> None:
    assert warned(f"a\n\nb {wall} c\n{wall}") == [("foreign-wall", 3), ("foreign-wall", 4)]


@pytest.mark.parametrize("wall", ["[paid]", "{{paid}}", "<vip>", "<!--more-->"])
def test_what_is_code_is_no_wall(wall: str) -> None:
    assert divide(f"`{wall}`", everywhere).warnings == ()


@pytest.mark.parametrize(
    "text",
    [
        "[paid](https://example.org)", "[vip]: https://example.org", "[members][1]",
        "[a paid member]",
        "paid, hidden and private", "{{ user.name }}", "{% if paid_at %}", "::: note",
        "【付费用户增长】",
        "「他付费了」", "<!-- ad -->", "<!-- paid content ends below -->", '<p class="unpaid">',
        '<a href="/vip">', "<video>", "---", "=== 目录 ===", "**paid**", "[x] paid", "- [ ] hide",
    ],
)  # fmt: skip
def test_ordinary_text_is_no_wall(text: str) -> None:
    assert warned(f"a {text} b\n{text}") == []


def test_warnings_have_a_bound() -> None:
    assert len(divide("[vip]\n" * (MOST_WARNINGS + 5)).warnings) == MOST_WARNINGS


@pytest.mark.parametrize("empty", ["", " ", "\n", "\n\u3000\n"])
def test_a_section_that_holds_nothing_is_told_at_its_begin(empty: str) -> None:
    source = f"a\nb##paidbegin##{empty}##paidend##c\n<paid>d</paid>"
    assert warned(source) == [("empty-section", 2)]


@pytest.mark.parametrize(
    ("free", "paid", "told"),
    [
        (PAGE_LENGTH + 1, 1, True),
        (PAGE_LENGTH, 1, False),
        (9_001, 1_000, True),
        (9_000, 1_000, False),
        (PAGE_LENGTH + 1, 0, False),
    ],
)
def test_a_long_text_that_is_free_but_for_a_little_is_told(
    free: int, paid: int, told: bool
) -> None:
    source = "字" * (free - 1) + "\n" + "##paidbegin##" + "字" * paid + "##paidend##"
    codes = [one.code for one in divide(source).warnings]
    assert (FindingCode.NEARLY_ALL_FREE in codes) is told


def test_a_refused_source_has_findings_alone() -> None:
    assert divide("[vip] ##paidbegin##").warnings == ()
