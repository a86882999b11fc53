"""Colours that a publisher may give its pages, and how well they are told from what is behind."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gateway.core.errors import Malformed

NEEDED = 4.5  # to one: the contrast of text, by WCAG 2.2 AA
PAPERS: Mapping[str, tuple[str, ...]] = {
    "light": ("#ffffff", "#f6f6f4"),
    "sepia": ("#f6efe0", "#ede4d0"),
    "dark": ("#151517", "#1e1e21"),
}
"""The grounds on which text stands, on each paper: the paper itself and its panels."""

_COLOUR = re.compile(r"#[0-9a-f]{6}", re.ASCII)
_STEPS = 100  # in which a colour is made lighter until it can be read on dark paper


class LowContrast(Malformed):
    """Carries the paper, and the contrast that there is."""

    def __init__(self, paper: str, contrast: float, where: str) -> None:
        # Cut and not rounded: what is told never looks like enough.
        self.paper, self.has = paper, f"{int(contrast * 100) / 100:.2f}"
        word = "darker" if paper != "dark" else "lighter"
        super().__init__(
            f"This colour has a contrast of {self.has} to 1 on {paper} paper.",
            where=where,
            hint=f"It needs {NEEDED} to 1: choose a {word} one.",
        )


def valid_colour(text: str, where: str, *papers: str) -> str:
    """Return a colour in small letters that can be read on papers, "" for none.

    Raises Malformed, and LowContrast of the paper on which it is least.
    """
    colour = text.strip().lower()
    if not colour:
        return ""
    if not _COLOUR.fullmatch(colour):
        raise Malformed("This is not a colour.", where=where, hint="Write it as in #b3341f.")
    least, paper = min((_on(colour, paper), paper) for paper in papers)
    if least < NEEDED:
        raise LowContrast(paper, least, where)
    return colour


def lightened(colour: str) -> str:
    """Return a colour as it can be read on dark paper: itself, or the nearest with more white."""
    for step in range(_STEPS + 1):
        parts = (round(part + (255 - part) * step / _STEPS) for part in _parts(colour))
        lighter = "#" + "".join(f"{part:02x}" for part in parts)
        if _on(lighter, "dark") >= NEEDED:
            break
    return lighter


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, to one (WCAG 2.2)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _on(colour: str, paper: str) -> float:
    return min(contrast(colour, ground) for ground in PAPERS[paper])


def _parts(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))


def _luminance(colour: str) -> float:
    shares = [part / 255 for part in _parts(colour)]
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
