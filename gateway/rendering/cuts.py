"""The free pieces of a text and the cuts between them, in their order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from gateway.core.documents import PLACEHOLDER, Projection, Rendering


@dataclass(frozen=True, slots=True)
class Cut:
    """One paid section, as the world sees it: which one, and a lower bound of its size."""

    number: int
    size_at_least: int


@dataclass(frozen=True, slots=True)
class FreePiece:
    """One free stretch of a text."""

    html: Markup
    text: str


def _pieces(rendering: Rendering) -> list[FreePiece]:
    htmls = rendering.html.split(PLACEHOLDER)
    texts = rendering.text.split(PLACEHOLDER)
    return [
        FreePiece(Markup(html.strip()), text.strip())  # noqa: S704  sanitised before
        for html, text in zip(htmls, texts, strict=True)
    ]


def parts_of(projection: Projection, cuts: list[Cut]) -> list[FreePiece | Cut]:
    """Return free pieces and cuts in their order. Raises ValueError where they do not agree."""
    first, *rest = _pieces(projection.rendering)
    parts: list[FreePiece | Cut] = [first]
    for piece, cut in zip(rest, cuts, strict=True):
        parts += [cut, piece]
    return [part for part in parts if isinstance(part, Cut) or part.html or part.text]


def parts_on_page(html: str, left: Iterator[Cut]) -> list[FreePiece | Cut]:
    """Return what stands on a page in its order, with the next of the cuts that are left."""
    first, *rest = (FreePiece(Markup(piece.strip()), "") for piece in html.split(PLACEHOLDER))  # noqa: S704  sanitised before
    parts: list[FreePiece | Cut] = [first]
    for piece in rest:
        parts += [next(left), piece]
    return [part for part in parts if isinstance(part, Cut) or part.html]
