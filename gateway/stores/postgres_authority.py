"""The lease authority on PostgreSQL, for where Redis fails over: each step one transaction.

Its tables are unlogged, so a crash or a fail-over empties them: what was forgotten is a new
incarnation, as the protocol wants. NOTIFY only wakes; what has changed comes with the renewal.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any, TypeVar

import asyncpg

from gateway.core.errors import Unavailable
from gateway.core.leases import Change, Lease, Load, Renewal, Terms

KEEP = 512  # changes in the log
CHANNEL = "paidgate_changes"
CONNECTING = 5.0  # seconds; a password takes a while to check

T = TypeVar("T")

_TABLES = """
SELECT pg_advisory_lock(7240412);
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
SELECT pg_advisory_unlock(7240412);
"""

# The one row is the turn of every step; where it is missing, everything was forgotten.
_TURN = "SELECT incarnation, head FROM authority WHERE one FOR UPDATE"
_ALONE = "SELECT pg_advisory_xact_lock(7240413)"
_BEGIN_AGAIN = "INSERT INTO authority (incarnation, head) VALUES ($1, 0)"


class PostgresAuthority:
    """One authority, spoken to over three connections: leases, changes, wake-ups."""

    def __init__(self, url: str, terms: Terms) -> None:
        patience = terms.pace  # seconds; a late answer to a renewal is worth nothing
        self._renewing = _Line(url, patience)
        self._changing = _Line(url, patience)
        self._hearing = _Line(url, patience)

    async def renew(self, renewal: Renewal) -> Lease:
        """Ask for a lease. Raises Unavailable."""
        return await self._renewing.step(lambda c, i, h: _renew(c, i, h, renewal))

    async def publish(self, keys: Iterable[str]) -> Change:
        """Number a change, log it, and wake every worker. Raises Unavailable."""
        listed = sorted(keys)
        return await self._changing.step(lambda c, i, h: _publish(c, i, h, listed))

    async def behind(self, change: Change) -> frozenset[str] | None:
        """Return which leased workers have not applied a change. Raises Unavailable."""
        return await self._changing.step(lambda c, i, _: _behind(c, i, change))

    async def expire(self, change: Change) -> None:
        """Forget workers that have not renewed since a change. Raises Unavailable."""
        await self._changing.step(lambda c, i, _: _expire(c, i, change))

    async def pushes(self) -> AsyncIterator[None]:
        """Yield when something may have changed, until the connection ends. Raises Unavailable."""
        woken = await self._hearing.listen(CHANNEL)
        while await woken.get():
            yield None
        raise Unavailable("postgres")

    async def recall(self, key: str) -> bytes | None:  # noqa: ARG002
        """Return nothing: here a shared cache would be no faster than the ledger."""
        return None

    async def share(self, load: Load, version: int, packed: bytes) -> None:
        """Do nothing."""

    async def close(self) -> None:
        """Close every connection."""
        for line in (self._renewing, self._changing, self._hearing):
            await line.close()


async def _renew(connection: Any, incarnation: str, head: int, renewal: Renewal) -> Lease:
    is_known = renewal.incarnation == incarnation
    await connection.execute(
        "INSERT INTO authority_lease AS held VALUES ($1, $2, $3) ON CONFLICT (worker) DO UPDATE"
        " SET applied = greatest(held.applied, excluded.applied), granted_at = excluded.granted_at",
        renewal.worker,
        renewal.applied if is_known else 0,
        head,
    )
    missed = head - renewal.applied
    if not is_known or missed > KEEP:
        return Lease(incarnation, head, None)
    rows = await connection.fetch(
        "SELECT number, keys FROM authority_change WHERE number > $1 ORDER BY number",
        renewal.applied,
    )
    if len(rows) != missed:
        return Lease(incarnation, head, None)
    changes = (Change(incarnation, row["number"], frozenset(row["keys"])) for row in rows)
    return Lease(incarnation, head, tuple(changes))


async def _publish(connection: Any, incarnation: str, head: int, keys: list[str]) -> Change:
    number = head + 1
    await connection.execute("UPDATE authority SET head = $1", number)
    await connection.execute("INSERT INTO authority_change VALUES ($1, $2)", number, keys)
    await connection.execute("DELETE FROM authority_change WHERE number <= $1", number - KEEP)
    await connection.execute("SELECT pg_notify($1, '')", CHANNEL)
    return Change(incarnation, number, frozenset(keys))


async def _behind(connection: Any, incarnation: str, change: Change) -> frozenset[str] | None:
    if change.incarnation != incarnation:
        return None
    rows = await connection.fetch(
        "SELECT worker FROM authority_lease WHERE applied < $1", change.number
    )
    return frozenset(row["worker"] for row in rows)


async def _expire(connection: Any, incarnation: str, change: Change) -> None:
    if change.incarnation == incarnation:
        await connection.execute("DELETE FROM authority_lease WHERE granted_at < $1", change.number)


Step = Callable[[Any, str, int], Awaitable[T]]


class _Line:
    """One connection, made anew after every failure; no step is ever tried twice."""

    def __init__(self, url: str, patience: float) -> None:
        self._url = url
        self._patience = patience
        self._connection: Any = None
        self._turn = asyncio.Lock()

    async def step(self, work: Step[T]) -> T:
        """Do one atomic step. Raises Unavailable."""
        async with self._turn:
            connection = await self._connected()
            return await self._guarded(self._step(connection, work), self._patience)

    async def _step(self, connection: Any, work: Step[T]) -> T:
        async with connection.transaction():
            row = await connection.fetchrow(_TURN) or await self._begin_again(connection)
            return await work(connection, row["incarnation"], row["head"])

    async def _begin_again(self, connection: Any) -> Any:
        await connection.execute(_ALONE)
        row = await connection.fetchrow(_TURN)
        if row is None:
            # Whatever the other tables still hold is of a life that is over.
            await connection.execute("TRUNCATE authority_lease, authority_change")
            await connection.execute(_BEGIN_AGAIN, secrets.token_hex(12))
            row = await connection.fetchrow(_TURN)
        return row

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
        # A worker that is stopped in its turn loses it, or all others would stop with it.
        longest = f"{1000 * self._patience:.0f}ms"
        settings = {"idle_in_transaction_session_timeout": longest}
        self._connection = await asyncpg.connect(self._url, server_settings=settings)
        await self._connection.execute(_TABLES)

    async def _guarded(self, work: Awaitable[T], patience: float) -> T:
        try:
            # Not wait_for: on 3.11 it can lose a cancellation, and with it the end of the process.
            async with asyncio.timeout(patience):
                return await work
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            with suppress(Exception):
                await self.close()
            raise Unavailable("postgres") from error
        except asyncio.CancelledError:
            await self.close()
            raise
