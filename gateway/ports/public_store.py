"""Where public bundles rest."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from gateway.core.bundles import Bundle, Entry, Variant
from gateway.core.documents import Address
from gateway.ports.vault import Health


class Seal(Protocol):
    """What tells whether that with which it came is still what its store has."""

    def holds(self) -> bool:
        """Tell, without waiting."""


class PublicStore(Protocol):
    """Public bundles and the catalogue of their entries. It holds no paid byte."""

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

        A long one is the same for all that hold it at a time. Raises KeyError where the bundle has
        no such form; Damaged, Unavailable, Busy.
        """

    async def look(self, address: Address, *, is_due: bool = False) -> tuple[Health, str]:
        """Return how the bundle is found, and the edition that it is of ("" for none).

        is_due: there should be one, and it is damage if there is none.
        """

    def addresses(self) -> AsyncIterator[Address]:
        """Yield where there is a bundle."""

    async def rebuild(self) -> None:
        """Make the catalogue anew from the bundles; what is damaged is left out."""

    def ready(self, address: Address, form: str, coding: str) -> tuple[Seal, Variant] | None:
        """Return a form of what get would, in a coding, or else as it is.

        None where that takes waiting, or it is long; None says nothing. It may raise.
        """

    async def delete(self, address: Address, since: str | None = None) -> None: ...

    async def entries(self, publisher: str, before: str, limit: int) -> Sequence[Entry]:
        """Return entries newest first by (published, address); publisher "" means all.

        `before` is a cursor made by `cursor(entry)`; "" starts at the newest.
        """

    async def ping(self) -> None:
        """Raise Unavailable unless it answers, and Damaged while something known is damaged."""


def cursor(entry: Entry) -> str:
    """Return the place of an entry in the order of the catalogue."""
    return f"{entry.published} {entry.address}"
