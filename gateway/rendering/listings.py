"""Lists of documents as pages and feeds tell them: of the site, a publisher, one of its groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from gateway.core.bundles import Entry
from gateway.core.groups import KINDS, Group, group_name
from gateway.core.profiles import UNSAID, Profile

SITE = "Paidgate"  # the name of a site that has given itself none
FEED = "feed.xml"
_NEVER = "1970-01-01T00:00:00Z"  # when a feed without entries was updated


def path_of(publisher: str, group: Group) -> str:
    """Return the address of a group of a publisher's documents."""
    return f"/documents/{publisher}/{group.kind}/{quote(group.name, safe='')}"


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a list. A list is of everything, of a publisher, or of one of its groups."""

    origin: str
    publisher: str = ""
    collection: str = ""
    entries: Sequence[Entry] = ()
    here: str = ""
    """Where this page begins, "" for the first."""
    following: str = ""
    """Where the next page begins, "" after the last."""
    author: str = ""
    """As addresses name them."""
    tag: str = ""
    profile: Profile = UNSAID
    """What the publisher says of itself."""

    @property
    def group(self) -> Group | None:
        """Which of its publisher's groups it is of, if it is of one."""
        named = zip(KINDS, (self.collection, self.author, self.tag), strict=True)
        return next((Group(kind, name) for kind, name in named if name), None)

    @property
    def path(self) -> str:
        """The address of its first page."""
        if self.group:
            return path_of(self.publisher, self.group)
        return f"/documents/{self.publisher}" if self.publisher else "/"

    @property
    def name(self) -> str:
        """What it is called, "" for everything."""
        if self.author or self.tag:
            return next(self._said(), self.author or self.tag)
        return self.collection or self.by

    @property
    def by(self) -> str:
        """By what name the publisher is shown, "" for none."""
        return self.profile.name or self.publisher

    def _said(self) -> Iterator[str]:
        """Yield what its documents call it."""
        for entry in self.entries:
            texts = [entry.author] if self.author else entry.tags or ()
            yield from (each for each in texts if group_name(each) == (self.author or self.tag))

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
