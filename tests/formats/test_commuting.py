"""Dividing comes before every transform, so that none sees paid text."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.core.documents import PLACEHOLDER
from gateway.core.markers import divide
from gateway.formats import FORMATS
from gateway.ports import Format
from tests.formats.commuting import (
    LEAKY,
    Transform,
    all_families,
    document,
    leaks,
    preview,
    rendered_whole,
    source,
    sources,
)
from tests.support.examples import examples
from tests.support.samples import SAMPLES

each_format = pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
TEXTS = [form for form in FORMATS if form.is_text]
HASHES = ("##paidbegin##", "##paidend##")


def without_cuts(text: str) -> str:
    return text.replace(PLACEHOLDER, "x")


@each_format
def test_a_preview_is_the_same_whatever_is_paid(form: Format) -> None:
    assert list(leaks(preview(form), all_families())) == []


def is_leaky(form: Format, leaky: Callable[[Format], Transform]) -> bool:
    # Nothing here refers from one paragraph to another, so rendering it whole tells nothing.
    return not (form.name in ("plain", "docx") and leaky is rendered_whole)


@pytest.mark.parametrize(
    ("form", "leaky"),
    [(form, leaky) for form in FORMATS for leaky in LEAKY if is_leaky(form, leaky)],
    ids=lambda each: getattr(each, "name", "") or each.__name__,
)
def test_a_transform_that_sees_paid_text_is_caught(
    form: Format, leaky: Callable[[Format], Transform]
) -> None:
    assert any(leaks(leaky(form), all_families()))


@each_format
@examples(100)
@given(st.data())
def test_no_soup_makes_a_preview_tell(form: Format, data: st.DataObject) -> None:
    soup = SAMPLES[form.name].soup.map(without_cuts)
    free = data.draw(st.lists(soup, min_size=2, max_size=4))
    paid = data.draw(st.lists(soup.filter(bool), min_size=1, max_size=3))
    assert list(leaks(preview(form), sources(free, paid))) == []


@pytest.mark.parametrize("form", TEXTS, ids=lambda form: form.name)
@examples(100)
@given(st.data())
def test_a_preview_is_a_function_of_the_projection(form: Format, data: st.DataObject) -> None:
    soup = SAMPLES[form.name].soup.map(without_cuts)
    free = data.draw(st.lists(soup, min_size=2, max_size=3))
    paid = data.draw(st.lists(soup.filter(bool), min_size=len(free) - 1, max_size=len(free) - 1))
    text = source(free, paid, HASHES)
    assume(not divide(text).findings)
    by_hand = PLACEHOLDER.join(free)
    assert document(form, text).projection_text() == by_hand
    assert preview(form)(text) == form.render(by_hand)


@each_format
@examples(100)
@given(st.data())
def test_a_title_is_free_text(form: Format, data: st.DataObject) -> None:
    soup = SAMPLES[form.name].soup.map(without_cuts)
    text = source(data.draw(st.lists(soup, min_size=2, max_size=2)), ["CANARY"], HASHES)
    assume(not divide(text).findings)
    rendering = form.render(document(form, text).projection_text())
    assert "CANARY" not in f"{rendering}"
    assert PLACEHOLDER not in rendering.title


@each_format
def test_a_document_that_is_all_paid_has_no_title_and_no_text(form: Format) -> None:
    rendering = form.render(document(form, "##paidbegin##CANARY##paidend##").projection_text())
    assert rendering.title == ""
    assert rendering.html.strip() == PLACEHOLDER
    assert rendering.text.strip() == PLACEHOLDER
    assert rendering.markdown.strip() == PLACEHOLDER
