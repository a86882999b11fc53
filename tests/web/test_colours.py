"""Colours that stand on each other can be told apart, by day and by night (WCAG 2.2 AA)."""

from __future__ import annotations

import re

import pytest

from gateway.rendering.static import ASSETS

CSS = (ASSETS / "app.css").read_text("utf-8")
TEXT, SHAPE = 4.5, 3.0
PAIRS = [
    *((front, back, TEXT) for front in ("ink", "soft", "seal") for back in ("paper", "panel")),
    ("on-press", "press", TEXT),
    ("on-press", "press-over", TEXT),
    ("ink", "mark", TEXT),
    *((tone, f"{tone}-wash", TEXT) for tone in ("good", "warn", "bad")),
    *(("ink", f"{tone}-wash", TEXT) for tone in ("good", "warn", "bad")),
    *((tone, "paper", TEXT) for tone in ("good", "warn", "bad")),
    ("edge", "paper", SHAPE),
    ("edge", "panel", SHAPE),
]


def colours() -> dict[str, dict[str, str]]:
    """Return the named colours of each scheme."""
    day, night = re.findall(r":root \{\n(.*?)\n\s*\}", CSS, re.DOTALL)[:2]
    chosen = re.findall(r':root\[data-paper="(\w+)"\] \{\n(.*?)\n\}', CSS, re.DOTALL)
    blocks = {"light": day, "dark": night} | {f"chosen {name}": told for name, told in chosen}
    return {
        name: dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", told))
        for name, told in blocks.items()
    }


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", colours())
@pytest.mark.parametrize(("front", "back", "least"), PAIRS)
def test_colours_have_enough_contrast(scheme: str, front: str, back: str, least: float) -> None:
    named = colours()[scheme]
    low, high = sorted((luminance(named[front]), luminance(named[back])))
    assert (high + 0.05) / (low + 0.05) >= least


def test_every_scheme_names_the_same_colours() -> None:
    assert {frozenset(named) for named in colours().values()} == {frozenset(colours()["light"])}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_scheme_that_is_chosen_is_the_one_of_the_device(scheme: str) -> None:
    assert colours()[f"chosen {scheme}"] == colours()[scheme]
