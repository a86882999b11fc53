"""P-SHOWN: every public form is made from what the page shows, never from the source beside it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.core.bundles import IDENTITY, Bundle, Representation
from gateway.core.documents import PLACEHOLDER
from gateway.core.errors import Refused
from gateway.core.markers import divide
from gateway.formats import FORMATS
from gateway.formats.sources import SourceFormats
from gateway.ports import Format
from gateway.rendering.cards import card
from gateway.rendering.encodings import picture_representation
from gateway.rendering.representations import CARD
from gateway.usecases.composing import Composed
from tests.corpus.answers import Case, body_of, read_cases
from tests.properties import mazes
from tests.properties.showing import composed, declared, untold
from tests.support.examples import examples

each_format = pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)


def sound(form: Format, source: str) -> Composed | None:
    """Return a source composed, None where it is refused."""
    try:
        return composed(form, source)
    except Refused:
        return None


@each_format
@examples(80)
@given(st.data())
def test_no_form_tells_what_the_page_does_not_show(form: Format, data: st.DataObject) -> None:
    source = data.draw(mazes.maze(form.name))
    made = sound(form, source)
    assume(made)
    assert made
    assert untold(made.sealed.public, declared(form, source)) == []


@each_format
def test_a_document_of_every_kind_of_thing_tells_no_more_than_it_shows(form: Format) -> None:
    source = mazes.everything(form.name)
    assert untold(composed(form, source).sealed.public, declared(form, source)) == []


@pytest.mark.parametrize("case", read_cases(), ids=lambda case: case["file"])
def test_no_form_of_a_whole_input_tells_what_its_page_does_not_show(case: Case) -> None:
    known = SourceFormats()
    form = known.named(known.of_media_type(case["type"]))
    source = body_of(case).decode(case.get("charset") or "utf-8", "ignore")
    made = sound(form, source)
    assert made is None or untold(made.sealed.public, declared(form, source)) == []


# --- the checker catches what tells more ---


def source_as_markdown(form: Format, source: str, bundle: Bundle) -> Bundle:
    """Hand out the projection's source as it stands."""
    sections = divide(source).sections
    text = "".join(PLACEHOLDER if each.paid else str(each.text) for each in sections)
    return with_text(bundle, "md", text)


def summary_of_source(form: Format, source: str, bundle: Bundle) -> Bundle:
    """Take the summary from the source."""
    assert bundle.entry
    head = source.partition("##paidbegin##")[0][:2_000]
    return replace(bundle, entry=replace(bundle.entry, summary=head))


def words_of_dropped_pictures(form: Format, source: str, bundle: Bundle) -> Bundle:
    """Add the words of pictures that the page leaves out."""
    free = re.sub("##paidbegin##.*##paidend##", "", source, flags=re.DOTALL)
    words = re.findall(r"<svg><title>(.*?)</title>", free)
    return with_text(bundle, "txt", bundle.forms["txt"].bodies[IDENTITY].decode() + " ".join(words))


def targets_of_definitions(form: Format, source: str, bundle: Bundle) -> Bundle:
    """Add a link for every address in the source."""
    links = "".join(f"[1]({each})" for each in re.findall(r"https://[\w./]+", source))
    return with_text(bundle, "md", bundle.forms["md"].bodies[IDENTITY].decode() + links)


def with_text(bundle: Bundle, name: str, text: str) -> Bundle:
    form = bundle.forms[name]
    changed = Representation(form.media_type, form.etag, {IDENTITY: text.encode()})
    return replace(bundle, forms={**bundle.forms, name: changed})


def card_of_source(form: Format, source: str, bundle: Bundle) -> Bundle:
    """Draw the first words of the source."""
    words = " ".join(source.split())[:80]
    drawn = picture_representation(card(words, "demo", "2027-01-15"))
    return replace(bundle, forms={**bundle.forms, CARD: drawn})


MUTANTS = (
    card_of_source,
    source_as_markdown,
    summary_of_source,
    words_of_dropped_pictures,
    targets_of_definitions,
)
RICH = [
    form for form in FORMATS if "<!-- {w} -->" in mazes.KINDS[form.name]
]  # shows less than it holds


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda each: each.__name__)
@pytest.mark.parametrize("form", RICH, ids=lambda form: form.name)
def test_a_form_that_tells_more_is_caught(
    form: Format, mutant: Callable[[Format, str, Bundle], Bundle]
) -> None:
    source = mazes.everything(form.name)
    bundle = composed(form, source).sealed.public
    assert untold(mutant(form, source, bundle), declared(form, source))
