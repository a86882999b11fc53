"""Who may answer from memory, and what they have to know."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Integer, Select, bindparam, delete, literal, select, union_all, update

from gateway.ports import ERA, Look
from gateway.stores.sql import tables as t
from gateway.stores.sql.record import SqlChange, SqlRecord, changing


def _seen() -> Select[Any]:
    known, mark = t.roll.c, t.fingerprint.c
    outbox = select(t.outbox.c.key).distinct().limit(bindparam("limit", type_=Integer)).subquery()
    # One statement, and so one state.
    doubt = select(literal("doubt").label("what"), known.doubt.label("told"))
    return select(
        union_all(
            doubt.where(known.worker == bindparam("worker")),
            select(literal("era"), mark.value).where(mark.what == ERA),
            select(literal("key"), outbox.c.key),
        ).subquery()
    )


_SEEN = _seen()  # made once: every worker looks four times a second


class SqlRoll(SqlRecord):
    """The part of the ledger that knows whom a change has to reach."""

    @changing
    def enter(self, change: SqlChange, worker: str, era: str) -> None:
        """Put a worker on the roll, undoubted, and begin an era."""
        known, mark = t.roll.c, t.fingerprint.c
        change.have(t.roll, worker=worker, doubt="")
        change.run(update(t.roll).where(known.worker == worker).values(doubt=""))
        change.have(t.fingerprint, what=ERA, value=era)
        change.run(update(t.fingerprint).where(mark.what == ERA).values(value=era))

    async def look(self, worker: str, limit: int) -> Look:
        """Return what a worker has to know; of what is outgoing, some keys at least."""
        seen = await self._rows(_SEEN.params(worker=worker, limit=limit))
        rows = [(row["what"], row["told"]) for row in seen]
        told = dict(rows)
        keys = frozenset(key for what, key in rows if what == "key")
        return Look("doubt" in told, told.get("doubt", ""), told.get("era", ""), keys)

    @changing
    def vouch(self, change: SqlChange, worker: str) -> bool:
        """End any doubt of a worker; return whether it is on the roll still."""
        is_it = t.roll.c.worker == worker
        return bool(change.run(update(t.roll).where(is_it).values(doubt="")))

    async def roll(self) -> frozenset[str]:
        """Return who is on the roll."""
        return frozenset(row["worker"] for row in await self._rows(select(t.roll.c.worker)))

    @changing
    def doubt(self, change: SqlChange, workers: Collection[str], word: str) -> None:
        """Doubt that workers live, by a word of chance."""
        are_they = t.roll.c.worker.in_([*workers])
        change.run(update(t.roll).where(are_they).values(doubt=word))

    @changing
    def strike(self, change: SqlChange, doubted: Mapping[str, str]) -> None:
        """Take workers off the roll where they are doubted by just this word."""
        known = t.roll.c
        for worker, word in doubted.items():
            is_it = (known.worker == worker) & (known.doubt == word)
            change.run(delete(t.roll).where(is_it))
