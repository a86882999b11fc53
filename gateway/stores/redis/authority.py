"""The lease authority on Redis or Valkey: each step one script, all state in one key.

Beside it rests what workers share, one key each: named by the same incarnation, taken away by the
same script that numbers a change, and never the only place of anything.

Others may write there too. So what a worker says there bears its mark, what is not marked is not
believed, and what the server itself says (who has a lease, what is newest) is believed only where
it makes an answer no or an acknowledgement late; for what makes it early see `roll`.

The key is named by the server's run_id and holds a word of chance, so that a restart, a flush or
an eviction is a new incarnation and never half of an old one. It is named by the authority on
record too, and not everyone may begin it: who finds nothing under that name is at another server.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator, Awaitable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from gateway.core.leases import Change, Lease, Load, Renewal, Terms
from gateway.stores.outages import SILENCE, failed
from gateway.stores.redis.connection import AuthorityKey, RedisConnection
from gateway.stores.redis.scripts import BEHIND, EXPIRE, IS_BEGUN, PUBLISH, RECALL, RENEW, SHARE
from gateway.stores.redis.signet import Signet
from gateway.stores.roll import Roll

KEEP = 512  # changes in the log
SHARED = 600_000  # milliseconds that something is shared without being shared anew
CHANGE, HEARS, SHARES = "change", "hears", "shares"  # what a mark is for
CHANNEL = "paidgate:changes"

T = TypeVar("T")


class RedisAuthority:
    """One authority, spoken to over four connections: leases, changes, pushes, what is shared.

    name: of the authority on record. may_begin: this server is known to be the one; else only a
    renewal that finds it begun shows that it is. roll: who has to hear of a change, where the
    server is not believed.
    """

    def __init__(
        self,
        url: str,
        terms: Terms,
        signet: Signet,
        name: str = "",
        *,
        may_begin: bool = True,
        roll: Roll | None = None,
    ) -> None:
        self._signet = signet
        self._name = name
        self._roll = roll
        timeout = terms.pace  # seconds; a late answer to a renewal is worth nothing
        self._patience = timeout
        self._key = AuthorityKey(name, may_begin)
        self._renewing = RedisConnection(url, timeout, self._key)
        self._changing = RedisConnection(url, timeout, self._key)
        self._hearing = RedisConnection(url, timeout, self._key)
        self._sharing = RedisConnection(url, timeout, self._key)

    async def is_begun(self) -> bool:
        """Return whether this server holds the authority. Raises Unavailable."""
        await self._changing.run_id()
        return bool(await self._changing.call(IS_BEGUN))

    async def renew(self, renewal: Renewal) -> Lease:
        """Ask for a lease. Raises Unavailable."""
        connection = self._renewing
        run_id = await connection.run_id()
        nonce = renewal.incarnation.removeprefix(f"{run_id}.")
        heard = [each for word in renewal.heard for each in (word, self._hears(renewal, word))]
        told = await connection.call(RENEW, renewal.worker, nonce, renewal.applied, KEEP, *heard)
        self._key.may_begin = True
        with _understanding():
            incarnation, head = f"{run_id}.{_text(told[0])}", int(told[1])
            if len(told) == 2:
                return Lease(incarnation, head, None)
            first = head - len(told[3:]) + 1
            changes = [self._change(incarnation, first + n, e) for n, e in enumerate(told[3:])]
        # What bears no mark is no change of ours, and what was in its place nobody can tell.
        return Lease(incarnation, head, None if None in changes else tuple(filter(None, changes)))

    def _hears(self, renewal: Renewal, word: str) -> str:
        return self._signet.mark(HEARS, self._name, renewal.worker, word)

    async def publish(self, keys: Iterable[str]) -> Change:
        """Number a change, log it, and push it to every worker. Raises Unavailable."""
        connection = self._changing
        run_id = await connection.run_id()
        called = await self._roll.call() if self._roll else frozenset()
        word, listed = secrets.token_hex(8), json.dumps(sorted(keys))
        mark = self._signet.mark(CHANGE, self._name, word, listed)
        told = await connection.call(PUBLISH, f"{word} {mark} {listed}", KEEP, CHANNEL)
        with _understanding():
            incarnation, number = f"{run_id}.{_text(told[0])}", int(told[1])
        return Change(incarnation, number, frozenset(json.loads(listed)), word, called)

    async def behind(self, change: Change) -> frozenset[str] | None:
        """Return which leased workers have not applied a change. Raises Unavailable."""
        connection = self._changing
        run_id = await connection.run_id()
        nonce = change.incarnation.removeprefix(f"{run_id}.")
        told = await connection.call(BEHIND, nonce, change.number, change.word)
        if told is None:
            return None
        with _understanding():
            late, said = frozenset(map(_text, told[0])), told[1]
            marks = {_text(said[n]): said[n + 1] for n in range(0, len(said), 2)}
        return late | self._silent(change, marks)

    def _silent(self, change: Change, marks: Mapping[str, bytes]) -> frozenset[str]:
        """Return whose word for a change is missing, of those who were called."""
        return frozenset(
            worker
            for worker in change.called
            if not self._signet.knows(
                marks.get(worker, b""), HEARS, self._name, worker, change.word
            )
        )

    async def expire(self, change: Change) -> None:
        """Forget workers that have not renewed since a change. Raises Unavailable."""
        run_id = await self._changing.run_id()
        nonce = change.incarnation.removeprefix(f"{run_id}.")
        if self._roll and (late := await self.behind(change)):
            await self._roll.doubt(late & change.called)
        await self._changing.call(EXPIRE, nonce, change.number)

    async def pushes(self) -> AsyncGenerator[Change | None]:
        """Yield changes as they are pushed, until the connection ends. Raises Unavailable.

        None for a message that nobody of ours has sent.
        """
        connection = self._hearing
        run_id = await connection.run_id()
        try:
            await connection.subscribe(CHANNEL)
            while True:
                yield self._pushed(run_id, await connection.heard())
        finally:
            await connection.close()  # what is still to be heard is nobody's answer

    def _pushed(self, run_id: str, message: bytes) -> Change | None:
        try:
            nonce, number, entry = message.split(b" ", 2)
            return self._change(f"{run_id}.{_text(nonce)}", int(number), entry)
        except ValueError:  # anybody may send anything
            return None

    def _change(self, incarnation: str, number: int, entry: bytes) -> Change | None:
        """Return a change that was logged, None where it bears no mark of ours."""
        word, mark, listed = (*entry.split(b" ", 2), b"", b"")[:3]
        if not self._signet.knows(mark, CHANGE, self._name, word, listed):
            return None
        return Change(incarnation, number, frozenset(json.loads(listed)), _text(word))

    async def recall(self, key: str) -> bytes | None:
        """Return what workers share under key, and what is believed. Raises Unavailable."""
        era = self._roll.era_of(key) if self._roll else ""
        if self._roll and not era:
            return None
        return await self._in_time(self._recall(key, era))

    async def _recall(self, key: str, era: str) -> bytes | None:
        run_id = await self._sharing.run_id()
        nonce, version, packed, mark = await self._sharing.call(RECALL, key)
        if None in (version, packed, mark):
            return None
        said = (self._name, era, run_id, nonce, key, version, packed)
        return bytes(packed) if self._signet.knows(mark, SHARES, *said) else None

    async def _in_time(self, work: Awaitable[T]) -> T:
        """Bound the time in the queue as well: the ledger answers while this is slow."""
        try:
            async with asyncio.timeout(self._patience):
                return await work
        except TimeoutError as error:
            raise failed("redis", error, SILENCE) from error

    async def share(self, load: Load, version: int, packed: bytes) -> None:
        """Share what a load has read, unless its key has changed since. Raises Unavailable."""
        await self._in_time(self._share(load, version, packed))

    async def _share(self, load: Load, version: int, packed: bytes) -> None:
        run_id = await self._sharing.run_id()
        nonce = load.incarnation.removeprefix(f"{run_id}.")
        if self._roll and not load.era:
            return
        said = (self._name, load.era, run_id, nonce, load.key, str(version), packed)
        mark = self._signet.mark(SHARES, *said)
        told = (nonce, load.applied, load.key, version, packed, KEEP, SHARED, mark)
        await self._sharing.call(SHARE, *told)

    async def close(self) -> None:
        """Close every connection."""
        for connection in (self._renewing, self._changing, self._hearing, self._sharing):
            await connection.close()


def _text(told: bytes) -> str:
    return told.decode(errors="backslashreplace")  # anything may stand in a shared server


@contextmanager
def _understanding() -> Iterator[None]:
    """Take an answer that makes no sense for none. Raises Unavailable."""
    try:
        yield
    except (ValueError, TypeError, IndexError, AttributeError) as error:
        raise failed("redis", error, SILENCE) from error
