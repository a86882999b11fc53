"""The lease authority on PostgreSQL, for where Redis fails over: each step one function.

A function takes its turn, works and commits without asking its caller, so that a worker that is
stopped never holds the turn. Its tables are unlogged, so a crash or a fail-over empties them: what
was forgotten is a new incarnation, as the protocol wants. NOTIFY only wakes; what has changed comes
with the renewal.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Iterable
from contextlib import suppress
from hashlib import sha1
from typing import Any, TypeVar

import asyncpg
from msgspec.json import Decoder

from gateway.core.errors import Unavailable
from gateway.core.leases import Change, Lease, Load, Renewal, Terms
from gateway.stores.outages import SILENCE, answered, failed

KEEP = 512  # changes in the log
AT_ONCE = 2_000  # keys in an answer: it must fit into what the system sends ahead, or the server
# would wait for its reader, in its turn
CHANNEL = "paidgate_changes"
CONNECTING = 5.0  # seconds; a password takes a while to check

T = TypeVar("T")

# The one row of authority is the turn of every step; where it is missing, everything was forgotten,
# and whatever the other tables still hold is of a life that is over.
_STEPS = """
CREATE UNLOGGED TABLE IF NOT EXISTS authority (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    incarnation text NOT NULL,
    head bigint NOT NULL
);
CREATE UNLOGGED TABLE IF NOT EXISTS authority_lease (
    worker text PRIMARY KEY,
    applied bigint NOT NULL,
    granted_at bigint NOT NULL
);
CREATE UNLOGGED TABLE IF NOT EXISTS authority_change (
    number bigint PRIMARY KEY,
    keys text[] NOT NULL
);

CREATE OR REPLACE FUNCTION authority_turn_VERSION(OUT life text, OUT newest bigint) AS $$
BEGIN
    SELECT incarnation, head INTO life, newest FROM authority FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM pg_advisory_xact_lock(7240413);
        SELECT incarnation, head INTO life, newest FROM authority FOR UPDATE;
    END IF;
    IF NOT FOUND THEN
        DELETE FROM authority_lease;
        DELETE FROM authority_change;
        INSERT INTO authority (incarnation, head) VALUES (gen_random_uuid(), 0)
            RETURNING incarnation, head INTO life, newest;
    END IF;
END $$ LANGUAGE plpgsql;

CREATE OR REPLACE FUNCTION authority_renew_VERSION(
    asking text, known text, done bigint, keep bigint, at_once bigint,
    OUT life text, OUT newest bigint, OUT changes json
) AS $$
BEGIN
    SELECT * INTO life, newest FROM authority_turn_VERSION();
    INSERT INTO authority_lease AS held
        VALUES (asking, CASE WHEN known = life THEN done ELSE 0 END, newest)
        ON CONFLICT (worker) DO UPDATE SET
            applied = greatest(held.applied, excluded.applied), granted_at = excluded.granted_at;
    IF known = life AND newest - done <= keep AND at_once >= (
        SELECT coalesce(sum(cardinality(keys)), 0) FROM authority_change WHERE number > done
    ) THEN
        SELECT coalesce(json_agg(to_json(keys) ORDER BY number), '[]') INTO changes
            FROM authority_change WHERE number > done;
    END IF;
END $$ LANGUAGE plpgsql;

CREATE OR REPLACE FUNCTION authority_publish_VERSION(
    changed text[], keep bigint, channel text, OUT life text, OUT newest bigint
) AS $$
BEGIN
    SELECT * INTO life, newest FROM authority_turn_VERSION();
    newest := newest + 1;
    UPDATE authority SET head = newest;
    INSERT INTO authority_change VALUES (newest, changed);
    DELETE FROM authority_change WHERE number <= newest - keep;
    PERFORM pg_notify(channel, '');
END $$ LANGUAGE plpgsql;

CREATE OR REPLACE FUNCTION authority_expire_VERSION(known text, change bigint, OUT life text) AS $$
BEGIN
    SELECT t.life INTO life FROM authority_turn_VERSION() t;
    DELETE FROM authority_lease WHERE known = life AND granted_at < change;
END $$ LANGUAGE plpgsql;
"""

# Named by what they do, as Redis names scripts: versions side by side never replace each other's.
_VERSION = sha1(_STEPS.encode(), usedforsecurity=False).hexdigest()[:12]
_INSTALL, _LAST, _RENEW, _PUBLISH, _EXPIRE = (
    text.replace("VERSION", _VERSION)
    for text in (
        "SELECT pg_advisory_xact_lock(7240412);" + _STEPS,
        "authority_expire_VERSION",
        "SELECT * FROM authority_renew_VERSION($1, $2, $3, $4, $5)",
        "SELECT * FROM authority_publish_VERSION($1, $2, $3)",
        "SELECT * FROM authority_expire_VERSION($1, $2)",
    )
)

_IS_INSTALLED = """
SELECT to_regproc($1) IS NOT NULL AND to_regclass('authority') IS NOT NULL
    AND to_regclass('authority_lease') IS NOT NULL
    AND to_regclass('authority_change') IS NOT NULL
