"""Records: what the audit says of one thing that was served or changed.

Ids and addresses only. `on` is the id of what the act concerns: the grant that a read rests on, or
that is given, taken back, redeemed, taken out of a reader, or has a new link; the reader that signs
out; the code that is made or taken back; the signing key; the name of a publisher who gets an API
key, or says something else of itself; the API key that is made or ended; the address that a renamed
document has now.
`by` is who acts: grant:<id> for a bearer token, reader:<id>, code:<id> for the grant that a code
gives to whoever redeems it, publisher:<name>, or OPERATOR.
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from enum import StrEnum

from msgspec import Struct, field

OPERATOR = "operator"
WITHHELD = "withheld"

# The id of the request that runs in this context; a record takes it up when it is made.
REQUEST = ContextVar("REQUEST", default="")

# Tokens, cookies and running text need other letters; an API key has a shape of its own.
_PLAIN = re.compile(r"(?!.*pgk-[0-9a-f]{64})[a-z0-9:/-]*", re.ASCII)
_LETTERS = bytes(set(b'abcdefghijklmnopqrstuvwxyz0123456789:/-,"[]{}'))


class Act(StrEnum):
    """What is recorded: the full text served, and every change."""

    READ = "read"
    PUBLISH = "publish"
    RENAME = "rename"
    ROLL_BACK = "roll-back"
    DELETE = "delete"
    ERASE = "erase"
    ATTACH = "attach"
    DETACH = "detach"
    GRANT = "grant"
    REVOKE = "revoke"
    RENEW = "renew"
    REDEEM = "redeem"
    CODE = "code"
    SIGN_OUT = "sign-out"
    MOVE = "move"
    FORGET = "forget"
    EVICT = "evict"
    KEY = "key"
    PUBLISHER = "publisher"
    PROFILE = "profile"
    API_KEY = "api-key"


class Record(Struct, frozen=True, array_like=True, gc=False):
    """One act, at a time in Unix seconds. On the wire it is a list, in this order."""

    at: int
    what: str
    by: str
    on: str = ""
    document: str = ""  # publisher/slug
    edition: str = ""
    request: str = field(default_factory=REQUEST.get)

    def __str__(self) -> str:
        parts = (self.what, f"by {self.by}", self.on and f"on {self.on}", self.document)
        more = (f"{name} {text}" for name, text in self._more() if text)
        return " ".join((*filter(None, parts), *more))

    def _more(self) -> tuple[tuple[str, str], ...]:
        return ("edition", self.edition), ("request", self.request)


def is_plain(wire: bytes) -> bool:
    """Tell, at a glance, whether records on the wire hold nothing but ids and addresses."""
    return not wire.translate(None, _LETTERS) and b"pgk-" not in wire


def plain(record: Record) -> Record:
    """Return the record without what can be no id and no address: a token, a key, a text."""
    texts = (record.what, record.by, record.on, record.document, record.edition, record.request)
    return Record(record.at, *(t if _PLAIN.fullmatch(t) else WITHHELD for t in texts))
