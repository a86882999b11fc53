"""Redeem codes and tokens: what someone has becomes a right of a reader, until it signs out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import count

from gateway.core.audit_records import OPERATOR, Act, Record
from gateway.core.cache_keys import reader_key
from gateway.core.codes import Code, code_hash, normal
from gateway.core.documents import Address
from gateway.core.errors import BadToken, Expired, Missing, Revoked, Unauthenticated, Unavailable
from gateway.core.rights import Grant
from gateway.core.tokens import Claims, Purpose
from gateway.ports import Clock, Edition, Ledger, Reader
from gateway.usecases.announcing import Announcing
from gateway.usecases.granting import CODE
from gateway.usecases.signing_keys import Signing

COOKIE_LIFE = 400 * 86_400  # seconds; browsers keep no cookie longer
ONCE_LIFE = 3_600  # seconds that an unlock page can be sent again from

_ONCE = re.compile(r"([0-9]{1,12})-[a-z0-9]{24,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What a redemption gives: the cookie of the reader, and the right that it now has.

    confirmed: the next read succeeds on every worker.
    """

    cookie: str
    grant: Grant
    confirmed: bool

    @property
    def address(self) -> Address | None:
        """Return the one document that was opened, None where there may be several."""
        return self.grant.scope.address


@dataclass(frozen=True, slots=True)
class Opening:
    """What a link opens: a right, and its document, where it is for one that is published."""

    grant: Grant
    edition: Edition | None


class Redeeming:
    """The reader's side of rights."""

    def __init__(
        self, ledger: Ledger, signing: Signing, announcing: Announcing, clock: Clock
    ) -> None:
        self._ledger = ledger
        self._signing = signing
        self._announcing = announcing
        self._clock = clock
        self._life, self._page = clock.fresh_id(), count(1)

    async def redeem(self, word: str, known: Reader | None, once: str = "") -> Redeemed:
        """Add what a code or a token opens to a reader, a new one where none is known.

        The same code again in the same reader uses nothing. Raises BadToken, Expired, Revoked,
        UsedUp.
        """
        letters = normal(word)
        redeem = self._redeem_code if letters else self._redeem_token
        return await redeem(letters or word, known, once)

    async def _redeem_code(self, letters: str, known: Reader | None, once: str) -> Redeemed:
        now = self._clock.now()
        code = await self._ledger.code(code_hash(letters))
        if code is None:
            raise BadToken
        reader_id = known.id if known else self._newcomer(once, code.id)
        try:
            reader = await self._ledger.redeem_code(code.id, self._grant(code, now), reader_id, now)
        except Missing:
            raise BadToken from None
        (held,) = (g for g in reader.grants if (g.source, g.parent) == (CODE, code.id))
        confirmed = await self._announcing.confirm(
            Record(now, Act.GRANT, f"code:{code.id}", held.id),
            Record(now, Act.REDEEM, reader_key(reader.id), held.id),
        )
        if held.revoked_at:
            raise Revoked
        return await self._welcome(reader, held, confirmed=confirmed)

    async def _redeem_token(self, token: str, known: Reader | None, once: str) -> Redeemed:
        now = self._clock.now()
        ring = await self._signing.ring()
        claims = ring.verify(token, Purpose.GRANT, now)
        grant = await self._ledger.grant(claims.holder)
        if grant is None:
            raise BadToken
        if grant.revoked_at is not None:
            raise Revoked
        if claims.epoch != grant.epoch:  # its link was renewed: this is no guess
            raise Expired
        reader_id = known.id if known else self._newcomer(once, grant.id)
        reader = await self._ledger.redeem(reader_id, grant.id, now)
        confirmed = await self._confirm(Act.REDEEM, reader_key(reader.id), grant.id)
        return await self._welcome(reader, grant, confirmed=confirmed)

    async def look(self, token: str) -> Opening | None:
        """Return what a token opens, None where it opens nothing now; nothing is used by it."""
        now = self._clock.now()
        try:
            claims = (await self._signing.ring()).verify(token, Purpose.GRANT, now)
            grant = await self._ledger.grant(claims.holder)
            if grant is None or grant.epoch != claims.epoch or grant.revoked_at is not None:
                return None
            address = grant.scope.address
            edition = await self._ledger.current(address) if address else None
        except (Unauthenticated, Unavailable):
            return None  # the answer to the form says why
        return Opening(grant, edition)

    def once(self) -> str:
        """Return what an unlock page carries, so that sending it twice is sending it once."""
        # Counted and not drawn: what a page says depends on nothing that publishers do.
        told = self._signing.derive("once", self._life, str(next(self._page)))
        return f"{self._clock.now()}-{told.hex()[:32]}"

    def is_once(self, told: str) -> bool:
        """Return whether this may be what `once` gave, and not too long ago."""
        match = _ONCE.fullmatch(told)
        return match is not None and 0 <= self._clock.now() - int(match[1]) <= ONCE_LIFE

    def _newcomer(self, once: str, opened: str) -> str:
        """Return the id of a new reader: for the same `once` and what it opened, the same.

        once: "" makes another one each time.
        """
        if not once:
            return self._clock.fresh_id()
        return self._signing.derive("reader", once, opened).hex()[:32]

    async def _welcome(self, reader: Reader, grant: Grant, *, confirmed: bool) -> Redeemed:
        """Return the cookie of a reader in which a grant was redeemed."""
        now = self._clock.now()
        ring = await self._signing.ring()
        claims = Claims(Purpose.READER, reader.id, reader.auth_epoch, now, now + COOKIE_LIFE)
        # A reader of whom nothing else was ever recorded is in nobody's memory.
        return Redeemed(ring.sign(claims), grant, confirmed or reader.version == 1)

    async def forget(self, reader: str) -> bool:
        """Take a reader off the record, by the operator; its cookies open nothing any more.

        Returns as `sign_out` does. Raises Missing.
        """
        if not await self._ledger.forget(reader):
            raise Missing("reader")
        confirmed = await self._confirm(Act.FORGET, OPERATOR, "")
        await self._ledger.scrub()
        return confirmed

    async def sign_out(self, reader: Reader | None) -> bool:
        """End every cookie of a reader, and free the places that it held.

        True: no worker takes one any more. False: on record, and not confirmed yet.
        """
        if reader is None:
            return True
        await self._ledger.sign_out(reader.id)
        return await self._confirm(Act.SIGN_OUT, reader_key(reader.id), reader.id)

    async def _confirm(self, act: Act, by: str, on: str) -> bool:
        return await self._announcing.confirm(Record(self._clock.now(), act, by, on))

    def _grant(self, code: Code, now: int) -> Grant:
        return Grant(
            id=self._clock.fresh_id(),
            scope=code.scope,
            note=code.note,
            source=CODE,
            starts=now,
            ends=None if code.term is None else now + code.term,
            devices=code.devices,
            parent=code.id,
            made_at=now,
        )
