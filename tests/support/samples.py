"""A sample generator for each source format. A format that is registered without one fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hypothesis import strategies as st

from gateway.formats import FORMATS
from gateway.rendering.representations import REPRESENTATIONS
from tests.formats import soups
from tests.support import word

SUFFIXES = [each.suffix for each in REPRESENTATIONS]
"""How the addresses of a document end."""


@dataclass(frozen=True, slots=True)
class Sample:
    """How to try a format."""

    soup: st.SearchStrategy[str]
    """Texts as people write them in it, sound or not."""
    heading: str
    """A heading that says A."""
    body: Callable[[str], bytes] = str.encode
    """The bytes of a document that says a text."""


SAMPLES: dict[str, Sample] = {
    "plain": Sample(soups.plain, "第一章 A"),
    "markdown": Sample(soups.markdown, "## A"),
    "html": Sample(soups.html, "<h2>A</h2>"),
    "docx": Sample(soups.plain, "<h2>A</h2>", word.of_text),
}


def body_of(form: str, text: str) -> bytes:
    """Return the bytes of a document of a format that says a text."""
    return SAMPLES[form].body(text)


def names() -> list[str]:
    """Return the names of all formats."""
    return [form.name for form in FORMATS]


def media_types() -> Mapping[str, str]:
    """Return the media type of files by how their names end, without the dot."""
    return {each[1:]: form.media_types[0] for form in FORMATS for each in form.suffixes}
