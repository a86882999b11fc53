"""Source to Document to public projection and full text.

The public projection is a function of the free text, of the declared metadata and of what the
disclosure register names; nothing else about paid text leaves this module towards the public.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

from gateway.core.companions import Placed
from gateway.core.errors import Malformed
from gateway.core.findings import Finding
from gateway.core.grammar import PAGEBREAK, stand_ins
from gateway.core.markers import Section
from gateway.core.texts import FreeText, PaidText
from gateway.core.timestamps import Day

# Two noncharacters: they cannot stand in a source (decoding refuses them), they pass through
# Markdown, HTML parsing and sanitising as plain letters, and they are not white space.
PLACEHOLDER = "\ufdd0"
PAGE = "\ufdd1"

# Where a marker stood, while a text is put together.
SEAM = "\ufdde"
LINE = rf"(?:\A|(?<=[\r\n]))[^\S\r\n]*+{SEAM}(?:[^\S\r\n]|{SEAM})*(?:\r\n?|\n|\Z)"
"""A line that holds nothing but markers, as an expression."""

MAX_NAME = 80
NAME = f"[a-z0-9-]{{1,{MAX_NAME}}}"  # of a publisher, a document or a collection, as an expression
_NAME = re.compile(NAME, re.ASCII)
_LINE_END = re.compile(r"\r\n?|\n")
_BLANK = re.compile(
    r"(?:[\s\u200b-\u200d\u2060\ufeff]|&nbsp;|</?(?:p|div|span|br)(?![\w-])[^<>]*+>)*"
)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")

# At most eight values (disclosure `size-step`): lower bounds, in characters.
SIZE_STEPS = (0, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)

MAX_SECTIONS = 1_000
MAX_TITLE = 200
MAX_ORDER = 999_999  # and the least is as far below zero
MAX_LANGUAGE = 35  # characters; the longest that RFC 5646 (4.4.1) asks for


class Address(NamedTuple):
    """Where a document lives: publisher/slug."""

    publisher: str
    slug: str

    def __str__(self) -> str:
        return f"{self.publisher}/{self.slug}"

    @classmethod
    def of(cls, publisher: str, slug: str) -> Address:
        """Return the address of valid names. Raises Malformed."""
        return cls(valid_name(publisher, "publisher"), valid_name(slug, "slug"))


def is_name(text: str) -> bool:
    """Return whether text can name a publisher, a document or a collection."""
    return _NAME.fullmatch(text) is not None


def is_language(text: str) -> bool:
    """Return whether text has the form of a language tag (BCP 47), such as zh-Hant-TW."""
    return len(text) <= MAX_LANGUAGE and _LANGUAGE.fullmatch(text) is not None


def valid_name(text: str, what: str) -> str:
    """Return text if it can be a name. Raises Malformed."""
    if not is_name(text):
        raise Malformed(
            f"This is not a valid {what}.",
            where=what,
            hint="Use 1 to 80 of a-z, 0-9 and hyphen.",
        )
    return text


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be bought: shown, not decided here."""

    name: str
    price: str = ""
    url: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Meta:
    """What a publisher declares about a document; all of it is public."""

    title: str = ""
    language: str = ""
    summary: str = ""
    author: str = ""
    date: Day | None = None
    updated: Day | None = None
    collection: str = ""
    order: int = 0
    """Its place in its collection; where it is the same, the dates tell."""
    licence: str = ""
    """The address of a licence."""
    translation_of: str = ""
    """The slug of the original, of the same publisher."""
    offers: tuple[Offer, ...] = ()
    tags: tuple[str, ...] = ()
    outline: tuple[str, ...] = ()
    """What the paid part holds, in the publisher's own words."""
    free: bool = False
    """Whether the publisher means it to hold no paid section."""


