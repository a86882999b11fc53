"""A bundle: every form of one text, with the bytes of each encoding, in one blob.

One blob, so that one atomic write makes all forms of an edition current together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from gateway.core.documents import Address
from gateway.core.errors import GatewayError

_MAGIC = b"paidgate-bundle-1\n"
_HEAD = len(_MAGIC) + 8

IDENTITY = "identity"
LONG = 256 << 10  # bytes; a full text that has more is sent in chunks, each after another check


class Damaged(GatewayError):
    """Raised when a blob is not a whole bundle."""


@dataclass(frozen=True, slots=True)
class Form:
    """One form: its bytes by content coding (identity is always there), and their ETag.

    `answers` is room for what is made of the form to send it, so that it goes when the form goes.
    """

    media_type: str
    etag: str
    bodies: Mapping[str, bytes] = field(repr=False)
    answers: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)


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
    forms: Mapping[str, Form]
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
        try:
            return cls._unpack(blob)
        except (ValueError, KeyError, TypeError) as error:
            raise Damaged("A stored bundle is damaged.") from error

    @classmethod
    def _unpack(cls, blob: bytes) -> Bundle:
        if not blob.startswith(_MAGIC):
            raise ValueError("magic")
        at = _HEAD + int.from_bytes(blob[len(_MAGIC) : _HEAD], "big")
        head = json.loads(blob[_HEAD:at])
        forms = {}
        for name, (media_type, etag, sizes) in head["forms"].items():
            bodies = {}
            for coding, size in sizes.items():
                bodies[coding] = blob[at : at + size]
                at += size
            forms[name] = Form(media_type, etag, bodies)
        if at != len(blob):
            raise ValueError("length")
        entry = head["entry"]
        if entry:
            entry = Entry(**(entry | {"address": Address(*entry["address"])}))
        return cls(head["edition"], forms, entry)
