"""Readers who race for the uses of one code, each a process that may be killed and come again."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from threading import Barrier

from sqlalchemy import update

from gateway.app import Services, SystemClock, build_services
from gateway.core.errors import Unavailable, UsedUp
from gateway.core.rights import Grant
from gateway.ports import Ledger, Reader
from gateway.stores.memory import MemoryPublicStore, MemoryVault
from gateway.stores.sql import tables as t
from gateway.stores.sql.engines import open_engines
from gateway.stores.sql.grants import put_grant, put_in_reader
from gateway.stores.sql.ledger import SqlLedger, open_ledger
from gateway.stores.sql.record import SqlChange
from tests.faults.loops import ErrorResponses
from tests.faults.strikes import Strike
from tests.support.services import SECRET, settings
from tests.support.tether import die_with_parent

WON, LOST = "won", "lost"

OpenLedger = Callable[[str], Awaitable[Ledger]]


@dataclass(frozen=True, slots=True)
class Race:
    """What every racer knows: where the record is, and the word to race for."""

    ledger: str
    word: str
    open_ledger: OpenLedger
    meeting: Barrier | None = None  # of racers who have looked and not counted, if they can be


class Careless(SqlLedger):
    """A ledger that looks first and counts later, when every other has looked."""

    meeting: Barrier | None = None

    async def redeem_code(self, code: str, grant: Grant, reader: str, at: int) -> Reader:
        """Use a code as often as it happens."""
        known = await self.code_by_id(code)
        if known is None or known.uses >= known.max_uses:
            raise UsedUp
        if self.meeting:
            await asyncio.to_thread(self.meeting.wait)
            self.meeting = None
        uses = update(t.code).where(t.code.c.id == code).values(uses=known.uses + 1)

        def count(change: SqlChange) -> Reader:
            change.run(uses)
            return put_in_reader(change, reader, put_grant(change, grant), at)

        return await self._change(count)


async def open_careful(url: str) -> Ledger:
    """Open a ledger as the gateway does."""
    return await open_ledger(url)


async def open_careless(url: str) -> Ledger:
    """Open a ledger that does not count right."""
    return Careless(open_engines(url))


async def open_services(race: Race) -> Services:
    """Open a house that has a real record and nothing else."""
    ledger = await race.open_ledger(race.ledger)
    if isinstance(ledger, Careless):
        ledger.meeting = race.meeting
    return build_services(
        settings(), ledger, MemoryPublicStore(), MemoryVault(), SECRET, SystemClock()
    )


def run(connection: Connection, call: int, go: Connection, race: Race, once: str) -> None:
    """Get ready, wait for the start, race, and tell how it went; die before a call if need be."""
    die_with_parent(os.getppid())
    with suppress(BrokenPipeError):
        asyncio.run(_race(ErrorResponses(connection, Strike(call)), go, race, once))


async def _race(telling: ErrorResponses, go: Connection, race: Race, once: str) -> None:
    services = await open_services(race)
    telling.send("ready")
    with suppress(EOFError):
        go.recv()
    while True:
        try:
            telling.send((WON, (await services.redeeming.redeem(race.word, None, once)).cookie))
        except UsedUp:
            telling.send((LOST, ""))
        except Unavailable:  # as a browser would, once the reader presses again
            await asyncio.sleep(0.01)
            continue
        return


def fresh_once(name: str) -> str:
    """Return what the unlock page of a reader carries."""
    return f"{int(time.time())}-{name:0>32}"
