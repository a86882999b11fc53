"""Excerpts: the line of the source that a finding is about. For the eyes of its owner only."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.core.findings import Finding, FindingCode
from gateway.core.grammar import Spelling

SHOWN = 100  # findings; whoever has more mends these first
MOST_PUBLIC = 40  # lines that would become public; they are counted besides
_REACH = 60  # characters before and after the place
_LONGEST = 240  # characters of a line without a place

_MARKERS = [marker for spelling in Spelling for marker in spelling.value]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A finding, and its line as three stretches: before the place, the place, after it."""

    finding: Finding
    before: str = ""
    place: str = ""
    after: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.before or self.place or self.after)


def excerpts(findings: Sequence[Finding], source: str) -> list[Excerpt]:
    """Return the first findings with their lines; source is "" where it cannot be read."""
    lines = _lines(source)
    return [_excerpt(finding, lines) for finding in findings[:SHOWN]]


@dataclass(frozen=True, slots=True)
class Told:
    """Warnings as pages show them: what would become public, on top, and the rest by line."""

    public: list[Excerpt]
    public_total: int
    agree: str
    others: list[Excerpt]
    others_total: int

    @classmethod
    def of(cls, warnings: Sequence[Finding], source: str) -> Told:
        """Return warnings with their lines."""
        public = [one for one in warnings if one.code is FindingCode.NEWLY_PUBLIC]
        others = [one for one in warnings if one.code is not FindingCode.NEWLY_PUBLIC]
        return cls(
            excerpts(public, source)[:MOST_PUBLIC],
            len(public),
            revealed(public, source),
            excerpts(others, source),
            len(others),
        )


NOTHING_TOLD = Told([], 0, "", [], 0)


def revealed(findings: Sequence[Finding], source: str) -> str:
    """Return what names the lines that would become public, so that no others are agreed to."""
    lines = _lines(source)
    texts = (
        finding.words or _line(finding, lines).strip() or str(finding.line) for finding in findings
    )
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:32]


def text_in(source: bytes) -> str:
    """Return the text that the vault keeps of a source, "" where it keeps something else."""
    try:
        return source.decode()
    except UnicodeDecodeError:
        return ""


def _lines(source: str) -> list[str]:
    return source.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _line(finding: Finding, lines: list[str]) -> str:
    return lines[finding.line - 1] if finding.line <= len(lines) else ""


def _excerpt(finding: Finding, lines: list[str]) -> Excerpt:
    if finding.words:
        return Excerpt(finding, before=finding.words)
    line = _line(finding, lines)
    if finding.column is None:
        return Excerpt(finding, before=_shortened(line, _LONGEST))
    start = finding.column - 1
    end = start + _length(line, start)
    before = line[max(0, start - _REACH) : start]
    if start > _REACH:
        before = "…" + before
    return Excerpt(finding, before, line[start:end], _shortened(line[end:], _REACH))


def _length(line: str, start: int) -> int:
    return max((len(marker) for marker in _MARKERS if line.startswith(marker, start)), default=1)


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most] + "…"
