"""Documents, as they are asked for and told."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Struct, UnsetType

from gateway.core.documents import NAME
from gateway.web.api.schemas.fields import text
from gateway.web.api.schemas.findings import FindingView


class RenameBody(Struct, forbid_unknown_fields=True):
    """The address that a document is to have."""

    slug: Annotated[str, text(NAME, 80, "1 to 80 of a-z, 0-9 and hyphen.", "a-better-name")]


class SectionView(Struct):
    """A part of a source: which kind, and on which lines."""

    kind: str
    line: int
    end_line: int


class DocumentView(Struct):
    """A published state of a document. digest: of what was submitted, to know it again by."""

    address: str
    slug: str
    url: str
    edition: str
    etag: str
    format: str
    title: str
    language: str
    collection: str
    sections: list[SectionView]
    published: str
    updated: str
    made: str
    digest: str


class PublishedView(DocumentView):
    """A state that was made current. confirmed: no worker serves from before it any more."""

    confirmed: bool
    warnings: list[FindingView]


class DocumentList(Struct):
    """A page of documents; next is where the list goes on."""

    documents: list[DocumentView]
    next: str | None


class Editions(Struct):
    """A page of a document's history, newest first."""

    editions: list[DocumentView]
    next: str | None


class Checked(Struct):
    """The findings of a source; without any, its warnings and how it would be published."""

    ok: bool
    findings: list[FindingView]
    warnings: list[FindingView]
    title: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    sections: list[SectionView] | UnsetType = UNSET
