"""What goes in and out of the API, as JSON. Times are RFC 3339, in UTC, to the second."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.core.rights import PLACES

# Coming in, a time may be in Unix seconds as well.
When = Annotated[datetime, Meta(tz=True)] | Annotated[int, Meta(ge=0, le=1 << 40)]


# --- asked -------------------------------------------------------------------------------------


class GrantWish(Struct, forbid_unknown_fields=True):
    """A right to give. The same source_ref for the same scope is the same grant."""

    scope: str
    subject: str = ""
    term: str = ""
    devices: int = PLACES
    note: str = ""
    starts: When | None = None
    parent: str = ""
    source_ref: str = ""


class CodeWish(Struct, forbid_unknown_fields=True):
    """Codes to make: each gives as many rights as it has uses, each right in some devices."""

    scope: str
    count: int
    uses: int = 1
    term: str = ""
    expires: When | None = None
    devices: int = PLACES
    note: str = ""


class KeyWish(Struct, forbid_unknown_fields=True):
    """An API key to make. What is left out is as with the key that asks."""

    label: str
    may: list[Literal["publish", "grant", "read"]] | None = None
    expires: When | None = None


class Redemption(Struct, forbid_unknown_fields=True):
    """A code or a token (or the link with it) to redeem."""

    code: str = ""
    token: str = ""


# --- told --------------------------------------------------------------------------------------


class Section(Struct):
    """A part of a source: which kind, and on which lines."""

    kind: str
    line: int
    end_line: int


class Document(Struct):
    """A published state of a document."""

    address: str
    slug: str
    url: str
    edition: str
    etag: str
    format: str
    title: str
    language: str
    collection: str
    sections: list[Section]
    published: str
    updated: str
    made: str


class Finding(Struct):
    """A fault in a source, or what is perhaps not meant, and where."""

    code: str
    line: int
    column: int | None
    message: str
    hint: str


class Published(Document):
    """A state that was made current. confirmed: no worker serves from before it any more."""

    confirmed: bool
    warnings: list[Finding]


class Documents(Struct):
    """A page of documents; next is where the list goes on."""

    documents: list[Document]
    next: str | None


class Editions(Struct):
    """A page of a document's history, newest first."""

    editions: list[Document]
    next: str | None


class Checked(Struct):
    """The findings of a source; without any, its warnings and how it would be published."""

    ok: bool
    findings: list[Finding]
    warnings: list[Finding]
    title: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    sections: list[Section] | UnsetType = UNSET


class Grant(Struct, kw_only=True):
    """A right on record."""

    id: str
    scope: str
    subject: str
    note: str
    devices: int
    starts: str
    expires: str | None
    revoked: str | None
    made: str
    source: str
    source_ref: str
    parent: str


class NewGrant(Grant, kw_only=True):
    """A right, and its token. confirmed: every worker knows of it."""

    token: str
    unlock_url: str
    confirmed: bool


class Grants(Struct):
    """A page of grants, by id."""

    grants: list[Grant]
    next: str | None


class Device(Struct):
    """A browser in which a grant was redeemed, and when."""

    id: str
    redeemed: str


class Devices(Struct):
    """Where a grant was redeemed, in that order."""

    devices: list[Device]


class Code(Struct, kw_only=True):
    """A code on record. Its word is nowhere."""

    id: str
    scope: str
    uses: int
    used: int
    term: str
    expires: str | None
    devices: int
    note: str
    revoked: str | None
    made: str


class NewCode(Code, kw_only=True):
    """A code, and its word, which is told this once."""

    code: str


class NewCodes(Struct):
    """The codes that were made. confirmed: every worker knows of all that is on record."""

    codes: list[NewCode]
    confirmed: bool


class Codes(Struct):
    """A page of codes, by id."""

    codes: list[Code]
    next: str | None


class Key(Struct, kw_only=True):
    """An API key on record. Its text is nowhere. used: when last, to the minute."""

    id: str
    label: str
    may: list[str]
    expires: str | None
    ended: str | None
    used: str | None
    made: str


class NewKey(Key, kw_only=True):
    """An API key, and its text, which is told this once. confirmed: every worker knows of it."""

    key: str
    confirmed: bool


class Keys(Struct):
    """The API keys of a publisher, by id."""

    keys: list[Key]


class NewLink(Struct):
    """The token of a grant after its link was renewed. confirmed: no worker takes one before it."""

    token: str
    unlock_url: str
    confirmed: bool


class Redeemed(Struct):
    """A bearer token, and what it opens until when. confirmed: every worker knows of it."""

    token: str
    scope: str
    document: str | None
    ends: str | None
    confirmed: bool


class Step(Struct, omit_defaults=True):
    """One question on the way to an answer. ok: it speaks for yes."""

    step: str
    ok: bool
    detail: str
    edition: str | UnsetType = UNSET
    collection: str | UnsetType = UNSET
    grant: str | UnsetType = UNSET
    scope: str | UnsetType = UNSET
    standing: str | UnsetType = UNSET


class Explanation(Struct):
    """Why the answer is yes or no."""

    allowed: bool
    steps: list[Step]


class Recorded(Struct):
    """What was done is on record, and some worker may not know of it yet."""

    status: str
    detail: str


class Problem(Struct, omit_defaults=True):
    """An error, by RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    hint: str = ""
    where: str = ""
    findings: list[Finding] | UnsetType = UNSET
    findings_total: int | UnsetType = UNSET
    current: str = ""
