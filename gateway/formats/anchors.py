"""Ids of headings, as GitHub makes them, and links within a document, which lead to something."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from unicodedata import category

from gateway.core.documents import PAGE, PLACEHOLDER, Shared
from gateway.formats.fragments import (
    HEADINGS,
    Piece,
    attribute,
    collapse,
    with_attribute,
    without_attribute,
)
from gateway.formats.sanitising import PAID, own_id

_KEPT = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "Pc"})
_MAX_SLUG = 100
_OF_LINKS = ("rel", "title", "class")
_STOP = re.compile(f"[{PLACEHOLDER}{PAGE}]")


def slug(heading: str) -> str:
    """Return the words of a heading in small letters, a hyphen for each space."""
    letters = collapse(heading).lower()
    kept = [each for each in letters if each in " -" or category(each) in _KEPT]
    return "".join(kept)[:_MAX_SLUG].replace(" ", "-")


def named(parts: Sequence[Piece], shared: Shared) -> tuple[list[Piece], tuple[str, ...]]:
    """Return the pieces with an id in each heading, and these ids in order.

    Headings of the full text that are not paid have the ids of the preview, the others what these
    leave over.
    """
    parts = list(parts)
    headings = list(_headings(parts))
    paid = {at for at, _ in headings if f" {PAID}=" in parts[at].raw}
    free = [at for at, _ in headings if at not in paid]
    # Paid markup can make other headings of free text; then there is nothing to take over.
    takes = len(free) == len(shared.ids)
    taken = dict(zip(free, shared.ids, strict=True)) if takes else {}
    theirs = set(taken.values())
    declared = {attribute(piece, "id") for piece in parts if piece.name and " id=" in piece.raw}
    fresh = _Fresh(theirs | declared)
    for at, text in headings:
        own = taken.get(at) or attribute(parts[at], "id")
        if not own or (at in paid and own in theirs):
            own = fresh.of(slug(text))
        tag = without_attribute(without_attribute(parts[at].raw, PAID), "id")
        parts[at] = Piece(with_attribute(tag, "id", own) if own else tag, parts[at].name)
    return parts, tuple(attribute(parts[at], "id") for at, _ in headings)


def _headings(parts: Sequence[Piece]) -> Iterator[tuple[int, str]]:
    """Yield the place of each heading, and what it says up to a cut."""
    start = -1
    said: list[str] = []
    for at, piece in enumerate(parts):
        if piece.name in HEADINGS and not piece.closes:
            start, said = at, []
        elif piece.name in HEADINGS and start >= 0:
            yield start, _STOP.split("".join(said))[0]
            start = -1
        elif start >= 0:
            said.append(piece.text)


class _Fresh:
    """Makes ids that are not there yet, numbered where they would be."""

    def __init__(self, there: Iterable[str]) -> None:
        self._there = set(there)
        self._next: dict[str, int] = {}

    def of(self, slug: str) -> str:
        first = found = own_id(slug) or ""
        while found and found in self._there:
            self._next[first] = self._next.get(first, 0) + 1
            found = f"{first}-{self._next[first]}"
        if found:
            self._there.add(found)
        return found


def linked(parts: Sequence[Piece]) -> Iterator[Piece]:
    """Yield the pieces with each id once, and without links to ids that are not there."""
    parts = list(_once(parts))
    named = (piece for piece in parts if piece.name and " id=" in piece.raw)
    ids = {own: own for piece in named if (own := attribute(piece, "id"))}
    ids |= {own.lower(): own for own in ids.values() if own.lower() not in ids}
    stays: list[bool] = []  # of each link that is open
    for piece in parts:
        if piece.name != "a":
            yield piece
        elif piece.closes:
            if stays.pop():
                yield piece
        else:
            link = _leading(piece, ids)
            stays.append(link is not None)
            if link:
                yield link


def _leading(link: Piece, ids: dict[str, str]) -> Piece | None:
    """Return a link with the id as it stands, None where nothing of it stays."""
    address = attribute(link, "href")
    target = ids.get(address[1:]) or ids.get(address[1:].lower())
    if not address.startswith("#") or target == address[1:]:
        return link
    bare = without_attribute(link.raw, "href")
    if target:
        return Piece(with_attribute(bare, "href", f"#{target}"), "a")
    for name in _OF_LINKS:
        bare = without_attribute(bare, name)
    return Piece(bare, "a") if " id=" in bare else None


def _once(parts: Iterable[Piece]) -> Iterator[Piece]:
    """Yield the pieces with each id at its first place alone; `<a name>` has one too."""
    seen: set[str] = set()
    for piece in parts:
        raw = piece.raw
        if piece.name == "a" and " name=" in raw:
            name = attribute(piece, "name")
            raw = without_attribute(raw, "name")
            if " id=" not in raw:
                raw = with_attribute(raw, "id", name)
        if piece.name and " id=" in raw:
            own = attribute(Piece(raw, piece.name), "id")
            raw = without_attribute(raw, "id") if own in seen else raw
            seen.add(own)
        yield piece if raw is piece.raw else Piece(raw, piece.name, piece.closes)
