"""The library: what a reader may read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.documents import Address
from gateway.usecases.profiles import Profiles
from gateway.usecases.reading import Reading, Shelved
from gateway.usecases.redeeming import Redeeming
from gateway.web.readers.cookies import ReaderCookies
from gateway.web.readers.pages import ReaderPages

LIBRARY_SIZE = 100
LIBRARY = "/library"


class LibraryPage:
    """The part of the reader surface that shows the library."""

    def __init__(
        self,
        reading: Reading,
        redeeming: Redeeming,
        profiles: Profiles,
        pages: ReaderPages,
        cookies: ReaderCookies,
    ) -> None:
        self._reading = reading
        self._redeeming = redeeming
        self._profiles = profiles
        self._pages = pages
        self._cookies = cookies

    def routes(self) -> list[Route]:
        """Return the route of the library."""
        return [Route(LIBRARY, self.library)]

    async def library(self, request: Request) -> Response:
        """Show what this reader may read."""
        after = _after(request)
        reader_cookie = self._cookies.reader(request)
        found = await self._reading.shelf(reader_cookie, LIBRARY_SIZE + 1, after)
        shelved = found[:LIBRARY_SIZE]
        following = str(shelved[-1].edition.address) if len(found) > LIBRARY_SIZE else ""
        places = await self._reading.places(reader_cookie)
        publishers = {one.edition.address.publisher for one in shelved}
        publishers |= {one.grant.scope.publisher for one in places}
        return self._pages.page(
            request,
            "library.html",
            shelves=_shelves(shelved),
            count=len(shelved),
            places=places,
            names={each: await self._profiles.name(each) for each in publishers},
            following=following,
            is_first=after is None,
            once=self._redeeming.once(),
        )


def _shelves(shelved: Sequence[Shelved]) -> list[tuple[str, str, list[Shelved]]]:
    """Return documents by the publisher and the collection that they belong to."""

    def place(one: Shelved) -> tuple[str, str]:
        return one.edition.address.publisher, one.edition.collection

    ordered = sorted(shelved, key=place)
    return [(*where, list(group)) for where, group in groupby(ordered, key=place)]


def _after(request: Request) -> Address | None:
    after = request.query_params.get("after", "")
    publisher, _, slug = after.partition("/")
    return Address.of(publisher, slug) if after else None
