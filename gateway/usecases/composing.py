"""Submissions: what a publisher hands in, found sound, and set into an edition.

Pure: the same submission gives the same edition, in whatever process it is composed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from urllib.parse import quote

from msgspec import structs

from gateway.core.companions import Companion, digest_of
from gateway.core.documents import (
    MAX_SECTIONS,
    MAX_TITLE,
    PLACEHOLDER,
    Address,
    Document,
    FullText,
    Meta,
    Projection,
    Rendering,
    Shared,
    is_blank,
)
from gateway.core.errors import Refused, Unsupported
from gateway.core.findings import Finding, FindingCode, warning
from gateway.core.grammar import Marker, spellings, veiled
from gateway.core.languages import language_of
from gateway.core.markers import Division, divide, residue
from gateway.core.rulers import position
from gateway.core.suspects import near_misses
from gateway.core.timestamps import later, timestamp, written
from gateway.ports import Edition, Format, Formats, MadeCompanion, Press, Sealed, Source
from gateway.usecases.furnishing import (
    NOTHING_BESIDE,
    Fitting,
    Furniture,
    Make,
    furnished,
    make_all,
    private_places,
    public_places,
    shown_of,
)

FIRST_WORDS = 40  # characters
MAX_MISPLACED = 100  # findings; each is looked up from the start of the text


@dataclass(frozen=True, slots=True)
class Submission:
    """What a publisher hands in."""

    address: Address
    body: bytes
    format: str
    charset: str | None = None
    language: str = ""
    free: bool = False
    """Whether the publisher means it to hold no paid section."""
    companions: tuple[Companion, ...] | None = None
    """What of the shelf stands beside it; None: all that there is."""

    def digest(self, stamp: str) -> str:
        """Return a digest of all that decides the bytes of an edition, but for its dates.

        stamp: of what sets the text, so that another version of it sets the text anew.
        """
        declared = ("free",) if self.free else ()
        facts = "\n".join((self.format, self.charset or "", self.language, *declared))
        digest = hashlib.sha256(facts.encode() + hashlib.sha256(self.body).digest())
        beside = digest_of(self.companions or ())
        return f"{stamp}.{digest.hexdigest()}" + (f".{beside}" if beside else "")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A source found to be sound: its division and both its renderings."""

    source: Source
    document: Document
    preview: Rendering
    full: Rendering
    sections: tuple[tuple[bool, int, int], ...]
    warnings: tuple[Finding, ...] = ()
    furniture: Furniture = NOTHING_BESIDE


def _take_none(name: str, body: bytes) -> MadeCompanion:  # noqa: ARG001
    raise Unsupported("picture", "unknown", ())


def prepare(
    submission: Submission, formats: Formats, now: int, make: Make = _take_none, edition: str = ""
) -> Prepared:
    """Decode, divide and render both sides. Raises Refused with every finding.

    now: Unix seconds, for what is not to be published yet. make: of the pictures inside a source
    what is shown of them. edition: its id, if it is to be one.
    """
    source = formats.read(submission.body, submission.charset, submission.format)
    form = formats.named(submission.format)
    try:
        prepared = _prepared(submission, source, form, formats, now, make, edition)
    except Refused as refused:
        raise Refused(worded(refused.findings, form, source.text)) from None
    return replace(prepared, warnings=worded(prepared.warnings, form, source.text))


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


