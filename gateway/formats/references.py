"""References to what the text at hand does not define, in a text with cuts.

A paid section may define it, and that is nobody's business: whether or not one does, a link shows
its words and a note nothing.
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.helpers import parseLinkLabel
from markdown_it.rules_inline import StateInline

CUT = "cut"
"""Whether the text has cuts, in the environment of a parser."""

_NOTE = re.compile(r"\[\^[^\s\[\]]+\]")
_LABEL = re.compile(r"\[(?:[^\[\]\\]|\\.){0,999}\]", re.DOTALL)
_WORD = re.compile(r"[A-Za-z0-9_\])]")


def references(parser: MarkdownIt) -> None:
    """Teach a parser to show the words of references that lead nowhere."""
    parser.inline.ruler.after("footnote_ref", "undefined", _undefined)


def _undefined(state: StateInline, silent: bool) -> bool:
    start = state.pos
    opening = start + (state.src[start] == "!")
    if not state.env.get(CUT) or state.src[opening : opening + 1] != "[":
        return False
    if note := _NOTE.match(state.src, start, state.posMax):
        state.pos = note.end()
        return True
    # `rows[i][j]` is no reference.
    if _WORD.match(state.src[start - 1 : start]) or state.src.find("][", start, state.posMax) < 0:
        return False
    closing = parseLinkLabel(state, opening)
    label = _LABEL.match(state.src, closing + 1, state.posMax) if closing >= 0 else None
    if not label:
        return False
    after = state.posMax
    if not silent:
        state.pos, state.posMax = opening + 1, closing
        state.md.inline.tokenize(state)
    state.pos, state.posMax = label.end(), after
    return True
