"""Grant, Scope, Standing: do these rights cover this document?

Positive grants only; a holder's rights are the union of its standing grants.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from gateway.core.documents import Address, is_name
from gateway.core.errors import Malformed


class Kind(StrEnum):
    DOCUMENT = "document"
    COLLECTION = "collection"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a grant covers, always under one publisher."""

    publisher: str
    kind: Kind
    name: str = ""

    def __str__(self) -> str:
        return self.kind if self.kind is Kind.ALL else f"{self.kind}:{self.name}"

    @classmethod
    def parse(cls, publisher: str, text: str) -> Scope:
        """Return the scope that text names under publisher. Raises Malformed."""
        kind, colon, name = text.partition(":")
        if text == Kind.ALL:
            return cls(publisher, Kind.ALL)
        if kind in (Kind.DOCUMENT, Kind.COLLECTION) and colon and is_name(name):
            return cls(publisher, Kind(kind), name)
        raise Malformed(
            "This is not a scope.",
            where="scope",
            hint="Use document:<slug>, collection:<name> or all.",
        )

    def covers(self, address: Address, collection: str) -> bool:
        """Tell whether a document at address, in collection (or ""), lies within the scope."""
        if self.publisher != address.publisher:
            return False
        if self.kind is Kind.ALL:
            return True
        if self.kind is Kind.DOCUMENT:
            return self.name == address.slug
        return bool(collection) and self.name == collection


class Standing(StrEnum):
    """Whether a grant holds at a moment."""

    STANDS = "stands"
    NOT_YET = "not-yet"
    ENDED = "ended"
    REVOKED = "revoked"


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
    devices: int = 5
    parent: str = ""
    version: int = 1
    revoked_at: int | None = None
    made_at: int = 0

    def standing(self, now: int) -> Standing:
        """Return whether the grant holds at now."""
        if self.revoked_at is not None:
            return Standing.REVOKED
        if now < self.starts:
            return Standing.NOT_YET
        if self.ends is not None and now >= self.ends:
            return Standing.ENDED
        return Standing.STANDS


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to «may this holder read this document now», and the grant it rests on."""

    grant: Grant | None
    standing: Standing | None

    @property
    def allowed(self) -> bool:
        return self.standing is Standing.STANDS


def judge(grants: Iterable[Grant], address: Address, collection: str, now: int) -> Verdict:
    """Return the best standing that grants give for a document: stands before all else."""
    order = (Standing.STANDS, Standing.NOT_YET, Standing.ENDED, Standing.REVOKED)
    best = Verdict(None, None)
    for grant in grants:
        if not grant.scope.covers(address, collection):
            continue
        standing = grant.standing(now)
        if standing is Standing.STANDS:
            return Verdict(grant, standing)
        if best.standing is None or order.index(standing) > order.index(best.standing):
            best = Verdict(grant, standing)
    return best
