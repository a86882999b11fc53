"""Public lists: catalogue, publishers, their groups, all with feeds, and the sitemap.

As previews they are functions of free text alone, made once and sent to everyone. Nothing here
looks at a credential.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.bundles import Damaged, Entry, Representation
from gateway.core.documents import NAME, Address, is_name
from gateway.core.errors import Malformed, Missing
from gateway.core.groups import KINDS, group_name
from gateway.core.profiles import UNSAID, Profile, place_of
from gateway.ports import PublicStore, Update, cursor, position
from gateway.rendering.encodings import NOW, public_representation
from gateway.rendering.linked_data import of_listing
from gateway.rendering.listings import FEED, SITE, Listing, path_of
from gateway.rendering.pages import Language, Pages
from gateway.rendering.profiles import profile_of
from gateway.rendering.representations import HTML
from gateway.rendering.sitemaps import AFTER, LISTS, MOST, SiteMaps, index, sitemap
from gateway.web.http.fast_path import PlainRequest, PreparedResponse
from gateway.web.http.links import Links
from gateway.web.http.requests import document_in
from gateway.web.http.sending import coding_for, public_answer, send_public
from gateway.web.list_cache import ListCache, Make
from gateway.web.search import PATH as SEARCH

PAGE_SIZE = 20
NEAR = 3  # documents that a document leads to
MAX_GROUP = 400  # characters of a name that are looked at: more than fits
ATOM = "application/atom+xml; charset=utf-8"
XML = "application/xml; charset=utf-8"

_PLAIN = re.compile(
    f"/|(?:/documents/{NAME}(?:/collections/{NAME})?)?(/{re.escape(FEED)})?".encode(), re.ASCII
)
_PART = 2_000  # documents that a sitemap asks for at a time


class Lists:
    """The lists of a public store."""

    def __init__(self, store: PublicStore, pages: Pages, links: Links, language: Language) -> None:
        self._store = store
        self._pages = pages
        self._links = links
        self._language = language
        self._head = b"content-language: %b\r\n" % language.encode()
        self._cache = ListCache(store)
        self._known: tuple[str | None, SiteMaps] = (None, SiteMaps())

    def routes(self) -> list[Route]:
        """Return the routes of this surface."""
        publisher = "/documents/{publisher}"
        groups = [f"{publisher}/{kind}/{{{kind.removesuffix('s')}}}" for kind in KINDS]
        return [
            *(Route(path, self.page) for path in ("/", publisher, *groups)),
            *(Route(f"{path}/{FEED}", self.feed) for path in ("", publisher, *groups)),
            Route("/documents/{publisher}/{slug}/near.html", self.near),
            Route("/sitemap.xml", self.sitemap),
        ]

    def ready(self, ask: PlainRequest) -> PreparedResponse | None:
        """Return the answer of the first page, or the feed, of a list if it takes no waiting."""
        found = None if ask.has_query else _PLAIN.fullmatch(ask.path)
        if found is None:
            return None
        path, feed = found[0].decode(), found[1]
        origin = self._links.base
        if feed:
            path, scheme = path[: -len(FEED) - 1] or "/", "https" if ask.is_https else "http"
            origin = self._links.known_origin(ask.headers.get(b"host", b"").decode(), scheme)
        made = self._cache.ready(("feed" if feed else "page", origin, path, ""))
        return public_answer(ask, made.variant(coding_for(ask))) if made else None

    async def page(self, request: Request) -> Response:
        """Send a page of a list."""
        wanted = self._wanted(request, self._links.base)
        here = request.query_params.get(wanted.parameter, "")
        if len(here) > 200 or not here.isprintable():
            raise Malformed("This page of the list does not exist.", where=wanted.parameter)
        return await self._send(request, "page", replace(wanted, here=here), self._page)

    async def feed(self, request: Request) -> Response:
        """Send the feed of a list: its newest documents."""
        wanted = self._wanted(request, self._links.origin(request))
        return await self._send(request, "feed", wanted, self._feed)

    async def sitemap(self, request: Request) -> Response:
        """Send the sitemap, its index where there is too much for one, or one of its parts."""
        origin, asked = self._links.origin(request), request.query_params
        part = next(((name, asked[name]) for name in (AFTER, LISTS) if name in asked), None)
        if part is None:
            return await self._answer(request, ("sitemap", origin), partial(self._whole, origin))
        maps = await self._maps()
        if maps.is_one or part not in maps.parts():
            raise Missing("sitemap")
        make = partial(self._part, origin, *part)
        return await self._answer(request, ("sitemap", origin, *part), make)

    async def near(self, request: Request) -> Response:
        """Send what stands near a document: a piece of a page, which its page fetches."""
        address = document_in(request)
        return await self._answer(request, ("near", str(address)), partial(self._near, address))

    async def _near(self, address: Address) -> Representation | None:
        bundle = await self._store.get(address)
        if bundle is None or bundle.entry is None:
            return None
        body = self._pages.render(
            "near.html", self._language, entries=await self._after(bundle.entry)
        )
        return public_representation(HTML, body, NOW, self._head)

    async def _after(self, entry: Entry) -> Sequence[Entry]:
        """Return what follows a document in its collection, and then what begins it.

        Of one that is in none, what its publisher has newest.
        """
        publisher, most = entry.address.publisher, NEAR + 1
        if not entry.collection:
            found = list(await self._store.entries(publisher, "", most))
        else:
            members = partial(self._store.members, publisher, entry.collection)
            found = [*await members(position(entry), NEAR), *await members("", most)]
        others = {each.address: each for each in found if each.address != entry.address}
        return list(others.values())[:NEAR]

    # --- pages and feeds ---

    def _wanted(self, request: Request, origin: str) -> Listing:
        names = dict(request.path_params)
        for kind in ("author", "tag"):
            if kind in names:
                names[kind] = group_name(names[kind][:MAX_GROUP])
        plain = (name for kind, name in names.items() if kind in ("publisher", "collection"))
        if not all(names.values()) or not all(map(is_name, plain)):
            raise Missing("list")
        return Listing(origin, **names)

    async def _send(
        self,
        request: Request,
        kind: str,
        wanted: Listing,
        make: Callable[[Listing], Make],
    ) -> Response:
        key = kind, wanted.origin, wanted.path, wanted.here
        return await self._answer(request, key, make(wanted))

    async def _answer(self, request: Request, key: tuple[str, ...], make: Make) -> Response:
        made = await self._cache.get(key, make)
        if made is None:
            raise Missing("list")
        return send_public(request, made)

    def _page(self, wanted: Listing) -> Make:
        async def make() -> Representation | None:
            found = await self._entries(wanted, PAGE_SIZE + 1)
            if wanted.publisher and not found:
                return None  # a publisher of whom nothing can be read does not exist in public
            shown, place = found[:PAGE_SIZE], position if wanted.collection else cursor
            following = place(shown[-1]) if len(found) > PAGE_SIZE else ""
            said = await self._said(wanted, shown)
            listing = replace(wanted, entries=shown, following=following, profile=said)
            data = of_listing(listing, SITE, SEARCH)
            return self._made(HTML, "catalogue.html", listing, linked_data=data)

        return make

    def _feed(self, wanted: Listing) -> Make:
        async def make() -> Representation | None:
            found = await self._store.entries(wanted.publisher, "", PAGE_SIZE, wanted.group)
            if wanted.publisher and not found:
                return None
            listing = replace(wanted, entries=found, profile=await self._said(wanted, found))
            return self._made(ATOM, FEED, listing)

        return make

    async def _said(self, wanted: Listing, entries: Sequence[Entry]) -> Profile:
        """Return what the publisher of a list says of itself. Raises Damaged."""
        if not wanted.publisher:
            return UNSAID
        bundle = await self._store.get(place_of(wanted.publisher))
        if bundle is None and any(entry.said for entry in entries):
            raise Damaged("What a publisher says of itself is missing.")
        return profile_of(bundle)

    async def _entries(self, wanted: Listing, limit: int) -> Sequence[Entry]:
        if wanted.collection:
            return await self._store.members(
                wanted.publisher, wanted.collection, wanted.here, limit
            )
        return await self._store.entries(wanted.publisher, wanted.here, limit, wanted.group)

    def _made(
        self, media_type: str, template: str, listing: Listing, **context: object
    ) -> Representation:
        body = self._pages.render(template, self._language, listing=listing, site=SITE, **context)
        # Anyone can ask for a state that nobody has asked for.
        return public_representation(media_type, body, NOW, self._head)

    # --- the sitemap ---

    async def _whole(self, origin: str) -> Representation:
        maps = await self._maps()
        if not maps.is_one:
            return await _in_thread(partial(index, origin, maps.parts()))
        updates = [update async for update in self._updates("", MOST)]
        return await _in_thread(partial(sitemap, origin, maps.lists, updates))

    async def _part(self, origin: str, name: str, value: str) -> Representation:
        if name == LISTS:
            lists = (await self._maps()).lists_in(int(value))
            return await _in_thread(partial(sitemap, origin, lists, ()))
        updates = [update async for update in self._updates(value, MOST)]
        return await _in_thread(partial(sitemap, origin, (), updates))

    async def _maps(self) -> SiteMaps:
        mark = await self._store.listed()
        if self._known[0] != mark:
            self._known = mark, await self._divided()
        return self._known[1]

    async def _divided(self) -> SiteMaps:
        maps, publishers = SiteMaps(), dict[str, None]()
        async for update in self._updates("", None):
            maps.add(update)
            publishers[update.address.publisher] = None
        maps.lists = [path async for path in self._paths(publishers)]
        return maps

    async def _paths(self, publishers: Iterable[str]) -> AsyncIterator[str]:
        """Yield the address of every list that shows something."""
        yield Listing("").path
        for publisher in publishers:
            yield Listing("", publisher).path
            for group in await self._store.groups(publisher):
                yield path_of(publisher, group)

    async def _updates(self, after: str, most: int | None) -> AsyncIterator[Update]:
        while most is None or most > 0:
            size = _PART if most is None else min(most, _PART)
            found = await self._store.updates(after, size)
            for update in found:
                yield update
            if len(found) < size:
                return
            after = str(found[-1].address)
            most = None if most is None else most - size


async def _in_thread(make: Callable[[], bytes]) -> Representation:
    """Return what takes long to make, while others have their turn."""
    return await to_thread.run_sync(lambda: public_representation(XML, make(), NOW))
