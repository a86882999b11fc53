"""The record of truth, and what is on it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.core.api_keys import ApiKey
from gateway.core.audit_chains import Anchor
from gateway.core.codes import Code
from gateway.core.documents import Address
from gateway.core.rights import Grant, Standing
from gateway.core.tokens import KeyState


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
class Wanted:
    """Which grants are wanted; what is empty or None asks for nothing.

    scopes: one of these. standing: as it is at `now`, in Unix seconds.
    """

    scopes: tuple[str, ...] = ()
    source: str = ""
    source_ref: str = ""
    standing: Standing | None = None
    now: int = 0


ANY_GRANT = Wanted()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A change on record that not every worker is known to have heard of yet."""

    seq: int
    key: str  # of core.holders


@dataclass(frozen=True, slots=True)
class AuthorityRecord:
    """The lease authority that every worker on the ledger goes by."""

    id: str  # of chance, "" where kind is none: then nobody remembers
    kind: str  # embedded, redis, postgres, none
    place: str  # in words for people, without a password
    house: str  # who put it on record


ERA = "era"  # the fingerprint that is another one in each era of what workers share


@dataclass(frozen=True, slots=True)
class Look:
    """What a worker sees when it looks at the ledger, all at one moment."""

    is_in: bool  # the roll
    doubt: str  # the word of whoever doubts that it lives, "" for nobody
    era: str
    keys: frozenset[str]  # that are outgoing


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


class Rolls(Protocol):
    """Where it is on record who may answer from memory.

    Every method raises Unavailable when the record does not answer.
    """

    async def enter(self, worker: str, era: str) -> None:
        """Put a worker on the roll, undoubted, and begin an era."""

    async def look(self, worker: str, limit: int) -> Look:
        """Return what a worker has to know; of what is outgoing, some keys at least."""

    async def vouch(self, worker: str) -> bool:
        """End any doubt of a worker; return whether it is on the roll still."""

    async def roll(self) -> frozenset[str]:
        """Return who is on the roll."""

    async def doubt(self, workers: Collection[str], word: str) -> None:
        """Doubt that workers live, by a word of chance."""

    async def strike(self, doubted: Mapping[str, str]) -> None:
        """Take workers off the roll where they are doubted by just this word."""

    async def set_fingerprint(self, what: str, value: str, before: str) -> None:
        """Put a fingerprint on record, if it is still the one before ("" for none)."""


