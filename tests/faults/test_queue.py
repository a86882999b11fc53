"""A queue of changes whose process is killed or stopped, or whose caller is cancelled.

Each is struck at every call in turn. What was acknowledged is on record, what was refused is not,
and all that is on record is in the outbox, from which somebody confirms it.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from anyio import CancelScope, create_task_group, fail_after
from anyio.lowlevel import checkpoint
from sqlalchemy import Engine, event

from gateway.core.cache_keys import grant_key
from gateway.stores.sql.ledger import SqlLedger
from tests.faults import loops
from tests.faults.killing import TIMEOUT, Event, Kill, before, begin
from tests.faults.loops import PUBLISHER
from tests.faults.queues import (
    AT_ONCE,
    OpenLedger,
    grant_and_stop,
    grant_at_once,
    open_hasty,
    open_queued,
    right,
)
from tests.support.servers import comes_true

CALLS = range(1, 25)  # of a round, and into the next
POINTS = 8  # of one change and the transaction around it, at the least
TURNS = 50  # of the event loop, within which whoever could go on has gone on

pytestmark = pytest.mark.anyio


async def on_record(ledger: SqlLedger) -> set[str]:
    """Return the rights on record, all of which have to be outgoing."""
    grants = await ledger.grants(PUBLISHER, subject="", scope="", after="", limit=1_000)
    outbox = {each.key for each in await ledger.outbox(1_000)}
    assert {grant_key(grant.id) for grant in grants} == outbox
    return {grant.id for grant in grants}


# --- killed ------------------------------------------------------------------------------------


async def kill_queue(
    folder: Path, kills: Iterable[Kill], open_ledger: OpenLedger = open_queued
) -> set[str]:
    """Kill who grants rights at once; return the rights of which something untrue was told."""
    told: list[Event] = []
    for kill in kills:
        first = 1 + max((number for _, number, _ in told), default=0)
        told += kill(loops.run, grant_at_once, folder, first, open_ledger)
        ledger = await open_queued(folder)
        try:
            found = await on_record(ledger)
        finally:
            await ledger.close()
        done, refused = ({name for kind, _, name in told if kind == k} for k in ("done", "refused"))
        if wrong := (done - found) | (refused & found):
            return wrong
    return set()


async def test_a_queue_that_is_killed_has_acknowledged_nothing_that_is_lost(
    tmp_path: Path,
) -> None:
    assert await kill_queue(tmp_path, map(before, CALLS)) == set()


async def test_the_checker_catches_a_queue_that_answers_before_the_commit(tmp_path: Path) -> None:
    assert await kill_queue(tmp_path, map(before, CALLS), open_hasty)


# --- stopped -----------------------------------------------------------------------------------


def is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


async def test_a_process_that_is_stopped_in_its_turn_does_not_stop_others(tmp_path: Path) -> None:
    ledger = await open_queued(tmp_path)
    process, heard = begin(grant_and_stop, tmp_path, "stopped")
    assert comes_true(lambda: is_stopped(process.pid), TIMEOUT)
    with fail_after(TIMEOUT):
        for number in range(AT_ONCE):
            await ledger.add_grant(right(f"g{number}"))
    assert is_stopped(process.pid)
    os.kill(process.pid, signal.SIGCONT)
    assert heard.poll(TIMEOUT)
    assert await on_record(ledger) == {"stopped", *(f"g{number}" for number in range(AT_ONCE))}
    process.join()
    await ledger.close()


# --- cancelled ---------------------------------------------------------------------------------


class Cancelling:
    """Cancels a caller before a statement of its change, or of the transaction around it."""

    def __init__(self, engine: Engine, point: int) -> None:
        self.scope = CancelScope()
        self._engine = engine
        self._loop = asyncio.get_running_loop()
        self.left = point

    @contextmanager
    def armed(self) -> Iterator[None]:
        calls = {"before_cursor_execute": self._strike, "commit": self._strike}
        for name, call in calls.items():
            event.listen(self._engine, name, call)
        try:
            yield
        finally:
            for name, call in calls.items():
                event.remove(self._engine, name, call)

    def _strike(self, *_: Any) -> None:
        self.left -= 1
        if self.left == 0:
            asyncio.run_coroutine_threadsafe(self._cancel(), self._loop).result(TIMEOUT)

    async def _cancel(self) -> None:
        self.scope.cancel()
        for _ in range(TURNS):
            await checkpoint()


async def cancel_at(ledger: SqlLedger, point: int) -> bool:
    """Cancel one of two callers at a point; return whether there is such a point."""
    cancelling = Cancelling(ledger._engines._writing, point)  # type: ignore[attr-defined]
    name, other = f"cancelled-{point}", f"other-{point}"
    acknowledged, decided = set(), []

    async def give() -> None:
        with cancelling.scope:
            try:
                await ledger.add_grant(right(name))
                acknowledged.add(name)
            finally:
                with CancelScope(shield=True):
                    decided.append(await ledger.grant(name) is not None)

    with cancelling.armed():
        async with create_task_group() as tasks:
            tasks.start_soon(give)
            tasks.start_soon(ledger.add_grant, right(other))
    found = await on_record(ledger)
    assert other in found
    assert decided == [name in found]  # when its caller was let go
    assert acknowledged <= found
    return cancelling.left <= 0


async def test_who_is_cancelled_leaves_a_change_made_or_undone_and_others_theirs(
    tmp_path: Path,
) -> None:
    ledger = await open_queued(tmp_path)
    points = 0
    for points in count(1):
        if not await cancel_at(ledger, points):
            break
    assert points > POINTS
    await ledger.close()
