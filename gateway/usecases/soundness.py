"""Soundness: what keeps a source from being published, and what its author should know."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from msgspec import structs

from gateway.core.documents import (
    MAX_SECTIONS,
    MAX_TITLE,
    PLACEHOLDER,
    Document,
    Meta,
    Rendering,
    is_blank,
)
from gateway.core.findings import Finding, FindingCode, warning
from gateway.core.grammar import Marker, spellings, veiled
from gateway.core.markers import Division, divide, residue
from gateway.core.rulers import position
from gateway.core.suspects import near_misses
from gateway.ports import Format, Source
from gateway.usecases.submissions import Submission

FIRST_WORDS = 40  # characters
MAX_MISPLACED = 100  # findings; each is looked up from the start of the text


def worded(found: tuple[Finding, ...], form: Format, text: str) -> tuple[Finding, ...]:
    """Return what was found with the first words of its paragraphs, where a source needs them."""
    if form.is_text or not found:
        return found
    lines = form.seen(text).split("\n")
    return tuple(
        structs.replace(each, column=None, words=_first_words(lines[each.line - 1].strip()))
        for each in found
    )


def _first_words(line: str) -> str:
    return line if len(line) <= FIRST_WORDS else line[:FIRST_WORDS] + "…"


def warnings_of(
    source: Source,
    division: Division,
    document: Document,
    full: Rendering,
    failed: Sequence[str] = (),
) -> tuple[Finding, ...]:
    """Return what refuses nothing, by its place in the source."""
    shift = source.line - 1
    inside = (*division.warnings, *_in_source(full.warnings, document.line_starts()))
    placed = (structs.replace(each, line=each.line + shift) for each in inside)
    left_out = (_left_out(name, source.text) for name in failed)
    return tuple(sorted((*source.warnings, *placed, *left_out), key=place_of))


def _left_out(name: str, text: str) -> Finding:
    line = text.count("\n", 0, max(0, text.find(f'src="{name}"'))) + 1
    return warning(FindingCode.LEFT_OUT, line, name="1 picture")


def _in_source(warnings: Iterable[Finding], starts: Sequence[tuple[int, int]]) -> Iterator[Finding]:
    """Yield warnings about the full text with their lines in the source."""
    for each in warnings:
        at, line = max(start for start in starts if start[0] <= each.line)
        yield structs.replace(each, line=line + each.line - at, column=None)


def place_of(finding: Finding) -> tuple[int, int]:
    """Return by what findings are ordered."""
    return finding.line, finding.column or 0


def front_findings(source: Source) -> list[Finding]:
    """Return a finding for each line of the front matter in which a marker stands."""
    division = divide(source.front)
    lines = {f.line for f in division.findings} | {s.line for s in division.sections if s.paid}
    return [_in_markup(line, None, "front matter") for line in sorted(lines)]


def _in_markup(line: int, column: int | None, where: str) -> Finding:
    return Finding(
        line,
        column,
        FindingCode.IN_MARKUP,
        f"A marker stands inside {where}.",
        "Move the marker into the running text.",
    )


def _misplaced(source: Source, marker: Marker, where: str) -> Finding:
    line, column = position(source.body, marker.start)
    return _in_markup(line + source.line - 1, column, where)


def body_findings(source: Source, division: Division, form: Format) -> list[Finding]:
    """Return what is wrong with the markers of the text, and with how many sections it has."""
    shift = source.line - 1
    findings = [structs.replace(f, line=f.line + shift) for f in division.findings]
    for marker in form.misplaced(source.body, division.markers)[:MAX_MISPLACED]:
        findings.append(_misplaced(source, marker, "markup"))
    paid = [s for s in division.sections if s.paid]
    if len(paid) > MAX_SECTIONS:
        findings.append(
            Finding(
                paid[MAX_SECTIONS].line + shift,
                None,
                FindingCode.TOO_LARGE,
                f"The document has more than {MAX_SECTIONS} paid sections.",
                "Join neighbouring sections, or divide the document.",
            )
        )
    return findings


def unpaid_findings(submission: Submission, document: Document) -> list[Finding]:
    """Return a finding where nothing is paid, and that is not what was declared."""
    if any(section.paid and not is_blank(section) for section in document.sections):
        return []
    if document.meta.offers:
        message, hint = _OFFERED
    elif submission.free or document.meta.free:
        return []
    else:
        message, hint = _UNPAID
    return [Finding(1, None, FindingCode.NOTHING_PAID, message, hint)]


_MARK = "Write ##paidbegin## where the paid section begins and ##paidend## where it ends"
_UNPAID = (
    "Nothing in this document is paid, and it is not declared free.",
    f"{_MARK}; or, if everyone may read all of it, declare it free: free: true in its front "
    "matter, ?free=true in the API, --free at the command line, or the box in the studio.",
)
_OFFERED = (
    "An offer is declared, and nothing in this document is paid.",
    f"{_MARK}, or take the offer out.",
)


def torn_findings(
    source: Source, division: Division, document: Document, form: Format, preview: Rendering
) -> list[Finding]:
    """Return a finding for each cut that is not where its section was.

    What is left of a text without its paid sections may read as other markup than the whole.
    """
    text = document.projection_text()
    pairs = zip(division.markers[::2], division.markers[1::2], strict=True)
    begins = [begin for begin, end in pairs if begin.end < end.start]
    places = [match.start() for match in re.finditer(PLACEHOLDER, text)]
    cuts = [
        structs.replace(begin, start=at, end=at + 1)
        for begin, at in zip(begins, places, strict=True)
    ]
    torn = form.misplaced(text, cuts)
    if not torn and not _has_cuts(preview, len(cuts)):
        torn = cuts
    begin_of = dict(zip(cuts, begins, strict=True))
    where = "markup once the paid text is gone"
    return [_misplaced(source, begin_of[cut], where) for cut in torn[:MAX_MISPLACED]]


def _has_cuts(preview: Rendering, count: int) -> bool:
    forms = (preview.html, preview.markdown, preview.text)
    return all(form.count(PLACEHOLDER) == count for form in forms)


def unescaped_preview(source: Source, document: Document, form: Format) -> Rendering:
    """Return the public rendering with a veil for each escaped marker that it still shows."""
    sections = divide(veiled(source.body)).sections
    return form.render(replace(document, sections=sections).projection_text(), source.meta.title)


def suspect_line(source: Source, form: Format) -> int:
    """Return the line of what looks like a marker, 1 where that is any."""
    if form.is_text:
        return 1
    seen = form.seen(source.text)
    spans = [(start, end) for start, end, _ in spellings(seen)]
    return next((line for line, _ in near_misses(seen, spans)), 1)


def shown_findings(
    preview: Rendering, unescaped: Rendering, prose: str, meta: Meta, suspect: int
) -> list[Finding]:
    """Return what is wrong with the text as the page shows it, and with its title.

    suspect: the line to tell where it reads as a marker.
    """
    findings = []
    # What shows a marker without its escapes has hidden one, and so has what shows more of them.
    if (
        residue(_declared(meta))
        or residue(prose, _shown(unescaped), None)
        or residue(_shown(unescaped))
        or residue(_shown(preview), _shown(unescaped))
    ):
        findings.append(
            Finding(
                suspect,
                None,
                FindingCode.SUSPECT,
                "Read as the page shows it, the free text holds what looks like a marker.",
                "Look for a marker that markup, an entity or an escape divides, front matter too.",
            )
        )
    return findings + _title_findings(preview.title)


def _title_findings(title: str) -> list[Finding]:
    if not title:
        message = "No title: no free heading or first line that is short enough for one."
        hint = "Begin with a short line of free text, or declare a title in front matter."
        return [Finding(1, None, FindingCode.NO_TITLE, message, hint)]
    if len(title) > MAX_TITLE:
        message = f"The title is longer than {MAX_TITLE} characters."
        hint = "Declare a shorter title in front matter."
        return [Finding(1, None, FindingCode.TOO_LARGE, message, hint)]
    return []


def _declared(meta: Meta) -> str:
    """Return what the page shows of the declared fields besides the title."""
    offers = (
        part for offer in meta.offers for part in (offer.name, offer.price, offer.url, offer.note)
    )
    return "\n".join((meta.summary, meta.author, *meta.outline, *offers))


def _shown(rendering: Rendering) -> str:
    return f"{rendering.title}\n{rendering.text}"