class Ledger(Anchors, Rolls, Protocol):
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

    async def add_key(self, key: ApiKey) -> None:
        """Record an API key, and its publisher if new; one on record stays as it is."""

    async def key(self, key_hash: str) -> ApiKey | None:
        """Return the API key with this hash, ended or not."""

    async def keys(self, publisher: str) -> Sequence[ApiKey]:
        """Return every API key of a publisher, by id."""

    async def note_use(self, key_hash: str, at: int) -> None:
        """Note when an API key was used."""

    async def end_key(self, key_hash: str, at: int) -> None:
        """End an API key, if it has not ended yet, and the sessions that were begun with it."""

    async def begin_session(self, session: str, key_hash: str, at: int, ends: int) -> None:
        """Record a session, and forget those that are over at `at`."""

    async def session(self, session: str) -> ApiKey | None:
        """Return the key that a session was begun with, None where there is no such session."""

    async def end_session(self, session: str) -> None:
        """Forget a session."""

    async def keep_seed(self, publisher: str, key: str, seed: str, at: int) -> None:
        """Keep the first seed of a publisher's Idempotency-Key."""

    async def seed(self, publisher: str, key: str, since: int) -> str:
        """Return the seed that was kept for a key after then, "" for none."""

    async def forget_seeds(self, before: int) -> None:
        """Forget every seed from then or before."""

    async def is_publisher(self, name: str) -> bool: ...

    async def publishers(self, after: str, limit: int) -> Sequence[str]:
        """Return the names of publishers > after, in order."""

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

    async def waiting(self, deleted: int, limit: int) -> Sequence[Address]:
        """Return documents that were deleted until then, or whose erasure has begun, in order."""

    async def erasures(self, address: Address) -> int:
        """Return how often the erasure of a document has begun and ended: odd while one runs."""

    async def begin_erasing(self, address: Address, expected: str | None) -> None:
        """Delete a document with the record of every edition, and note that it is being erased.

        Its projection is noted as unsettled. Raises Stale, and Missing where nothing is on record.
        """

    async def end_erasing(self, address: Address, erasures: int) -> None:
        """Note that all that was kept of a document is gone, if that is still the same erasure."""

    async def scrub(self) -> None:
        """See to it that what was taken off the record is in no file of its own either."""

    async def unsettled(self, limit: int, after: Address | None = None) -> Sequence[Address]:
        """Return addresses whose public projection may lag behind the record, in order.

        Only those after an address, if one is given.
        """

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
        self,
        publisher: str,
        *,
        subject: str,
        scope: str,
        after: str,
        limit: int,
        wanted: Wanted = ANY_GRANT,
    ) -> Sequence[Grant]:
        """Return grants of a publisher by id > after; subject and scope filter when not ""."""

    async def revoke(self, revoked: str, at: int) -> None:
        """Set revoked_at of a grant or code, and of all that came from it, where not set yet.

        It is never cleared. Between two of those that came from it others have their turn.
        """

    async def finish_revocations(self) -> int:
        """Revoke what is left of what came from what is revoked; return from how many."""

    async def renew(self, grant: str, epoch: int, at: int) -> None:
        """Raise the epoch of a grant's tokens to this one, where it is lower."""

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
        """Open a code in a reader: the grant that it has there, a new one, or one with a place.

        A new one uses the code once and is recorded as given, under the number of the use. When
        all uses are made, a code good for one use opens its grant as long as one of its devices is
        free, any other a grant of its own that nobody holds. Raises Revoked (also where the grant
        of a code good for one was taken back), Expired, UsedUp, and Missing where there is no such
        code.
        """

    async def reader(self, reader: str) -> Reader | None: ...

    async def redeem(self, reader: str, grant: str, at: int) -> Reader:
        """Add a grant to a reader (made if new); the same again changes nothing.

        Raises Missing where there is no such grant, and UsedUp when it is already in as many
        readers as it has devices.
        """

    async def forget(self, reader: str) -> bool:
        """Take a reader off the record, and its id out of every grant; return whether it was there.

        The grants stay, without their places in it.
        """

    async def sign_out(self, reader: str) -> None:
        """Raise the reader's auth_epoch, so that its cookies end, and free its places."""

    async def move(self, reader: str, epoch: int, to: str, at: int) -> Reader:
        """Raise the reader's auth_epoch from this one on behalf of `to`; again for it: no change.

        Raises Moved where it was raised for anybody else, Missing.
        """

    async def answer(self, publisher: str, key: str) -> Answer | None: ...

    async def keep_answer(self, publisher: str, key: str, answer: Answer, at: int) -> None: ...

    async def outbox(self, limit: int) -> Sequence[Outgoing]:
        """Return changes that were not confirmed yet, oldest first."""

    async def newest_outgoing(self) -> int:
        """Return the highest seq of a change that was not confirmed yet, 0 for none."""

    async def confirm(self, outbox: Sequence[Outgoing], authority: str = "") -> bool:
        """Forget changes that every worker has heard of; return whether that may be said.

        authority: the id of the one that confirms, "" where nobody remembers. False, and nothing
        is forgotten, where another is on record.
        """

    async def authority(self) -> AuthorityRecord | None:
        """Return the authority on record; None where no worker has ever served."""

    async def replace_authority(
        self, before: AuthorityRecord | None, after: AuthorityRecord, at: int
    ) -> None:
        """Put another authority on record, and forget who went by the one before.

        Raises Stale where that is not `before`.
        """

    async def attend(self, house: str, authority: str) -> bool:
        """Note that a house serves; return whether this is the authority on record still."""

    async def attendance(self) -> Mapping[str, int]:
        """Return how often each house has said that it serves."""

    async def leave(self, house: str) -> None:
        """Note that a house serves no more."""

    async def signing_keys(self) -> Mapping[str, KeyState]:
        """Return the state of every signing key by its kid; none on a new ledger."""

    async def set_signing_keys(
        self, before: Mapping[str, KeyState], after: Mapping[str, KeyState], at: int
    ) -> None:
        """Set the states of all signing keys where they are still `before`. Raises Stale."""

    async def fingerprint(self, what: str) -> str:
        """Return by what the ledger knows again something that belongs to it, "" for nothing."""

    async def examine(self) -> Sequence[str]:
        """Read all that is on record; return what of it cannot be right, in words."""

    async def close(self) -> None: ...
