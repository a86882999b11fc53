"""Lists of documents as pages and feeds tell them: of the site, a publisher or a collection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from gateway.core.bundles import Entry
from gateway.core.profiles import UNSAID, Profile

SITE = "Paidgate"  # the name of a site that has given itself none
FEED = "feed.xml"
_NEVER = "1970-01-01T00:00:00Z"  # when a feed without entries was updated


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a list. A list is of everything, of a publisher, or of one of its collections."""

    origin: str
    publisher: str = ""
    collection: str = ""
    entries: Sequence[Entry] = ()
    here: str = ""
    """Where this page begins, "" for the first."""
    following: str = ""
    """Where the next page begins, "" after the last."""
    profile: Profile = UNSAID
    """What the publisher says of itself."""

    @property
    def path(self) -> str:
        """The address of its first page."""
        if self.collection:
            return f"/documents/{self.publisher}/collections/{self.collection}"
        return f"/documents/{self.publisher}" if self.publisher else "/"

    @property
    def name(self) -> str:
        """What it is called, "" for everything."""
        return self.collection or self.by

    @property
    def by(self) -> str:
        """By what name the publisher is shown, "" for none."""
        return self.profile.name or self.publisher

    @property
    def url(self) -> str:
        """The address of this page."""
        return self.origin + (self.page(self.here) if self.here else self.path)

    @property
    def feed(self) -> str:
        """The address of its feed."""
        return f"{self.path.rstrip('/')}/{FEED}"

    @property
    def updated(self) -> str:
        """When the latest of its entries was updated."""
        return max((e.updated for e in self.entries), key=datetime.fromisoformat, default=_NEVER)

    @property
    def parameter(self) -> str:
        """The query parameter that says where a page begins."""
        return "after" if self.collection else "before"

    def page(self, begins: str) -> str:
        """Return the address of the page that begins somewhere."""
        return f"{self.path}?{self.parameter}={quote(begins, safe='')}"

    def of(self, entry: Entry) -> str:
        """Return the address of a document."""
        return f"{self.origin}/documents/{entry.address}"