def _prepared(
    submission: Submission,
    source: Source,
    form: Format,
    formats: Formats,
    now: int,
    make: Make,
    edition: str,
) -> Prepared:
    division = divide(source.body, partial(form.in_code, source.body))
    findings = [hold.finding for hold in source.holds if hold.stands(now)]
    findings += _front_findings(source) + _body_findings(source, division, form)
    if findings:
        raise Refused(tuple(sorted(findings, key=_place)))
    document = Document(submission.address, form.name, source.meta, division.sections, form.seam)
    # Those of the free text come first: what room is left for them must not depend on the paid one.
    free = document.projection_text()
    pictures = sorted(source.pictures, key=lambda name: f'src="{quote(name)}"' not in free)
    made, failed = make_all({name: source.pictures[name] for name in pictures}, make)
    companions = {each.name: each for each in submission.companions or ()}
    companions |= {name: each.companion for name, each in made.items()}
    public = public_places(document.address, companions.values())
    preview = form.render(document.projection_text(), source.meta.title, Shared(beside=public))
    public = shown_of(public, formats.addresses(preview.html))
    unescaped = _unescaped(source, document, form) if division.escapes else preview
    findings = _unpaid_findings(submission, document)
    findings += _torn_findings(source, division, document, form, preview)
    prose = formats.prose(preview.html)
    findings += _shown_findings(preview, unescaped, prose, source.meta, _suspect(source, form))
    if findings:
        raise Refused(tuple(sorted(findings, key=_place)))
    meta = _completed(source.meta, preview, submission.language)
    document = replace(document, meta=meta)
    private = private_places(document.address, edition, companions.values())
    furniture = Furniture(public, private, made)
    shared = Shared(preview.ids, document.paid_spans(), furniture.beside())
    full = form.render(document.full_text().reveal(), meta.title, shared)
    furniture = furniture.only(formats.addresses(full.html))
    source = replace(source, pictures={})
    shift = source.line - 1
    return Prepared(
        source,
        document,
        replace(preview, warnings=()),  # they are the publisher's alone
        replace(full, warnings=()),
        tuple((s.paid, s.line + shift, s.end_line + shift) for s in division.sections),
        _warnings(source, division, document, full, failed),
        furniture,
    )


