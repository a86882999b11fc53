"""Dividing: a source into its sections, or into all that is wrong with it."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import Struct

from gateway.core.faults import findings_of, warnings_of
from gateway.core.findings import Finding
from gateway.core.grammar import VEILS, Marker, Tokens, tokens_in
from gateway.core.rulers import Ruler
from gateway.core.suspects import InCode, everywhere, near_misses
from gateway.core.texts import FreeText, PaidText


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
    tokens = tokens_in(source)
    if findings := findings_of(source, tokens, in_code):
        return Division((), findings, tokens.markers, 0)
    sections, escapes = _sections(source, tokens)
    warnings = warnings_of(source, tokens, in_code)
    return Division(sections, (), tokens.markers, escapes, warnings)


def residue(rendered_text: str, veiled_text: str = "", in_code: InCode | None = everywhere) -> int:
    """Count the places in a rendered text that read as a marker, exact or suspect.

    Those are left out whose veils the same text shows, rendered of the veiled source. Any tag may
    stand in code unless in_code says otherwise; then only an exact one counts.
    """
    tokens = tokens_in(rendered_text)
    shown = Counter(rendered_text[start:end] for start, end in tokens.spans)
    escaped = Counter({text: veiled_text.count(veil) for text, veil in VEILS.items()})
    near = near_misses(rendered_text, tokens.spans, in_code=in_code)
    return (shown - escaped).total() + len(near)


def _sections(source: str, tokens: Tokens) -> tuple[tuple[Section, ...], int]:
    """Return the sections, and how many literal markers stand in the free ones."""
    backslashes = [source.index("\\", literal.start) for literal in tokens.literals]
    edges = [(marker.start, marker.end) for marker in tokens.markers]
    ruler = Ruler(source)
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
