"""Findings, which refuse a source, and warnings, which do not."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class FindingCode(StrEnum):
    UNCLOSED = "unclosed"
    UNOPENED = "unopened"
    NESTED = "nested"
    MISMATCHED = "mismatched"
    SUSPECT = "suspect"
    IN_MARKUP = "in-markup"
    ESCAPED = "escaped"
    NOTHING_PAID = "nothing-paid"
    DRAFT = "draft"
    FRONT_MATTER = "front-matter"
    UNDECODABLE = "undecodable"
    NO_TITLE = "no-title"
    TOO_LARGE = "too-large"

    NEWLY_PUBLIC = "newly-public"
    FOREIGN_WALL = "foreign-wall"
    HIDDEN = "hidden"
    UNKNOWN_FIELD = "unknown-field"
    EMPTY_SECTION = "empty-section"
    NEARLY_ALL_FREE = "nearly-all-free"
    BLOCKED_PICTURE = "blocked-picture"
    MISSING_PICTURE = "missing-picture"
    LEFT_OUT = "left-out"
    HOLDERS = "holders"


_WARNINGS = {
    FindingCode.NEWLY_PUBLIC: (
        "Text that was paid in the edition before is free in this one.",
        "Publish only if everyone may read it from now on.",
    ),
    FindingCode.FOREIGN_WALL: (
        "This looks like the marker of another system; here it marks nothing.",
        "Write ##paidbegin## where the paid section begins and ##paidend## where it ends.",
    ),
    FindingCode.HIDDEN: (
        "What a browser would not show was left out.",
        "Take it out of the source, or show it.",
    ),
    FindingCode.UNKNOWN_FIELD: (
        "The field {name} is not known, and nothing is made of it.",
        "Correct its name, or take it out.",
    ),
    FindingCode.EMPTY_SECTION: (
        "This paid section holds nothing.",
        "Put text between its markers, or take both out.",
    ),
    FindingCode.NEARLY_ALL_FREE: (
        "Almost all of the text is free.",
        "Check that the paid section begins and ends where it should.",
    ),
    FindingCode.BLOCKED_PICTURE: (
        "A picture that is not on https is not shown by browsers here.",
        "Give it an address that begins with https://.",
    ),
    FindingCode.MISSING_PICTURE: (
        "A picture is named that is not here.",
        "Send it beside the document under the name that the text has for it, or give it an "
        "address that begins with https://.",
    ),
    FindingCode.LEFT_OUT: (
        "This cannot be shown here and was left out: {name}.",
        "Link to it, or say in words what it holds.",
    ),
    FindingCode.HOLDERS: (
        "There are rights to this document, and nothing in it is paid.",
        "Revoke the rights, or mark what they are for.",
    ),
}

WARNINGS = frozenset(_WARNINGS)
"""The codes that refuse nothing."""


class Finding(Struct, frozen=True, order=True, gc=False):
    """A fault in a source. Line and column are 1-based code points; it never quotes the text."""

    line: int
    column: int | None
    code: FindingCode
    message: str
    hint: str
    words: str = ""
    """How its paragraph begins, where a source shows no lines. For its publisher's eyes alone."""


def warning(code: FindingCode, line: int = 1, column: int | None = None, name: str = "") -> Finding:
    """Return a warning; name is of what the publisher wrote: a field, an element."""
    message, hint = _WARNINGS[code]
    return Finding(line, column, code, message.format(name=name), hint)


ALWAYS = -(1 << 62)
FOREVER = 1 << 62


class Hold(Struct, frozen=True, gc=False):
    """A finding that stands at some times only: since `since` and until `until`, Unix seconds."""

    finding: Finding
    since: int = ALWAYS
    until: int = FOREVER

    def stands(self, now: int) -> bool:
        """Return whether it stands at now, in Unix seconds."""
        return self.since <= now < self.until
