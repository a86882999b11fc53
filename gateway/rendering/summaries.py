"""Summaries: a declared one, or the first words of the free text."""

from __future__ import annotations

import unicodedata

from gateway.core.documents import PLACEHOLDER, Projection
from gateway.formats.fragments import BLOCKS, HEADINGS, VOID, Piece, attribute, names, pieces
from gateway.rendering.sheets import one_line

LONGEST = 140

_NO_PROSE = HEADINGS | names("table pre rp")
_NOTES = names("footnote-ref footnotes")


def summary_of(projection: Projection) -> str:
    """Return the declared summary, or the first words of the free text: of its prose, if any."""
    if declared := one_line(projection.meta.summary):
        return declared
    prose = map(_prose, projection.rendering.html.split(PLACEHOLDER))
    words = map(one_line, projection.rendering.text.split(PLACEHOLDER))
    free = next(filter(None, (*prose, *words)), "")
    return free if len(free) <= LONGEST else _shortened(free)


def _prose(html: str) -> str:
    """Return the start of what paragraphs say, without headings, tables, code and notes."""
    said, left_out, size = [""], 0, 0
    for piece in pieces(html):
        if left_out:
            left_out += piece.opens - piece.closes
        elif _is_no_prose(piece):
            left_out = 1
        elif piece.name in BLOCKS or piece.name in VOID:
            said.append("")
        else:
            said[-1] += piece.text
            size += len(piece.text)
        if size > 4 * LONGEST:
            break
    return _joined([line for line in map(one_line, said) if line])


def _is_no_prose(piece: Piece) -> bool:
    return piece.opens and (
        piece.name in _NO_PROSE or not _NOTES.isdisjoint(attribute(piece, "class").split())
    )


def _joined(lines: list[str]) -> str:
    """Return lines as one, with a blank between two unless the sign before it has one within."""
    return "".join(line if _ends_wide(line) else f"{line} " for line in lines).rstrip()


def _ends_wide(line: str) -> bool:
    return unicodedata.east_asian_width(line[-1]) in "WF" and not line[-1].isalnum()


def _shortened(text: str) -> str:
    """Return the start of a text, cut where neither a character nor a word breaks."""
    end = LONGEST
    while end and (_joins(text[end]) or text[end - 1] == "\u200d"):
        end -= 1
    if text[end].isascii() and text[end - 1].isascii() and " " in text[end - 30 : end]:
        end = text.rindex(" ", 0, end)
    return text[:end].rstrip() + "…"


def _joins(character: str) -> bool:
    """Return whether a character belongs to the one before it: marks, joiners, skin tones."""
    return (
        unicodedata.category(character).startswith("M")
        or character == "\u200d"
        or "\U0001f3fb" <= character <= "\U0001f3ff"
    )