def _warnings(
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
    return tuple(sorted((*source.warnings, *placed, *left_out), key=_place))


def _left_out(name: str, text: str) -> Finding:
    line = text.count("\n", 0, max(0, text.find(f'src="{name}"'))) + 1
    return warning(FindingCode.LEFT_OUT, line, name="1 picture")


def _in_source(warnings: Iterable[Finding], starts: Sequence[tuple[int, int]]) -> Iterator[Finding]:
    """Yield warnings about the full text with their lines in the source."""
    for each in warnings:
        at, line = max(start for start in starts if start[0] <= each.line)
        yield structs.replace(each, line=line + each.line - at, column=None)


def _place(finding: Finding) -> tuple[int, int]:
    return finding.line, finding.column or 0


def _front_findings(source: Source) -> list[Finding]:
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


def _body_findings(source: Source, division: Division, form: Format) -> list[Finding]:
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


def _unpaid_findings(submission: Submission, document: Document) -> list[Finding]:
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


def _torn_findings(
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


def _unescaped(source: Source, document: Document, form: Format) -> Rendering:
    """Return the public rendering with a veil for each escaped marker that it still shows."""
    sections = divide(veiled(source.body)).sections
    return form.render(replace(document, sections=sections).projection_text(), source.meta.title)


def _suspect(source: Source, form: Format) -> int:
    """Return the line of what looks like a marker, 1 where that is any."""
    if form.is_text:
        return 1
    seen = form.seen(source.text)
    spans = [(start, end) for start, end, _ in spellings(seen)]
    return next((line for line, _ in near_misses(seen, spans)), 1)


def _shown_findings(
    preview: Rendering, unescaped: Rendering, prose: str, meta: Meta, suspect: int
) -> list[Finding]:
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
    if not preview.title:
        findings.append(
            Finding(
                1,
                None,
                FindingCode.NO_TITLE,
                "No title: no free heading or first line that is short enough for one.",
                "Begin with a short line of free text, or declare a title in front matter.",
            )
        )
    elif len(preview.title) > MAX_TITLE:
        findings.append(
            Finding(
                1,
                None,
                FindingCode.TOO_LARGE,
                f"The title is longer than {MAX_TITLE} characters.",
                "Declare a shorter title in front matter.",
            )
        )
    return findings


def _declared(meta: Meta) -> str:
    """Return what the page shows of the declared fields besides the title."""
    offers = (
        part for offer in meta.offers for part in (offer.name, offer.price, offer.url, offer.note)
    )
    return "\n".join((meta.summary, meta.author, *meta.outline, *offers))


def _shown(rendering: Rendering) -> str:
    return f"{rendering.title}\n{rendering.text}"


def _completed(meta: Meta, preview: Rendering, language: str) -> Meta:
    # Of the free text alone: the language of the paid part is nobody's business.
    language = meta.language or language or preview.language
    language = language or language_of(f"{preview.title}\n{preview.text}")
    return replace(meta, title=preview.title, language=language)


@dataclass(frozen=True, slots=True)
class Task:
    """What composing needs besides the submission."""

    submission: Submission
    edition: str
    now: int
    before: Edition | None
    digest: str = ""  # of the submission
    dates: tuple[str, str] | None = None  # published and updated, where they are settled


@dataclass(frozen=True, slots=True)
class Composed:
    edition: Edition
    sealed: Sealed
    warnings: tuple[Finding, ...] = ()
    fittings: tuple[tuple[Fitting, ...], tuple[Fitting, ...]] = ((), ())
    """What its bundles, the public and the full one, are still to have of the shelf."""


def compose(task: Task, formats: Formats, press: Press, make: Make = _take_none) -> Composed:
    """Make an edition with all its bytes out of a submission. Raises Refused, Unsupported."""
    prepared = prepare(task.submission, formats, task.now, make, task.edition)
    document = prepared.document
    projection = Projection(
        document.address, document.meta, prepared.preview, document.cuts, "", ""
    )
    digest = _digest(projection)
    published, updated = task.dates or _dates(task, document.meta, digest)
    projection = replace(projection, published=published, updated=updated)
    edition = Edition(
        id=task.edition,
        address=document.address,
        made_at=task.now,
        format=document.format,
        title=document.meta.title,
        language=document.meta.language,
        collection=document.meta.collection,
        public_digest=digest,
        published=projection.published,
        updated=projection.updated,
        sections=prepared.sections,
        source_digest=task.digest,
    )
    sealed = Sealed(
        source=prepared.source.kept,
        full=press.full(_full_text(prepared), task.edition),
        public=press.public(projection, task.edition),
    )
    furniture = prepared.furniture
    fittings = furniture.fittings()
    sealed = furnished(sealed, fittings, furniture.made)
    return Composed(edition, sealed, prepared.warnings, _missing(fittings, furniture.made))


def _missing(
    fittings: tuple[tuple[Fitting, ...], tuple[Fitting, ...]], made: Container[str]
) -> tuple[tuple[Fitting, ...], tuple[Fitting, ...]]:
    public, full = (tuple(each for each in some if each.name not in made) for some in fittings)
    return public, full


def _full_text(prepared: Prepared) -> FullText:
    document = prepared.document
    start, cut, _ = prepared.preview.html.partition(PLACEHOLDER)
    return FullText(document.address, document.meta, prepared.full, start if cut else None)


def _dates(task: Task, meta: Meta, digest: str) -> tuple[str, str]:
    """Return when a document was published and when updated, as all that is public says it."""
    made, before = timestamp(task.now), task.before
    published = before.published if before else made
    if meta.date:
        published = written(meta.date)
    if meta.updated:
        updated = written(meta.updated)
    elif before is None:
        updated = published
    elif before.public_digest != digest:
        updated = made
    else:
        # What looks the same from outside keeps its dates, and so all its public bytes.
        updated = published if before.updated == before.published else before.updated
    return published, later(published, updated)


# What earlier versions did not know changes no digest where it is not declared.
_ADDED = ("order", "licence", "translation_of")


def _digest(projection: Projection) -> str:
    # Nor its sizes: a date must not tell when a paid text grew. Nor dates: no text changes by them.
    unsized = (0,) * len(projection.cuts)
    meta = replace(projection.meta, date=None, updated=None, free=False)
    timeless = replace(projection, meta=meta, published="", updated="", cuts=unsized)
    facts = asdict(timeless)
    for name in _ADDED:
        if not facts["meta"][name]:
            del facts["meta"][name]
    told = json.dumps(facts, default=str, sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()
