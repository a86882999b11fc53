"""Grant, revoke, redeem: a right's way."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.announcing import Announcing
from gateway.core.documents import Address, valid_name
from gateway.core.errors import (
    BadKey,
    BadToken,
    Conflict,
    Malformed,
    Missing,
    Revoked,
)
from gateway.core.rights import Grant, Kind, Scope, Standing
from gateway.core.tokens import MAX_LIFE, Claims, Purpose
from gateway.ports import Answer, Clock, Ledger, Reader
from gateway.signing import Signing

COOKIE_LIFE = 400 * 86_400  # seconds; browsers keep no cookie longer
MAX_DEVICES = 1_000
_MAX_WORDS = 500

_TERM = re.compile(r"([1-9][0-9]{0,5})([smhdwy])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400, "y": 365 * 86_400}


def term_seconds(text: str) -> int:
    """Return the seconds of a term such as 30d, 12h, 2w or 1y. Raises Malformed."""
    match = _TERM.fullmatch(text)
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    if not 0 < seconds <= MAX_LIFE:
        raise Malformed(
            "This is not a term.",
            where="term",
            hint="Use a number and s, m, h, d, w or y, such as 30d; ten years at most.",
        )
    return seconds


@dataclass(frozen=True, slots=True)
class Wish:
    """A grant as a publisher asks for it."""

    scope: str
    subject: str = ""
    term: str = ""
    devices: int = 5
    note: str = ""
    source: str = "api"
    source_ref: str = ""


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What a redemption gives: the cookie of the reader, and where to go on (None: library)."""

    cookie: str
    address: Address | None


