"""Snippets: the piece of a text in which a query is met, with its words marked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from gateway.core.search_terms import CJK, JOIN, SearchQuery, folded, is_cjk, pairs

LENGTH = 140  # characters
BEFORE = 24  # of them before the first word that is met, at most
REACH = 50_000  # characters of a text that are looked through
SLACK = 20  # characters by which a snippet may be shorter, to end between words


class Stretch(NamedTuple):
    """A stretch of a text. is_hit: it is a word of the query."""

    text: str
    is_hit: bool = False


def marked(text: str, query: SearchQuery) -> tuple[Stretch, ...]:
    """Return a text in pieces, the words of a query apart from the rest."""
    return tuple(_pieces(text, folded(text), query))


def snippet(text: str, query: SearchQuery) -> tuple[Stretch, ...]:
    """Return the piece of a text around the first word of a query, () where none is near."""
    seen = folded(text[:REACH])
    found = next((m for e in _expressions(query) if (m := e.search(seen))), None)
    if found is None:
        return ()
    start, end = _window(seen, text, found.start())
    pieces = list(_pieces(text[start:end], seen[start:end], query))
    if start:
        pieces.insert(0, Stretch("…"))
    if end < len(text):
        pieces.append(Stretch("…"))
    return tuple(pieces)


def _window(seen: str, text: str, first: int) -> tuple[int, int]:
    start = max(0, first - BEFORE)
    end = min(len(seen), start + LENGTH)
    if start:
        blank = text.find(" ", start, min(first, start + SLACK))
        start = blank + 1 if blank >= 0 else start
    if end < len(seen):
        blank = text.rfind(" ", max(first + SLACK, end - SLACK), end)
        end = blank if blank >= 0 else end
    return _between(seen, start), _between(seen, end)


def _between(seen: str, at: int) -> int:
    """Return the first place, from one on, that parts no character from what joins it."""
    while at < len(seen) and seen[at] == JOIN:
        at += 1
    return at


def _pieces(text: str, seen: str, query: SearchQuery) -> Iterator[Stretch]:
    at = 0
    *_, every = _expressions(query)
    for found in every.finditer(seen):
        if found.start() > at:
            yield Stretch(text[at : found.start()])
        yield Stretch(text[found.start() : found.end()], is_hit=True)
        at = found.end()
    if at < len(text):
        yield Stretch(text[at:])


@lru_cache(maxsize=256)
def _expressions(query: SearchQuery) -> tuple[re.Pattern[str], ...]:
    """Return what finds whole runs of a query, and what finds every part of one."""
    whole = sorted(query.runs, key=len, reverse=True)
    parts = [pair for run in whole if is_cjk(run) for pair in pairs(run)]
    return _any(whole), _any([*whole, *parts])


_NOTHING = r"(?!)"


def _any(runs: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(_run, runs)) or _NOTHING)


def _run(run: str) -> str:
    letters = f"{JOIN}*".join(map(re.escape, run)) + f"{JOIN}*"
    return letters if is_cjk(run) else f"(?<![^ {CJK}]){letters}(?![^ {CJK}])"