"""

# One snapshot needs no turn.
_BEHIND = """
SELECT array(SELECT worker FROM authority_lease WHERE applied < $2) AS late
    FROM authority WHERE incarnation = $1
"""


class PostgresAuthority:
    """One authority, spoken to over three connections: leases, changes, wake-ups."""

    def __init__(self, url: str, terms: Terms) -> None:
        timeout = terms.pace  # seconds; a late answer to a renewal is worth nothing
        self._renewing = _Connection(url, timeout)
        self._changing = _Connection(url, timeout)
        self._hearing = _Connection(url, timeout)

    async def renew(self, renewal: Renewal) -> Lease:
        """Ask for a lease. Raises Unavailable."""
        told = await self._renewing.ask(
            _RENEW, renewal.worker, renewal.incarnation, renewal.applied, KEEP, AT_ONCE
        )
        incarnation, head = told["life"], told["newest"]
        changes = _missed(incarnation, renewal.applied, head, told["changes"])
        return Lease(incarnation, head, changes)

    async def publish(self, keys: Iterable[str]) -> Change:
        """Number a change, log it, and wake every worker. Raises Unavailable."""
        listed = sorted(keys)
        told = await self._changing.ask(_PUBLISH, listed, KEEP, CHANNEL)
        return Change(told["life"], told["newest"], frozenset(listed))

    async def behind(self, change: Change) -> frozenset[str] | None:
        """Return which leased workers have not applied a change. Raises Unavailable."""
        told = await self._changing.ask(_BEHIND, change.incarnation, change.number)
        return None if told is None else frozenset(told["late"])

    async def expire(self, change: Change) -> None:
        """Forget workers that have not renewed since a change. Raises Unavailable."""
        await self._changing.ask(_EXPIRE, change.incarnation, change.number)

    async def pushes(self) -> AsyncGenerator[None]:
        """Yield when something may have changed, until the connection ends. Raises Unavailable."""
        woken = await self._hearing.listen(CHANNEL)
        try:
            while await woken.get():
                yield None
            raise Unavailable("postgres")
        finally:
            await self._hearing.close()

    async def recall(self, key: str) -> bytes | None:  # noqa: ARG002
        """Return nothing: here a shared cache would be no faster than the ledger."""
        return None

    async def share(self, load: Load, version: int, packed: bytes) -> None:
        """Do nothing."""

    async def close(self) -> None:
        """Close every connection."""
        for connection in (self._renewing, self._changing, self._hearing):
            await connection.close()


def _missed(
    incarnation: str, applied: int, head: int, told: str | None
) -> tuple[Change, ...] | None:
    """Return the changes from applied to head; None where the log does not hold them."""
    try:
        log = _LOG.decode(told or "[]")
    except ValueError:  # whatever stands there, it tells no changes: all is to be read anew
        return None
    if told is None or len(log) != head - applied:
        return None
    changes = (Change(incarnation, applied + 1 + n, frozenset(k)) for n, k in enumerate(log))
    return tuple(changes)


_LOG = Decoder(list[list[str]])


class _Connection:
    """One connection, made anew after every failure; nothing is ever asked twice."""

    def __init__(self, url: str, timeout: float) -> None:
        self._url = url
        self._patience = timeout
        self._connection: Any = None
        self._turn = asyncio.Lock()

    async def ask(self, query: str, *arguments: object) -> Any:
        """Return the row that a query answers, None for none. Raises Unavailable."""
        async with self._turn:
            connection = await self._connected()
            return await self._guarded(connection.fetchrow(query, *arguments), self._patience)

    async def listen(self, channel: str) -> asyncio.Queue[bool]:
        """Return a queue that gets True for each wake-up and False at the end."""
        async with self._turn:
            connection = await self._connected()
            woken: asyncio.Queue[bool] = asyncio.Queue()
            connection.add_termination_listener(lambda _: woken.put_nowait(False))
            listening = connection.add_listener(channel, lambda *_: woken.put_nowait(True))
            await self._guarded(listening, self._patience)
            return woken

    async def close(self) -> None:
        """Drop the connection, without waiting for its server."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def _connected(self) -> Any:
        if self._connection is None or self._connection.is_closed():
            await self._guarded(self._connect(), CONNECTING)
        return self._connection

    async def _connect(self) -> None:
        self._connection = await asyncpg.connect(self._url)
        if not await self._connection.fetchval(_IS_INSTALLED, _LAST):
            await self._connection.execute(_INSTALL)

    async def _guarded(self, work: Awaitable[T], timeout: float) -> T:
        try:
            # Not wait_for: on 3.11 it can lose a cancellation, and with it the end of the process.
            async with asyncio.timeout(timeout):
                told = await work
        except Exception as error:  # whatever it is, the connection is of no use
            with suppress(Exception):
                await self.close()
            raise failed("postgres", error, SILENCE) from error
        except asyncio.CancelledError:
            await self.close()
            raise
        answered("postgres")
        return told
