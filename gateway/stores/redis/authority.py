"""The lease authority on Redis or Valkey: each step one script, all state in one key.

Beside it rests what workers share, one key each: named by the same incarnation, taken away by the
same script that numbers a change, and never the only place of anything.

Others may write there too. So what a worker says there bears its mark, what is not marked is not
believed, and what the server itself says (who has a lease, what is newest) is believed only where
it makes an answer no or an acknowledgement late; for what makes it early see `roll`.

The key is named by the server's run_id and holds a word of chance, so that a restart, a flush or
an eviction is a new incarnation and never half of an old one. It is named by the authority on
record too, and not everyone may begin it: who finds nothing under that name is at another server.
The client has no hidden retries: one connection belongs to one life of the server.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator, Awaitable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha1
from typing import Any, TypeVar

from redis.asyncio.connection import Connection, parse_url
from redis.exceptions import NoScriptError, RedisError

from gateway.core.leases import Change, Lease, Load, Renewal, Terms
from gateway.stores.outages import SILENCE, answered, failed
from gateway.stores.redis.signet import Signet
from gateway.stores.roll import Roll

KEEP = 512  # changes in the log
SHARED = 600_000  # milliseconds that something is shared without being shared anew
CHANGE, HEARS, SHARES = "change", "hears", "shares"  # what a mark is for
CHANNEL = "paidgate:changes"

T = TypeVar("T")

STATE = """
local nonce = redis.call('HGET', KEYS[1], 'nonce')
if not nonce then
  if ARGV[1] == '' then return redis.error_reply('ABSENT') end
  nonce = ARGV[1]
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'nonce', nonce, 'head', '0', 'leases', '{}')
end
redis.call('PEXPIRE', KEYS[1], 86400000)
local head = tonumber(redis.call('HGET', KEYS[1], 'head'))
"""

_LEASES = "local leases = cjson.decode(redis.call('HGET', KEYS[1], 'leases'))\n"

RENEW = (
    STATE
    + _LEASES
    + """
local known = ARGV[3] == nonce
local applied = tonumber(ARGV[4])
local held = leases[ARGV[2]]
local before = held and held[1] or 0
leases[ARGV[2]] = {math.max(before, known and applied or 0), head}
redis.call('HSET', KEYS[1], 'leases', cjson.encode(leases))
for at = 6, #ARGV, 2 do
  local heard = KEYS[1] .. ':heard:' .. ARGV[at]
  redis.call('HSET', heard, ARGV[2], ARGV[at + 1])
  redis.call('PEXPIRE', heard, 60000)
