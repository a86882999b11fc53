"""By what a store of documents is known again."""

from __future__ import annotations

from typing import Protocol


class StoreName(Protocol):
    """A name that lies in the store itself, whatever address leads there.

    Every method raises Unavailable when the store does not answer.
    """

    @property
    def place(self) -> str:
        """Return the address of the store, in words for people."""

    async def read(self) -> str:
        """Return the name of the store, "" for none."""

    async def keep(self, name: str) -> None:
        """Name the store; one that has a name keeps it."""
