"""The marker grammar: tokens, sections, findings.

One linear pass over decoded text, left to right, no expression that can backtrack. Nothing
outside this module looks for a marker.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from itertools import islice
from typing import NewType

from msgspec import Struct

from gateway.core.findings import Code, Finding
from gateway.core.suspects import near_misses

FreeText = NewType("FreeText", str)


PAGEBREAK = "##pagebreak##"
"""Divides pages; it is no marker."""

MOST_FINDINGS = 10_000
"""No author mends more, and a hostile source makes millions."""


class PaidText:
    """Text that only a permit may show: it has no useful str() or repr() to slip out by."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text; call it only where it goes to the vault or to a holder's answer."""
        return self._text

    def __repr__(self) -> str:
        return "PaidText(…)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PaidText) and self._text == other._text

    def __hash__(self) -> int:
        return hash((PaidText, self._text))


class Spelling(Enum):
    """The three spellings of a pair of markers."""

    HASH = ("##paidbegin##", "##paidend##")
    DOLLAR = ("$$paidbegin$$", "$$paidend$$")
    TAG = ("<paid>", "</paid>")


class Marker(Struct, frozen=True, gc=False):
    """One recognised marker: source[start:end]."""

    start: int
    end: int
    opens: bool
    spelling: Spelling


class Section(Struct, frozen=True, gc=False):
    """A run of free or of paid text, escapes resolved, and the lines that it stands on."""

    paid: bool
    text: FreeText | PaidText
    line: int
    end_line: int


@dataclass(frozen=True, slots=True)
class Division:
    """A source divided: its sections, or the findings for which it has none."""

    sections: tuple[Section, ...]
    findings: tuple[Finding, ...]
    markers: tuple[Marker, ...]
    escapes: int
    """How many markers the free text shows literally."""
    warnings: tuple[Finding, ...] = ()


def divide(source: str) -> Division:
    """Divide a source into sections, or find all that is wrong with it."""
    markers, literals = _tokens(source)
    faults = tuple(islice(_faults(markers), MOST_FINDINGS))
    findings = _findings(source, markers, literals, faults)
    if findings:
        return Division((), findings, markers, 0)
    return Division(*_sections(source, markers, literals))


def scan(source: str) -> tuple[Marker, ...]:
    """Return the markers of a source in order, without those that a backslash makes literal."""
    return _tokens(source)[0]


def veiled(source: str) -> str:
    """Return a source with a veil in place of each marker that a backslash makes literal."""
    parts: list[str] = []
    at = 0
    for literal in _tokens(source)[1]:
        parts += source[at : literal.start - 1], _VEILS[source[literal.start : literal.end]]
        at = literal.end
    return "".join(parts) + source[at:]


def residue(rendered_text: str, veiled_text: str = "") -> int:
    """Count the places in a rendered text that read as a marker, exact or suspect.

    Those are left out whose veils the same text shows, rendered of the veiled source.
    """
    markers, literals = _tokens(rendered_text)
    spans = _spans(markers, literals)
    shown = Counter(rendered_text[start:end] for start, end in spans)
    escaped = Counter({text: veiled_text.count(veil) for text, veil in _VEILS.items()})
    return (shown - escaped).total() + len(near_misses(rendered_text, spans))


def suspects(
    source: str,
    markers: Sequence[Marker],
    literals: Sequence[Marker] = (),
    unopened: Collection[Marker] = (),
) -> list[Finding]:
    """Return one finding for each line that holds what only looks like a marker.

    A `<paid …>` whose end tag is among the unopened is left out: one fault, one finding.
    """
    return [finding for _, finding in _suspects(source, markers, literals, unopened)]


def position(source: str, index: int) -> tuple[int, int]:
    """Return line and column of an index, from 1, in code points."""
    return _Ruler(source).at(index)


# Noncharacters: no source holds them, and every renderer takes them for letters.
_VEILS = dict(
    zip(
        (text for each in Spelling for text in each.value),
        map(chr, range(0xFDE0, 0xFDE6)),
        strict=True,
    )
)

_Fault = tuple[Marker, Code]
_Placed = tuple[tuple[int, int], Finding]  # the first two: line, markers and literals before

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


def _tokens(source: str) -> tuple[tuple[Marker, ...], tuple[Marker, ...]]:
    """Return markers, and those made literal. Each holds `paid` once, so one search finds all."""
    markers: list[Marker] = []
    literals: list[Marker] = []
    find, marker_of = source.find, _BY_NEIGHBOURS.get
    end = 0
    paid = find("paid")
    while paid >= 0:
        known = marker_of(source[paid - 1 : paid + 5])
        if known:
            text, lead, opens, spelling = known
            start = paid - lead
            if start >= end and source.startswith(text, start):
                end = start + len(text)
                is_literal = start and source[start - 1] == "\\"
                (literals if is_literal else markers).append(Marker(start, end, opens, spelling))
        paid = find("paid", paid + 4)
    return tuple(markers), tuple(literals)


def _spans(markers: Sequence[Marker], literals: Sequence[Marker]) -> list[tuple[int, int]]:
    spans = [(token.start, token.end) for token in (*markers, *literals)]
    return sorted(spans) if literals else spans


