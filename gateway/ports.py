"""What the use cases need of the world."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from gateway.core.bundles import Bundle, Entry, Variant
from gateway.core.chains import Anchor
from gateway.core.codes import Code
from gateway.core.documents import Address, FullText, Meta, Projection, Rendering
from gateway.core.markers import Marker
from gateway.core.permits import Permit
from gateway.core.records import Record
from gateway.core.rights import Grant, pack_rights, unpack_rights
from gateway.core.tokens import KeyState


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
    source_digest: str = ""  # of what was submitted, and of all else that decides the bytes


@dataclass(frozen=True, slots=True)
class Reader:
    """A browser that has redeemed, and every grant redeemed in it (revoked ones too)."""

    id: str
    auth_epoch: int
    grants: tuple[Grant, ...]
    version: int = 1  # raised by each change of the reader or of a grant of it


@dataclass(frozen=True, slots=True)
class Device:
    """A reader in which a grant was redeemed, and when."""

    reader: str
    at: int


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A change on record that not every worker is known to have heard of yet."""

    seq: int
    key: str  # of core.holders


@dataclass(frozen=True, slots=True)
class Answer:
    """A stored answer to a POST with an Idempotency-Key."""

    fingerprint: str  # of the request
    status: int
    body: bytes


class Anchors(Protocol):
    """Where the heads of the audit's chains are on record, apart from the chains.

    Every method raises Unavailable when the record does not answer.
    """

    async def anchor(self, anchor: Anchor) -> None:
        """Record how far a chain has come; a lower number than is on record changes nothing."""

    async def anchors(self) -> Sequence[Anchor]:
        """Return the head of every chain, by name."""


class Ledger(Anchors, Protocol):
    """The record of truth. Each method is one transaction, durable when it returns.

    What changes the rights of a holder, a document or the signing keys notes their keys as
    outgoing in the same transaction. Every method raises Unavailable when the ledger does not
    answer.
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

    async def documents(
        self, publisher: str, after: str, limit: int, *, collection: str = ""
    ) -> Sequence[Edition]:
        """Return the current editions of a publisher's documents with slug > after, by slug.

        collection filters when not "".
        """

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

    async def revoke(self, revoked: str, at: int) -> None:
        """Set revoked_at of a grant or code, and of all that came from it, where not set yet.

        It is never cleared.
        """

    async def devices(self, grant: str, limit: int) -> Sequence[Device]:
        """Return the readers in which a grant was redeemed, in that order."""

    async def evict(self, grant: str, reader: str) -> bool:
        """Take a grant out of a reader; return whether it was there."""

    async def add_codes(self, codes: Sequence[Code]) -> None:
        """Record new codes. Raises Conflict, and then records none, where one is known."""

    async def code(self, code_hash: str) -> Code | None: ...

    async def code_by_id(self, code: str) -> Code | None: ...

    async def codes(
        self, publisher: str, after: str, limit: int, *, scope: str = ""
    ) -> Sequence[Code]:
        """Return codes of a publisher by id > after; scope filters when not ""."""

    async def redeem_code(self, code: str, grant: Grant, reader: str, at: int) -> Reader:
        """Use a code once: record the grant and add it to the reader.

        The same (source, source_ref, scope) again uses nothing and gives the grant on record.
        Raises UsedUp, Revoked, and Missing where there is no such code.
        """

    async def reader(self, reader: str) -> Reader | None: ...

    async def redeem(self, reader: str, grant: str, at: int) -> Reader:
        """Add a grant to a reader (made if new); the same again changes nothing.

        Raises UsedUp when the grant is already in as many readers as it has devices.
        """

    async def sign_out(self, reader: str) -> None:
        """Raise the reader's auth_epoch, so that its cookies end."""

    async def answer(self, publisher: str, key: str) -> Answer | None: ...

    async def keep_answer(self, publisher: str, key: str, answer: Answer, at: int) -> None: ...

    async def outgoing(self, limit: int) -> Sequence[Outgoing]:
        """Return changes that were not confirmed yet, oldest first."""

    async def confirm(self, outgoing: Sequence[Outgoing]) -> None:
        """Forget changes that every worker has heard of."""

    async def signing_keys(self) -> Mapping[str, KeyState]:
        """Return the state of every signing key by its kid; none on a new ledger."""

    async def set_signing_keys(
        self, before: Mapping[str, KeyState], after: Mapping[str, KeyState], at: int
    ) -> None:
        """Set the states of all signing keys where they are still `before`. Raises Stale."""

    async def close(self) -> None: ...


# --- what workers remember ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """What memory knows under a key; absence can be known too."""

    value: Any


@dataclass(frozen=True, slots=True)
class Shape:
    """How a value goes into a shared cache and back; unpack raises ValueError."""

    pack: Callable[[Any], bytes]
    unpack: Callable[[bytes], Any]
    version: Callable[[Any], int]


RIGHTS = Shape(pack_rights, unpack_rights, lambda rights: rights.version if rights else 0)


class Coherence(Protocol):
    """The memory of a worker, and the barrier that a change passes before it is acknowledged."""

    def known(self, key: str) -> Known | None:
        """Return what may be answered from memory, to a read that begins now."""

    async def fetch(
        self, key: str, load: Callable[[], Awaitable[Any]], shape: Shape | None = None
    ) -> Any:
        """Return what memory may say of key, else what load finds in the ledger.

        What has a shape may also come from a cache that workers share, and go there.
        """

    async def announce(self, keys: Collection[str]) -> bool:
        """Tell every worker that keys have changed; return whether none answers from before.

        Call it after the ledger's commit. False: not confirmed, announce again.
        """


# --- what was served and changed ---------------------------------------------------------------


class Audit(Protocol):
    """The record of what was served and changed: only ever added to, without text or tokens."""

    def note(self, record: Record) -> None:
        """Take up a record of a read before it is served; it is written a moment later.

        Raises Unavailable when too many records wait already: then nothing may be served.
        """

    async def keep(self, *records: Record) -> None:
        """Take up records of a change before it is acknowledged.

        When this returns, all that was taken up so far is durable. Raises Unavailable.
        """

    async def tend(self) -> None:
        """Make what was noted last, and anchor it, for good."""

    async def close(self) -> None:
        """Write what waits, and let go of what is open."""


class Tries(Protocol):
    """How often somebody may fail before they have to wait, so that nothing can be guessed."""

    async def require(self, who: str) -> None:
        """Raise TooManyTries where somebody has failed too often."""

    async def failed(self, who: str) -> None:
        """Count a failure. Raises TooManyTries where it is one too many."""

    async def close(self) -> None: ...


# --- where texts rest --------------------------------------------------------------------------


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

    async def get(self, address: Address) -> Bundle | None: ...

    def ready(self, address: Address, form: str, coding: str) -> tuple[Seal, Variant] | None:
        """Return a form of what get would, in a coding, or else as it is.

        None where that takes waiting; None says nothing. It may raise.
        """

    async def delete(self, address: Address, since: str | None = None) -> None: ...

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

    def at_hand(self, permit: Permit, form: str) -> Variant | None:
        """Return a form of the full text that a permit names, as it is.

        None where that takes waiting, or the text is long; None says nothing. It may raise.
        """

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
