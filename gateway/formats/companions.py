"""Pictures and attachments in a text: what stands beside it gets its address and its measures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from posixpath import basename

from gateway.core.companions import SMALL, Placed, named
from gateway.core.documents import Beside
from gateway.formats.fragments import Piece, attribute, pieces, with_attribute, without_attribute
from gateway.formats.losses import can_show

SIZES = "(min-width: 44rem) 42rem, 100vw"  # how wide a page shows a picture

_NAMING = {"img": "src", "a": "href"}


def placed(parts: Iterable[Piece], beside: Beside) -> Iterator[Piece]:
    """Yield pieces with the addresses of what stands beside the text.

    Of a picture that no browser would show here there are the words; the first one is fetched at
    once, and others when they are near.
    """
    is_first = True
    for piece in parts:
        found = _found(piece, beside)
        if piece.name == "img":
            if not found and not can_show(attribute(piece, "src")):
                yield Piece(escape(attribute(piece, "alt"), quote=False))
                continue
            raw = _pictured(piece.raw, found) if found else piece.raw
            if is_first:
                raw = with_attribute(without_attribute(raw, "loading"), "loading", "eager")
                is_first = False
            yield Piece(raw, "img")
        else:
            yield _linked(piece, found) if found else piece


def addresses_in(html: str) -> frozenset[str]:
    """Return the addresses that sanitised HTML shows or links."""
    found = (
        attribute(piece, _NAMING[piece.name])
        for piece in pieces(html)
        if piece.name in _NAMING and not piece.closes
    )
    return frozenset(filter(None, found))


def _found(piece: Piece, beside: Mapping[str, Placed]) -> Placed | None:
    if not beside or piece.closes or piece.name not in _NAMING:
        return None
    found = beside.get(named(attribute(piece, _NAMING[piece.name])))
    return found if found and (piece.name == "a" or found.companion.is_picture) else None


def _pictured(raw: str, found: Placed) -> str:
    picture = found.companion
    for name in ("src", "width", "height"):
        raw = without_attribute(raw, name)
    raw = with_attribute(raw, "src", found.path)
    if picture.small:
        srcset = f"{found.path}{SMALL} {picture.small}w, {found.path} {picture.width}w"
        raw = with_attribute(with_attribute(raw, "srcset", srcset), "sizes", SIZES)
    raw = with_attribute(raw, "width", str(picture.width))
    return with_attribute(raw, "height", str(picture.height))


def _linked(piece: Piece, found: Placed) -> Piece:
    raw = with_attribute(without_attribute(piece.raw, "href"), "href", found.path)
    if not found.companion.is_picture:
        raw = with_attribute(raw, "download", basename(found.companion.name))
    return Piece(raw, piece.name)
