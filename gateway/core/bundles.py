"""A bundle: every form of one text, with the bytes of each encoding, in one blob.

One blob, so that one atomic write makes all forms of an edition current together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple, TypeVar

from msgspec import Struct
from msgspec.json import Decoder

from gateway.core.documents import Address
from gateway.core.errors import GatewayError

T = TypeVar("T")

_MAGIC = b"paidgate-bundle-1\n"
_HEAD = len(_MAGIC) + 8

IDENTITY = "identity"
LONG = 256 << 10  # bytes; a full text that has more is sent in chunks, each after another check


class Damaged(GatewayError):
    """Raised when a blob is not a whole bundle."""


@dataclass(frozen=True, slots=True)
class Form:
    """One form: its bytes by content coding (identity is always there), and their ETag.

    `answers` is room for what is made of the form to send it, so that it goes when the form goes;
    each of them has a `size`, in bytes.
    """

    media_type: str
    etag: str
    bodies: Mapping[str, bytes] = field(repr=False)
    answers: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

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
        for name, form in self.forms.items():
            forms[name] = [form.media_type, form.etag, {c: len(b) for c, b in form.bodies.items()}]
            bodies.extend(form.bodies.values())
        entry = asdict(self.entry) | {"address": list(self.entry.address)} if self.entry else None
        head = json.dumps({"edition": self.edition, "forms": forms, "entry": entry}).encode()
        return b"".join([_MAGIC, len(head).to_bytes(8, "big"), head, *bodies])

    @classmethod
    def unpack(cls, blob: bytes) -> Bundle:
        """Return the bundle in a blob. Raises Damaged."""
        outline = Outline.of(blob, len(blob))
        forms = {}
        for name in outline.forms:
            media_type, etag, places = outline.form(name)
            bodies = {coding: blob[place] for coding, place in places.items()}
            forms[name] = Form(media_type, etag, bodies)
        return cls(outline.edition, forms, _decoded(_LISTED, blob).entry)


Places = Mapping[str, slice]  # of the bodies of a form in a blob, by content coding


class Outline(NamedTuple):
    """What stands where in a blob."""

    edition: str
    forms: Mapping[str, tuple[str, str, Mapping[str, int]]]  # media type, ETag, sizes of bodies
    start: int  # of the first body

    @classmethod
    def of(cls, beginning: bytes, size: int) -> Outline:
        """Return the outline of a blob of size bytes that begins so. Raises Damaged."""
        head, start = _decoded(_SHOWN, beginning), head_size(beginning)
        if start + sum(sum(sizes.values()) for _, _, sizes in head.forms.values()) != size:
            raise Damaged("A stored bundle is damaged.")
        return cls(head.edition, head.forms, start)

    def form(self, name: str) -> tuple[str, str, Places]:
        """Return media type, ETag and places of a form. Raises KeyError."""
        media_type, etag, sizes = self.forms[name]
        at, places = self.start, {}
        for other, form in self.forms.items():
            if other == name:
                break
            at += sum(form[2].values())
        for coding, size in sizes.items():
            places[coding] = slice(at, at + size)
            at += size
        return media_type, etag, places


class _Shown(Struct):
    edition: str
    forms: dict[str, tuple[str, str, dict[str, int]]]


class _Listed(Struct):
    entry: Entry | None


_SHOWN, _LISTED = Decoder(_Shown), Decoder(_Listed)


def _decoded(decoder: Decoder[T], beginning: bytes) -> T:
    try:
        return decoder.decode(beginning[_HEAD : head_size(beginning)])
    except ValueError as error:
        raise Damaged("A stored bundle is damaged.") from error


def head_size(beginning: bytes) -> int:
    """Return how many bytes of a blob that begins so come before its bodies. Raises Damaged."""
    if len(beginning) < _HEAD or not beginning.startswith(_MAGIC):
        raise Damaged("A stored bundle is damaged.")
    return _HEAD + int.from_bytes(beginning[len(_MAGIC) : _HEAD], "big")


def has_head(beginning: bytes) -> bool:
    """Tell whether all of the head stands in a beginning. Raises Damaged."""
    return len(beginning) >= _HEAD and len(beginning) >= head_size(beginning)
