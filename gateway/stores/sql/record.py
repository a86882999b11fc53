"""One transaction of the ledger: read in one statement, or change under locks.

A read is one statement, so that it sees one state. A change first locks the row that decides it:
the document's for its edition, the grant's for its devices, the code's for its uses.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    RowMapping,
    Select,
    Table,
    Update,
    and_,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from gateway.core.documents import Address
from gateway.core.errors import Conflict, Stale
from gateway.stores.outages import answered, failed, faults
from gateway.stores.sql import tables as t
from gateway.stores.sql.engines import Engines

T = TypeVar("T")
P = ParamSpec("P")
R = TypeVar("R", bound="SqlRecord")

BATCH = 5_000  # ids in a statement; SQLite takes 32,766


class SqlRecord:
    """What the parts of the ledger share: one way to read and one to change."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    async def _rows(self, query: Select[Any]) -> Sequence[RowMapping]:
        with answering():
            return await self._engines.read(partial(_rows_of, query))

    async def _row(self, query: Select[Any]) -> RowMapping | None:
        return next(iter(await self._rows(query)), None)

    async def _change(self, work: Callable[[SqlChange], T]) -> T:
        with answering():
            return await self._engines.change(
                lambda connection: work(SqlChange(connection, self._engines))
            )


def changing(
    work: Callable[Concatenate[R, SqlChange, P], T],
) -> Callable[Concatenate[R, P], Coroutine[Any, Any, T]]:
    """Make a method that is awaited of the work of one transaction."""

    @wraps(work)
    async def change(self: R, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._change(lambda change: work(self, change, *args, **kwargs))

    return change


class SqlChange:
    """One transaction that changes the record."""

    def __init__(self, connection: Connection, engines: Engines) -> None:
        self._connection = connection
        self._engines = engines

    def run(self, statement: Any) -> int:
        """Run a statement and return how many rows it changed."""
        return int(self._connection.execute(statement).rowcount)

    def run_all(self, statement: Any, rows: Sequence[dict[str, Any]]) -> None:
        """Run a statement once for each row."""
        if rows:
            self._connection.execute(statement, rows)

    def rows(self, query: Select[Any]) -> Sequence[RowMapping]:
        """Return the rows of a query."""
        return [*self._connection.execute(query).mappings()]

    def row(self, query: Select[Any]) -> RowMapping | None:
        """Return the first row of a query, or None."""
        return next(iter(self.rows(query)), None)

    def count(self, table: Table, condition: ColumnElement[bool]) -> int:
        """Return how many rows meet a condition."""
        query = select(func.count()).select_from(table).where(condition)
        return int(self._connection.execute(query).scalar_one())

    def have(self, table: Table, **facts: Any) -> int:
        """See to it that there is a row with these keys; return how many it took, 0 or 1."""
        return self.run(self._engines.insert_new(table).values(facts))

    def current(self, address: Address) -> str | None:
        """Lock a document and return the id of its current edition."""
        query = select(t.document.c.current_edition).where(is_at(t.document, address))
        row = self.row(query.with_for_update())
        return row["current_edition"] if row else None

    def point(
        self,
        address: Address,
        expected: str | None,
        edition: str | None,
        deleted_at: int | None = None,
        moved_to: str | None = None,
    ) -> None:
        """Point a document to another edition, or to none. Raises Stale."""
        current = self.current(address)
        if current != expected:
            raise Stale(current)
        place = {"current_edition": edition, "moved_to": moved_to}
        self.run(_update(address).values({**place, "deleted_at": deleted_at, "is_unsettled": True}))

    def settle(self, address: Address) -> None:
        """Note that the projection of a document is what it should be."""
        self.run(_update(address).values(is_unsettled=False))

    def note(self, keys: Iterable[str], at: int) -> None:
        """Note that workers have to hear of these keys."""
        self.run_all(insert(t.outbox), [{"key": key, "at": at} for key in sorted(keys)])


def batched(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield ids in portions that a statement can name."""
    for at in range(0, len(ids), BATCH):
        yield ids[at : at + BATCH]


@lru_cache(maxsize=64)  # a publication asks a dozen times for one
def is_at(table: FromClause, address: Address) -> ColumnElement[bool]:
    """Return the condition that a row is of a document."""
    return and_(table.c.publisher == address.publisher, table.c.slug == address.slug)


def is_same(table: FromClause, other: FromClause) -> ColumnElement[bool]:
    """Return the condition that rows of two tables are of one document."""
    return and_(table.c.publisher == other.c.publisher, table.c.slug == other.c.slug)


def _rows_of(query: Select[Any], connection: Connection) -> Sequence[RowMapping]:
    return connection.execute(query).mappings().all()


def _update(address: Address) -> Update:
    return update(t.document).where(is_at(t.document, address))


@contextmanager
def answering() -> Iterator[None]:
    """Turn what a driver raises into Unavailable and Conflict."""
    # Never chained: what a driver says may hold statements and values.
    try:
        yield
    except IntegrityError:
        raise Conflict("The ledger holds something else under this name.") from None
    except faults() as error:
        raise failed("ledger", error) from None
    answered("ledger")
