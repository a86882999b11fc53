"""Sign: the key ring as the record has it, and how keys come and go.

A key is pending until every worker has it, active until the next one is, then only verifies what
it has signed, until it is retired. So no token is ever signed with a key that some worker lacks.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.core.audit_records import OPERATOR, Act, Record
from gateway.core.cache_keys import SIGNING_KEYS
from gateway.core.errors import Conflict, Missing
from gateway.core.tokens import KeyRing, KeyState
from gateway.ports import Clock, Coherence, KeyRecords
from gateway.usecases.announcing import Announcing

States = Mapping[str, KeyState]

FIRST: States = {"k1": KeyState.ACTIVE}  # of a ledger that has recorded none yet


@dataclass(frozen=True, slots=True)
class Turned:
    """A key whose state has changed, and whether every worker is known to know."""

    kid: str
    state: KeyState
    confirmed: bool


class Signing:
    """The signing keys of every worker."""

    def __init__(
        self,
        root: bytes,
        ledger: KeyRecords,
        coherence: Coherence,
        announcing: Announcing,
        clock: Clock,
    ) -> None:
        self._root = root
        self._ledger = ledger
        self._coherence = coherence
        self._announcing = announcing
        self._clock = clock
        self._made: tuple[States, KeyRing] = (FIRST, KeyRing(root, FIRST))

    def at_hand(self) -> KeyRing | None:
        """Return the ring if memory alone can tell it."""
        known = self._coherence.known(SIGNING_KEYS)
        return known.value if known else None

    async def ring(self) -> KeyRing:
        """Return the ring as it is now. Raises Unavailable."""
        ring: KeyRing = await self._coherence.fetch(SIGNING_KEYS, self._load)
        return ring

    async def _load(self) -> KeyRing:
        states = await self.keys()
        known, ring = self._made
        if states != known:  # else keep the ring, and with it what it has verified
            ring = KeyRing(self._root, states)
            self._made = (states, ring)
        return ring

    def derive(self, what: str, *told: str) -> bytes:
        """Return 32 bytes that follow from what was told, and that nothing else can tell."""
        message = b"paidgate derived " + json.dumps([what, *told]).encode()
        return hmac.digest(self._root, message, "sha256")

    async def keys(self) -> States:
        """Return the state of every key. Raises Unavailable."""
        return await self._ledger.signing_keys() or FIRST

    async def rotate(self) -> Turned:
        """Make a new key, and sign with it as soon as every worker has it.

        Not confirmed: the key stays pending, and the next call goes on with it. Raises Stale,
        Unavailable.
        """
        states = await self.keys()
        kid = next((k for k, state in states.items() if state is KeyState.PENDING), "")
        if not kid:
            kid = f"k{1 + max(int(known[1:]) for known in states)}"
            await self._set({**states, kid: KeyState.PENDING})
        if not await self._announcing.confirm(self._record(kid)):
            return Turned(kid, KeyState.PENDING, confirmed=False)
        aged = {k: _AGED.get(state, state) for k, state in (await self.keys()).items()}
        await self._set({**aged, kid: KeyState.ACTIVE})
        return Turned(kid, KeyState.ACTIVE, await self._announcing.confirm(self._record(kid)))

    async def retire(self, kid: str) -> Turned:
        """End a key: what it has signed is good no more. Raises Missing, Conflict, Stale."""
        states = await self.keys()
        if kid not in states:
            raise Missing("key")
        if states[kid] in (KeyState.ACTIVE, KeyState.PENDING):
            raise Conflict(
                "This key is in use.", hint="Rotate first, and retire the key that was active."
            )
        await self._set({**states, kid: KeyState.RETIRED})
        return Turned(kid, KeyState.RETIRED, await self._announcing.confirm(self._record(kid)))

    async def _set(self, states: States) -> None:
        before = await self._ledger.signing_keys()
        await self._ledger.set_signing_keys(before, states, self._clock.now())

    def _record(self, kid: str) -> Record:
        return Record(self._clock.now(), Act.KEY, OPERATOR, kid)


_AGED = {KeyState.ACTIVE: KeyState.VERIFY_ONLY}
