"""What the use cases need of the world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.core.bundles import Bundle, Entry
from gateway.core.documents import Address, FullText, Meta, Projection, Rendering
from gateway.core.markers import Marker
from gateway.core.permits import Permit
from gateway.core.rights import Grant


class Clock(Protocol):
    """Time and chance, so that tests can freeze both."""

    def now(self) -> int:
        """Return Unix seconds."""

    def fresh_id(self) -> str:
        """Return an unguessable id of at least 120 bits, [a-z0-9] only."""


# --- what is on record -------------------------------------------------------------------------


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
    public_digest: str  # of the projection, its times left out
    published: str  # RFC 3339; of the document's first edition
    updated: str  # RFC 3339; when the public projection last changed
    sections: tuple[tuple[bool, int, int], ...] = ()  # paid, line, end_line


@dataclass(frozen=True, slots=True)
class Reader:
    """A browser that has redeemed, and every grant redeemed in it (revoked ones too)."""

    id: str
    auth_epoch: int
    grants: tuple[Grant, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A stored answer to a POST with an Idempotency-Key."""

    fingerprint: str  # of the request
    status: int
    body: bytes


class Ledger(Protocol):
    """The record of truth. Each method is one transaction, durable when it returns.

    Every method raises Unavailable when the ledger does not answer.
    """

    async def ping(self) -> None: ...

    async def add_publisher(self, publisher: str, key_hash: str, at: int) -> None:
        """Add a publisher, or give an existing one another key besides those it has.

        key_hash "" adds no key. The same again changes nothing.
        """

    async def publisher_of(self, key_hash: str) -> str | None:
        """Return whose key has this hash."""

    async def current(self, address: Address) -> Edition | None:
        """Return the current edition, None where there is no document or it is deleted."""

    async def edition(self, address: Address, edition: str) -> Edition | None: ...

    async def editions(self, address: Address, before: str, limit: int) -> Sequence[Edition]:
        """Return editions, newest first, that come after `before` in that order ("" = all)."""

    async def documents(self, publisher: str, after: str, limit: int) -> Sequence[Edition]:
        """Return the current editions of a publisher's documents with slug > after, by slug."""

    async def make_current(self, edition: Edition, expected: str | None) -> None:
        """Record the edition if new, make it current, and note its projection as unsettled.

        `expected` is the id of the edition that must be current now (None: no document).
        Raises Stale.
        """

    async def remove(self, address: Address, expected: str) -> None:
        """Delete a document and note its projection as unsettled. Raises Stale."""

    async def unsettled(self, limit: int) -> Sequence[Address]:
        """Return addresses whose public projection may lag behind the record."""

    async def settle(self, address: Address, edition: str | None) -> bool:
        """Forget that address is unsettled, if `edition` (None: deleted) is still current.

        Return whether it is.
        """

    async def add_grant(self, grant: Grant) -> Grant:
        """Record a grant, or return the one on record for the same (source, source_ref, scope).

        A grant with an empty source_ref is always new.
        """

    async def grant(self, grant: str) -> Grant | None: ...

    async def grants(
        self, publisher: str, *, subject: str, scope: str, after: str, limit: int
    ) -> Sequence[Grant]:
        """Return grants of a publisher by id > after; subject and scope filter when not ""."""

    async def revoke(self, grant: str, at: int) -> None:
        """Set revoked_at where it is not set yet; never clear it."""

    async def reader(self, reader: str) -> Reader | None: ...

    async def redeem(self, reader: str, grant: str, at: int) -> Reader:
        """Add a grant to a reader (made if new); the same again changes nothing.

        Raises UsedUp when the grant is already in as many readers as it has devices.
        """

    async def sign_out(self, reader: str) -> None:
        """Raise the reader's auth_epoch, so that its cookies end."""

    async def answer(self, publisher: str, key: str) -> Answer | None: ...

    async def keep_answer(self, publisher: str, key: str, answer: Answer, at: int) -> None: ...

    async def close(self) -> None: ...


# --- where texts rest --------------------------------------------------------------------------


class PublicStore(Protocol):
    """Public bundles and the catalogue of their entries. It holds no paid byte."""

    async def put(self, address: Address, bundle: Bundle) -> None:
        """Make the bundle current, all forms at once and durably, and list its entry."""

    async def get(self, address: Address) -> Bundle | None: ...

    def ready(self, address: Address) -> Bundle | None:
        """Return what get would, if that takes no waiting; None says nothing. May raise."""

    async def delete(self, address: Address) -> None: ...

    async def entries(self, publisher: str, before: str, limit: int) -> Sequence[Entry]:
        """Return entries newest first by (published, address); publisher "" means all.

        `before` is a cursor made by `cursor(entry)`; "" starts at the newest.
        """

    async def ping(self) -> None: ...


def cursor(entry: Entry) -> str:
    """Return the place of an entry in the order of the catalogue."""
    return f"{entry.published} {entry.address}"


@dataclass(frozen=True, slots=True)
class Sealed:
    """All that is kept of one edition; the public bundle too, for rollback and for recovery."""

    source: bytes
    full: Bundle
    public: Bundle


class Vault(Protocol):
    """Where paid text rests: each edition, immutable.

    Every method raises Unavailable when the store does not answer, Missing for no such edition.
    """

    async def keep(self, address: Address, edition: str, sealed: Sealed) -> None:
        """Store durably; the same edition again changes nothing."""

    async def open(self, permit: Permit) -> Bundle:
        """Return the full forms that a permit names."""

    async def source(self, address: Address, edition: str) -> bytes:
        """Return the source, for its publisher."""

    async def public(self, address: Address, edition: str) -> Bundle:
        """Return the public bundle of an edition, current or not."""

    async def ping(self) -> None: ...


# --- how texts are made ------------------------------------------------------------------------


class Format(Protocol):
    """One source format."""

    name: str
    media_type: str
    suffixes: tuple[str, ...]

    def misplaced(self, text: str, markers: Sequence[Marker]) -> Sequence[Marker]:
        """Return the markers that stand inside markup and not in running text."""

    def render(self, text: str, title: str = "") -> Rendering:
        """Return the text in sanitised, well-formed forms.

        PLACEHOLDER and PAGE stay where they stand, as letters. Rendering.title is `title`, or
        else the first heading or line that holds no PLACEHOLDER ("" where there is none); where
        the first block says just the title, the forms leave it out.
        """


class Press(Protocol):
    """Sets texts into the forms in which they are sent."""

    def public(self, projection: Projection, edition: str) -> Bundle: ...

    def full(self, full: FullText, edition: str) -> Bundle: ...


@dataclass(frozen=True, slots=True)
class Source:
    """A decoded source: what it declares, and its running text, which starts at `line`."""

    text: str
    front: str
    meta: Meta
    body: str
    line: int


class Formats(Protocol):
    """The source formats there are."""

    def named(self, name: str) -> Format: ...

    def of_media_type(self, media_type: str) -> str:
        """Return the name of the format with this media type. Raises Unsupported."""

    def of_suffix(self, suffix: str) -> str:
        """Return the name of the format of files that end so. Raises Unsupported."""

    def read(self, body: bytes, charset: str | None) -> Source:
        """Decode strictly, once, and take the front matter off. Raises Refused, Unsupported."""
