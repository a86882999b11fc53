"""Publish, roll back, delete.

An edition is composed first, kept in the vault, made current by one ledger commit, and then shown
by one atomic write of its public bundle. A process that dies between the last two leaves a note
in the ledger, and whoever comes next finishes the work.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from gateway.announcing import Announcing
from gateway.core.conditions import ANYTHING, Condition
from gateway.core.documents import (
    MAX_SECTIONS,
    MAX_TITLE,
    Address,
    Document,
    FullText,
    Meta,
    Projection,
    Rendering,
)
from gateway.core.errors import Missing, Refused, Stale
from gateway.core.markers import Code, Division, Finding, divide, position, residue
from gateway.core.records import Act, Record
from gateway.ports import (
    Audit,
    Clock,
    Edition,
    Format,
    Formats,
    Ledger,
    Press,
    PublicStore,
    Sealed,
    Source,
    Vault,
)

ATTEMPTS = 8
PAGE = 200  # editions looked at together
LAST = "~"  # after every slug
MAX_MISPLACED = 100  # findings; each is looked up from the start of the text

_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
_LATIN = re.compile(r"[A-Za-z]")


# --- composing: pure, and apart so that it can run in another process -------------------------


@dataclass(frozen=True, slots=True)
class Submission:
    """What a publisher hands in."""

    address: Address
    body: bytes
    format: str
    charset: str | None = None
    language: str = ""

    def digest(self, stamp: str) -> str:
        """Return a digest of all that decides the bytes of an edition, but for its dates.

        stamp: of what sets the text, so that another version of it sets the text anew.
        """
        facts = "\n".join((self.format, self.charset or "", self.language))
        digest = hashlib.sha256(facts.encode() + hashlib.sha256(self.body).digest())
        return f"{stamp}.{digest.hexdigest()}"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A source found to be sound: its division and its public rendering."""

    source: Source
    document: Document
    preview: Rendering
    sections: tuple[tuple[bool, int, int], ...]


def prepare(submission: Submission, formats: Formats) -> Prepared:
    """Decode, divide and render the public side. Raises Refused with every finding."""
    source = formats.read(submission.body, submission.charset)
    form = formats.named(submission.format)
    division = divide(source.body)
    findings = _front_findings(source) + _body_findings(source, division, form)
    if findings:
        raise Refused(tuple(sorted(findings, key=_place)))
    document = Document(submission.address, form.name, source.meta, division.sections)
    preview = form.render(document.projection_text(), source.meta.title)
    findings = _shown_findings(preview, division.escapes)
    if findings:
        raise Refused(tuple(findings))
    meta = _completed(source.meta, preview, submission.language)
    shift = source.line - 1
    return Prepared(
        source,
        replace(document, meta=meta),
        preview,
        tuple((s.paid, s.line + shift, s.end_line + shift) for s in division.sections),
    )


def _place(finding: Finding) -> tuple[int, int]:
    return finding.line, finding.column or 0


def _front_findings(source: Source) -> list[Finding]:
    division = divide(source.front)
    lines = {f.line for f in division.findings} | {s.line for s in division.sections if s.paid}
    # Front matter begins on the second line, under its fence.
    return [_in_markup(line + 1, None, "front matter") for line in sorted(lines)]


def _in_markup(line: int, column: int | None, where: str) -> Finding:
    return Finding(
        line,
        column,
        Code.IN_MARKUP,
        f"A marker stands inside {where}.",
        "Move the marker into the running text.",
    )


def _body_findings(source: Source, division: Division, form: Format) -> list[Finding]:
    shift = source.line - 1
    findings = [replace(f, line=f.line + shift) for f in division.findings]
    for marker in form.misplaced(source.body, division.markers)[:MAX_MISPLACED]:
        line, column = position(source.body, marker.start)
        findings.append(_in_markup(line + shift, column, "markup"))
    paid = [s for s in division.sections if s.paid]
    if len(paid) > MAX_SECTIONS:
        findings.append(
            Finding(
                paid[MAX_SECTIONS].line + shift,
                None,
                Code.TOO_LARGE,
                f"The document has more than {MAX_SECTIONS} paid sections.",
                "Join neighbouring sections, or divide the document.",
            )
        )
    return findings