class Granting:
    """The publisher's side of rights, and the reader's first step."""

    def __init__(
        self, ledger: Ledger, signing: Signing, announcing: Announcing, clock: Clock
    ) -> None:
        self._ledger = ledger
        self._signing = signing
        self._announcing = announcing
        self._clock = clock

    # --- publishers ---

    async def add_publisher(self, name: str) -> str:
        """Add a publisher and return an API key, which is shown this once. Raises Malformed."""
        key = "pgk-" + self._clock.fresh_id() + self._clock.fresh_id()
        await self._ledger.add_publisher(
            valid_name(name, "publisher"), key_hash(key), self._clock.now()
        )
        return key

    async def register(self, name: str) -> None:
        """Add a publisher that has no API key yet; one that exists stays as it is."""
        await self._ledger.add_publisher(valid_name(name, "publisher"), "", self._clock.now())

    async def publisher(self, key: str) -> str:
        """Return whose API key this is. Raises BadKey."""
        publisher = await self._ledger.publisher_of(key_hash(key))
        if publisher is None:
            raise BadKey
        return publisher

    async def studio_cookie(self, publisher: str, life: int) -> str:
        """Return a signed session for the studio, for life seconds."""
        now = self._clock.now()
        ring = await self._signing.ring()
        return ring.sign(Claims(Purpose.STUDIO, publisher, 0, now, now + life))

    async def studio_publisher(self, cookie: str) -> str:
        """Return whose studio session this is. Raises BadToken, Expired, Unavailable."""
        ring = await self._signing.ring()
        return ring.verify(cookie, Purpose.STUDIO, self._clock.now()).holder

    # --- grants ---

    async def grant(
        self, publisher: str, wish: Wish, *, once: str = "", fingerprint: str = ""
    ) -> Grant:
        """Put a right on record. Raises Malformed, Conflict.

        The same non-empty `once` again gives the same grant, if the fingerprint of what was
        asked is the same too.
        """
        if not once:
            return await self._record(publisher, wish)
        kept = await self._ledger.answer(publisher, once)
        if kept is None:
            # The key is the reference as well, so that two requests at once make one grant.
            wish = replace(wish, source=f"api {publisher}", source_ref=once)
            grant = await self._record(publisher, wish)
            kept = Answer(fingerprint, 201, grant.id.encode())
            await self._ledger.keep_answer(publisher, once, kept, self._clock.now())
            return grant
        if kept.fingerprint != fingerprint:
            raise Conflict(
                "This Idempotency-Key was used for another request.", hint="Send a fresh key."
            )
        return await self.own(publisher, kept.body.decode())

    async def _record(self, publisher: str, wish: Wish) -> Grant:
        grant = await self._ledger.add_grant(self._grant(publisher, wish))
        await self._announcing.confirm()
        return grant

    def _grant(self, publisher: str, wish: Wish) -> Grant:
        now = self._clock.now()
        if not 1 <= wish.devices <= MAX_DEVICES:
            raise Malformed(
                "This is not a number of devices.", where="devices", hint="Use 1 to 1000."
            )
        for where, text in (("subject", wish.subject), ("note", wish.note)):
            if len(text) > _MAX_WORDS or not text.isprintable():
                raise Malformed(
                    f"This is not a valid {where}.",
                    where=where,
                    hint="Use at most 500 printable characters on one line.",
                )
        return Grant(
            id=self._clock.fresh_id(),
            scope=Scope.parse(publisher, wish.scope),
            subject=wish.subject,
            note=wish.note,
            source=wish.source,
            source_ref=wish.source_ref,
            starts=now,
            ends=now + term_seconds(wish.term) if wish.term else None,
            devices=wish.devices,
            made_at=now,
        )

    async def token(self, grant: Grant) -> str:
        """Return the wire form of a grant. Raises Unavailable."""
        latest = grant.made_at + MAX_LIFE
        expires = latest if grant.ends is None else min(grant.ends, latest)
        ring = await self._signing.ring()
        return ring.sign(Claims(Purpose.GRANT, grant.id, 0, grant.made_at, expires))

    async def own(self, publisher: str, grant: str) -> Grant:
        """Return a grant of a publisher. Raises Missing, for another's too."""
        found = await self._ledger.grant(grant)
        if found is None or found.scope.publisher != publisher:
            raise Missing("grant")
        return found

    async def grants(
        self, publisher: str, *, subject: str = "", scope: str = "", after: str = "", limit: int
    ) -> Sequence[Grant]:
        """Return grants of a publisher by id, after an id."""
        return await self._ledger.grants(
            publisher, subject=subject, scope=scope, after=after, limit=limit
        )

    def standing(self, grant: Grant) -> Standing:
        """Return whether a grant holds now."""
        return grant.standing(self._clock.now())

    async def revoke(self, publisher: str | None, grant: str) -> bool:
        """Take a right back, and all that came from it; publisher None is the operator.

        True: no worker begins to serve it any more. False: on record, and not confirmed yet.
        Raises Missing.
        """
        found = await self._ledger.grant(grant)
        if found is None or publisher not in (None, found.scope.publisher):
            raise Missing("grant")
        await self._ledger.revoke(found.id, self._clock.now())
        return await self._announcing.confirm()

    # --- readers ---

    async def redeem(self, token: str, known: Reader | None) -> Redeemed:
        """Add the grant of a token to a reader, a new one where none is known.

        Raises BadToken, Expired, Revoked, UsedUp.
        """
        now = self._clock.now()
        ring = await self._signing.ring()
        claims = ring.verify(token, Purpose.GRANT, now)
        grant = await self._ledger.grant(claims.holder)
        if grant is None:
            raise BadToken
        if grant.revoked_at is not None:
            raise Revoked
        reader = await self._ledger.redeem(
            known.id if known else self._clock.fresh_id(), grant.id, now
        )
        await self._announcing.confirm()
        scope = grant.scope
        is_one = scope.kind is Kind.DOCUMENT
        address = Address(scope.publisher, scope.name) if is_one else None
        claims = Claims(Purpose.READER, reader.id, reader.auth_epoch, now, now + COOKIE_LIFE)
        return Redeemed(ring.sign(claims), address)

    async def sign_out(self, reader: Reader | None) -> None:
        """End every cookie of a reader."""
        if reader is not None:
            await self._ledger.sign_out(reader.id)
            await self._announcing.confirm()


def key_hash(key: str) -> str:
    """Return what the ledger keeps of an API key; 240 random bits need no slow hash."""
    return hashlib.sha256(key.encode()).hexdigest()
