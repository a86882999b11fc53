"""Where public bundles rest."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import NamedTuple, Protocol

from gateway.core.bundles import Bundle, Entry, Variant
from gateway.core.documents import MAX_ORDER, Address
from gateway.core.groups import Group
from gateway.ports.vault import Health


class Seal(Protocol):
    """What tells whether that with which it came is still what its store has."""

    def holds(self) -> bool:
        """Tell, without waiting."""


class Update(NamedTuple):
    """Where a document is, when what is public of it last changed, and of what it is a translation.

    None of its words holds a space.
    """

    address: Address
    updated: str
    language: str
    translation_of: str

    @classmethod
    def of(cls, entry: Entry) -> Update:
        """Return what an entry says."""
        return cls(entry.address, entry.updated, entry.language, entry.translation_of)


IsDue = Callable[[], Awaitable[bool]]


class PublicStore(Protocol):
    """Public bundles and the catalogue of their entries. It holds no paid byte.

    What a publisher says of itself is a bundle too, at `place_of` it and without an entry.
    """

    async def mark(self, address: Address) -> str:
        """Return what tells the bundle that is there from those before and after, "" for none."""

    async def put(self, address: Address, bundle: Bundle, since: str | None = None) -> None:
        """Make the bundle current, all forms at once and durably, and list its entry.

        since: what is there must still have this mark, or Stale is raised and nothing changed.
        """

    async def get(self, address: Address) -> Bundle | None:
        """Return the current bundle. Raises Damaged."""

    async def form(self, address: Address, form: str, coding: str) -> Variant | None:
        """Return a form of what get would, in a coding, or else as it is.

        A long one is the same for all that hold it at a time.
        Raises Moved, Missing, Damaged, Unavailable, Busy.
        """

    async def look(self, address: Address, is_due: IsDue | None = None) -> tuple[Health, str]:
        """Return how the bundle is found, and the edition that it is of ("" for none).

        is_due: asked where there is none, or a list does not name it, whether that is damage.
        """

    def addresses(self) -> AsyncIterator[Address]:
        """Yield where there is a bundle of a document, or of one that moved."""

    async def rebuild(self) -> None:
        """Make the catalogue anew from the bundles; what is damaged is left out."""

    def ready(self, address: Address, form: str, coding: str) -> tuple[Seal, Variant] | None:
        """Return a form of what get would, in a coding, or else as it is.

        None where that takes waiting, or it is long; None says nothing. It may raise.
        """

    async def delete(self, address: Address, since: str | None = None) -> None: ...

    async def entries(
        self, publisher: str, before: str, limit: int, group: Group | None = None
    ) -> Sequence[Entry]:
        """Return entries newest first by (published, address); publisher "" means all.

        `before` is a cursor made by `cursor(entry)`; "" starts at the newest. group: one of the
        publisher's, None for whatever is in any or in none.
        """

    async def members(
        self, publisher: str, collection: str, after: str, limit: int
    ) -> Sequence[Entry]:
        """Return entries of a collection in its order, after a `position(entry)` ("" = all)."""

    async def groups(self, publisher: str) -> Sequence[Group]:
        """Return the groups that a publisher's documents are in, by kind and name."""

    async def updates(self, after: str, limit: int) -> Sequence[Update]:
        """Return where there is a document and when it was updated, by address, after one."""

    async def listed(self) -> str:
        """Return what tells the lists that there are from those before and after.

        It is asked before a list is, and what is made of that list is good while it is the same.
        """

    def listed_now(self) -> str | None:
        """Return what listed does, None where that takes waiting."""

    async def ping(self) -> None:
        """Raise Unavailable unless it answers, and Damaged while something known is damaged."""


def cursor(entry: Entry) -> str:
    """Return the place of an entry in the order of the catalogue."""
    return f"{entry.published} {entry.address}"


def position(entry: Entry) -> str:
    """Return the place of an entry in the order of its collection."""
    return f"{entry.order + MAX_ORDER:07d} {cursor(entry)}"
