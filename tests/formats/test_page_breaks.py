"""Page breaks: each becomes a rule in every form, and none is left as it is written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.documents import PAGE
from gateway.core.errors import Refused
from gateway.formats import BY_NAME
from tests.formats import soups

SOUPS = st.one_of(
    *(st.tuples(st.just(name), getattr(soups, name)) for name in ("plain", "markdown", "html"))
)


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.parametrize("around", [("甲", "乙"), ("甲\n\n", "\n\n乙"), ("", "")])
def test_a_page_break_is_a_rule_in_every_form(name: str, around: tuple[str, str]) -> None:
    made = BY_NAME[name].render(f"Title\n\n{PAGE.join(around)}", "T")
    assert made.html.count('<hr class="pagebreak">') == 1
    assert made.text.count("* * *") == made.markdown.count("* * *") == 1


@settings(derandomize=True, deadline=None, max_examples=1_500)
@given(SOUPS, st.sampled_from(["", "Title"]))
def test_no_form_holds_a_page_break_as_it_is_written(soup: tuple[str, str], title: str) -> None:
    name, text = soup
    try:
        made = BY_NAME[name].render(text, title)
    except Refused:
        return
    assert PAGE not in made.html + made.text + made.markdown + made.title
