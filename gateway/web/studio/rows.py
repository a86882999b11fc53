"""Rows: the files of a batch, each with what was typed beside it and what came of it."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from gateway.core.findings import FindingCode
from gateway.ports import Edition
from gateway.web.studio.drafts import Draft
from gateway.web.studio.excerpts import NOTHING_TOLD, Excerpt, Told
from gateway.web.studio.kinds import FileKind
from gateway.web.studio.uploads import SentForm

MAX_KEPT = 4 << 20  # bytes of files that a page keeps for its next form

_FIELD = re.compile(r"(name|slug|free|edition|agreed|kept|file)-([1-9]\d{0,3})", re.ASCII)


class FileState(StrEnum):
    """What can come of a file."""

    WAITING = "waiting"
    READY = "ready"
    PUBLISHED = "published"
    RECORDED = "recorded"  # published, and not confirmed yet
    TAKEN = "taken"  # its address has another document
    NEWLY_PUBLIC = "newly-public"
    REFUSED = "refused"
    OTHER_KIND = "other-kind"
    ADDRESS = "address"  # it cannot be one
    TOO_LARGE = "too-large"
    GONE = "gone"  # its bytes are no longer here
    FAILED = "failed"


DONE = frozenset({FileState.PUBLISHED, FileState.RECORDED})


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file.

    edition: what is current at its address, where that is told. namesake: what is current at the
    address that was to be made of it.
    """

    number: int
    draft: Draft
    state: FileState = FileState.WAITING
    title: str = ""
    sections: tuple[tuple[bool, int, int], ...] = ()
    found: Sequence[Excerpt] = ()
    findings: int = 0
    warned: Told = NOTHING_TOLD
    edition: Edition | None = None
    namesake: Edition | None = None
    kind: FileKind | None = None
    kept: str = ""

    @property
    def name(self) -> str:
        return self.draft.file_name

    @property
    def size(self) -> int:
        return len(self.draft.file or b"")

    @property
    def paid(self) -> int:
        return sum(paid for paid, _, _ in self.sections)

    @property
    def free(self) -> int:
        return len(self.sections) - self.paid

    @property
    def asks_free(self) -> bool:
        """Return whether to ask if all of it is meant to be free."""
        is_unpaid = any(one.finding.code is FindingCode.NOTHING_PAID for one in self.found)
        return is_unpaid or self.draft.free

    @property
    def is_done(self) -> bool:
        return self.state in DONE


def rows_of(batch: SentForm) -> list[FileRow]:
    """Return the rows that a form has, and after them one for each other file in it."""
    numbered: dict[int, dict[str, str]] = {}
    bodies: dict[int, tuple[str, bytes]] = {}
    for name, value in batch.fields.items():
        if found := _FIELD.fullmatch(name):
            numbered.setdefault(int(found[2]), {})[found[1]] = value
    others = []
    for file in batch.files:
        if found := _FIELD.fullmatch(file.field):
            bodies[int(found[2])] = (file.name, file.body)
            numbered.setdefault(int(found[2]), {})
        else:
            others.append((file.name, file.body))
    rows = [
        _row(number, fields, *bodies.get(number, ("", None)))
        for number, fields in sorted(numbered.items())
    ]
    first = max(numbered, default=0) + 1
    return rows + [_row(first + at, {}, *file) for at, file in enumerate(others)]


def _row(number: int, fields: dict[str, str], file_name: str, body: bytes | None) -> FileRow:
    draft = Draft(
        slug=fields.get("slug", "").strip(),
        edition=fields.get("edition", ""),
        file_name=fields.get("name", "") or file_name,
        file=_unkept(fields.get("kept", "")) if body is None else body,
        free="free" in fields,
        agreed=fields.get("agreed", ""),
    )
    return FileRow(number, draft)


def _unkept(text: str) -> bytes | None:
    try:
        return b64decode(text, validate=True) if text else None
    except ValueError:
        return None


def keeping(rows: Iterable[FileRow]) -> Iterator[FileRow]:
    """Yield rows with as many of the files that are not published as a page can keep."""
    room = MAX_KEPT
    for row in rows:
        if row.draft.file and not row.is_done and row.size <= room:
            room -= row.size
            yield replace(row, kept=b64encode(row.draft.file).decode())
        else:
            yield row
