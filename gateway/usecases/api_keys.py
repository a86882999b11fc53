"""API keys of publishers, and the sessions that are begun with them at the studio.

Nobody remembers either: each request asks the record, so what is ended opens nothing any more.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

from gateway.core.api_keys import ALL, ApiKey, May, key_hash
from gateway.core.audit_records import OPERATOR, Act, Record
from gateway.core.documents import valid_name
from gateway.core.errors import BadKey, Expired, Malformed, Missing, NotAllowed, Unavailable
from gateway.core.terms import require_expiry, require_words
from gateway.core.tokens import Claims, Purpose
from gateway.ports import Clock, Ledger
from gateway.usecases.announcing import Announcing
from gateway.usecases.idempotency import ONCE, Idempotency, IdempotencyKey
from gateway.usecases.seeds import Seeds
from gateway.usecases.signing_keys import Signing

PREFIX = "pgk-"
USE = 60  # seconds within which the last use is not noted again


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """An API key as it is asked for. expires is in Unix seconds, None is without end."""

    label: str = ""
    may: Collection[str] = ALL
    expires: int | None = None


class ApiKeys:
    """Makes API keys, tells whose they are, and ends them."""

    def __init__(
        self,
        ledger: Ledger,
        signing: Signing,
        announcing: Announcing,
        seeds: Seeds,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._signing = signing
        self._announcing = announcing
        self._idempotency = Idempotency(ledger, clock)
        self._seeds = seeds
        self._clock = clock

    async def make(
        self,
        publisher: str,
        wish: KeyRequest = KeyRequest(),
        by: ApiKey | None = None,
        ask: IdempotencyKey = ONCE,
    ) -> tuple[ApiKey, str]:
        """Put an API key on record; return it and its text, which is told this once.

        by: the key that asks, None for the operator. Raises Malformed, NotAllowed, Conflict.
        Whether it is confirmed tells `confirm`.
        """
        valid_name(publisher, "publisher")
        may, now = _may(wish.may), self._clock.now()
        require_words("label", wish.label)
        kept = await self._idempotency.earlier(publisher, ask)
        if not kept:  # of one that comes again the time may be over
            require_expiry(wish.expires, now)
        if by and not by.covers(may, wish.expires):
            raise NotAllowed("make a key that may more, or lasts longer, than itself")
        seed = await self._seeds.of(publisher, ask, is_new=kept is None)
        if kept is None:
            kept = await self._idempotency.keep(publisher, ask, 201, str(now).encode())
        text = PREFIX + self._signing.derive("api key", publisher, seed).hex()
        key = ApiKey(
            key_hash(text), publisher, wish.label, may, wish.expires, made_at=int(kept.body)
        )
        await self._ledger.add_key(key)
        await self._announcing.tell(self._record(by, key))
        return key, text

    async def known(self, text: str) -> ApiKey:
        """Return the API key of a text, and note that it is used. Raises BadKey."""
        now = self._clock.now()
        key = await self._ledger.key(key_hash(text))
        if key is None or not key.is_good(now):
            raise BadKey
        if key.used_at is None or now - key.used_at >= USE:
            with suppress(Unavailable):  # a disk that is full keeps nobody from reading
                await self._ledger.note_use(key.hash, now)
        return key

    async def keys(self, publisher: str) -> Sequence[ApiKey]:
        """Return every API key of a publisher, ended ones too, in the order of their ids."""
        return await self._ledger.keys(publisher)

    async def end(self, publisher: str, key: str, by: ApiKey | None = None) -> bool:
        """End an API key, and the sessions that were begun with it.

        True: nobody takes it any more. False: on record, and not confirmed yet. Raises Missing,
        NotAllowed.
        """
        found = next((each for each in await self.keys(publisher) if each.id == key), None)
        if found is None:
            raise Missing("key")
        if by and not by.may.issuperset(found.may):
            raise NotAllowed("end a key that may more than itself")
        await self._ledger.end_key(found.hash, self._clock.now())
        return await self._announcing.confirm(self._record(by, found))

    async def confirm(self) -> bool:
        """Return whether every worker knows of all that was put on record so far."""
        return await self._announcing.confirm()

    def _record(self, by: ApiKey | None, key: ApiKey) -> Record:
        who = OPERATOR if by is None else f"publisher:{by.publisher}"
        return Record(self._clock.now(), Act.API_KEY, who, key.id)

    # --- sessions ---

    async def begin_session(self, key: ApiKey, life: int) -> str:
        """Begin a session of life seconds with a key; return its signed cookie."""
        now, session = self._clock.now(), self._clock.fresh_id()
        await self._ledger.begin_session(session, key.hash, now, now + life)
        ring = await self._signing.ring()
        return ring.sign(Claims(Purpose.STUDIO, session, 0, now, now + life))

    async def of_session(self, cookie: str) -> ApiKey:
        """Return the key that a session was begun with. Raises BadToken, Expired, Unavailable."""
        key = await self._ledger.session(await self._session(cookie))
        if key is None or not key.is_good(self._clock.now()):
            raise Expired
        return key

    async def end_session(self, cookie: str) -> None:
        """End a session, in every copy of its cookie. Raises BadToken, Expired, Unavailable."""
        await self._ledger.end_session(await self._session(cookie))

    async def _session(self, cookie: str) -> str:
        ring = await self._signing.ring()
        return ring.verify(cookie, Purpose.STUDIO, self._clock.now()).holder


def _may(names: Collection[str]) -> frozenset[May]:
    try:
        may = frozenset(map(May, names))
    except ValueError:
        may = frozenset()
    if not may:
        raise Malformed(
            "This is not what a key may do.",
            where="may",
            hint="Name some of: publish, grant, read.",
        )
    return may
