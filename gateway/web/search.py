"""Search over free text, as a page and as JSON. What it tells is a function of free text alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.bundles import Damaged, Entry
from gateway.core.documents import valid_name
from gateway.core.errors import Malformed, Missing, NotSearchable, Unavailable
from gateway.core.search_terms import MOST_CHARACTERS, MOST_TERMS, SearchQuery, query_of
from gateway.core.snippets import Stretch, marked, snippet
from gateway.ports import SearchIndex
from gateway.ports.search_index import MOST_HITS, Hit, Hits
from gateway.rendering.encodings import NOW, public_representation
from gateway.rendering.pages import Language, Pages
from gateway.rendering.representations import HTML
from gateway.web.http.requests import count
from gateway.web.http.sending import send_public

PATH = "/search"
PAGE_SIZE = 20
MOST_SHOWN = 1_000  # characters of a query that stand in the form again, searched for or not


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for. text: its query, as it can be shown."""

    text: str
    publisher: str
    collection: str
    page: int

    @property
    def query(self) -> SearchQuery:
        """What is looked for."""
        return query_of(self.text, self.publisher, self.collection)

    def link(self, path: str, page: int) -> str:
        """Return the link to another page of what was found."""
        told = {"q": self.text, "publisher": self.publisher, "collection": self.collection}
        told["page"] = str(page) if page > 1 else ""
        return f"{path}?{urlencode({name: value for name, value in told.items() if value})}"


@dataclass(frozen=True, slots=True)
class Found:
    """One document that was found, as it is shown."""

    entry: Entry
    title: Sequence[Stretch]
    snippet: Sequence[Stretch]

    @classmethod
    def of(cls, hit: Hit, query: SearchQuery) -> Found:
        """Return a hit with the words of its query marked."""
        entry = hit.entry
        around = snippet(hit.text, query) or marked(entry.summary, query)
        return cls(entry, marked(entry.title, query), around)


class Search:
    """The search. It never looks at a credential."""

    def __init__(
        self, index: SearchIndex, pages: Pages, language: Language, base_url: str = ""
    ) -> None:
        self._index = index
        self._pages = pages
        self._language = language
        self._base = base_url.rstrip("/")

    def routes(self) -> list[Route]:
        """Return the routes of this surface."""
        return [Route(PATH, self.page), Route(f"{PATH}.json", self.json)]

    async def page(self, request: Request) -> Response:
        """Send a page of what was found."""
        asked = _asked(request)
        hits = await self._find(asked)
        body = self._pages.render("search.html", self._language, **facts(asked, hits))
        return send_public(request, public_representation(HTML, body, NOW))

    async def json(self, request: Request) -> Response:
        """Send what the page says, for programs."""
        asked = _asked(request)
        hits = await self._find(asked)
        told = {
            "query": asked.text,
            "is_cut": asked.query.is_cut,
            "total": hits.total,
            "is_more": hits.total == MOST_HITS,
            "hits": [self._facts(one) for one in _shown(hits, asked.query)],
            "next": _after(asked, hits, f"{self._base}{PATH}.json") or None,
        }
        body = (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()
        return send_public(request, public_representation("application/json", body, NOW))

    async def _find(self, asked: Asked) -> Hits:
        first = (asked.page - 1) * PAGE_SIZE
        try:
            hits = await self._index.find(asked.query, first, PAGE_SIZE)
        except (Damaged, Unavailable):
            raise NotSearchable from None
        if first and not hits.found:
            raise Missing("page")
        return hits

    def _facts(self, one: Found) -> dict[str, object]:
        entry = one.entry
        return {
            "title": entry.title,
            "address": str(entry.address),
            "url": f"{self._base}/documents/{entry.address}",
            "language": entry.language,
            "author": entry.author,
            "published": entry.published,
            "updated": entry.updated,
            "snippet": "".join(piece.text for piece in one.snippet),
            "marks": _marks(one.snippet),
        }


def facts(asked: Asked, hits: Hits) -> dict[str, object]:
    """Return what the page says of what was found."""
    query = asked.query
    return {
        "asked": asked,
        "found": _shown(hits, query),
        "total": hits.total,
        "is_more": hits.total == MOST_HITS,
        "is_asked": bool(query.terms),
        "is_cut": query.is_cut,
        "most_characters": MOST_CHARACTERS,
        "most_terms": MOST_TERMS,
        "before": asked.link(PATH, asked.page - 1) if asked.page > 1 else "",
        "after": _after(asked, hits, PATH),
    }


def _asked(request: Request) -> Asked:
    """Return what is asked for. Raises Malformed."""
    given = request.query_params
    written = given.get("q", "")[:MOST_SHOWN]
    text = "".join(c if c.isprintable() else " " for c in written)
    publisher, collection = given.get("publisher", ""), given.get("collection", "")
    if publisher:
        valid_name(publisher, "publisher")
    if collection:
        valid_name(collection, "collection")
        if not publisher:
            raise Malformed(
                "A collection is one of a publisher.",
                where="collection",
                hint="Name the publisher too: publisher=…&collection=….",
            )
    page = count(request, "page", 1, MOST_HITS // PAGE_SIZE)
    return Asked(text, publisher, collection, page)


def _shown(hits: Hits, query: SearchQuery) -> list[Found]:
    return [Found.of(hit, query) for hit in hits.found]


def _after(asked: Asked, hits: Hits, path: str) -> str:
    """Return the link to the next page, "" at the end."""
    return asked.link(path, asked.page + 1) if asked.page * PAGE_SIZE < hits.total else ""


def _marks(pieces: Sequence[Stretch]) -> list[tuple[int, int]]:
    """Return where the words of the query stand in a snippet, in characters."""
    marks, at = [], 0
    for piece in pieces:
        if piece.is_hit:
            marks.append((at, at + len(piece.text)))
        at += len(piece.text)
    return marks
