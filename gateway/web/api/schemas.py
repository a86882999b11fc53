"""What goes in and out of the API, as JSON. Times are RFC 3339, in UTC, to the second."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.core.documents import NAME
from gateway.core.profiles import MAX_ABOUT, MAX_FOOTER, MAX_HELP, MAX_NAME
from gateway.core.rights import PLACES
from gateway.core.terms import LINES, MAX_WORDS, TERM, WORDS
from gateway.usecases.codes import MAX_COUNT, MAX_USES
from gateway.usecases.granting import API, MAX_DEVICES, OUR_SOURCES

REDEEMED = r"[^\x00-\x20\x7f-\xa0\ud800-\udfff][^\x00-\x1f\ud800-\udfff]*"
SCOPE = f"all|(?:document|collection):{NAME}"


def text(pattern: str, longest: int, description: str, *examples: str) -> Meta:
    """Return what a text must match and how long it may be."""
    return Meta(
        pattern=f"^(?:{pattern})$",
        max_length=longest,
        description=description,
        examples=list(examples),
    )


def number(most: int, description: str, example: int) -> Meta:
    """Return a bound for a number from 1 up."""
    return Meta(ge=1, le=most, description=description, examples=[example])


def limited(pattern: str, longest: int, description: str, example: str) -> Meta:
    """Return the same as `text`, with the limit in its description."""
    return text(pattern, longest, f"{description} At most {longest} characters.", example)


def formatted(kind: str, longest: int, description: str, example: str) -> Meta:
    """Return what a text of a named format may be."""
    return Meta(
        max_length=longest,
        description=description,
        examples=[example],
        extra_json_schema={"format": kind},
    )


def words(description: str, *examples: str) -> Meta:
    """Return what a few words on one line may be."""
    more = f" At most {MAX_WORDS} characters on one line."
    return text(WORDS, MAX_WORDS, description + more, *examples)


# Coming in, a time may be in Unix seconds as well.
When = Annotated[
    Annotated[datetime, Meta(tz=True)] | Annotated[int, Meta(ge=0, le=1 << 40)] | None,
    Meta(
        description="A moment by RFC 3339 or in Unix seconds, within ten years from now.",
        examples=["2031-01-01T00:00:00Z"],
    ),
]
ScopeText = Annotated[
    str, text(SCOPE, 91, "document:<slug>, collection:<name> or all.", "document:a-first-text")
]
Term = Annotated[
    str,
    text(
        f"{TERM}|",
        12,
        "A number and s, m, h, d, w or y, ten years at most; without end when empty.",
        "30d",
    ),
]
Places = Annotated[int, number(MAX_DEVICES, "In how many browsers it opens: 1 to 1000.", 3)]
Note = Annotated[str, words("A word to yourself.", "spring sale")]


# --- asked -------------------------------------------------------------------------------------


class GrantBody(Struct, forbid_unknown_fields=True):
    """A right to give. The same source and source_ref for the same scope is the same grant."""

    scope: ScopeText
    subject: Annotated[str, words("Your own name for a person.", "reader-7")] = ""
    term: Term = ""
    devices: Places = PLACES
    note: Note = ""
    starts: When = None
    parent: Annotated[
        str, text("[a-z0-9]{0,64}", 64, "The id of the grant or code it comes from.", "")
    ] = ""
    source: Annotated[
        str,
        Meta(
            pattern=f"^{NAME}$",
            max_length=80,
            description="Where it comes from: 1 to 80 of a-z, 0-9 and hyphen; not once, not code.",
            examples=["shop"],
            extra_json_schema={"not": {"enum": list(OUR_SOURCES)}},
        ),
    ] = API
    source_ref: Annotated[str, words("What the source calls it.", "order-7")] = ""


class RenameBody(Struct, forbid_unknown_fields=True):
    """The address that a document is to have."""

    slug: Annotated[str, text(NAME, 80, "1 to 80 of a-z, 0-9 and hyphen.", "a-better-name")]


class CodeBody(Struct, forbid_unknown_fields=True):
    """Codes to make: each gives as many rights as it has uses, each right in some devices."""

    scope: ScopeText
    count: Annotated[int, number(MAX_COUNT, "How many: 1 to 10000.", 10)]
    uses: Annotated[int, number(MAX_USES, "How often each opens: 1 to 10000.", 1)] = 1
    term: Term = ""
    expires: When = None
    devices: Places = PLACES
    note: Note = ""


class ProfileBody(Struct, forbid_unknown_fields=True):
    """What a publisher says of itself; what is left out it does not say."""

    name: Annotated[str, limited(WORDS, MAX_NAME, "What readers know you by.", "The Lamp Room")] = (
        ""
    )
    about: Annotated[
        str, limited(LINES, MAX_ABOUT, "Who you are, in a few paragraphs.", "Letters, every week.")
    ] = ""
    help: Annotated[
        str,
        formatted(
            "contact",
            MAX_HELP,
            "Where readers ask: https://…, an e-mail address, or a few words.",
            "help@lamp.example",
        ),
    ] = ""
    footer: Annotated[
        str, limited(LINES, MAX_FOOTER, "What stands at the foot of every page.", "1 Quay Street")
    ] = ""
    colour: Annotated[
        str,
        formatted(
            "color",
            7,
            "Of links and signs, as #rrggbb with a contrast of 4.5 on light and sepia.",
            "#1a5fb4",
        ),
    ] = ""
    colour_dark: Annotated[
        str,
        formatted(
            "color", 7, "The same on dark paper; when empty, the other made lighter.", "#8cb8f0"
        ),
    ] = ""


class KeyBody(Struct, forbid_unknown_fields=True):
    """An API key to make. What is left out is as with the key that asks."""

    label: Annotated[str, words("A word to yourself.", "the shop")]
    may: Annotated[
        Annotated[list[Literal["publish", "grant", "read"]], Meta(min_length=1, max_length=3)]
        | None,
        Meta(description="What it may do.", examples=[["publish", "read"]]),
    ] = None
    expires: When = None


class Redemption(Struct, forbid_unknown_fields=True):
    """A code or a token (or the link with it) to redeem."""

    code: Annotated[
        str, text(REDEEMED, 500, "A code as it was typed or pasted.", "ABCD-EFGH-JKMN-PQRS")
    ] = ""
    token: Annotated[
        str, text(REDEEMED, 2_000, "A token, or the link with it.", "pg1.k1.WyJ.2fY")
    ] = ""


# --- told --------------------------------------------------------------------------------------


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


class FindingView(Struct, omit_defaults=True):
    """A fault in a source, or what is perhaps not meant, and where.

    words: how its paragraph begins, of a source that shows no lines, such as a Word document.
    """

    code: str
    line: int
    column: int | None
    message: str
    hint: str
    words: str = ""


class PublishedView(DocumentView):
    """A state that was made current. confirmed: no worker serves from before it any more."""

    confirmed: bool
    warnings: list[FindingView]


class CompanionView(Struct, kw_only=True):
    """A picture or an attachment as it will be shown: width and height only of a picture."""

    name: str
    etag: str
    media_type: str
    size: int
    width: int | UnsetType = UNSET
    height: int | UnsetType = UNSET


class CompanionList(Struct):
    """What stands beside a document of one kind, by name."""

    companions: list[CompanionView]


class MarkView(Struct):
    """The mark of a publisher, as it is shown."""

    url: str
    etag: str
    media_type: str
    width: int
    height: int


class ProfileView(Struct, kw_only=True):
    """What a publisher says of itself. shown: every page that is public says so by now."""

    publisher: str
    url: str
    name: str
    about: str
    help: str
    footer: str
    colour: str
    colour_dark: str
    mark: MarkView | None
    shown: bool


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


class GrantView(Struct, kw_only=True):
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


class NewGrant(GrantView, kw_only=True):
    """A right, and its token. confirmed: every worker knows of it."""

    token: str
    unlock_url: str
    confirmed: bool


class GrantList(Struct):
    """A page of grants, by id."""

    grants: list[GrantView]
    next: str | None


class DeviceView(Struct):
    """A browser in which a grant was redeemed, and when."""

    id: str
    redeemed: str


class DeviceList(Struct):
    """Where a grant was redeemed, in that order."""

    devices: list[DeviceView]


class CodeView(Struct, kw_only=True):
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


class NewCode(CodeView, kw_only=True):
    """A code, and its word, which is told this once."""

    code: str


class NewCodes(Struct):
    """The codes that were made. confirmed: every worker knows of all that is on record."""

    codes: list[NewCode]
    confirmed: bool


class CodeList(Struct):
    """A page of codes, by id."""

    codes: list[CodeView]
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


class KeyList(Struct):
    """The API keys of a publisher, by id."""

    keys: list[Key]


class NewLink(Struct):
    """The token of a grant after its link was renewed. confirmed: no worker takes one before it."""

    token: str
    unlock_url: str
    confirmed: bool


class RedeemedView(Struct):
    """A bearer token, and what it opens until when. confirmed: every worker knows of it."""

    token: str
    scope: str
    document: str | None
    ends: str | None
    confirmed: bool


class StepView(Struct, omit_defaults=True):
    """One question on the way to an answer. ok: it speaks for yes."""

    step: str
    ok: bool
    detail: str
    edition: str | UnsetType = UNSET
    collection: str | UnsetType = UNSET
    grant: str | UnsetType = UNSET
    scope: str | UnsetType = UNSET
    standing: str | UnsetType = UNSET


class ExplanationView(Struct):
    """Why the answer is yes or no."""

    allowed: bool
    steps: list[StepView]


class Recorded(Struct):
    """What was done is on record, and some worker may not know of it yet."""

    status: str
    detail: str


class FaultView(Struct):
    """One thing that is wrong with a request: where, what, and how to mend it."""

    where: str
    message: str
    hint: str


class Problem(Struct, omit_defaults=True):
    """An error, by RFC 9457. problems: everything that is wrong, where the request is."""

    type: str
    title: str
    status: int
    detail: str
    hint: str = ""
    where: str = ""
    problems: list[FaultView] | UnsetType = UNSET
    findings: list[FindingView] | UnsetType = UNSET
    findings_total: int | UnsetType = UNSET
    current: str = ""
