"""Submissions: what publishers hand in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from gateway.core.companions import Companion, digest_of
from gateway.core.documents import Address


@dataclass(frozen=True, slots=True)
class Submission:
    """What a publisher hands in."""

    address: Address
    body: bytes
    format: str
    charset: str | None = None
    language: str = ""
    free: bool = False
    """Whether the publisher means it to hold no paid section."""
    companions: tuple[Companion, ...] | None = None
    """What of the shelf stands beside it; None: all that there is."""

    def digest(self, stamp: str) -> str:
        """Return a digest of all that decides the bytes of an edition, but for its dates.

        stamp: of what sets the text, so that another version of it sets the text anew.
        """
        declared = ("free",) if self.free else ()
        facts = "\n".join((self.format, self.charset or "", self.language, *declared))
        digest = hashlib.sha256(facts.encode() + hashlib.sha256(self.body).digest())
        beside = digest_of(self.companions or ())
        return f"{stamp}.{digest.hexdigest()}" + (f".{beside}" if beside else "")


def digest_parts(source_digest: str) -> tuple[str, str, str]:
    """Return of what sets the text, of what was sent, and of what stands beside it."""
    stamp, _, rest = source_digest.partition(".")
    sent, _, beside = rest.partition(".")
    return stamp, sent, beside
