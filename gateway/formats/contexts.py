"""Where a marker stands in HTML.

Markers become sentinels, then two readers look for these: the sanitiser, whose output is what
people see, and a small tokeniser. A marker is in place where both find it in running text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from gateway.core.grammar import Marker
from gateway.formats.fragments import pieces
from gateway.formats.sanitising import sanitise
from gateway.formats.tokeniser import tokens

# Noncharacters besides PLACEHOLDER and PAGE: a sign and six digits that say which marker it is.
_SIGN = "\ufdd2"
_DIGITS = "\ufdd3\ufdd4\ufdd5\ufdd6\ufdd7\ufdd8\ufdd9\ufdda\ufddb\ufddc"
_SENTINEL = re.compile(f"{_SIGN}([{_DIGITS}]{{6}})")
_TO_DIGITS = str.maketrans("0123456789", _DIGITS)
_FROM_DIGITS = str.maketrans(_DIGITS, "0123456789")


def marked(text: str, markers: Sequence[Marker]) -> str:
    """Return the text with a sentinel in place of each marker."""
    return _with_sentinels(text, [(marker.start, marker.end) for marker in markers])


def pinned(text: str, places: Sequence[int]) -> str:
    """Return the text with a sentinel before each place."""
    return _with_sentinels(text, [(place, place) for place in places])


def _with_sentinels(text: str, spans: Sequence[tuple[int, int]]) -> str:
    out: list[str] = []
    at = 0
    for number, (start, end) in enumerate(spans):
        out += text[at:start], _SIGN, f"{number:06}".translate(_TO_DIGITS)
        at = end
    return "".join(out) + text[at:]


def count(text: str) -> int:
    """Return how many sentinels stand in a text."""
    return len(_SENTINEL.findall(text))


def in_code(html: str, places: Sequence[int]) -> set[int]:
    """Return the places whose sentinels in html are shown as code."""
    return {places[number] for number, block in _shown(html).items() if block}


def misplaced(html: str, markers: Sequence[Marker], doubled: Iterable[str] = ()) -> list[Marker]:
    """Return the markers whose sentinels in html are not text, or not in the order of the source.

    Both markers of a pair are misplaced where only one is in a code block, or each in another;
    and those in `doubled`, which are texts that html has as something else besides.
    """
    shown = _shown(html)
    running = set(_running(html))
    wrong = {number for number in range(len(markers)) if number not in shown}
    wrong |= {number for number in shown if number not in running}
    wrong |= _out_of_order(list(shown))
    wrong |= {number for text in doubled for number in _numbers(text)}
    for first, second in pairwise(range(len(markers))):
        pair = markers[first].opens and not markers[second].opens
        if pair and shown.get(first) != shown.get(second):
            wrong |= {first, second}
    return [markers[number] for number in sorted(wrong)]


def _numbers(text: str) -> Iterator[int]:
    for match in _SENTINEL.finditer(text):
        yield int(match[1].translate(_FROM_DIGITS))


def _out_of_order(numbers: Sequence[int]) -> set[int]:
    wrong: set[int] = set()
    highest = -1
    for number in numbers:
        if number < highest:
            wrong.add(number)
        highest = max(highest, number)
    return wrong


def _shown(html: str) -> dict[int, int]:
    """Return the sentinels in the text that people see, each with the code block it is in."""
    found: dict[int, int] = {}
    depth = block = 0
    for piece in pieces(sanitise(html)):
        if piece.name in ("pre", "code"):
            block += piece.opens and depth == 0
            depth += 1 if piece.opens else -1
        for number in _numbers(piece.text):
            found[number] = block if depth else 0
    return found


_CELLS = frozenset({"td", "th", "caption"})
_TABLE_PARTS = frozenset({"table", "thead", "tbody", "tfoot", "tr", "colgroup"})


def _running(html: str) -> Iterator[int]:
    """Yield the sentinels that stand in text, and not between the cells of a table."""
    between = [False]  # for each open table, whether we are between its cells
    for token in tokens(html):
        if token.name == "table" and not token.closes:
            between.append(True)
        elif token.name == "table":
            del between[max(1, len(between) - 1) :]
        elif token.name in _CELLS or token.name in _TABLE_PARTS:
            between[-1] = len(between) > 1 and (token.closes or token.name in _TABLE_PARTS)
        elif not token.name and not between[-1]:
            yield from _numbers(token.text)
