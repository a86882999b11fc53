"""Sitemaps: where documents are, when each was updated, and what is a translation of what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import ceil
from urllib.parse import quote

from gateway.core.timestamps import later
from gateway.ports import Update

MOST = 50_000  # addresses that one sitemap may hold, by its protocol
AFTER, LISTS = "after", "lists"  # what a part is asked for by

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SITEMAPS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_XHTML = 'xmlns:xhtml="http://www.w3.org/1999/xhtml"'


class SiteMaps:
    """How a site is divided into sitemaps: its documents, by address, and its lists, by path."""

    def __init__(self) -> None:
        self.lists: Sequence[str] = ()
        self._updated: dict[str, str] = {}  # of each part of documents, by what it comes after
        self._begun, self._last, self._latest, self._count = "", "", "", 0

    def add(self, update: Update) -> None:
        """Take up a document, whose address comes after all others'."""
        if self._count % MOST == 0:
            self._begun = self._last
        known = self._updated.get(self._begun, update.updated)
        self._updated[self._begun] = later(known, update.updated)
        self._latest = later(self._latest or update.updated, update.updated)
        self._last, self._count = str(update.address), self._count + 1

    @property
    def is_one(self) -> bool:
        """Whether one sitemap holds everything."""
        return self._count + len(self.lists) <= MOST

    def parts(self) -> Mapping[tuple[str, str], str]:
        """Return what each part is asked for by, and when the latest of it was updated."""
        numbers = range(1, ceil(len(self.lists) / MOST) + 1)
        documents = {(AFTER, after): updated for after, updated in self._updated.items()}
        return documents | {(LISTS, str(number)): self._latest for number in numbers}

    def lists_in(self, number: int) -> Sequence[str]:
        """Return the lists in a part of them, counted from 1."""
        return self.lists[(number - 1) * MOST : number * MOST]


def sitemap(origin: str, lists: Iterable[str], updates: Sequence[Update]) -> bytes:
    """Return a sitemap of lists, by their paths, and of documents."""
    languages = _translations(origin, updates)
    lines = [_HEAD, f"<urlset {_SITEMAPS} {_XHTML}>\n"]
    lines += [f"<url><loc>{origin}{path}</loc></url>\n" for path in lists]
    for update in updates:
        url = f"{origin}/documents/{update.address}"
        others = languages.get(_original(update), "")
        lines.append(f"<url><loc>{url}</loc><lastmod>{update.updated}</lastmod>{others}</url>\n")
    return "".join([*lines, "</urlset>\n"]).encode()


def index(origin: str, parts: Mapping[tuple[str, str], str]) -> bytes:
    """Return an index of sitemaps: what each is asked for by, and when it was updated."""
    lines = [_HEAD, f"<sitemapindex {_SITEMAPS}>\n"]
    for (name, value), updated in parts.items():
        url = f"{origin}/sitemap.xml?{name}={quote(value, safe='/')}"
        lines.append(f"<sitemap><loc>{url}</loc><lastmod>{updated}</lastmod></sitemap>\n")
    return "".join([*lines, "</sitemapindex>\n"]).encode()


def _original(update: Update) -> str:
    publisher, slug = update.address
    return f"{publisher}/{update.translation_of or slug}"


def _translations(origin: str, updates: Iterable[Update]) -> dict[str, str]:
    """Return the links between an original and its translations, by the original's address.

    They stand in the sitemap and not on pages: a page is set once, before it is translated. Those
    of one publisher are neighbours; a pair in two sitemaps goes untold.
    """
    originals = {_original(each) for each in updates if each.translation_of}
    groups: dict[str, list[Update]] = defaultdict(list)
    for each in updates:
        if _original(each) in originals:
            groups[_original(each)].append(each)
    return {original: "".join(_links(origin, group)) for original, group in groups.items()}


def _links(origin: str, group: Iterable[Update]) -> Iterator[str]:
    for each in group:
        url = f"{origin}/documents/{each.address}"
        yield f'<xhtml:link rel="alternate" hreflang="{each.language}" href="{url}"/>'
