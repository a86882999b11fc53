"""The marker grammar: tokens, sections, findings.

One linear pass over decoded text, left to right, no expression that can backtrack. Nothing
outside this module looks for a marker.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from itertools import islice
from typing import NewType

from msgspec import Struct

from gateway.core.findings import Finding, FindingCode, warning
from gateway.core.suspects import InCode, everywhere, near_misses
from gateway.core.walls import foreign_walls

FreeText = NewType("FreeText", str)


PAGEBREAK = "##pagebreak##"
"""Divides pages; it is no marker."""

MOST_FINDINGS = 10_000
"""No author mends more, and a hostile source makes millions."""

MOST_WARNINGS = 100  # of a kind
PAGE_LENGTH = 1_000  # characters


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


def literal(marker: str) -> str:
    """Return how the text of a marker is written where it marks nothing and is shown."""
    return marker.replace("paid", "\\paid")


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


def divide(source: str, in_code: InCode | None = None) -> Division:
    """Divide a source into sections, or find all that is wrong with it.

    in_code is asked at most twice, and only where the answer decides something.
    """
    tokens = _tokens(source)
    faults = tuple(islice(_faults(tokens), MOST_FINDINGS))
    findings = _findings(source, tokens, faults, in_code)
    if findings:
        return Division((), findings, tokens.markers, 0)
    sections, escapes = _sections(source, tokens)
    warnings = _warnings(source, tokens, in_code)
    return Division(sections, (), tokens.markers, escapes, warnings)


def scan(source: str) -> tuple[Marker, ...]:
    """Return the markers of a source in order, without those that a backslash undoes."""
    return _tokens(source).markers


def spellings(source: str) -> list[tuple[int, int, bool]]:
    """Return where markers are written, with what undoes them, and of each whether it marks."""
    tokens = _tokens(source)
    found = [(one.start, one.end, True) for one in tokens.markers]
    found += [(one.start, one.end, False) for one in tokens.literals]
    found += [(one.start - 1, one.end, False) for one in tokens.escaped]
    return sorted(found)


def veiled(source: str) -> str:
    """Return a source with a veil in place of each marker that is literal."""
    parts: list[str] = []
    at = 0
    for token in _tokens(source).literals:
        veil = _VEILS[source[token.start : token.end].replace("\\", "")]
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


def residue(rendered_text: str, veiled_text: str = "", in_code: InCode | None = everywhere) -> int:
    """Count the places in a rendered text that read as a marker, exact or suspect.

    Those are left out whose veils the same text shows, rendered of the veiled source. Any tag may
    stand in code unless in_code says otherwise; then only an exact one counts.
    """
    tokens = _tokens(rendered_text)
    shown = Counter(rendered_text[start:end] for start, end in tokens.spans)
    escaped = Counter({text: veiled_text.count(veil) for text, veil in _VEILS.items()})
    near = near_misses(rendered_text, tokens.spans, in_code=in_code)
    return (shown - escaped).total() + len(near)


def position(source: str, index: int) -> tuple[int, int]:
    """Return line and column of an index, from 1, in code points."""
    return _Ruler(source).at(index)


# Noncharacters: no source holds them, and every renderer takes them for letters.
_TEXTS = tuple(text for each in Spelling for text in each.value)
_VEILS = dict(zip(_TEXTS, map(chr, range(0xFDE0, 0xFDE6)), strict=True))
_STAND_INS = dict(zip(_TEXTS, map(chr, range(0xFDE6, 0xFDEC)), strict=True))

_Fault = tuple[Marker, FindingCode]
_Placed = tuple[tuple[int, int], Finding]  # the first two: line, tokens before


@dataclass(frozen=True, slots=True)
class _Tokens:
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


def _tokens(source: str) -> _Tokens:
    """Find all tokens. Each holds `paid` once, so one search does."""
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
    return _Tokens(tuple(markers), tuple(literals), tuple(escaped))


def _faults(tokens: _Tokens) -> Iterator[_Fault]:
    """Yield what is wrong with markers. After a fault, go on as most authors meant it."""
    for marker in tokens.escaped:
        yield marker, FindingCode.ESCAPED
    opened: Marker | None = None
    for marker in tokens.markers:
        if marker.opens and opened:
            yield marker, FindingCode.NESTED
        elif marker.opens:
            opened = marker
        elif opened is None:
            yield marker, FindingCode.UNOPENED
        else:
            if marker.spelling is not opened.spelling:
                yield marker, FindingCode.MISMATCHED
            opened = None
    if opened:
        yield opened, FindingCode.UNCLOSED


def _findings(
    source: str, tokens: _Tokens, faults: Sequence[_Fault], in_code: InCode | None
) -> tuple[Finding, ...]:
    spans = tokens.spans
    unopened = [marker for marker, code in faults if code is FindingCode.UNOPENED]
    answered = _answered(spans, tokens.markers, unopened)
    placed: list[_Placed] = [
        (place, Finding(place[0], None, FindingCode.SUSPECT, *_SAYS[FindingCode.SUSPECT]))
        for place in near_misses(source, spans, answered, in_code, limit=MOST_FINDINGS)
    ]
    if faults:
        placed += _placed(source, spans, faults)
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
        said = _said(code, marker.spelling, marker.opens)
        placed.append(((line, before), Finding(line, column, code, *said)))
    return placed


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


def _sections(source: str, tokens: _Tokens) -> tuple[tuple[Section, ...], int]:
    """Return the sections, and how many literal markers stand in the free ones."""
    backslashes = [source.index("\\", literal.start) for literal in tokens.literals]
    edges = [(marker.start, marker.end) for marker in tokens.markers]
    ruler = _Ruler(source)
    sections = []
    escapes = at = 0
    paid = False
    for start, end in [*edges, (len(source), len(source))]:
        if at < start:
            dropped = backslashes[bisect_left(backslashes, at) : bisect_left(backslashes, start)]
            text = _without(source, at, start, dropped)
            line, end_line = ruler.at(at)[0], ruler.at(start - 1)[0]
            sections.append(Section(paid, _typed(text, paid), line, end_line))
            escapes += 0 if paid else len(dropped)
        at, paid = end, not paid
    return tuple(sections), escapes


def _warnings(source: str, tokens: _Tokens, in_code: InCode | None) -> tuple[Finding, ...]:
    """Return what is no fault and may be meant otherwise, one of a kind on a line."""
    own = {start for start, _ in tokens.spans}
    walls = (place for place in foreign_walls(source) if place not in own)
    places = list(islice(walls, MOST_WARNINGS))
    coded = in_code(places) if in_code and places else ()
    pairs = list(zip(tokens.markers[::2], tokens.markers[1::2], strict=True))
    noted = [(place, FindingCode.FOREIGN_WALL) for place in places if place not in coded]
    noted += [
        (begin.start, FindingCode.EMPTY_SECTION)
        for begin, end in pairs
        if not source[begin.end : end.start].strip()
    ][:MOST_WARNINGS]
    if _is_nearly_all_free(source, pairs):
        noted.append((pairs[0][0].start, FindingCode.NEARLY_ALL_FREE))
    ruler = _Ruler(source)
    lines = [(code, ruler.at(place)[0]) for place, code in sorted(noted)]
    return tuple(warning(code, line) for code, line in dict.fromkeys(lines))


def _is_nearly_all_free(source: str, pairs: Sequence[tuple[Marker, Marker]]) -> bool:
    """Return whether less than a tenth of more than a page is paid, but not nothing."""
    paid = sum(end.start - begin.end for begin, end in pairs)
    free = len(source) - sum(end.end - begin.start for begin, end in pairs)
    return paid > 0 and free > PAGE_LENGTH and free > 9 * paid


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
def _said(code: FindingCode, spelling: Spelling, opens: bool) -> tuple[str, str]:
    begin, end = spelling.value
    this = begin if opens else end
    message, hint = (
        text.format(begin=begin, end=end, this=this, literal=literal(this)) for text in _SAYS[code]
    )
    return message, hint


_SAYS = {
    FindingCode.UNCLOSED: (
        "This {begin} is never closed.",
        "Write {end} where the paid section ends, or {literal} to show the marker itself.",
    ),
    FindingCode.UNOPENED: (
        "This {end} closes nothing.",
        "Write {begin}, exactly so, where the paid section begins, "
        "or {literal} to show the marker itself.",
    ),
    FindingCode.NESTED: (
        "This {begin} stands inside a section that is already paid.",
        "Close the section before it with its end marker, or take this one out.",
    ),
    FindingCode.MISMATCHED: (
        "This {end} closes a section that another spelling opened.",
        "Write begin and end of a section in the same spelling.",
    ),
    FindingCode.ESCAPED: (
        "This {this} has a backslash before it, as editors write one that do not know markers.",
        "Take the backslash out to make it a marker, or write {literal} to show the marker itself.",
    ),
    FindingCode.SUSPECT: (
        "Something on this line looks like a marker and is not one.",
        "Write the marker exactly, such as ##paidbegin## or ##paidend##, or change the wording; "
        f"write {literal('##paidbegin##')} to show a marker itself.",
    ),
}
