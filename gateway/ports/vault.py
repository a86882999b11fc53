"""Where paid text rests."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from gateway.core.bundles import IDENTITY, Bundle, Variant
from gateway.core.documents import Address
from gateway.core.permits import Permit
from gateway.ports.shelf import Shelf


@dataclass(frozen=True, slots=True)
class Sealed:
    """All that is kept of one edition; the public bundle too, for rollback and for recovery."""

    source: bytes
    full: Bundle
    public: Bundle


class Health(StrEnum):
    """How a stored thing was found."""

    WHOLE = "whole"
    EARLIER = "of an earlier version"
    DAMAGED = "damaged"
    MISSING = "missing"

    @property
    def is_good(self) -> bool:
        return self in (Health.WHOLE, Health.EARLIER)


class Vault(Protocol):
    """Where paid text rests: each edition, immutable.

    Every method raises Unavailable when the store does not answer, Missing for no such edition,
    and Damaged for what is not what was kept.
    """

    @property
    def shelf(self) -> Shelf:
        """Where what stands beside a document is kept until it is published."""

    async def keep(self, address: Address, edition: str, sealed: Sealed) -> None:
        """Store durably; the same edition again changes nothing."""

    async def mend(self, address: Address, edition: str, sealed: Sealed) -> None:
        """Store an edition durably in place of what is there of it, damaged or missing."""

    async def bring_up(self, address: Address, edition: str) -> None:
        """Write an edition anew, with the same content, in this version."""

    async def look(self, address: Address, edition: str) -> Mapping[str, Health]:
        """Return how each part of an edition is found: full, public and source."""

    async def open(self, permit: Permit) -> Bundle:
        """Return the full forms that a permit names."""

    async def form(self, permit: Permit, form: str, coding: str = IDENTITY) -> Variant:
        """Return one full form that a permit names, in a coding or else as it is.

        A long one is the same for all that hold it at a time. Raises KeyError where there is no
        such form, and Busy too.
        """

    def at_hand(self, permit: Permit, form: str, coding: str = IDENTITY) -> Variant | None:
        """Return a form of the full text that a permit names, in a coding or else as it is.

        None where that takes waiting, or the text is long; None says nothing. It may raise.
        """

    async def source(self, address: Address, edition: str) -> bytes:
        """Return the source, for its publisher."""

    async def public(self, address: Address, edition: str) -> Bundle:
        """Return the public bundle of an edition, current or not."""

    async def editions(self, address: Address) -> Sequence[str]:
        """Return the ids of all editions that are kept of a document, on record or not."""

    async def erase(self, address: Address, editions: Collection[str]) -> None:
        """Take editions away for good, and what a crash has left; none that are not there."""

    def forget(self, address: Address, editions: Collection[str]) -> None:
        """Take up that editions are gone on purpose, and no damage."""

    async def ping(self) -> None:
        """Raise Unavailable unless it answers and has room; Damaged while something known is."""
