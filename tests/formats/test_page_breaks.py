"""Page breaks: each becomes a rule in every form, and none is left as it is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.documents import PAGE
from gateway.core.errors import Refused
from gateway.formats import FORMATS
from gateway.ports import Format
from tests.support.examples import examples
from tests.support.samples import SAMPLES

SOUPS = st.one_of(*(st.tuples(st.just(form), SAMPLES[form.name].soup) for form in FORMATS))


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
@pytest.mark.parametrize("around", [("甲", "乙"), ("甲\n\n", "\n\n乙"), ("", "")])
def test_a_page_break_is_a_rule_in_every_form(form: Format, around: tuple[str, str]) -> None:
    made = form.render(f"Title\n\n{PAGE.join(around)}", "T")
    assert made.html.count('<hr class="pagebreak">') == 1
    assert made.text.count("* * *") == made.markdown.count("* * *") == 1


@examples(500)
@given(SOUPS, st.sampled_from(["", "Title"]))
def test_no_form_holds_a_page_break_as_it_is_written(soup: tuple[Format, str], title: str) -> None:
    form, text = soup
    try:
        made = form.render(text, title)
    except Refused:
        return
    assert PAGE not in made.html + made.text + made.markdown + made.title
