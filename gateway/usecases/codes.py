"""Make codes, list and revoke them: words that someone types to have a right.

A word stands on record as its hash alone. It is made from the root secret and a seed of the request
that asked for it, so that the same request can be answered again, for a day, and nothing else can
tell it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from gateway.core.audit_records import Act, Record
from gateway.core.codes import Code, State, code_hash, spell
from gateway.core.errors import Conflict, Missing
from gateway.core.rights import PLACES, Scope
from gateway.core.terms import require_expiry, require_number, require_words, term_seconds
from gateway.ports import Clock, Ledger
from gateway.usecases.announcing import Announcing
from gateway.usecases.granting import MAX_DEVICES
from gateway.usecases.idempotency import ONCE, Idempotency, IdempotencyKey
from gateway.usecases.seeds import Seeds
from gateway.usecases.signing_keys import Signing

MAX_COUNT = 10_000
MAX_USES = 10_000
# Codes that are made and recorded together, between which others have their turn. A request that
# was cut off goes on with the next: never change it.
BATCH = 200
FEW = 50  # codes made in one go


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """Codes as a publisher asks for them. expires is in Unix seconds, None is without end."""

    scope: str
    count: int = 1
    uses: int = 1
    term: str = ""
    expires: int | None = None
    devices: int = PLACES
    note: str = ""


@dataclass(frozen=True, slots=True)
class Minted:
    """A new code and its word, which is told this once."""

    code: Code
    word: str


Rest = Callable[[], Awaitable[None]]
"""Lets others have their turn."""


async def no_rest() -> None:
    """Go on at once."""


class Codes:
    """The publisher's side of codes."""

    def __init__(
        self,
        ledger: Ledger,
        signing: Signing,
        announcing: Announcing,
        seeds: Seeds,
        clock: Clock,
        rest: Rest = no_rest,
    ) -> None:
        self._ledger = ledger
        self._signing = signing
        self._announcing = announcing
        self._idempotency = Idempotency(ledger, clock)
        self._seeds = seeds
        self._clock = clock
        self._rest = rest

    async def make(
        self, publisher: str, wish: CodeRequest, ask: IdempotencyKey = ONCE
    ) -> list[Minted]:
        """Put new codes on record. Raises Malformed, Conflict.

        The same Idempotency-Key again gives the same codes, if it asks for the same. Where this
        ends early, some are on record, and without a key nobody knows their words. Whether all is
        confirmed tells `confirm`.
        """
        now = self._clock.now()
        kept = await self._idempotency.earlier(publisher, ask)
        pattern = _pattern(publisher, wish, int(kept.body) if kept else now)
        seed = await self._seeds.of(publisher, ask, is_new=kept is None)
        if kept is None:
            # Before the codes are recorded: whoever asks again after a crash goes on with these.
            kept = await self._idempotency.keep(publisher, ask, 201, str(now).encode())
            pattern = replace(pattern, made_at=int(kept.body))
        minted: list[Minted] = []
        for start in range(0, wish.count, BATCH):
            some: list[Minted] = []
            for number in range(start, min(start + BATCH, wish.count)):
                some.append(self._mint(pattern, seed, number))
                if number % FEW == 0:
                    await self._rest()
            await self._put_on_record([each.code for each in some], now, is_again=bool(ask.key))
            minted += some
        return minted

    async def _put_on_record(self, codes: Sequence[Code], now: int, *, is_again: bool) -> None:
        """Record some codes; all of them, or none because they were recorded before."""
        if not (is_again and await self._ledger.code_by_id(codes[0].id)):
            try:
                await self._ledger.add_codes(codes)
            except Conflict:
                if not is_again:  # else another request was faster with the same
                    raise
        by = f"publisher:{codes[0].scope.publisher}"
        await self._announcing.tell(*(Record(now, Act.CODE, by, code.id) for code in codes))

    def _mint(self, pattern: Code, seed: str, number: int) -> Minted:
        drawn = self._signing.derive("code", pattern.scope.publisher, seed, str(number))
        word = spell(int.from_bytes(drawn[:10]))
        letters = word.replace("-", "")
        return Minted(replace(pattern, id=drawn[10:26].hex(), hash=code_hash(letters)), word)

    async def codes(
        self, publisher: str, *, scope: str = "", after: str = "", limit: int
    ) -> Sequence[Code]:
        """Return codes of a publisher by id, after an id."""
        return await self._ledger.codes(publisher, after, limit, scope=scope)

    def state(self, code: Code) -> State:
        """Return what can be done with a code now."""
        return code.state(self._clock.now())

    async def revoke(self, publisher: str, code: str) -> bool:
        """Take a code back, and every right that came from it. Raises Missing.

        True: no worker begins to serve them any more. False: on record, and not confirmed yet.
        """
        found = await self._ledger.code_by_id(code)
        if found is None or found.scope.publisher != publisher:
            raise Missing("code")
        now = self._clock.now()
        await self._ledger.revoke(found.id, now)
        by = f"publisher:{publisher}"
        return await self._announcing.confirm(Record(now, Act.REVOKE, by, found.id))

    async def confirm(self) -> bool:
        """Return whether every worker knows of all that was put on record so far."""
        return await self._announcing.confirm()


def _pattern(publisher: str, wish: CodeRequest, now: int) -> Code:
    """Return what the codes of a request have in common. Raises Malformed."""
    require_number("count", wish.count, MAX_COUNT)
    require_number("uses", wish.uses, MAX_USES)
    require_number("devices", wish.devices, MAX_DEVICES)
    require_words("note", wish.note)
    require_expiry(wish.expires, now)
    return Code(
        id="",
        hash="",
        scope=Scope.parse(publisher, wish.scope),
        max_uses=wish.uses,
        term=term_seconds(wish.term) if wish.term else None,
        devices=wish.devices,
        note=wish.note,
        expires=wish.expires,
        made_at=now,
    )