def _shown_findings(preview: Rendering, escapes: int) -> list[Finding]:
    findings = []
    if residue(f"{preview.title}\n{preview.text}") > escapes:
        findings.append(
            Finding(
                1,
                None,
                Code.SUSPECT,
                "Read as the page shows it, the free text holds what looks like a marker.",
                "Look for a marker that inline markup, an entity or an escape divides.",
            )
        )
    if not preview.title:
        findings.append(
            Finding(
                1,
                None,
                Code.NO_TITLE,
                "No title: no free heading or first line that is short enough for one.",
                "Begin with a short line of free text, or declare a title in front matter.",
            )
        )
    elif len(preview.title) > MAX_TITLE:
        findings.append(
            Finding(
                1,
                None,
                Code.TOO_LARGE,
                f"The title is longer than {MAX_TITLE} characters.",
                "Declare a shorter title in front matter.",
            )
        )
    return findings


def _completed(meta: Meta, preview: Rendering, language: str) -> Meta:
    language = meta.language or language or _language(preview.title + preview.text)
    return replace(meta, title=preview.title, language=language)


def _language(free: str) -> str:
    # Of the free text alone: the language of the paid part is nobody's business.
    head = free[:20_000]
    return "zh-CN" if 4 * len(_HAN.findall(head)) > len(_LATIN.findall(head)) else "en"


@dataclass(frozen=True, slots=True)
class Task:
    """What composing needs besides the submission."""

    submission: Submission
    edition: str
    now: int
    before: Edition | None
    digest: str = ""  # of the submission


@dataclass(frozen=True, slots=True)
class Composed:
    edition: Edition
    sealed: Sealed


def compose(task: Task, formats: Formats, press: Press) -> Composed:
    """Make an edition with all its bytes out of a submission. Raises Refused, Unsupported."""
    prepared = prepare(task.submission, formats)
    document = prepared.document
    form = formats.named(document.format)
    full = form.render(document.full_text().reveal(), document.meta.title)
    made = _rfc3339(task.now)
    projection = Projection(
        document.address, document.meta, prepared.preview, document.cuts, made, made
    )
    digest = _digest(projection)
    before = task.before
    if before is not None:
        # What looks the same from outside keeps its dates, and so all its public bytes.
        same = before.public_digest == digest
        updated = before.updated if same else made
        projection = replace(projection, published=before.published, updated=updated)
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
        source=prepared.source.text.encode(),
        full=press.full(FullText(document.address, document.meta, full), task.edition),
        public=press.public(projection, task.edition),
    )
    return Composed(edition, sealed)


