"""Composing: what was handed in, found sound, and set into an edition.

Pure: the same submission gives the same edition, in whatever process it is composed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from urllib.parse import quote

from gateway.core.documents import (
    PLACEHOLDER,
    Document,
    FullText,
    Meta,
    Projection,
    Rendering,
    Shared,
)
from gateway.core.errors import Refused, Unsupported
from gateway.core.findings import Finding
from gateway.core.languages import language_of
from gateway.core.markers import divide
from gateway.core.profiles import UNSAID, Profile
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
from gateway.usecases.soundness import (
    body_findings,
    front_findings,
    place_of,
    shown_findings,
    suspect_line,
    torn_findings,
    unescaped_preview,
    unpaid_findings,
    warnings_of,
    worded,
)
from gateway.usecases.submissions import Submission


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
    raise Unsupported("picture", "", ())


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
    findings += front_findings(source) + body_findings(source, division, form)
    _require_sound(findings)
    document = Document(submission.address, form.name, source.meta, division.sections, form.seam)
    # Those of the free text come first: what room is left for them must not depend on the paid one.
    free = document.projection_text()
    pictures = sorted(source.pictures, key=lambda name: f'src="{quote(name)}"' not in free)
    made, failed = make_all({name: source.pictures[name] for name in pictures}, make)
    companions = {each.name: each for each in submission.companions or ()}
    companions |= {name: each.companion for name, each in made.items()}
    public = public_places(document.address, companions.values())
    preview = form.render(free, source.meta.title, Shared(beside=public))
    public = shown_of(public, formats.addresses(preview.html))
    unescaped = unescaped_preview(source, document, form) if division.escapes else preview
    findings = unpaid_findings(submission, document)
    findings += torn_findings(source, division, document, form, preview)
    prose = formats.prose(preview.html)
    findings += shown_findings(preview, unescaped, prose, source.meta, suspect_line(source, form))
    _require_sound(findings)
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
        warnings_of(source, division, document, full, failed),
        furniture,
    )


def _require_sound(findings: Sequence[Finding]) -> None:
    if findings:
        raise Refused(tuple(sorted(findings, key=place_of)))


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
    profile: Profile = UNSAID  # of its publisher


@dataclass(frozen=True, slots=True)
class Composed:
    """An edition with all its bytes, and what its author should know."""

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
    sealed = Sealed(
        source=prepared.source.kept,
        full=press.full(_full_text(prepared), task.edition),
        public=press.public(projection, task.edition),
    )
    furniture = prepared.furniture
    fittings = furniture.fittings()
    sealed = furnished(sealed, fittings, furniture.made)
    edition = _edition(task, prepared, projection, digest)
    return Composed(edition, sealed, prepared.warnings, _missing(fittings, furniture.made))


def _edition(task: Task, prepared: Prepared, projection: Projection, digest: str) -> Edition:
    document = prepared.document
    return Edition(
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
_ADDED = ("order", "licence", "translation_of", "tags")


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
