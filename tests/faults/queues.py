"""Programs that make changes at once, until they are killed or stopped; and a hasty one."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path

from anyio import create_task_group
from sqlalchemy import Connection as Transaction

from gateway.core.errors import Missing
from gateway.core.rights import Grant, Scope, ScopeKind
from gateway.stores.sql.changes import Changes, _Change
from gateway.stores.sql.ledger import SqlLedger, open_ledger
from tests.faults.loops import PUBLISHER, ErrorResponses, settings
from tests.faults.strikes import Strike
from tests.support.tether import die_with_parent

AT_ONCE = 4  # of which the last is refused

OpenLedger = Callable[[Path], Awaitable[SqlLedger]]


async def open_queued(folder: Path) -> SqlLedger:
    """Open a ledger as the gateway does."""
    return await open_ledger(settings(folder).ledger)


class Hasty(Changes):
    """A queue that answers when the work is done, and commits when more comes."""

    _open: Transaction | None = None

    def _make(self, first: _Change) -> None:
        if self._open is None:
            self._open = self._engine.connect()
        elif self._open.in_transaction():
            self._open.commit()
        self._open.begin()
        # All that waits: who comes next has been told of these.
        for change in self._begun(first):
            change.make(self._open)
            change.answer()


async def open_hasty(folder: Path) -> SqlLedger:
    """Open a ledger that acknowledges too early."""
    ledger = await open_queued(folder)
    engines = ledger._engines
    engines._changes.__class__ = Hasty  # type: ignore[attr-defined]
    return ledger


def right(name: str, parent: str = "") -> Grant:
    """Return a right to everything."""
    return Grant(id=name, scope=Scope(PUBLISHER, ScopeKind.ALL), starts=1, made_at=1, parent=parent)


async def grant_at_once(
    telling: ErrorResponses, folder: Path, first: int, open_ledger: OpenLedger
) -> None:
    """Grant rights several at once, time and again."""
    ledger = await open_ledger(folder)

    async def give(number: int, name: str, parent: str) -> None:
        try:
            await ledger.add_grant(right(name, parent))
        except Missing:
            telling.send(("refused", number, name))
        else:
            telling.send(("done", number, name))

    for number in count(first):
        telling.send(("begun", number, ""))
        async with create_task_group() as tasks:
            for place in range(AT_ONCE):
                parent = "nobody" if place == AT_ONCE - 1 else ""
                tasks.start_soon(give, number, f"g{number}-{place}", parent)


def grant_and_stop(connection: Connection, folder: Path, name: str) -> None:
    """Stop when it is our turn, before anything is begun; once continued, grant a right."""
    die_with_parent(os.getppid())
    asyncio.run(_grant_and_stop(connection, folder, name))


async def _grant_and_stop(connection: Connection, folder: Path, name: str) -> None:
    ledger = await open_queued(folder)
    Strike(1, signal.SIGSTOP, frozenset({"BEGIN"})).arm()
    await ledger.add_grant(right(name))
    connection.send(name)
