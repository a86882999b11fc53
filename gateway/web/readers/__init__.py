"""The reader surface: unlock, read, see the library, sign out. Nothing here is cached."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.routing import Route

from gateway.ports import FailedAttempts
from gateway.rendering.pages import Pages
from gateway.usecases.moving import Moving
from gateway.usecases.profiles import Profiles
from gateway.usecases.reading import Reading
from gateway.usecases.redeeming import Redeeming
from gateway.web.http.fast_path import Responder
from gateway.web.http.links import Links
from gateway.web.http.under_way import UnderWay
from gateway.web.preview_cache import PreviewCache
from gateway.web.readers.cookies import ReaderCookies
from gateway.web.readers.library import LibraryPage
from gateway.web.readers.moving import MovePage
from gateway.web.readers.pages import ReaderPages
from gateway.web.readers.reading import FullTexts
from gateway.web.readers.refusals import Refusals
from gateway.web.readers.signing_out import SigningOut
from gateway.web.readers.unlocking import Unlocking

__all__ = ["Readers"]


class Readers:
    """Puts the reader surface together."""

    def __init__(
        self,
        reading: Reading,
        redeeming: Redeeming,
        attempts: FailedAttempts,
        previews: PreviewCache,
        pages: Pages,
        under_way: UnderWay,
        moving: Moving,
        profiles: Profiles,
        links: Links,
        *,
        is_https: bool,
    ) -> None:
        cookies, own_pages = ReaderCookies(is_https=is_https), ReaderPages(pages)
        self._texts = FullTexts(reading, previews, Refusals(pages), under_way, cookies)
        self._unlocking = Unlocking(
            reading, redeeming, moving, profiles, attempts, own_pages, cookies
        )
        self._library = LibraryPage(reading, redeeming, profiles, own_pages, cookies)
        self._moving = MovePage(reading, moving, links, own_pages, cookies)
        self._signing_out = SigningOut(reading, redeeming, own_pages, cookies)

    def responders(self) -> Mapping[bytes, Responder]:
        """Return who gives ready answers of this surface, by the first segment of the path."""
        return self._texts.responders()

    def routes(self) -> list[Route]:
        """Return the routes of this surface."""
        return [
            *self._texts.routes(),
            *self._unlocking.routes(),
            *self._library.routes(),
            *self._moving.routes(),
            *self._signing_out.routes(),
        ]