def _faults(markers: Sequence[Marker]) -> Iterator[_Fault]:
    """Yield what breaks the order of markers. After a fault, go on as most authors meant it."""
    opened: Marker | None = None
    for marker in markers:
        if marker.opens and opened:
            yield marker, Code.NESTED
        elif marker.opens:
            opened = marker
        elif opened is None:
            yield marker, Code.UNOPENED
        else:
            if marker.spelling is not opened.spelling:
                yield marker, Code.MISMATCHED
            opened = None
    if opened:
        yield opened, Code.UNCLOSED


def _findings(
    source: str, markers: Sequence[Marker], literals: Sequence[Marker], faults: Sequence[_Fault]
) -> tuple[Finding, ...]:
    unopened = [marker for marker, code in faults if code is Code.UNOPENED]
    placed = _suspects(source, markers, literals, unopened)
    if faults:
        placed += _placed(source, _spans(markers, literals), faults)
        placed.sort(key=lambda one: (one[0], one[1].column or 0))
    return tuple(finding for _, finding in placed[:MOST_FINDINGS])


def _placed(
    source: str, spans: Sequence[tuple[int, int]], faults: Sequence[_Fault]
) -> list[_Placed]:
    ruler = _Ruler(source)
    placed = []
    for marker, code in sorted(faults, key=lambda fault: fault[0].start):
        line, column = ruler.at(marker.start)
        before = bisect_left(spans, (marker.start, marker.end))
        placed.append(((line, before), Finding(line, column, code, *_said(code, marker.spelling))))
    return placed


def _suspects(
    source: str,
    markers: Sequence[Marker],
    literals: Sequence[Marker],
    unopened: Collection[Marker],
) -> list[_Placed]:
    spans = _spans(markers, literals)
    message, hint = _SAYS[Code.SUSPECT]
    return [
        (place, Finding(place[0], None, Code.SUSPECT, message, hint))
        for place in near_misses(
            source, spans, _answered(spans, markers, unopened), limit=MOST_FINDINGS
        )
    ]


def _answered(
    spans: Sequence[tuple[int, int]], markers: Sequence[Marker], unopened: Collection[Marker]
) -> list[bool]:
    """Tell for each number of spans before a place if the next tag is an unopened end."""
    tag = Spelling.TAG
    if not any(marker.spelling is tag for marker in unopened):
        return []
    tags = {marker.start for marker in markers if marker.spelling is tag}
    lone = {marker.start for marker in unopened}
    answered = [False]
    for start, _ in reversed(spans):
        answered.append(start in lone if start in tags else answered[-1])
    return answered[::-1]


def _sections(
    source: str, markers: Sequence[Marker], literals: Sequence[Marker]
) -> tuple[tuple[Section, ...], tuple[Finding, ...], tuple[Marker, ...], int]:
    backslashes = [literal.start - 1 for literal in literals]
    ruler = _Ruler(source)
    sections = []
    escapes = at = 0
    paid = False
    for start, end in [*((one.start, one.end) for one in markers), (len(source), len(source))]:
        if at < start:
            escaped = backslashes[bisect_left(backslashes, at) : bisect_left(backslashes, start)]
            text = _without(source, at, start, escaped)
            line, end_line = ruler.at(at)[0], ruler.at(start - 1)[0]
            sections.append(Section(paid, _typed(text, paid), line, end_line))
            escapes += 0 if paid else len(escaped)
        at, paid = end, not paid
    return tuple(sections), (), tuple(markers), escapes


def _typed(text: str, paid: bool) -> FreeText | PaidText:
    return PaidText(text) if paid else FreeText(text)


def _without(source: str, start: int, end: int, dropped: Sequence[int]) -> str:
    if not dropped:
        return source[start:end]
    pieces = []
    for index in dropped:
        pieces.append(source[start:index])
        start = index + 1
    return "".join([*pieces, source[start:end]])


class _Ruler:
    """Finds lines and columns of rising indices in one pass."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._has_returns = "\r" in source
        self._line = 1
        self._line_start = 0
        self._at = 0

    def at(self, index: int) -> tuple[int, int]:
        source, start, end = self._source, self._at, index
        if self._has_returns and source[index - 1 : index + 1] == "\r\n":
            end -= 1  # between the two the line has not ended yet
        ends = source.count("\n", start, end)
        last = source.rfind("\n", start, end) if ends else -1
        if self._has_returns:
            ends += source.count("\r", start, end) - source.count("\r\n", start, end)
            last = max(last, source.rfind("\r", start, end))
        if last >= 0:
            self._line += ends
            self._line_start = last + 1
        self._at = end
        return self._line, index - self._line_start + 1


@cache
def _said(code: Code, spelling: Spelling) -> tuple[str, str]:
    message, hint = _SAYS[code]
    return message.format(*spelling.value), hint.format(*spelling.value)


_SAYS = {
    Code.UNCLOSED: (
        "This {0} is never closed.",
        "Write {1} where the paid section ends, or \\{0} to show the marker itself.",
    ),
    Code.UNOPENED: (
        "This {1} closes nothing.",
        "Write {0}, exactly so, where the paid section begins, or \\{1} to show the marker itself.",
    ),
    Code.NESTED: (
        "This {0} stands inside a section that is already paid.",
        "Close the section before it with its end marker, or take this one out.",
    ),
    Code.MISMATCHED: (
        "This {1} closes a section that another spelling opened.",
        "Write begin and end of a section in the same spelling.",
    ),
    Code.SUSPECT: (
        "Something on this line looks like a marker and is not one.",
        "Write the marker exactly, such as ##paidbegin## or ##paidend##, or change the wording; "
        "write \\##paidbegin## to show a marker itself.",
    ),
}
