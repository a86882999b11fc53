"""Changes of a database that takes one writer at a time: a queue, and the thread that makes them.

What waits when a transaction begins is made in it, each change behind a savepoint, so that one that
fails undoes nothing of another. Nobody is answered before the commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any, TypeVar

from anyio import CancelScope, to_thread
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from gateway.stores.sql.turns import Turn

SHARE = 0.02  # seconds after which a transaction takes no more changes along

T = TypeVar("T")
Work = Callable[[Connection], T]


class Undone(SQLAlchemyError):
    """Raised for every change of a transaction that came to nothing, whatever came of the change.

    Why tells its cause.
    """


class Changes:
    """A queue of changes; one transaction at a time, when it is the turn of this process."""

    def __init__(self, engine: Engine, turn: Turn, share: float = SHARE) -> None:
        self._engine = engine
        self._turn = turn
        self._share = share
        self._waiting: SimpleQueue[_Change | None] = SimpleQueue()
        self._thread: Thread | None = None

    async def make(self, work: Work[T]) -> T:
        """Return what comes of work, or raise what it raises, once that is durable. Raises Undone.

        To cancel a change that has not begun is to withdraw it. Once it has begun the caller waits
        until it is made or undone, and is cancelled then: what was made stays on record, and in
        the outbox, from which whoever announces next confirms it.
        """
        if self._thread is None:
            self._thread = Thread(target=self._serve, name="changes", daemon=True)
            self._thread.start()
        change = _Change(work)
        self._waiting.put(change)
        answer = asyncio.wrap_future(change.outcome)
        try:
            made: T = await asyncio.shield(answer)
        except asyncio.CancelledError:
            if not change.outcome.cancel():
                with CancelScope(shield=True):
                    await asyncio.wait([answer])
            raise
        return made

    async def close(self) -> None:
        """End the thread, after all that waits still."""
        if self._thread is not None:
            self._waiting.put(None)
            await to_thread.run_sync(self._thread.join)
            self._thread = None

    # --- in the thread ---

    def _serve(self) -> None:
        while change := self._waiting.get():
            self._make(change)

    def _make(self, first: _Change) -> None:
        made: list[_Change] = []
        try:
            with self._turn.taken(), self._engine.begin() as connection:
                for change in self._begun(first):
                    made.append(change)
                    change.make(connection)
        except BaseException as error:
            # What could not begin for one could not for those that wait either, and for no more.
            for change in made or [*self._begun(first)]:
                change.undo(error)
        else:
            for change in made:
                change.answer()

    def _begun(self, first: _Change) -> Iterator[_Change]:
        """Begin the change that came first, and after it what waits, for a share of time."""
        change: _Change | None = first
        until = monotonic() + self._share
        while change:
            if change.begin():
                yield change
            if monotonic() >= until:
                return
            try:
                change = self._waiting.get_nowait()
            except Empty:
                return
        self._waiting.put(None)  # the end, which is not for here


class _Change:
    """One change, and what becomes of it."""

    def __init__(self, work: Work[Any]) -> None:
        self.outcome: Future[Any] = Future()
        self._work = work
        self._result: Any = None
        self._error: Exception | None = None

    def begin(self) -> bool:
        """Return whether it is wanted still; from then on it cannot be withdrawn."""
        return not self.outcome.cancelled() and self.outcome.set_running_or_notify_cancel()

    def make(self, connection: Connection) -> None:
        """Make it or leave nothing of it. Raises what has ended the whole transaction."""
        connection.exec_driver_sql("SAVEPOINT change")
        try:
            self._result = self._work(connection)
        except Exception as error:
            self._error = error
            try:
                connection.exec_driver_sql("ROLLBACK TO change")
            except SQLAlchemyError:
                raise error from None  # the database has undone all, as it may on a full disk
        connection.exec_driver_sql("RELEASE change")

    def undo(self, why: BaseException) -> None:
        """Tell that nothing came of it."""
        undone = Undone("The transaction came to nothing.")
        undone.__cause__ = why
        self.outcome.set_exception(undone)

    def answer(self) -> None:
        """Tell what became of it, after the commit."""
        if self._error is not None:
            self.outcome.set_exception(self._error)
        else:
            self.outcome.set_result(self._result)
