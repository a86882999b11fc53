"""Cards: drawn of whatever people write, with whatever fonts there are."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import pytest
from PIL import Image

from gateway.rendering import cards
from gateway.rendering.cards import FOLDERS, SIZE, card

TITLES = ("A letter", "一封信" * 60, "x" * 200, "مرحبا", "e\u0301 \U0001f600 नमस्ते", "a\nb", " ", "")


def picture(body: bytes) -> Image.Image:
    image = Image.open(BytesIO(body))
    image.load()
    return image


@pytest.fixture
def no_fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(cards, "FOLDERS", ())
    cards._found.cache_clear()
    yield
    cards._found.cache_clear()


@pytest.mark.parametrize("title", TITLES)
def test_any_title_has_a_card(title: str) -> None:
    image = picture(card(title, "demo", "2026-01-01"))
    assert (image.format, image.size) == ("PNG", SIZE)


def test_a_card_is_the_same_whenever_it_is_drawn_and_another_for_other_words() -> None:
    drawn = card("A letter", "demo", "2026-01-01")
    assert card("A letter", "demo", "2026-01-01") == drawn
    others = ("A latter", "demo", "2026-01-01"), ("A letter", "dem0", "2026-01-01")
    assert all(card(*words) != drawn for words in (*others, ("A letter", "demo", "2026-01-02")))


@pytest.mark.usefixtures("no_fonts")
def test_without_fonts_what_cannot_be_written_is_left_out_and_the_rest_is_there() -> None:
    assert FOLDERS
    assert card("A letter", "demo", "2026-01-01") != card("", "demo", "2026-01-01")
    assert card("一封信", "demo", "2026-01-01") == card("", "demo", "2026-01-01")


@pytest.mark.parametrize("title", ["W" * 200, "一" * 200, "word " * 40])
def test_a_long_title_stays_inside_its_card(title: str) -> None:
    image = picture(card(title, "demo", "2026-01-01")).convert("L")
    right, foot = image.crop((1110, 12, *SIZE)), image.crop((0, 450, 1200, 505))
    for part in (right, foot):
        assert part.getextrema()[0] == part.getextrema()[1]
