"""Take a reader to another device: its places go along; the browser that it leaves forgets it."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.core.audit_records import Act, Record
from gateway.core.cache_keys import reader_key
from gateway.core.errors import AlreadyMoved, Expired, Occupied, Unauthenticated
from gateway.core.rights import Standing
from gateway.core.tokens import Claims, Purpose
from gateway.ports import Clock, Ledger, Reader
from gateway.usecases.announcing import Announcing
from gateway.usecases.redeeming import COOKIE_LIFE
from gateway.usecases.signing_keys import Signing

MOVE_LIFE = 600  # seconds that a link to another device is good


@dataclass(frozen=True, slots=True)
class MovedReader:
    """What a move gives: the cookie of the reader. confirmed: no worker takes the one before."""

    cookie: str
    confirmed: bool


class Moving:
    """The way from one device to another."""

    def __init__(
        self, ledger: Ledger, signing: Signing, announcing: Announcing, clock: Clock
    ) -> None:
        self._ledger = ledger
        self._signing = signing
        self._announcing = announcing
        self._clock = clock

    async def token(self, reader: Reader) -> str:
        """Return what moves a reader, once, within MOVE_LIFE."""
        now = self._clock.now()
        claims = Claims(Purpose.MOVE, reader.id, reader.auth_epoch, now, now + MOVE_LIFE)
        return (await self._signing.ring()).sign(claims)

    async def is_move(self, token: str) -> bool:
        """Return whether this moves a reader, or did so once."""
        try:
            (await self._signing.ring()).read(token, Purpose.MOVE)
        except Unauthenticated:
            return False
        return True

    async def move(self, token: str, known: Reader | None, once: str) -> MovedReader:
        """Make the reader of a token that of this browser.

        Sent again with the same non-empty `once`, because the answer was lost, it does the same.
        Raises BadToken, AlreadyMoved, Occupied where this browser has rights of its own.
        """
        now, ring = self._clock.now(), await self._signing.ring()
        try:
            claims = ring.verify(token, Purpose.MOVE, now)
        except Expired:
            raise AlreadyMoved from None
        if known and known.id != claims.holder and _has_rights(known, now):
            raise Occupied
        if known and known.id == claims.holder:
            reader, confirmed = known, await self._announcing.confirm()  # it is here already
        else:
            to = self._signing.derive("move", once or self._clock.fresh_id()).hex()[:32]
            reader = await self._ledger.move(claims.holder, claims.epoch, to, now)
            record = Record(now, Act.MOVE, reader_key(reader.id), reader.id)
            confirmed = await self._announcing.confirm(record)
        own = Claims(Purpose.READER, reader.id, reader.auth_epoch, now, now + COOKIE_LIFE)
        return MovedReader(ring.sign(own), confirmed)


def _has_rights(reader: Reader, now: int) -> bool:
    return any(grant.standing(now) is Standing.STANDS for grant in reader.grants)
