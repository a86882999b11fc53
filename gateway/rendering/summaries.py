"""Summaries: a declared one, or the first words of the free text."""

from __future__ import annotations

import unicodedata

from gateway.core.documents import PLACEHOLDER, Projection
from gateway.rendering.sheets import one_line

LONGEST = 140


def summary_of(projection: Projection) -> str:
    """Return the declared summary, or the first words of the free text."""
    if declared := one_line(projection.meta.summary):
        return declared
    stretches = projection.rendering.text.split(PLACEHOLDER)
    free = next(filter(None, map(one_line, stretches)), "")
    return free if len(free) <= LONGEST else _shortened(free)


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
