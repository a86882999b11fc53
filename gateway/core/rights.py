"""Grant, Scope, Standing: do these rights cover this document?

Positive grants only; a holder's rights are the union of its standing grants.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain

import msgspec
from msgspec import Struct

from gateway.core.documents import Address, is_name
from gateway.core.errors import Malformed

DEEPEST = 16  # grants, and a code at the head of them, that come one from another


class ScopeKind(StrEnum):
    DOCUMENT = "document"
    COLLECTION = "collection"
    ALL = "all"


# Python 3.11 takes longer to find a member of an Enum than all else here takes.
_DOCUMENT, _ALL = ScopeKind.DOCUMENT, ScopeKind.ALL


@dataclass(frozen=True, slots=True)
class Scope:
    """What a grant covers, always under one publisher."""

    publisher: str
    kind: ScopeKind
    name: str = ""

    def __str__(self) -> str:
        return self.kind if self.kind is ScopeKind.ALL else f"{self.kind}:{self.name}"

    @classmethod
    def parse(cls, publisher: str, text: str) -> Scope:
        """Return the scope that text names under publisher. Raises Malformed."""
        kind, colon, name = text.partition(":")
        if text == ScopeKind.ALL:
            return cls(publisher, ScopeKind.ALL)
        if kind in (ScopeKind.DOCUMENT, ScopeKind.COLLECTION) and colon and is_name(name):
            return cls(publisher, ScopeKind(kind), name)
        raise Malformed(
            "This is not a scope.",
            where="scope",
            hint="Use document:<slug>, collection:<name> or all.",
        )

    @property
    def address(self) -> Address | None:
        """Return the one document of this scope, None where there may be several."""
        return Address(self.publisher, self.name) if self.kind is _DOCUMENT else None

    def covers(self, address: Address, collection: str) -> bool:
        """Return whether a document at address, in collection (or ""), lies within the scope."""
        if self.publisher != address.publisher:
            return False
        if self.kind is _ALL:
            return True
        if self.kind is _DOCUMENT:
            return self.name == address.slug
        return bool(collection) and self.name == collection


class Standing(StrEnum):
    """Whether a grant holds at a moment."""

    STANDS = "stands"
    NOT_YET = "not-yet"
    ENDED = "ended"
    REVOKED = "revoked"


PLACES = 3  # readers that a grant can be redeemed in, unless said otherwise

_STANDS, _NOT_YET, _ENDED, _REVOKED = (
    Standing.STANDS, Standing.NOT_YET, Standing.ENDED, Standing.REVOKED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Grant:
    """A right on record. Times are Unix seconds; ends None means without end.

    parent is the id of the grant or code that it came from: revoked with it.
    """

    id: str
    scope: Scope
    subject: str = ""
    note: str = ""
    source: str = "api"
    source_ref: str = ""
    starts: int = 0
    ends: int | None = None
    devices: int = PLACES
    parent: str = ""
    version: int = 1
    epoch: int = 0  # of its tokens: those of an earlier one are void
    revoked_at: int | None = None
    made_at: int = 0

    def standing(self, now: int) -> Standing:
        """Return whether the grant holds at now."""
        if self.revoked_at is not None:
            return _REVOKED
        if now < self.starts:
            return _NOT_YET
        if self.ends is not None and now >= self.ends:
            return _ENDED
        return _STANDS


class Rights:
    """All that the holder of a credential may rest on: the grants of one token, or of a reader.

    Grants are found by what they cover, so that a check takes three look-ups however many there
    are. Of each grant only what decides is kept.
    """

    __slots__ = ("_by_scope", "epoch", "version")

    def __init__(self, grants: Iterable[Grant], version: int = 0, epoch: int = 0) -> None:
        self.version = version  # raised by every change of any of it
        self.epoch = epoch  # of the holder: cookies or tokens of an earlier one are ended
        self._by_scope: dict[str, tuple[Grant, ...]] = {}
        for grant in grants:
            place = f"{grant.scope.publisher} {grant.scope}"
            bare = replace(grant, subject="", note="", source="", source_ref="")
            self._by_scope[place] = (*self._by_scope.get(place, ()), bare)

    @property
    def grants(self) -> tuple[Grant, ...]:
        return tuple(chain.from_iterable(self._by_scope.values()))

    def covering(self, address: Address, collection: str) -> tuple[Grant, ...]:
        """Return the grants that cover a document in a collection ("" for none)."""
        find, publisher = self._by_scope.get, address.publisher
        found = find(f"{publisher} document:{address.slug}", ()) + find(f"{publisher} all", ())
        if not collection:
            return found
        return found + find(f"{publisher} collection:{collection}", ())


NO_RIGHTS = Rights(())


def pack_rights(rights: Rights | None) -> bytes:
    """Return rights in JSON, for a cache; None: the holder does not exist."""
    if rights is None:
        return b"null"
    rows = [
        [g.id, g.scope.publisher, str(g.scope), g.starts, g.ends, g.revoked_at]
        for g in rights.grants
    ]
    return json.dumps([rights.version, rights.epoch, rows]).encode()


def unpack_rights(packed: bytes) -> Rights | None:
    """Return the rights in JSON. Raises ValueError for anything else."""
    found = _PACKED.decode(packed)
    if found is None:
        return None
    version, epoch, rows = found
    try:
        grants = [
            Grant(i, Scope.parse(p, scope), starts=starts, ends=ends, revoked_at=revoked_at)
            for i, p, scope, starts, ends, revoked_at in rows
        ]
    except Malformed as error:
        raise ValueError("these are no rights") from error
    return Rights(grants, version, epoch)


_Row = tuple[str, str, str, int, int | None, int | None]
_PACKED = msgspec.json.Decoder(tuple[int, int, list[_Row]] | None)


class Verdict(Struct, frozen=True):
    """The answer to «may this holder read this document now», and the grant it rests on."""

    grant: Grant | None
    standing: Standing | None

    @property
    def allowed(self) -> bool:
        return self.standing is _STANDS


_NOTHING = Verdict(None, None)


def judge(rights: Rights, address: Address, collection: str, now: int) -> Verdict:
    """Return the best standing that rights give for a document: stands before all else."""
    best = _NOTHING
    for grant in rights.covering(address, collection):
        standing = grant.standing(now)
        if standing is _STANDS:
            return Verdict(grant, standing)
        if best.standing is None or _ORDER.index(standing) > _ORDER.index(best.standing):
            best = Verdict(grant, standing)
    return best


_ORDER = (_NOT_YET, _ENDED, _REVOKED)
