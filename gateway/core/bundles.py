"""A bundle: every form of one text, with the bytes of each encoding, in one blob.

One blob, so that one atomic write makes all forms of an edition current together. Each body has a
check that covers its bytes, what the index says of it, and of what the blob is said to be: so a
body with a bit changed, or of another document, is told from a whole one.
"""

from __future__ import annotations

import re
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from msgspec import Struct, field
from msgspec.json import Decoder, encode

from gateway.core.checks import SIZE, check
from gateway.core.documents import Address
from gateway.core.errors import GatewayError, Missing, Moved

MAGIC = b"paidgate-bundle-4\n"
_LENGTHS = struct.Struct(">QQ")  # where the bodies begin, and where they end
_FIXED = len(MAGIC) + _LENGTHS.size
HEAD = _FIXED + SIZE  # bytes before the edition and the index

_DAMAGED = "A stored bundle is damaged."

IDENTITY = "identity"
MOVED = "moved"  # the only form where a document was; it holds the slug where it is
HEADERS = "headers"  # a form of public bundles: what the others are sent with besides
_FURTHER_PAGE = re.compile(r"html(\.[0-9]+)")
OBJECTS = 1_000  # bytes that a variant in memory takes besides its body
LONG = 512 << 10  # bytes; what has more is sent in chunks, of a full text each after another check


class Damaged(GatewayError):
    """Raised when what a store gave is not what was stored there."""

    hint = "`paidgate verify` names what is damaged, and `--repair` mends what it can."


class Variant(Struct, eq=False, weakref=True):
    """A form in one content coding, with the ETag of that coding.

    `answer` is room for what was last made of it to send it, so that it goes when this goes.
    """

    media_type: str
    etag: bytes  # as a header has it
    coding: str
    body: bytes
    answer: Any = None
    head: bytes = b""
    """Further headers that it is sent with to everyone, a line each as HTTP/1.1 writes them."""

    def __repr__(self) -> str:
        return f"Variant({self.media_type!r}, {self.etag!r})"  # the body may be paid

    @property
    def size(self) -> int:
        """About how many bytes it takes in memory, with what is made of it."""
        return OBJECTS + len(self.body)

    @property
    def is_long(self) -> bool:
        """Return whether it is sent in chunks."""
        return len(self.body) > LONG


class Representation(Struct, frozen=True, eq=False, gc=False):
    """One form: its bytes by content coding (identity is always there), and their ETag."""

    media_type: str
    etag: str
    bodies: Mapping[str, bytes]
    head: bytes = b""
    """As a variant has it. A bundle keeps none: it has one form for all of them."""
    _variants: dict[str, Variant] = field(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Representation) and self._told == other._told

    def __hash__(self) -> int:
        return hash(self.etag)

    def __repr__(self) -> str:
        return f"Form({self.media_type!r}, {self.etag!r})"  # the bodies may be paid

    @property
    def _told(self) -> tuple[object, ...]:
        return self.media_type, self.etag, self.bodies

    @property
    def size(self) -> int:
        """How many bytes its bodies take."""
        return sum(map(len, self.bodies.values()))

    def variant(self, coding: str) -> Variant:
        """Return the form in a coding, or else as it is."""
        chosen = coding if coding in self.bodies else IDENTITY
        variant = self._variants.get(chosen)
        if variant is None:
            etag = _etag_in(chosen, self.etag).encode()
            variant = Variant(self.media_type, etag, chosen, self.bodies[chosen], head=self.head)
            self._variants[chosen] = variant
        return variant


def _etag_in(coding: str, etag: str) -> str:
    return f'{etag[:-1]}-{coding}"' if etag and coding != IDENTITY else etag


Forms = Mapping[str, Representation]  # by name


@dataclass(frozen=True, slots=True)
class Entry:
    """What lists say of a document: declared metadata and free text only."""

    address: Address
    title: str
    summary: str
    language: str
    author: str
    published: str
    updated: str
    collection: str = ""
    order: int = 0
    translation_of: str = ""
    base: str = ""
    """The origin that its forms name, "" for none."""
    publisher_name: str = ""
    """What its publisher calls itself, "" for nothing."""
    has_mark: bool = False
    """Whether its publisher has a mark."""
    said: str = ""
    """The stamp of what its forms say of their publisher, "" for nothing."""
    tags: tuple[str, ...] | None = None
    """None for an entry that was made before there were any."""

    @property
    def by(self) -> str:
        """By what name its publisher is shown."""
        return self.publisher_name or self.address.publisher


