"""The body of a text on its page: its headings, what scrolls by itself, where a preview broke off.

All of it reads sanitised HTML, and adds to it nothing but what the page needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import NamedTuple

from gateway.core.documents import PLACEHOLDER
from gateway.formats.cutting import PAGE_BREAK
from gateway.formats.fragments import BLOCKS, Piece, attribute, collapse, join, names, pieces

GO_ON = "go-on"  # the id of the place where the preview broke off

_LISTED = names("h2 h3")
_ANCHOR = Piece(f'<span id="{GO_ON}"></span>')
# What holds no text of its own, only what holds text.
_FRAMES = names("ul ol dl table thead tbody tfoot tr colgroup")


class Heading(NamedTuple):
    """A heading that a list of contents leads to."""

    level: int
    id: str
    text: str


def headings(html: str) -> list[Heading]:
    """Return the headings of the first two levels that have an id, in order."""
    found: list[Heading] = []
    said: list[str] = []
    opened = Piece("")
    for piece in pieces(html) if "<h" in html else ():
        if piece.name in _LISTED and not piece.closes:
            opened, said = piece, []
        elif piece.name in _LISTED and opened.name:
            text = collapse("".join(said).replace(PLACEHOLDER, ""))
            if text and (own := attribute(opened, "id")):
                found.append(Heading(int(opened.name[1]), own, text))
            opened = Piece("")
        elif opened.name:
            said.append(piece.text)
    return found


def with_regions(html: str, name: Callable[[str, int], str]) -> str:
    """Return html whose tables and code can be reached and scrolled by keyboard.

    name: what the nth table or pre is called.
    """
    if "<table" not in html and "<pre" not in html:
        return html
    numbers = {"table": count(1), "pre": count(1)}
    return "".join(_in_region(piece, numbers, name) for piece in pieces(html))


def _in_region(
    piece: Piece, numbers: dict[str, count[int]], name: Callable[[str, int], str]
) -> str:
    if piece.name not in numbers:
        return piece.raw
    is_table = piece.name == "table"
    if piece.closes:
        return piece.raw + "</div>" * is_table
    told = name(piece.name, next(numbers[piece.name]))
    region = f' tabindex="0" role="region" aria-label="{told}"'
    return f'<div class="wide"{region}>{piece.raw}' if is_table else f"<pre{region}{piece.raw[4:]}"


def going_on(html: str, free: str) -> str:
    """Return html with an anchor where it goes on after free, the HTML before the first cut."""
    whole, start = list(pieces(html)), list(pieces(free))
    at = next(_differing(whole, start), min(len(whole), len(start)))
    if at < min(len(whole), len(start)) and not whole[at].name and not start[at].name:
        text, same = whole[at].raw, _common(whole[at].raw, start[at].raw)
        if text[:same].strip() and text[same:].strip():
            halves = [Piece(text[:same]), _ANCHOR, Piece(text[same:])]
            return join([*whole[:at], *halves, *whole[at + 1 :]])
        at += not text[same:].strip()
    return join(_anchored(whole, at))


def _differing(whole: Sequence[Piece], start: Sequence[Piece]) -> Iterator[int]:
    for at, (one, other) in enumerate(zip(whole, start, strict=False)):
        if one.raw != other.raw and one.raw != other.raw.replace(' class="cut"', ""):
            yield at


def _common(one: str, other: str) -> int:
    """Return how many letters at the start of two texts are the same, no entity divided."""
    ends = (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    same = next(ends, min(len(one), len(other)))
    entity = one.rfind("&", 0, same)
    return entity if entity >= 0 and ";" not in one[entity:same] else same


def _anchored(whole: list[Piece], at: int) -> Iterator[Piece]:
    """Yield the pieces with the anchor at the first place from there on that can hold text."""
    yield from whole[:at]
    is_set = False
    for piece in whole[at:]:
        frame = piece.name in _FRAMES or piece.closes or piece.raw == PAGE_BREAK
        frame = frame or not (piece.name or piece.raw.strip())
        if is_set or frame:
            yield piece
        elif piece.opens and piece.name in BLOCKS:
            yield from (piece, _ANCHOR)
        else:
            yield from (_ANCHOR, piece)
        is_set = is_set or not frame
