"""The intake: checks or publishes one file among others, and tells what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import partial

from gateway.core.errors import (
    GatewayError,
    Malformed,
    NewlyPublic,
    Refused,
    Stale,
    TooLarge,
    Unsupported,
)
from gateway.core.findings import Finding
from gateway.ports import Edition, Formats
from gateway.usecases.composing import Prepared
from gateway.usecases.publishing import Publishing
from gateway.usecases.submissions import Submission
from gateway.web.studio.addresses import Addresses
from gateway.web.studio.kinds import of_refused
from gateway.web.studio.looking import Looking
from gateway.web.studio.rows import FileRow, FileState

_STATES: tuple[tuple[type[GatewayError], FileState], ...] = (
    (Refused, FileState.REFUSED),
    (Unsupported, FileState.OTHER_KIND),
    (Malformed, FileState.ADDRESS),
    (TooLarge, FileState.TOO_LARGE),
    (GatewayError, FileState.FAILED),
)


class Intake:
    """Takes files in for publishers."""

    def __init__(self, publishing: Publishing, formats: Formats, max_upload: int) -> None:
        self._publishing = publishing
        self._addresses = Addresses(publishing, formats, max_upload)
        self._looking = Looking(formats)

    async def told(
        self, publisher: str, row: FileRow, taken: AbstractSet[str], *, is_publishing: bool
    ) -> FileRow:
        """Return a row with what came of its file; taken: addresses that others are to have."""
        if row.draft.file is None:
            return replace(row, state=FileState.GONE)
        try:
            prepared = None
            if not row.draft.slug:
                made = await self._addresses.made(publisher, row.draft, taken)
                row = replace(row, draft=made.draft, namesake=made.namesake)
                prepared = made.prepared
            submission = self._addresses.submission(publisher, row.draft)
            if is_publishing:
                return await self._published(row, submission)
            return await self._checked(row, submission, prepared)
        except GatewayError as error:
            return await self._refused(row, error)

    async def _checked(
        self, row: FileRow, submission: Submission, prepared: Prepared | None
    ) -> FileRow:
        current = await self._addresses.current(submission.address)
        if current and self._is_just(current, submission):
            return _done(row, current, confirmed=await self._publishing.confirm())
        prepared = prepared or await self._publishing.check(submission)
        row = replace(row, title=prepared.document.meta.title, sections=prepared.sections)
        row = await self._warned(row, prepared.warnings, current)
        if current and row.draft.edition != current.id:
            return replace(row, state=FileState.TAKEN)
        return replace(row, state=FileState.NEWLY_PUBLIC if row.warned.public else FileState.READY)

    async def _published(self, row: FileRow, submission: Submission) -> FileRow:
        is_agreed = partial(self._looking.is_agreed, row.draft)
        try:
            published = await self._publishing.publish(submission, row.draft.condition, is_agreed)
        except (Stale, NewlyPublic) as error:
            return await self._asked(row, submission, error)
        row = await self._warned(row, published.warnings)
        return _done(row, published.edition, confirmed=published.confirmed)

    async def _asked(
        self, row: FileRow, submission: Submission, error: Stale | NewlyPublic
    ) -> FileRow:
        """Return what its publisher has to agree to first, unless it is done already."""
        current = await self._addresses.current(submission.address)
        if current and self._is_just(current, submission):  # a form that was sent twice
            return _done(row, current, confirmed=await self._publishing.confirm())
        if isinstance(error, NewlyPublic):
            row = await self._warned(row, error.findings, current)
            return replace(row, state=FileState.NEWLY_PUBLIC)
        # Where nothing is there any more, the edition that was to be followed is forgotten.
        draft = row.draft if current else replace(row.draft, edition="")
        return replace(row, draft=draft, state=FileState.TAKEN, edition=current)

    def _is_just(self, edition: Edition, submission: Submission) -> bool:
        return self._publishing.is_of(edition, submission)

    async def _warned(
        self, row: FileRow, warnings: Sequence[Finding], edition: Edition | None = None
    ) -> FileRow:
        _, _, warned = await self._looking.into(row.draft, None, warnings)
        return replace(row, warned=warned, edition=edition)

    async def _refused(self, row: FileRow, error: GatewayError) -> FileRow:
        state = next(state for kind, state in _STATES if isinstance(error, kind))
        _, found, _ = await self._looking.into(row.draft, error)
        findings = len(error.findings) if isinstance(error, Refused) else 0
        kind = of_refused(row.draft.file_name, row.draft.file or b"", error)
        if kind:
            state = FileState.OTHER_KIND
        return replace(row, state=state, found=found, findings=findings, kind=kind)


def _done(row: FileRow, edition: Edition, *, confirmed: bool) -> FileRow:
    state = FileState.PUBLISHED if confirmed else FileState.RECORDED
    return replace(
        row, state=state, title=edition.title, sections=edition.sections, edition=edition
    )
