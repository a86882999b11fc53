"""Sanitised HTML as a flat run of pieces.

What the sanitiser writes is regular: every attribute quoted, every `<` of the text escaped, every
element closed. So one expression without overlap reads it, and the pieces joined give it back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape, unescape
from typing import NamedTuple

_PIECE = re.compile(r'<(/?)([a-z][a-z0-9-]*)((?:[^">]|"[^"]*")*)>|[^<]+|<')
_SPACE = re.compile(r"[ \t\n\r\f]+")


def names(text: str) -> frozenset[str]:
    """Return the names in a line of text."""
    return frozenset(text.split())


VOID = names("br hr img wbr col")
HEADINGS = names("h1 h2 h3 h4 h5 h6")
# What may hold blocks as well as a line of text.
FLOW = names("blockquote li dd dt td th caption figure figcaption div section details")
BLOCKS = FLOW | HEADINGS | names("p pre hr summary ul ol dl table thead tbody tfoot tr colgroup")


class Piece(NamedTuple):
    """A tag (name is its element's) or a run of text (name is "")."""

    raw: str
    name: str = ""
    closes: bool = False

    @property
    def opens(self) -> bool:
        return bool(self.name) and not self.closes and self.name not in VOID

    @property
    def text(self) -> str:
        return "" if self.name else unescape(self.raw)


def pieces(html: str) -> Iterator[Piece]:
    """Yield the pieces of sanitised HTML; joined they are html again."""
    for match in _PIECE.finditer(html):
        yield Piece(match[0], match[2] or "", match[1] == "/")


def join(parts: Iterable[Piece]) -> str:
    """Return the pieces as HTML."""
    return "".join(piece.raw for piece in parts)


def attribute(piece: Piece, name: str) -> str:
    """Return the value of an attribute, "" where there is none."""
    match = re.search(rf' {name}="([^"]*)"', piece.raw)
    return unescape(match[1]) if match else ""


def without_attribute(tag: str, name: str) -> str:
    """Return a start tag without an attribute."""
    return re.sub(rf' {name}="[^"]*"', "", tag)


def with_attribute(tag: str, name: str, value: str) -> str:
    """Return a start tag with an attribute more."""
    return f'{tag[:-1]} {name}="{escape(value)}">'


def collapse(text: str) -> str:
    """Return text with each run of HTML white space as one space, none at the ends."""
    return _SPACE.sub(" ", text).strip(" ")
