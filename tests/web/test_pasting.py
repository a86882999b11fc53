"""What people paste into the field: a link or a code, and what messages put around and into it."""

from __future__ import annotations

import pytest

from gateway.core.codes import normal
from gateway.web.http.links import token_in

TOKEN = "pg1.k1.WyJncmFudCIsIjAxMjM0Il0." + "aB-_" * 10 + "xyz"
LINK = f"https://paid.example/unlock?token={TOKEN}"
CODE = "ABCD-EFGH-JKMN-PQRS"
AROUND = [
    "{}",
    " {}\n",
    "<{}>",
    "({})",
    "【{}】",
    "{}.",
    "{}。",
    "“{}”",
    "链接：{} 谢谢",
    "Go: {} Thanks!",
]


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize(
    "shown", [TOKEN, LINK, LINK[:60] + "\r\n" + LINK[60:], LINK[:50] + "\u200b " + LINK[50:]]
)
def test_a_link_is_found_however_it_was_pasted(around: str, shown: str) -> None:
    assert token_in(around.format(shown)) == TOKEN


@pytest.mark.parametrize("shown", ["", "pg1.k1.a.b", LINK[:-1], f"{LINK} {LINK[:-1]}A", CODE])
def test_no_link_or_several_are_none(shown: str) -> None:
    assert token_in(shown) == ""


def test_a_link_that_is_pasted_twice_is_one() -> None:
    assert token_in(f"{LINK}\n{LINK}") == TOKEN


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("between", ["-", " ", "\u3000"])
def test_a_code_is_found_however_it_was_pasted(around: str, between: str) -> None:
    assert normal(around.format(CODE.replace("-", between))) == CODE.replace("-", "")


@pytest.mark.parametrize("shown", ["code {}", "{} 0000", "x {}0", "A{} x", "x {} or {}"])
def test_groups_that_may_be_of_another_code_are_none(shown: str) -> None:
    spelled = CODE.replace("-", " ")
    assert normal(shown.format(spelled, spelled)) == ""


@pytest.mark.parametrize(
    "shown", ["ABCD.EFGH.JKMN.PQRS", "[ABCD] [EFGH] [JKMN] [PQRS]", "ABCD_EFGH·JKMN/PQRS。"]
)
def test_signs_between_the_letters_of_a_code_do_not_count(shown: str) -> None:
    assert normal(shown) == CODE.replace("-", "")
