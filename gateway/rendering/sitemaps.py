"""Sitemaps: where documents are, when each was updated, and what is a translation of what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

from gateway.ports import Update

MOST = 50_000  # addresses that one sitemap may hold, by its protocol

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SITEMAPS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_XHTML = 'xmlns:xhtml="http://www.w3.org/1999/xhtml"'


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


def index(origin: str, parts: Iterable[tuple[str, str]]) -> bytes:
    """Return an index of sitemaps: after which address each begins, and when it was updated."""
    lines = [_HEAD, f"<sitemapindex {_SITEMAPS}>\n"]
    for after, updated in parts:
        url = f"{origin}/sitemap.xml?after={quote(after, safe='/')}"
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