def _rfc3339(now: int) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _digest(projection: Projection) -> str:
    timeless = replace(projection, published="", updated="")
    told = json.dumps(asdict(timeless), default=str, sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


# --- the use cases -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Published:
    edition: Edition
    created: bool


Compose = Callable[[Task], Awaitable[Composed]]
Prepare = Callable[[Submission], Awaitable[Prepared]]


class Publishing:
    """The publisher's side of documents."""

    def __init__(
        self,
        ledger: Ledger,
        store: PublicStore,
        vault: Vault,
        clock: Clock,
        compose: Compose,
        prepare: Prepare,
        announcing: Announcing,
        audit: Audit,
        stamp: str = "",
    ) -> None:
        self._ledger = ledger
        self._audit = audit
        self._announcing = announcing
        self._store = store
        self._vault = vault
        self._clock = clock
        self._compose = compose
        self._prepare = prepare
        self._stamp = stamp

    async def check(self, submission: Submission) -> Prepared:
        """Do all that publication would, but keep nothing. Raises Refused, Unsupported."""
        return await self._prepare(submission)

    async def publish(self, submission: Submission, condition: Condition = ANYTHING) -> Published:
        """Make a submission the current edition. Raises Refused, Stale, Unavailable."""
        address, digest = submission.address, self.digest(submission)
        for _ in range(ATTEMPTS):
            before = await self._ledger.current(address)
            condition.require(before.id if before else None)
            if before and before.source_digest == digest:
                await self._finish(before)
                return Published(before, created=False)
            task = Task(submission, self._clock.fresh_id(), self._clock.now(), before, digest)
            composed = await self._compose(task)
            if before and await self._is_same(before, composed):
                await self._finish(before)
                return Published(before, created=False)
            await self._vault.keep(address, composed.edition.id, composed.sealed)
            try:
                await self._ledger.make_current(composed.edition, before.id if before else None)
            except Stale:
                if condition.asked:
                    raise
                continue
            await self._show(Act.PUBLISH, address, composed.edition.id)
            return Published(composed.edition, created=before is None)
        raise Stale(None)

    async def _is_same(self, before: Edition, composed: Composed) -> bool:
        """Tell whether the same text, sent in another way, was set by the same press."""
        if before.source_digest.partition(".")[0] != self._stamp:
            return False
        one, other = (
            replace(edition, id="", made_at=0, source_digest="")
            for edition in (before, composed.edition)
        )
        if one != other:
            return False
        return await self._vault.source(before.address, before.id) == composed.sealed.source

    async def _finish(self, current: Edition) -> None:
        """Do what whoever made this edition current may have died before."""
        shown = await self._store.get(current.address)
        if shown is None or shown.edition != current.id:
            await self.settle(current.address)
        await self._announcing.confirm()

    def digest(self, submission: Submission) -> str:
        """Return the source_digest of the edition that a submission would become."""
        return submission.digest(self._stamp)

    async def unchanged(self, digests: Mapping[Address, str]) -> frozenset[Address]:
        """Return where the current edition has the digest given, in few reads of the ledger."""
        found: set[Address] = set()
        for publisher in {address.publisher for address in digests}:
            slugs = sorted(a.slug for a in digests if a.publisher == publisher)
            async for edition in self._around(publisher, slugs):
                if digests.get(edition.address) == edition.source_digest:
                    found.add(edition.address)
        return frozenset(found)

    async def _around(self, publisher: str, slugs: Sequence[str]) -> AsyncIterator[Edition]:
        """Yield the current editions at slugs, and others near them, page by page."""
        after = ""
        for slug in slugs:
            while after < slug:
                after = max(after, slug[:-1])  # not far below the slug, in the order of slugs
                page = await self._ledger.documents(publisher, after, PAGE)
                for edition in page:
                    yield edition
                after = page[-1].address.slug if len(page) == PAGE else LAST

    async def roll_back(
        self, address: Address, edition: str, condition: Condition = ANYTHING
    ) -> Edition:
        """Make an earlier edition current again. Raises Missing, Stale, Unavailable."""
        earlier = await self._ledger.edition(address, edition)
        if earlier is None:
            raise Missing("edition")
        current = await self._ledger.current(address)
        condition.require(current.id if current else None)
        if current is None or current.id != earlier.id:
            await self._ledger.make_current(earlier, current.id if current else None)
            await self._show(Act.ROLL_BACK, address, earlier.id)
        return earlier

    async def delete(self, address: Address, condition: Condition = ANYTHING) -> bool:
        """Take a document away from everyone. Raises Missing, Stale, Unavailable.

        True: no worker begins to serve it any more. False: on record, and not confirmed yet.
        """
        current = await self.current(address)
        condition.require(current.id)
        await self._ledger.remove(address, current.id)
        return await self._show(Act.DELETE, address, current.id)

    async def _show(self, act: Act, address: Address, edition: str) -> bool:
        """Make everyone see what was committed; return whether every worker is known to."""
        await self.settle(address)
        return await self._announcing.confirm(self._record(act, address, edition))

    def _record(self, act: Act, address: Address, edition: str) -> Record:
        by = f"publisher:{address.publisher}"
        return Record(self._clock.now(), act, by, "", str(address), edition)

    async def settle(self, address: Address) -> None:
        """Make the public side show what the ledger says is current."""
        for _ in range(ATTEMPTS):
            # Marked before the ledger is asked: of two that settle, the one that knows less can
            # then not write over the other, whenever it comes and even if it is its last deed.
            mark = await self._store.mark(address)
            current = await self._ledger.current(address)
            with suppress(Stale):
                await self._put(address, current, mark)
                if await self._ledger.settle(address, current.id if current else None):
                    return

    async def _put(self, address: Address, current: Edition | None, mark: str) -> None:
        if current is None:
            await self._store.delete(address, mark)
        else:
            bundle = await self._vault.public(address, current.id)
            await self._store.put(address, bundle, mark)

    async def recover(self) -> int:
        """Settle whatever a dead process left; return how many documents that were."""
        count = 0
        while addresses := await self._ledger.unsettled(100):
            for address in addresses:
                await self.settle(address)
            count += len(addresses)
        return count

    async def current(self, address: Address) -> Edition:
        """Return the current edition. Raises Missing."""
        edition = await self._ledger.current(address)
        if edition is None:
            raise Missing("document")
        return edition

    async def documents(self, publisher: str, after: str, limit: int) -> Sequence[Edition]:
        """Return the current editions of a publisher, by slug, after a slug."""
        return await self._ledger.documents(publisher, after, limit)

    async def editions(self, address: Address, before: str, limit: int) -> Sequence[Edition]:
        """Return the history of a document, newest first. Raises Missing."""
        found = await self._ledger.editions(address, before, limit)
        if not found and not before:
            raise Missing("document")
        return found

    async def source(self, address: Address) -> tuple[Edition, bytes]:
        """Return the current source, in UTF-8, to its publisher. Raises Missing."""
        edition = await self.current(address)
        self._audit.note(self._record(Act.READ, address, edition.id))
        return edition, await self._vault.source(address, edition.id)
