"""The marker grammar: how markers are written, and what undoes them.

One linear pass over decoded text, left to right, no expression that can backtrack. Nothing
outside this module looks for a marker.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from msgspec import Struct

PAGEBREAK = "##pagebreak##"
"""Divides pages; it is no marker."""


class Spelling(Enum):
    """The three spellings of a pair of markers."""

    HASH = ("##paidbegin##", "##paidend##")
    DOLLAR = ("$$paidbegin$$", "$$paidend$$")
    TAG = ("<paid>", "</paid>")


def literal(marker: str) -> str:
    """Return how the text of a marker is written where it marks nothing and is shown."""
    return marker.replace("paid", "\\paid")


class Marker(Struct, frozen=True, gc=False):
    """One recognised marker: source[start:end]."""

    start: int
    end: int
    opens: bool
    spelling: Spelling


def scan(source: str) -> tuple[Marker, ...]:
    """Return the markers of a source in order, without those that a backslash undoes."""
    return tokens_in(source).markers


def spellings(source: str) -> list[tuple[int, int, bool]]:
    """Return where markers are written, with what undoes them, and of each whether it marks."""
    tokens = tokens_in(source)
    found = [(one.start, one.end, True) for one in tokens.markers]
    found += [(one.start, one.end, False) for one in tokens.literals]
    found += [(one.start - 1, one.end, False) for one in tokens.escaped]
    return sorted(found)


def veiled(source: str) -> str:
    """Return a source with a veil in place of each marker that is literal."""
    parts: list[str] = []
    at = 0
    for token in tokens_in(source).literals:
        veil = VEILS[source[token.start : token.end].replace("\\", "")]
        parts += source[at : token.start], veil
        at = token.end
    return "".join(parts) + source[at:]


def stand_ins(text: str) -> str:
    """Return the text of a section with a letter for each marker that it shows literally."""
    if "paid" in text:
        for marker, letter in _STAND_INS.items():
            text = text.replace(marker, letter)
    return text


def shown(text: str, written: Callable[[str], str] = str) -> str:
    """Return a text with the markers for which letters stand in, each written so."""
    for marker, letter in _STAND_INS.items():
        text = text.replace(letter, written(marker))
    return text


# Noncharacters: no source holds them, and every renderer takes them for letters.
_TEXTS = tuple(text for each in Spelling for text in each.value)
VEILS = dict(zip(_TEXTS, map(chr, range(0xFDE0, 0xFDE6)), strict=True))
_STAND_INS = dict(zip(_TEXTS, map(chr, range(0xFDE6, 0xFDEC)), strict=True))


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a source has of markers: real ones, literal ones, and those with a backslash before."""

    markers: tuple[Marker, ...]
    literals: tuple[Marker, ...]
    escaped: tuple[Marker, ...]

    @property
    def spans(self) -> list[tuple[int, int]]:
        """Return where all of them stand, in order."""
        spans = [(one.start, one.end) for one in (*self.markers, *self.literals, *self.escaped)]
        return sorted(spans) if self.literals or self.escaped else spans


# What stands around `paid` tells which marker it may be in: its text, how much of it comes before,
# whether it opens, and its spelling.
_BY_NEIGHBOURS = {
    text[text.index("paid") - 1 : text.index("paid") + 5]: (
        text,
        text.index("paid"),
        text == spelling.value[0],
        spelling,
    )
    for spelling in Spelling
    for text in spelling.value
}


def tokens_in(source: str) -> Tokens:
    """Return all tokens of a source. Each holds `paid` once, so one search does."""
    markers: list[Marker] = []
    literals: list[Marker] = []
    escaped: list[Marker] = []
    find, marker_of = source.find, _BY_NEIGHBOURS.get
    end = 0
    paid = find("paid")
    while paid >= 0:
        around = source[paid - 1 : paid + 5]
        gap = around[:1] == "\\"
        known = marker_of(source[paid - 2 : paid - 1] + around[1:] if gap else around)
        if known:
            text, lead, opens, spelling = known
            start = paid - gap - lead
            if (
                start >= end
                and source.startswith(text[:lead], start)
                and source.startswith(text[lead:], paid)
            ):
                end = paid - lead + len(text)
                is_escaped = not gap and source[start - 1 : start] == "\\"
                kind = literals if gap else escaped if is_escaped else markers
                kind.append(Marker(start, end, opens, spelling))
        paid = find("paid", paid + 4)
    return Tokens(tuple(markers), tuple(literals), tuple(escaped))
