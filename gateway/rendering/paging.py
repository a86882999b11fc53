"""Pages: a text divided at its page breaks, each part a page of its own.

A break inside a list, a table or a quotation divides nothing: it stays the rule that it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.formats.cutting import PAGE_BREAK
from gateway.formats.fragments import attribute, pieces, with_attribute, without_attribute
from gateway.rendering.body import Heading, headings

MAX_PAGES = 100  # what is beyond stands on the last of them


@dataclass(frozen=True, slots=True)
class Link:
    """A line of a list of contents: where it leads from the page that it stands on."""

    level: int
    href: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a text: its number, of how many, under which path, and what it holds."""

    number: int
    count: int
    path: str
    html: str
    contents: tuple[Link, ...] = ()

    @property
    def url(self) -> str:
        """The address of this page."""
        return address_of(self.path, self.number)

    @property
    def before(self) -> str:
        """The address of the page before, "" for none."""
        return address_of(self.path, self.number - 1) if self.number > 1 else ""

    @property
    def after(self) -> str:
        """The address of the page after, "" for none."""
        return address_of(self.path, self.number + 1) if self.number < self.count else ""


def address_of(path: str, number: int) -> str:
    """Return the address of a page of a text."""
    return path if number == 1 else f"{path}?page={number}"


def form_of(name: str, number: int) -> str:
    """Return the name of the form that is a page of a text."""
    return name if number == 1 else f"{name}.{number}"


def paged(html: str, path: str) -> list[Page]:
    """Return the pages of a body, with links that lead from one to another."""
    parts = list(_divided(html))
    if len(parts) == 1:
        return [whole(parts[0], path)]
    at = {own: number for number, part in enumerate(parts, 1) for own in _ids(part)}
    listed = [(number, each) for number, part in enumerate(parts, 1) for each in headings(part)]
    return [
        Page(
            number,
            len(parts),
            path,
            _linked(part, number, at, path),
            tuple(_links(listed, number, path)),
        )
        for number, part in enumerate(parts, 1)
    ]


def whole(html: str, path: str) -> Page:
    """Return a body as one page, whatever page breaks it has."""
    return Page(1, 1, path, html, tuple(_links([(1, each) for each in headings(html)], 1, path)))


def _divided(html: str) -> Iterator[str]:
    """Yield what stands between page breaks at the level of the body, but for what is empty."""
    part: list[str] = []
    depth = count = 0
    for piece in pieces(html) if PAGE_BREAK in html else ():
        depth += piece.opens - piece.closes
        divides = depth == 0 and piece.raw == PAGE_BREAK and count < MAX_PAGES - 1
        if not divides:
            part.append(piece.raw)
        elif body := "".join(part).strip():
            yield body
            part, count = [], count + 1
    last = "".join(part).strip() if PAGE_BREAK in html else html
    if last or not count:
        yield last


def _ids(html: str) -> Iterator[str]:
    for piece in pieces(html) if " id=" in html else ():
        if piece.name and (own := attribute(piece, "id")):
            yield own


def _linked(html: str, number: int, at: Mapping[str, int], path: str) -> str:
    """Return a page whose links within the text lead to the pages that they mean."""
    out = []
    for piece in pieces(html):
        own = attribute(piece, "href")[1:] if piece.name == "a" and ' href="#' in piece.raw else ""
        where = at.get(own, number)
        if where == number:
            out.append(piece.raw)
        else:
            bare = without_attribute(piece.raw, "href")
            out.append(with_attribute(bare, "href", f"{address_of(path, where)}#{own}"))
    return "".join(out)


def _links(listed: Sequence[tuple[int, Heading]], number: int, path: str) -> Iterable[Link]:
    for where, each in listed:
        place = "" if where == number else address_of(path, where)
        yield Link(each.level, f"{place}#{each.id}", each.text)