@dataclass(frozen=True, slots=True)
class Document:
    """A divided source: the sections are its body, front matter already taken off."""

    address: Address
    format: str
    meta: Meta
    sections: tuple[Section, ...]
    seam: re.Pattern[str] = re.compile(LINE)
    """What around a marker goes away with it."""

    def projection_text(self) -> FreeText:
        """Return the body with every paid section replaced by one constant placeholder."""
        parts = [PLACEHOLDER if s.paid else stand_ins(str(s.text)) for s in self.sections]
        return FreeText("".join(parts).replace(PAGEBREAK, PAGE))

    def full_text(self) -> PaidText:
        """Return the body with the markers taken out, and what they have to themselves."""
        return PaidText(self._seamed().replace(SEAM, "").replace(PAGEBREAK, PAGE))

    def paid_spans(self) -> tuple[tuple[int, int], ...]:
        """Return where in the full text each paid section stands."""
        parts = [part.replace(PAGEBREAK, PAGE) for part in self._parts()]
        ends = accumulate(map(len, parts))
        spans = zip(self.sections, parts, ends, strict=True)
        return tuple((end - len(part), end) for one, part, end in spans if one.paid)

    def line_starts(self) -> tuple[tuple[int, int], ...]:
        """Return the lines at which each section begins, in the full text and in the source."""
        starts = []
        at = 1
        for section, part in zip(self.sections, self._parts(), strict=True):
            lines = len(_LINE_END.findall(part))
            gone = len(_LINE_END.findall(_reveal(section))) - lines
            starts.append((at, section.line + gone))
            at += lines
        return tuple(starts)

    def _parts(self) -> list[str]:
        """Return what of each section is in the full text."""
        first, last = self._marked_ends()
        parts = self._seamed().split(SEAM)
        return parts[first : len(parts) - last] if self.sections else []

    def _marked_ends(self) -> tuple[bool, bool]:
        """Return whether a marker is the first, and whether one is the last of the source."""
        return any(s.paid for s in self.sections[:1]), any(s.paid for s in self.sections[-1:])

    def _seamed(self) -> str:
        """Return the full text with a SEAM where each marker stood."""
        text = SEAM.join(stand_ins(_reveal(section)) for section in self.sections)
        first, last = (SEAM * marked for marked in self._marked_ends())
        return self.seam.sub(lambda m: SEAM * m[0].count(SEAM), first + text + last)

    @property
    def cuts(self) -> tuple[int, ...]:
        """Return the size step of each paid section, in order."""
        return tuple(size_step(s) for s in self.sections if s.paid)


def _reveal(section: Section) -> str:
    return section.text.reveal() if isinstance(section.text, PaidText) else section.text


def measure(section: Section) -> tuple[int, int]:
    """Return how many characters, and how many bytes of UTF-8, a section has."""
    text = _reveal(section)
    return len(text), len(text.encode())


def is_blank(section: Section) -> bool:
    """Return whether a section holds nothing but white space and the bare frames of blocks."""
    return _BLANK.fullmatch(_reveal(section)) is not None


def size_step(section: Section) -> int:
    """Return the lower bound, in characters without white space, of the step of a section."""
    length = len("".join(_reveal(section).split()))
    return max(step for step in SIZE_STEPS if step <= length)


@dataclass(frozen=True, slots=True)
class Rendering:
    """One text in every form that people read it in. The HTML is sanitised and well-formed."""

    html: str
    markdown: str
    text: str
    title: str = ""
    language: str = ""
    """What the text itself declares."""
    ids: tuple[str, ...] = ()
    """Of its headings, in order."""
    warnings: tuple[Finding, ...] = ()


Beside = Mapping[str, Placed]
"""What stands beside a text, by the name that the text calls it."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What a full text has in common with its preview: the ids of headings that are not paid.

    And what stands beside either.
    """

    ids: tuple[str, ...] = ()
    paid: tuple[tuple[int, int], ...] = ()
    beside: Beside = field(default_factory=dict)

    def is_paid(self, at: int) -> bool:
        """Return whether a place in the full text is paid."""
        before = bisect_right(self.paid, at, key=lambda span: span[0])
        return before > 0 and at < self.paid[before - 1][1]


NOTHING_SHARED = Shared()


@dataclass(frozen=True, slots=True)
class Projection:
    """All that the world may know of a document. PLACEHOLDER marks each cut in its forms."""

    address: Address
    meta: Meta
    rendering: Rendering
    cuts: tuple[int, ...]
    published: str
    updated: str


@dataclass(frozen=True, slots=True)
class FullText:
    """What the holder of a right may read: PaidText in every form."""

    address: Address
    meta: Meta
    rendering: Rendering
    free_start: str | None = None
    """The HTML before the first cut, None where there is no cut."""

    def __repr__(self) -> str:
        return f"FullText({self.address})"
