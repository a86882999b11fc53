"""A forger: somebody who has the password of the Redis that workers share, and writes there.

It strikes when a change has been numbered, before anybody can have said that it was heard; and it
cuts workers off from what is pushed, so that they learn of a change from a renewal or not at all.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from typing import Any, NamedTuple

from redis.asyncio import Redis

from gateway.core.leases import Change, Leaseholder, Terms
from gateway.core.rights import Rights, pack_rights
from gateway.ports import RIGHTS
from gateway.stores.leased_cache import LeasedCoherence, boottime
from gateway.stores.memory import MemoryAudit, MemoryLedger
from gateway.stores.redis.authority import CHANNEL, RedisAuthority
from gateway.stores.redis.signet import Signet
from gateway.stores.roll import Roll
from gateway.usecases.announcing import Announcing
from tests.stores.things import grant

TERMS = Terms()
WORKERS = 3
ROUNDS = 2  # acknowledged revocations that an attack is tried on
TIMEOUT = 60.0  # seconds
KNOWN = "another"  # a grant that stands, whatever becomes of others
OURS, NOBODYS = b"a root secret for tests, 32 bytes", "0" * 32

Kept = dict[bytes, dict[bytes, bytes]]


class Forger:
    """What it can read and write, and what it has kept from before the change."""

    def __init__(self, redis: Any) -> None:
        self.redis = redis
        self.kept: Kept = {}
        self.key = ""  # of the grant that is revoked
        self.stranger = ""  # the key of a grant that never was
        self.state = self.nonce = b""

    async def look(self) -> None:
        """Keep everything as it is now."""
        keys = [key async for key in self.redis.scan_iter("paidgate:*")]
        self.kept = {key: await self.redis.hgetall(key) for key in keys}
        self.state = min(self.kept, key=len)
        self.nonce = self.kept[self.state][b"nonce"]

    def place(self, key: str) -> bytes:
        """Return where what is shared of a key lies."""
        return b"%b:%b:%b" % (self.state, self.nonce, key.encode())

    async def put(self, place: bytes, facts: dict[Any, Any]) -> None:
        """Put facts in place of whatever is there."""
        async with self.redis.pipeline() as pipe:
            pipe.delete(place)
            pipe.hset(place, mapping=facts)
            await pipe.execute()

    async def put_back(self) -> None:
        """Make the state of the authority what it was."""
        await self.put(self.state, self.kept[self.state])

    async def entry(self) -> tuple[int, bytes]:
        """Return the newest change, by its number and as it is logged."""
        number = int(await self.redis.hget(self.state, "head"))
        return number, await self.redis.hget(self.state, str(number))

    async def workers(self) -> list[str]:
        """Return who has a lease."""
        return [*json.loads(await self.redis.hget(self.state, "leases"))]

    async def lease(self, applied: int | None) -> None:
        """Make up leases that have applied all, or take them all away."""
        leases = {w: [applied, applied] for w in await self.workers()} if applied else {}
        await self.redis.hset(self.state, "leases", json.dumps(leases))


# --- what it does ------------------------------------------------------------------------------


async def a_right_made_up(forger: Forger) -> None:
    packed = pack_rights(Rights([grant(forger.key.partition(":")[2])], 9))
    for key in (forger.key, forger.stranger):
        facts = {"version": 9, "packed": packed, "mark": NOBODYS}
        await forger.put(forger.place(key), facts)


async def a_right_put_back(forger: Forger) -> None:
    place = forger.place(forger.key)
    await forger.put(place, forger.kept[place])


async def a_right_of_another(forger: Forger) -> None:
    for key in (forger.key, forger.stranger):
        await forger.put(forger.place(key), forger.kept[forger.place(f"grant:{KNOWN}")])


async def leases_made_up(forger: Forger) -> None:
    await forger.lease(10**9)


async def leases_taken_away(forger: Forger) -> None:
    await forger.lease(None)


async def a_head_put_back(forger: Forger) -> None:
    number, _ = await forger.entry()
    await forger.redis.hset(forger.state, "head", number - 1)
    await forger.redis.hdel(forger.state, str(number))


async def a_state_put_back(forger: Forger) -> None:
    await forger.put_back()


async def a_state_put_back_with_leases_made_up(forger: Forger) -> None:
    await forger.put_back()
    await forger.lease(10**9)


async def another_life(forger: Forger) -> None:
    await forger.put(forger.state, {"nonce": "0" * 16, "head": 0, "leases": "{}"})


async def words_made_up(forger: Forger) -> None:
    word = (await forger.entry())[1].split(b" ")[0]
    said = dict.fromkeys(await forger.workers(), NOBODYS)
    await forger.put(b"%b:heard:%b" % (forger.state, word), said)
    await forger.lease(None)


async def words_of_another_change(forger: Forger) -> None:
    word = (await forger.entry())[1].split(b" ")[0]
    said: dict[bytes, bytes] = {}
    for place, earlier in forger.kept.items():
        said |= earlier if b":heard:" in place else {}
    await forger.put(b"%b:heard:%b" % (forger.state, word), said)
    await forger.lease(None)


async def a_log_made_up(forger: Forger) -> None:
    number, _ = await forger.entry()
    await forger.redis.hset(forger.state, str(number), f"0 {NOBODYS} []")


async def a_log_of_another_change(forger: Forger) -> None:
    number, _ = await forger.entry()
    earlier = await forger.redis.hget(forger.state, str(number - 1))
    await forger.redis.hset(forger.state, str(number), earlier)


async def a_log_that_is_none(forger: Forger) -> None:
    number, _ = await forger.entry()
    await forger.redis.hset(forger.state, str(number), b"\xff{")


async def stray_messages(forger: Forger) -> None:
    number, entry = await forger.entry()
    told = b"%b %d " % (forger.nonce, number + 10**6)
    odd = (b"", b"\xff", b"x", b"{}", told, told + b"x", told + b"a b c", b"\xff 1 " + entry)
    for message in (*odd, told + f'0 {NOBODYS} ["key"]'.encode(), told + entry):
        await forger.redis.publish(CHANNEL, message)


Attack = Callable[[Forger], Awaitable[None]]
ATTACKS: tuple[Attack, ...] = (
    a_right_made_up,
    a_right_put_back,
    a_right_of_another,
    leases_made_up,
    leases_taken_away,
    a_head_put_back,
    a_state_put_back,
    a_state_put_back_with_leases_made_up,
    another_life,
    words_made_up,
    words_of_another_change,
    a_log_made_up,
    a_log_of_another_change,
    a_log_that_is_none,
    stray_messages,
)


# --- memories that miss a guard ----------------------------------------------------------------


class Gullible(Signet):
    """Takes any mark for ours."""

    def knows(self, mark: str | bytes, purpose: str, *said: str | bytes) -> bool:
        return True


class Timeless(Roll):
    """Believes what is shared whenever it was."""

    @property
    def era(self) -> str:
        return "always"

    def era_of(self, key: str) -> str:
        return self.era


class Uncalled(Roll):
    """Asks nobody for their word."""

    async def call(self) -> frozenset[str]:
        return frozenset()


class Blind(Roll):
    """Does not see what is outgoing."""

    def _drop(self, memory: Leaseholder[Any], keys: frozenset[str]) -> None:
        return


class Guards(NamedTuple):
    """What memories are made of."""

    signet: type[Signet] = Signet
    roll: type[Roll] = Roll


SOUND = Guards()


# --- the attack --------------------------------------------------------------------------------


class Struck(RedisAuthority):
    """An authority in which somebody strikes at each change that it has numbered."""

    strike: Callable[[], Awaitable[None]] | None = None
    is_cut_off = True

    async def publish(self, keys: Iterable[str]) -> Change:
        change = await super().publish(keys)
        if self.strike:
            await self.strike()
        return change

    async def pushes(self) -> AsyncGenerator[Change | None]:
        if self.is_cut_off:
            await asyncio.Event().wait()
        async for change in super().pushes():
            yield change


class Outcome(NamedTuple):
    """What came of an attack."""

    acknowledged: int = 0
    fooled: int = 0  # reads that began afterwards, and opened what was revoked or never given


async def attacked(url: str, attack: Attack, guards: Guards = SOUND) -> Outcome:
    """Revoke rights under an attack until enough is acknowledged, or somebody is fooled."""
    ledger, outcome = MemoryLedger(), Outcome()
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(Redis.from_url(url))
        await redis.flushall()
        forger, authorities, memories = Forger(redis), list[Struck](), list[LeasedCoherence]()
        for _ in range(WORKERS):
            roll = guards.roll(ledger, TERMS, boottime)
            authorities.append(Struck(url, TERMS, guards.signet(OURS), "a" * 32, roll=roll))
            authorities[-1].is_cut_off = attack is not stray_messages
            memories.append(LeasedCoherence(authorities[-1], TERMS, roll=roll))
            stack.push_async_callback(memories[-1].close)
            memories[-1].start()
        announcing = Announcing(ledger, memories[0], MemoryAudit())
        await ledger.add_grant(grant(KNOWN))
        number, end = 0, time.monotonic() + TIMEOUT
        while outcome.acknowledged < ROUNDS and not outcome.fooled:
            assert time.monotonic() < end, "too little is acknowledged"
            number += 1
            made = grant(f"g{number}")
            await ledger.add_grant(made)
            # In the era of a change nothing is shared of its key, so begin another one.
            if not await announcing.confirm() or not await all_share(ledger, memories, made.id):
                continue
            forger.key, forger.stranger = f"grant:{made.id}", f"grant:stranger-{number}"
            await forger.look()
            await ledger.revoke(made.id, 5)
            authorities[0].strike = lambda: attack(forger)
            confirmed = await announcing.confirm()
            authorities[0].strike = None
            if confirmed:
                names = (made.id, f"stranger-{number}")
                opened = [await opens(ledger, m, name) for m in memories for name in names]
                outcome = Outcome(outcome.acknowledged + 1, sum(opened))
    return outcome


async def all_share(ledger: MemoryLedger, memories: list[LeasedCoherence], name: str) -> bool:
    """Have every worker remember a right, and the first share it; return whether they do."""
    assert memories[0]._roll
    await memories[0]._roll._ledger.enter(memories[0]._roll.worker, name)
    end = time.monotonic() + 5
    while time.monotonic() < end:
        await asyncio.sleep(0.01)
        if all(m._roll and m._roll.era in (name, "always") for m in memories):
            break
    for memory in memories:
        for each in (KNOWN, name):
            memory._leaseholder.drop([f"grant:{each}"])
            await opens(ledger, memory, each)
    return all(memory.known(f"grant:{name}") for memory in memories)


async def opens(ledger: MemoryLedger, memory: LeasedCoherence, name: str) -> bool:
    """Return whether a worker lets the holder of a grant read."""

    async def load() -> Rights | None:
        found = await ledger.grant(name)
        return Rights([found]) if found else None

    rights: Rights | None = await memory.fetch(f"grant:{name}", load, RIGHTS)
    return any(each.revoked_at is None for each in rights.grants) if rights else False
