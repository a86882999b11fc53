"""Where the companions of documents wait to be shown."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple, Protocol

from gateway.core.bundles import Forms
from gateway.core.companions import Companion
from gateway.core.documents import Address


class MadeCompanion(NamedTuple):
    """A companion with its bytes: `whole`, and of a large picture `small`."""

    companion: Companion
    forms: Forms


class Shelf(Protocol):
    """Pictures and attachments by document and name, for their publisher alone.

    Every method raises Unavailable when the store does not answer.
    """

    async def put(self, address: Address, made: MadeCompanion) -> None:
        """Store durably, in place of what has the same name."""

    async def all(self, address: Address) -> Sequence[Companion]:
        """Return what is told of each companion of a document, by name. Raises Damaged."""

    async def sound(self, address: Address) -> Sequence[Companion]:
        """Return as `all` does, and leave out what is damaged."""

    async def get(self, address: Address, name: str) -> MadeCompanion | None:
        """Return a companion with its bytes. Raises Damaged."""

    async def remove(self, address: Address, name: str) -> bool:
        """Take a companion away for good; return whether it was there."""

    async def erase(self, address: Address) -> None:
        """Take every companion of a document away for good, and what a crash has left."""

    async def look(self, address: Address) -> Sequence[str]:
        """Read every companion of a document back; return which are damaged, in words."""

    def addresses(self) -> AsyncIterator[Address]:
        """Yield the documents that have companions."""
