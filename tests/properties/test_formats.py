"""P-FORMATS: every property over documents ranges over the formats that are registered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from gateway.core.documents import NOTHING_SHARED, PLACEHOLDER, Rendering, Shared
from gateway.core.markers import divide
from gateway.formats import FORMATS, plain
from gateway.formats.sources import SourceFormats
from gateway.ports import Format
from gateway.rendering.pages import LANGUAGES
from tests.formats.test_commuting import test_a_preview_is_the_same_whatever_is_paid as commuting
from tests.properties.test_canaries import test_no_paid_word_reaches_the_world as canary
from tests.properties.test_non_interference import (
    test_documents_that_differ_in_paid_text_only_are_the_same_to_the_world as non_interference,
)
from tests.support.samples import SAMPLES, names

pytestmark = pytest.mark.anyio

each_format = pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)


class Leaking:
    """Plain text whose previews tell what the full text before them said."""

    name = "leaking"
    names: Mapping[str, str] = plain.names
    media_types: tuple[str, ...] = ("text/x-leaking",)
    suffixes: tuple[str, ...] = (".leaking",)
    is_text = True
    seam = plain.seam
    seen = staticmethod(plain.seen)
    decode = staticmethod(plain.decode)
    in_code = staticmethod(plain.in_code)
    misplaced = staticmethod(plain.misplaced)

    def __init__(self) -> None:
        self._before = ""

    def render(self, text: str, title: str = "", shared: Shared = NOTHING_SHARED) -> Rendering:
        """Return plain text rendered, with what was read before."""
        made = plain.render(text, title, shared)
        if PLACEHOLDER in text:
            return replace(made, html=made.html + self._before, text=made.text + self._before)
        self._before = "".join(filter(str.isalnum, made.text))
        return made


@pytest.fixture
def leaking() -> Iterator[Format]:
    """Register a format that leaks, and how to try it."""
    form = Leaking()
    FORMATS.append(form)
    SAMPLES[form.name] = SAMPLES[plain.name]
    yield form
    FORMATS.remove(form)
    del SAMPLES[form.name]


async def test_a_format_that_leaks_is_caught_by_the_canary(
    leaking: Format, logged: list[dict[str, object]]
) -> None:
    with pytest.raises(AssertionError):
        await canary(logged)


async def test_a_format_that_leaks_is_caught_by_non_interference(leaking: Format) -> None:
    with pytest.raises(AssertionError):
        await non_interference(0)


def test_a_format_that_leaks_is_caught_by_commuting(leaking: Format) -> None:
    with pytest.raises(AssertionError):
        list(map(commuting, reversed(FORMATS)))  # what is registered last is tried first


# --- each format brings all that is asked of one -----------------------------------------------


def test_every_format_has_a_sample_generator() -> None:
    assert SAMPLES.keys() == set(names())


def test_a_name_a_media_type_or_an_ending_is_of_one_format() -> None:
    for told in ("media_types", "suffixes"):
        all_ = [each for form in FORMATS for each in getattr(form, told)]
        assert len(all_) == len(set(all_))
    assert len(names()) == len(set(names()))


@each_format
def test_a_format_has_a_name_for_people_in_every_language(form: Format) -> None:
    assert all(form.names[language] for language in LANGUAGES)


@each_format
def test_a_format_is_found_by_its_name_media_types_and_endings(form: Format) -> None:
    known = SourceFormats()
    found = [known.named(form.name).name]
    found += [known.of_media_type(each) for each in form.media_types]
    found += [known.of_suffix(each.upper()) for each in form.suffixes]
    assert set(found) == {form.name}


@each_format
def test_a_format_reads_its_sample(form: Format) -> None:
    body = SAMPLES[form.name].body("Title\n\nFree. ##paidbegin##Paid.##paidend## Free.")
    division = divide(form.decode(body, None).text)
    assert [section.paid for section in division.sections] == [False, True, False]
