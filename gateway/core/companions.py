"""Companions: the pictures and attachments that stand beside a document, by name.

A text names them by a relative address. What free text shows of them is public; what only paid
text shows is as protected as that text.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import unquote

from msgspec import Struct

from gateway.core.errors import Malformed

PICTURES, ATTACHMENTS = "pictures", "attachments"  # as addresses have them
PICTURE_TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif", "image/avif")
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".svg", ".bmp", ".ico")
ATTACHMENT_SUFFIXES = (".pdf", ".zip", ".xlsx", ".epub", ".mp3", ".mp4")
SMALL = "-small"  # how the id of the smaller size of a picture ends

MAX_COMPANION_NAME = 200  # characters
MAX_COMPANIONS = 200  # of one document
MAX_ALL = 64 << 20  # bytes of all of them together

_NO_NAME = re.compile(r"[a-z][a-z0-9+.-]*:|[/?#\\]", re.IGNORECASE)
_ENDS = re.compile("[?#]")


class Companion(Struct, frozen=True):
    """What is told of one: how it is called, and what was made of it."""

    name: str
    origin: str  # a digest of what was sent
    media_type: str = ""
    digest: str = ""  # of what is shown
    size: int = 0  # bytes of it
    width: int = 0  # pixels; 0 of what is no picture
    height: int = 0
    small: int = 0  # the width of its smaller size, 0 for none

    @property
    def is_picture(self) -> bool:
        return self.width > 0

    @property
    def kind(self) -> str:
        return PICTURES if self.is_picture else ATTACHMENTS


WHOLE_FORM, SMALL_FORM = "whole", "small"  # what is made of one: a large picture has both


class Placed(NamedTuple):
    """A companion at an address."""

    path: str
    companion: Companion

    @property
    def form(self) -> str:
        """Return the name of its form in a bundle."""
        return "/".join(self.path.rsplit("/", 2)[1:])


def origin_of(body: bytes) -> str:
    """Return the digest by which is known again what was sent."""
    return hashlib.sha256(body).hexdigest()[:32]


def named(address: str) -> str:
    """Return the name that a relative address spells, "" for none."""
    if not address or _NO_NAME.match(address):
        return ""
    path = unquote(_ENDS.split(address, maxsplit=1)[0])
    parts = [part for part in path.split("/") if part not in ("", ".")]
    name = unicodedata.normalize("NFC", "/".join(parts))
    return name if is_companion_name(name) else ""


def is_companion_name(name: str) -> bool:
    """Return whether this can be the name of a companion."""
    is_plain = 0 < len(name) <= MAX_COMPANION_NAME and name.isprintable() and "\\" not in name
    return is_plain and not any(part.startswith(".") or not part for part in name.split("/"))


def valid_companion_name(name: str) -> str:
    """Return name, its letters composed, if it can be one. Raises Malformed."""
    name = unicodedata.normalize("NFC", name)
    if not is_companion_name(name):
        raise Malformed(
            "This is not a valid name.",
            where="name",
            hint=f"Use a relative path of at most {MAX_COMPANION_NAME} characters, such as "
            "img/a.png, in which no part begins with a dot.",
        )
    return name


def picture_kind(body: bytes) -> str:
    """Return the kind of picture that bytes are, by how they begin, "" for none that is taken."""
    if body.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if body.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "WEBP"
    return "AVIF" if body[4:12] in (b"ftypavif", b"ftypavis") else ""


def kind_meant(name: str, body: bytes) -> str:
    """Return of which kind a file is meant to be: by its content, or else by its name."""
    is_attachment = name.lower().endswith(ATTACHMENT_SUFFIXES) and not picture_kind(body)
    return ATTACHMENTS if is_attachment else PICTURES


def digest_of(companions: Iterable[Companion]) -> str:
    """Return a digest of which companions there are, "" for none."""
    facts = sorted(f"{each.origin} {each.name}" for each in companions)
    return origin_of("\n".join(facts).encode()) if facts else ""
