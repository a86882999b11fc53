"""A queue of changes: several in one transaction, each for itself, none answered too early."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import IntegrityError

from gateway.core.errors import UsedUp
from gateway.stores.sql.changes import Changes, Undone
from gateway.stores.sql.turns import Turn

TIMEOUT = 60.0  # seconds
TURNS = 50  # of the event loop, within which whoever could go on has gone on

pytestmark = pytest.mark.anyio


@dataclass
class Notes:
    """A database of notes, and its queue."""

    path: Path
    engine: Engine
    changes: Changes
    answers: dict[str, object] = field(default_factory=dict)
    commits: int = 0

    async def note(self, word: str, *more: str, fails: Exception | None = None) -> None:
        """Note a word, and run more statements; keep what came of it."""

        def work(connection: Connection) -> str:
            for statement in (f"INSERT INTO note VALUES ('{word}')", *more):
                connection.exec_driver_sql(statement)
            if fails:
                raise fails
            return word

        try:
            self.answers[word] = await self.changes.make(work)
        except Exception as error:
            self.answers[word] = error

    def on_record(self) -> set[str]:
        """Return what anybody else finds."""
        with sqlite3.connect(self.path) as connection:
            found = {word for (word,) in connection.execute("SELECT word FROM note")}
        connection.close()
        return found

    @contextmanager
    def held(self, tasks: anyio.abc.TaskGroup) -> Iterator[None]:
        """Keep a transaction open, in which whatever is asked for meanwhile is made."""
        begun, over = Event(), Event()

        def work(_: Connection) -> None:
            begun.set()
            assert over.wait(TIMEOUT)

        async def hold() -> None:
            with suppress(Undone):
                await self.changes.make(work)

        tasks.start_soon(hold)
        try:
            yield
        finally:
            over.set()


@pytest.fixture
async def notes(tmp_path: Path) -> AsyncIterator[Notes]:
    """Open an empty database; a transaction takes along whatever waits."""
    path = tmp_path / "notes.db"
    notes = _open(path, share=math.inf)
    yield notes
    await notes.changes.close()
    notes.engine.dispose()


def _open(path: Path, share: float) -> Notes:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE note (word TEXT PRIMARY KEY)")
        connection.execute("CREATE TABLE reply (word REFERENCES note)")
    connection.close()
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": 0.1, "check_same_thread": False, "isolation_level": None},
    )
    notes = Notes(path, engine, Changes(engine, Turn(path), share))
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    event.listen(engine, "commit", lambda _: setattr(notes, "commits", notes.commits + 1))
    return notes


def _set_up(connection: Any, _: object) -> None:
    connection.execute("PRAGMA foreign_keys = ON").close()


async def settled() -> None:
    """Let everyone go on who can."""
    for _ in range(TURNS):
        await checkpoint()


async def test_what_waits_is_made_in_one_transaction_and_in_its_order(notes: Notes) -> None:
    async with anyio.create_task_group() as tasks:
        with notes.held(tasks):
            for word in "abc":
                tasks.start_soon(notes.note, word)
            await settled()
    assert notes.answers == {"a": "a", "b": "b", "c": "c"}
    assert [*notes.answers] == ["a", "b", "c"]
    assert notes.commits == 1


async def test_a_transaction_takes_nothing_along_once_its_share_is_over(tmp_path: Path) -> None:
    notes = _open(tmp_path / "notes.db", share=0.0)
    async with anyio.create_task_group() as tasks:
        with notes.held(tasks):
            tasks.start_soon(notes.note, "a")
            tasks.start_soon(notes.note, "b")
            await settled()
    assert notes.commits == 3
    await notes.changes.close()
    notes.engine.dispose()


async def test_a_change_that_fails_fails_alone(notes: Notes) -> None:
    refused, taken = UsedUp(), "INSERT INTO note VALUES ('a')"
    async with anyio.create_task_group() as tasks:
        with notes.held(tasks):
            tasks.start_soon(notes.note, "a")
            tasks.start_soon(lambda: notes.note("refused", fails=refused))
            tasks.start_soon(notes.note, "clash", taken)
            tasks.start_soon(notes.note, "b")
            await settled()
    assert notes.commits == 1
    assert notes.on_record() == {"a", "b"}
    assert notes.answers["refused"] is refused
    assert isinstance(notes.answers["clash"], IntegrityError)
    assert (notes.answers["a"], notes.answers["b"]) == ("a", "b")


async def test_nobody_is_answered_where_the_commit_fails(notes: Notes) -> None:
    async with anyio.create_task_group() as tasks:
        with notes.held(tasks):
            tasks.start_soon(notes.note, "a")
            later = "PRAGMA defer_foreign_keys = ON", "INSERT INTO reply VALUES ('nothing')"
            tasks.start_soon(notes.note, "b", *later)
            tasks.start_soon(lambda: notes.note("refused", fails=UsedUp()))
            await settled()
    assert notes.on_record() == set()
    assert set(map(type, notes.answers.values())) == {Undone}
    await notes.note("c")
    assert notes.on_record() == {"c"}


async def test_nobody_is_answered_where_the_database_ends_the_transaction(notes: Notes) -> None:
    async with anyio.create_task_group() as tasks:
        with notes.held(tasks):
            tasks.start_soon(notes.note, "a")
            tasks.start_soon(notes.note, "b", "INSERT OR ROLLBACK INTO note VALUES ('a')")
            tasks.start_soon(notes.note, "c")
            await settled()
    assert set(map(type, (notes.answers["a"], notes.answers["b"]))) == {Undone}
    assert notes.answers["c"] == "c"  # in the next one
    assert notes.on_record() == {"c"}


async def test_where_a_transaction_cannot_begin_all_that_waits_is_told(notes: Notes) -> None:
    with sqlite3.connect(notes.path) as other:
        other.execute("BEGIN IMMEDIATE")
        async with anyio.create_task_group() as tasks:
            for word in "abc":
                tasks.start_soon(notes.note, word)
    other.close()
    assert set(map(type, notes.answers.values())) == {Undone}
    await notes.note("d")
    assert notes.on_record() == {"d"}


async def test_a_change_that_is_cancelled_before_it_begins_is_withdrawn(notes: Notes) -> None:
    async with anyio.create_task_group() as tasks:
        with notes.held(tasks), anyio.CancelScope() as scope:
            tasks.start_soon(notes.note, "a")
            async with anyio.create_task_group() as cancelled:
                cancelled.start_soon(notes.note, "withdrawn")
                await settled()
                tasks.start_soon(notes.note, "b")
                await settled()
                scope.cancel()
    assert scope.cancelled_caught
    assert notes.on_record() == {"a", "b"}
    assert notes.answers == {"a": "a", "b": "b"}


async def test_who_is_cancelled_waits_for_a_change_that_has_begun(notes: Notes) -> None:
    begun, over = Event(), Event()
    left: list[str] = []

    def work(connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO note VALUES ('begun')")
        begun.set()
        assert over.wait(TIMEOUT)

    async def change() -> None:
        try:
            await notes.changes.make(work)
        finally:
            left.append("begun" if "begun" in notes.on_record() else "too early")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(change)
        await anyio.to_thread.run_sync(begun.wait)
        tasks.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            await settled()
        assert left == []
        over.set()
    assert left == ["begun"]


async def test_what_waits_is_made_before_the_queue_is_closed(notes: Notes) -> None:
    async with anyio.create_task_group() as tasks:
        with notes.held(tasks):
            tasks.start_soon(notes.note, "a")
            await settled()
            tasks.start_soon(notes.changes.close)
            await settled()
    assert notes.answers == {"a": "a"}
    await notes.note("b")
    assert notes.on_record() == {"a", "b"}
