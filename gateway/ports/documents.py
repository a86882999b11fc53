"""What is on record of documents."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.core.documents import Address


@dataclass(frozen=True, slots=True)
class Edition:
    """One published state of a document, immutable."""

    id: str
    address: Address
    made_at: int
    format: str
    title: str
    language: str
    collection: str
    public_digest: str  # of the projection, its times and sizes left out
    published: str  # RFC 3339; of the document's first edition
    updated: str  # RFC 3339; when what public_digest is of last changed
    sections: tuple[tuple[bool, int, int], ...] = ()  # paid, line, end_line
    source_digest: str = ""  # of what was submitted, and of all else that decides the bytes


class DocumentRecords(Protocol):
    """Where it is on record which editions there are, and which is current."""

    async def current(self, address: Address) -> Edition | None:
        """Return the current edition, None where there is no document or it is deleted."""

    async def edition(self, address: Address, edition: str) -> Edition | None:
        """Return an edition of the document that is at an address, current or not."""

    async def editions(self, address: Address, before: str, limit: int) -> Sequence[Edition]:
        """Return editions, newest first, that come after `before` in that order ("" = all).

        Those of the document that is at the address, or was last: none of one that was there
        before it and moved on.
        """

    async def documents(
        self, publisher: str, after: str, limit: int, *, collection: str = ""
    ) -> Sequence[Edition]:
        """Return the current editions of a publisher's documents with slug > after, by slug.

        collection filters when not "".
        """

    async def all_editions(self, after: Edition | None, limit: int) -> Sequence[Edition]:
        """Return editions of all documents, deleted ones too, by address and id, after one."""

    async def make_current(self, edition: Edition, expected: str | None, erasures: int = 0) -> None:
        """Record the edition if new, make it current, and note its projection as unsettled.

        `expected` is the id of the edition that must be current now (None: no document, which
        must have been erased as often as `erasures` says, and not be just now). Raises Stale.
        """

    async def remove(self, address: Address, expected: str, at: int | None = None) -> None:
        """Delete a document and note its projection as unsettled. Raises Stale.

        at: since when it waits to be erased, None for never.
        """

    async def rename(self, before: Edition, after: Edition, erasures: int = 0) -> None:
        """Record an edition at another address, and that the document of `before` moved there.

        What moved to the old address before moves along, and so does each right and code that names
        it. Its editions stay where they are, and its own. The new address has no document, and was
        erased so often. Raises Stale.
        """

    async def moved(self, address: Address) -> str:
        """Return the slug to which a document moved, "" for one that did not."""

    async def former(self, address: Address) -> Sequence[Address]:
        """Return the addresses from which documents moved to one, in order."""

    async def waiting(self, deleted: int, limit: int) -> Sequence[Address]:
        """Return documents that were deleted until then, or whose erasure has begun, in order."""

    async def erasures(self, address: Address) -> int:
        """Return how often the erasure of a document has begun and ended: odd while one runs."""

    async def begin_erasing(self, address: Address, expected: str | None) -> None:
        """Delete a document with the record of every edition, and note that it is being erased.

        That it moved is forgotten. Its projection is noted as unsettled. Raises Stale, and Missing
        where nothing is on record.
        """

    async def elsewhere(self, address: Address) -> Sequence[Edition]:
        """Return the editions of a document that lie where it was before, in order.

        Those of one that is being erased too, where another document is by now.
        """

    async def of_others(self, address: Address) -> Collection[str]:
        """Return the ids of editions that lie at an address and are not of its document."""

    async def end_erasing(self, address: Address, erasures: int) -> None:
        """Note that all that was kept of a document is gone, if that is still the same erasure.

        What lay elsewhere of it is off the record with this.
        """

    async def unsettled(self, limit: int, after: Address | None = None) -> Sequence[Address]:
        """Return addresses whose public projection may lag behind the record, in order.

        Only those after an address, if one is given.
        """

    async def settle(self, address: Address, edition: str | None, moved: str = "") -> bool:
        """Forget that address is unsettled, if `edition` (None: deleted) is still current.

        moved: the slug to which its document moved. Return whether all that is so.
        """
