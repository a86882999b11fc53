"""A bundle: every form of one text, with the bytes of each encoding, in one blob.

One blob, so that one atomic write makes all forms of an edition current together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, TypeVar

from msgspec import Meta, Raw, Struct, field
from msgspec.json import Decoder

from gateway.core.documents import Address
from gateway.core.errors import GatewayError

T = TypeVar("T")

_MAGIC = b"paidgate-bundle-2\n"
HEAD = len(_MAGIC) + 8  # bytes that tell how long the head is

_DAMAGED = "A stored bundle is damaged."

IDENTITY = "identity"
LONG = 256 << 10  # bytes; a full text that has more is sent in chunks, each after another check


class Damaged(GatewayError):
    """Raised when a blob is not a whole bundle."""


class Form(Struct, frozen=True, eq=False, gc=False):
    """One form: its bytes by content coding (identity is always there), and their ETag.

    `answers` is room for what is made of the form to send it, so that it goes when the form goes;
    each of them has a `size`, in bytes.
    """

    media_type: str
    etag: str
    bodies: Mapping[str, bytes]
    answers: dict[Any, Any] = field(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Form) and self._told == other._told

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


Forms = Mapping[str, Form]  # by name


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


@dataclass(frozen=True, slots=True)
class Bundle:
    """The forms of one text by name: html, md, txt, json, and html.<language> where several."""

    edition: str
    forms: Forms
    entry: Entry | None = None

    @property
    def is_long(self) -> bool:
        """Tell whether the body of any form is long."""
        return any(len(form.bodies[IDENTITY]) > LONG for form in self.forms.values())

    def pack(self) -> bytes:
        """Return the bundle as one blob: magic, length of the head, head in JSON, bodies."""
        bodies: list[bytes] = []
        forms = {}
        size = 0
        for name, form in self.forms.items():
            sizes = {coding: len(body) for coding, body in form.bodies.items()}
            forms[name] = [form.media_type, form.etag, size, sizes]
            size += sum(sizes.values())
            bodies.extend(form.bodies.values())
        entry = asdict(self.entry) | {"address": list(self.entry.address)} if self.entry else None
        told = {"edition": self.edition, "size": size, "forms": forms, "entry": entry}
        head = json.dumps(told).encode()
        return b"".join([_MAGIC, len(head).to_bytes(8, "big"), head, *bodies])

    @classmethod
    def unpack(cls, blob: bytes) -> Bundle:
        """Return the bundle in a blob. Raises Damaged."""
        forms = {}
        end = head_size(blob)
        for name in names_in(blob):
            media_type, etag, at, sizes = found_in(blob, len(blob), name)
            if at != end:
                raise Damaged(_DAMAGED)
            end += sum(sizes.values())
            bodies = {coding: blob[place_of(coding, at, sizes)] for coding in sizes}
            forms[name] = Form(media_type, etag, bodies)
        if end != len(blob):
            raise Damaged(_DAMAGED)
        listed = _decoded(_LISTED, _head(blob))
        return cls(listed.edition, forms, listed.entry)


Sizes = Mapping[str, int]  # of the bodies of a form, by content coding, as they stand in a blob


Found = tuple[str, str, int, Sizes]  # a form: media type, ETag, where its bodies begin, and sizes


def names_in(beginning: bytes) -> Sequence[str]:
    """Return the names of the forms in a blob that begins so. Raises Damaged."""
    return list(_decoded(_SHOWN, _head(beginning)).forms)


def found_in(beginning: bytes, size: int, name: str) -> Found:
    """Find a form in a blob of size bytes that begins so. Raises Damaged, KeyError."""
    head = _head(beginning)
    shown, start = _decoded(_SHOWN, head), HEAD + len(head)
    if start + shown.size != size:
        raise Damaged(_DAMAGED)
    media_type, etag, at, sizes = _decoded(_FOUND, shown.forms[name])
    if at + sum(sizes.values()) > shown.size:
        raise Damaged(_DAMAGED)
    return media_type, etag, start + at, sizes


def place_of(coding: str, at: int, sizes: Sizes) -> slice:
    """Return where the body of a coding stands, of a form that begins at. Raises KeyError."""
    size = sizes[coding]
    for other, before in sizes.items():
        if other == coding:
            break
        at += before
    return slice(at, at + size)


class _Shown(Struct):
    size: int  # of all bodies
    forms: dict[str, Raw]


class _Listed(Struct):
    edition: str
    entry: Entry | None


_SHOWN, _LISTED = Decoder(_Shown), Decoder(_Listed)
_Size = Annotated[int, Meta(ge=0)]
_FOUND = Decoder(tuple[str, str, _Size, dict[str, _Size]])  # media type, ETag, start, bodies


def _decoded(decoder: Decoder[T], told: bytes | Raw) -> T:
    try:
        return decoder.decode(told)
    except ValueError as error:
        raise Damaged(_DAMAGED) from error


def _head(beginning: bytes) -> bytes:
    return beginning[HEAD : head_size(beginning)]


def head_size(beginning: bytes) -> int:
    """Return how many bytes of a blob that begins so come before its bodies. Raises Damaged."""
    if len(beginning) < HEAD or not beginning.startswith(_MAGIC):
        raise Damaged(_DAMAGED)
    return HEAD + int.from_bytes(beginning[len(_MAGIC) : HEAD], "big")