end
if not known or head - applied > tonumber(ARGV[5]) then return {nonce, head} end
local answer = {nonce, head, 'all'}
for number = applied + 1, head do
  local keys = redis.call('HGET', KEYS[1], string.format('%d', number))
  if not keys then return {nonce, head} end
  answer[#answer + 1] = keys
end
return answer
"""
)

PUBLISH = (
    STATE
    + """
head = head + 1
local number = string.format('%d', head)
redis.call('HSET', KEYS[1], 'head', number, number, ARGV[2])
for _, key in ipairs(cjson.decode(string.match(ARGV[2], '%[.*'))) do
  redis.call('DEL', KEYS[1] .. ':' .. nonce .. ':' .. key)
end
redis.call('HDEL', KEYS[1], string.format('%d', head - tonumber(ARGV[3])))
redis.call('PUBLISH', ARGV[4], nonce .. ' ' .. number .. ' ' .. ARGV[2])
return {nonce, head}
"""
)

BEHIND = (
    STATE
    + _LEASES
    + """
if ARGV[2] ~= nonce then return false end
local late = {}
for worker, held in pairs(leases) do
  if held[1] < tonumber(ARGV[3]) then late[#late + 1] = worker end
end
return {late, redis.call('HGETALL', KEYS[1] .. ':heard:' .. ARGV[4])}
"""
)

EXPIRE = (
    STATE
    + _LEASES
    + """
if ARGV[2] ~= nonce then return 0 end
for worker, held in pairs(leases) do
  if held[2] < tonumber(ARGV[3]) then leases[worker] = nil end
end
redis.call('HSET', KEYS[1], 'leases', cjson.encode(leases))
return 1
"""
)

IS_BEGUN = "return redis.call('EXISTS', KEYS[1])"

RECALL = (
    STATE
    + """
local place = KEYS[1] .. ':' .. nonce .. ':' .. ARGV[2]
return {nonce, unpack(redis.call('HMGET', place, 'version', 'packed', 'mark'))}
"""
)

# What was read before a change may not be shared after it: the log tells, and where the log is too
# short the answer is no.
SHARE = (
    STATE
    + """
local since = tonumber(ARGV[3])
if ARGV[2] ~= nonce or head - since > tonumber(ARGV[7]) then return 0 end
for number = since + 1, head do
  local keys = redis.call('HGET', KEYS[1], string.format('%d', number))
  if not keys then return 0 end
  local listed = string.match(keys, '%[.*')
  if not listed then return 0 end
  for _, key in ipairs(cjson.decode(listed)) do
    if key == ARGV[4] then return 0 end
  end
end
local place = KEYS[1] .. ':' .. nonce .. ':' .. ARGV[4]
local shared = redis.call('HGET', place, 'version')
if shared and tonumber(shared) > tonumber(ARGV[5]) then return 0 end
redis.call('HSET', place, 'version', ARGV[5], 'packed', ARGV[6], 'mark', ARGV[9])
redis.call('PEXPIRE', place, ARGV[8])
return 1
"""
)


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


@dataclass(slots=True)
class AuthorityKey:
    """The key at a server, and whether it may be begun there."""

    name: str
    may_begin: bool

    def at(self, run_id: str) -> str:
        """Return the key at one life of the server."""
        return ":".join(filter(None, ("paidgate", run_id, self.name)))


class RedisConnection:
    """One connection to one life of the server; made anew after every failure."""

    def __init__(self, url: str, timeout: float, key: AuthorityKey) -> None:
        self._key = key
        options: dict[str, Any] = dict(parse_url(url))
        self._kind = options.pop("connection_class", Connection)
        self._options = options
        self._patience = timeout
        self._connection: Any = None
        self._run_id = ""
        self._turn = asyncio.Lock()

    async def run_id(self) -> str:
        """Return which life of the server the connection belongs to, made now if need be."""
        async with self._turn:
            if self._connection is None:
                await self._guarded(self._connect())
            return self._run_id

    async def call(self, script: str, *arguments: object) -> Any:
        """Run a script on the one key. Raises Unavailable."""
        async with self._turn:
            return await self._guarded(self._call(script, arguments))

    async def subscribe(self, channel: str) -> None:
        """Begin to hear a channel. Raises Unavailable."""
        async with self._turn:
            await self._guarded(self._ask("SUBSCRIBE", channel))

    async def heard(self) -> bytes:
        """Wait for the next message. Raises Unavailable when the connection ends."""
        try:
            told = await self._connection.read_response(disconnect_on_error=False, timeout=None)
            return bytes(told[2])
        except Exception as error:  # whatever it is, the connection is of no use
            await self.close()
            raise failed("redis", error, SILENCE) from error

    async def close(self) -> None:
        """Drop the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)

    async def _guarded(self, work: Awaitable[T]) -> T:
        try:
            # Not wait_for: on 3.11 it can lose a cancellation, and with it the end of the process.
            async with asyncio.timeout(self._patience):
                told = await work
        except Exception as error:
            # Whatever it is: what was asked may still happen, and its answer must not be taken for
            # another's.
            await self.close()
            raise failed("redis", error, SILENCE) from error
        except asyncio.CancelledError:
            await self.close()
            raise
        answered("redis")
        return told

    async def _connect(self) -> None:
        connection = self._kind(**self._options, protocol=2, retry=None, socket_timeout=None)
        self._connection = connection
        await connection.connect()
        told = await self._ask("INFO", "server")
        lines = told.decode().splitlines() if isinstance(told, bytes) else str(told).splitlines()
        self._run_id = next((x.partition(":")[2] for x in lines if x.startswith("run_id:")), "")
        if not self._run_id:
            raise RedisError("no run_id")

    async def _call(self, script: str, arguments: Sequence[object]) -> Any:
        if self._connection is None:
            raise ConnectionError("no connection")
        digest = sha1(script.encode(), usedforsecurity=False).hexdigest()
        nonce = secrets.token_hex(8) if self._key.may_begin else ""
        rest = (1, self._key.at(self._run_id), nonce, *arguments)
        try:
            return await self._ask("EVALSHA", digest, *rest)
        except NoScriptError:
            return await self._ask("EVAL", script, *rest)

    async def _ask(self, *command: object) -> Any:
        await self._connection.send_command(*command)
        return await self._connection.read_response(disconnect_on_error=False)