@dataclass(frozen=True, slots=True)
class Bundle:
    """The forms of one text by name: html, md, txt, json, and html.<language> where several."""

    edition: str
    forms: Forms
    entry: Entry | None = None

    def variant(self, form: str, coding: str) -> Variant:
        """Return a form in a coding, or else as it is, with its headers. Raises Moved, Missing."""
        if (moved := self.forms.get(MOVED)) is not None:
            raise Moved(moved.bodies[IDENTITY].decode())
        if form not in self.forms:
            raise Missing("thing")
        variant = self.forms[form].variant(coding)
        if head := self.forms.get(headers_for(form)):
            variant.head = head.bodies[IDENTITY]
        return variant

    @property
    def is_long(self) -> bool:
        """Return whether the body of any form is long."""
        return any(len(form.bodies[IDENTITY]) > LONG for form in self.forms.values())

    @property
    def size(self) -> int:
        """How many bytes its bodies take."""
        return sum(form.size for form in self.forms.values())

    def pack(self, of: str) -> bytes:
        """Return the bundle as one blob: magic, lengths, check, edition, index, entry, bodies.

        of: what the blob is of, which whoever reads it has to name. The index has a line for each
        body: form, coding, media type, ETag, start and end, from the first body on, and its check.
        """
        lines, bodies, at = [self.edition.encode() + b"\n"], [], 0
        for name, form in self.forms.items():
            for coding, body in form.bodies.items():
                etag = _etag_in(coding, form.etag)
                told = (name, coding, form.media_type, etag, str(at), str(at + len(body)), "")
                line = "\t".join(told).encode()
                lines.append(b"%b%b\n" % (line, check(of, line, body)))
                bodies.append(body)
                at += len(body)
        head = b"".join([*lines, encode(self.entry)])
        end = HEAD + len(head)
        fixed = MAGIC + _LENGTHS.pack(end, end + at)
        return b"".join([fixed, check(of, fixed, head), head, *bodies])

    @classmethod
    def unpack(cls, blob: bytes, of: str) -> Bundle:
        """Return the bundle in a blob that is said to be of something. Raises Damaged."""
        size = len(blob)
        at = end = head_end(blob, size)
        require_whole_head(of, blob, end)
        lines, _, told = blob[HEAD:end].rpartition(b"\n")
        kinds, bodies = {}, dict[str, dict[str, bytes]]()
        edition, *index = lines.decode().split("\n")
        for line in index:
            name, asked, _ = line.split("\t", 2)
            media_type, etag, _, place, checked = found_in(blob, end, size, name, asked)
            bodies.setdefault(name, {})[asked] = body = blob[place]
            require_whole(of, checked, body)
            if asked == IDENTITY:
                kinds[name] = media_type, etag.decode()
            at = place.stop
        if at != size:
            raise Damaged(_DAMAGED)
        forms = {name: Representation(*kinds[name], bodies[name]) for name in bodies}
        return cls(edition, forms, _ENTRY.decode(told))


_ENTRY = Decoder(Entry | None)


def headers_for(form: str) -> str:
    """Return the form that holds what a form is sent with besides: each page has its own."""
    page = _FURTHER_PAGE.fullmatch(form)
    return HEADERS + page[1] if page else HEADERS


def moved_to(slug: str) -> Bundle:
    """Return what stands at an address whose document has another slug now."""
    return Bundle("", {MOVED: Representation("text/plain", "", {IDENTITY: slug.encode()})})


def head_end(beginning: bytes | bytearray, size: int) -> int:
    """Return where the bodies begin in a blob of size bytes that begins so. Raises Damaged."""
    if len(beginning) < HEAD or not beginning.startswith(MAGIC):
        raise Damaged(_DAMAGED)
    end, told = _LENGTHS.unpack_from(beginning, len(MAGIC))
    if told != size or not HEAD <= end <= size:
        raise Damaged(_DAMAGED)
    return int(end)


def size_told(beginning: bytes) -> int:
    """Return how long a blob is that begins so, as it tells. Raises Damaged."""
    if len(beginning) < HEAD:
        raise Damaged(_DAMAGED)
    _, told = _LENGTHS.unpack_from(beginning, len(MAGIC))
    return int(told)


def require_whole_head(of: str, beginning: bytes | bytearray, end: int) -> None:
    """Raise Damaged unless this is all that stands before the bodies of what it should be."""
    if beginning[_FIXED:HEAD] != check(of, beginning[:_FIXED], beginning[HEAD:end]):
        raise Damaged(_DAMAGED)


Checked = tuple[
    bytes | bytearray, bytes | bytearray
]  # a line of the index up to the check, and the check
Found = tuple[str, bytes, str, slice, Checked]  # media type, ETag, coding, where the body stands


def found_in(head: bytes | bytearray, end: int, size: int, form: str, coding: str) -> Found:
    """Find a form, in a coding or else as it is, in a blob of size bytes with this head.

    Raises Damaged, and KeyError where there is no such form.
    """
    line = _line(form, coding).search(head, HEAD, end)
    if line is None:
        coding = IDENTITY
        line = _line(form, coding).search(head, HEAD, end)
        if line is None:
            raise KeyError(form)
    media_type, etag, first, last, checked = line.groups()
    told = head[line.start() + 1 : line.start(5)]
    start, stop = end + int(first), end + int(last)
    if not end <= start <= stop <= size:
        raise Damaged(_DAMAGED)
    kind = sys.intern(media_type.decode())
    return kind, bytes(etag), coding, slice(start, stop), (told, checked)


def require_whole(of: str, checked: Checked, body: bytes | bytearray) -> None:
    """Raise Damaged unless this is the body of a line, in a blob that is of what it should be."""
    line, told = checked
    if check(of, line, body) != told:
        raise Damaged(_DAMAGED)


@lru_cache(maxsize=64)
def _line(form: str, coding: str) -> re.Pattern[bytes]:
    """Return what the line of the index about a form in a coding looks like."""
    told = re.escape(f"\n{form}\t{coding}\t".encode())
    numbers = rb"([0-9]{1,15})\t([0-9]{1,15})\t"
    return re.compile(told + rb"([ -~]*)\t([ -~]*)\t" + numbers + rb"([0-9a-f]{16})\n")
