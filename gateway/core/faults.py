"""What is wrong with the markers of a source, and what of them may be meant otherwise."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from itertools import islice

from gateway.core.findings import Finding, FindingCode, warning
from gateway.core.grammar import Marker, Spelling, Tokens, literal
from gateway.core.rulers import Ruler
from gateway.core.suspects import InCode, near_misses
from gateway.core.walls import foreign_walls

MOST_FINDINGS = 10_000
"""No author mends more, and a hostile source makes millions."""

MOST_WARNINGS = 100  # of a kind
PAGE_LENGTH = 1_000  # characters


_Fault = tuple[Marker, FindingCode]
_Placed = tuple[tuple[int, int], Finding]  # the first two: line, tokens before


def _faults(tokens: Tokens) -> Iterator[_Fault]:
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


def findings_of(source: str, tokens: Tokens, in_code: InCode | None) -> tuple[Finding, ...]:
    """Return all that is wrong, in order: with its markers, and with what only looks like one."""
    spans = tokens.spans
    faults = list(islice(_faults(tokens), MOST_FINDINGS))
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
    ruler = Ruler(source)
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


def warnings_of(source: str, tokens: Tokens, in_code: InCode | None) -> tuple[Finding, ...]:
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
    ruler = Ruler(source)
    lines = [(code, ruler.at(place)[0]) for place, code in sorted(noted)]
    return tuple(warning(code, line) for code, line in dict.fromkeys(lines))


def _is_nearly_all_free(source: str, pairs: Sequence[tuple[Marker, Marker]]) -> bool:
    """Return whether less than a tenth of more than a page is paid, but not nothing."""
    paid = sum(end.start - begin.end for begin, end in pairs)
    free = len(source) - sum(end.end - begin.start for begin, end in pairs)
    return paid > 0 and free > PAGE_LENGTH and free > 9 * paid


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
        f"write {literal(Spelling.HASH.value[0])} to show a marker itself.",
    ),
}
