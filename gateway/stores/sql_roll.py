"""Who may answer from memory, and what they have to know."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import delete, literal, select, union_all, update

from gateway.ports import ERA, Look
from gateway.stores import tables as t
from gateway.stores.record import Record


class Roll(Record):
    """The part of the ledger that knows whom a change has to reach."""

    async def enter(self, worker: str, era: str) -> None:
        """Put a worker on the roll, undoubted, and begin an era."""
        known, mark = t.roll.c, t.fingerprint.c
        async with self._change() as change:
            await change.have(t.roll, worker=worker, doubt="")
            await change.run(update(t.roll).where(known.worker == worker).values(doubt=""))
            await change.have(t.fingerprint, what=ERA, value=era)
            await change.run(update(t.fingerprint).where(mark.what == ERA).values(value=era))

    async def look(self, worker: str, limit: int) -> Look:
        """Return what a worker has to know; of what is outgoing, some keys at least."""
        known, mark = t.roll.c, t.fingerprint.c
        outgoing = select(t.outgoing.c.key).distinct().limit(limit).subquery()
        # One statement, and so one state.
        seen = union_all(
            select(literal("doubt").label("what"), known.doubt.label("told")).where(
                known.worker == worker
            ),
            select(literal("era"), mark.value).where(mark.what == ERA),
            select(literal("key"), outgoing.c.key),
        ).subquery()
        rows = [(row["what"], row["told"]) for row in await self._rows(select(seen))]
        told = dict(rows)
        keys = frozenset(key for what, key in rows if what == "key")
        return Look("doubt" in told, told.get("doubt", ""), told.get("era", ""), keys)

    async def vouch(self, worker: str) -> bool:
        """End any doubt of a worker; return whether it is on the roll still."""
        async with self._change() as change:
            is_it = t.roll.c.worker == worker
            return bool(await change.run(update(t.roll).where(is_it).values(doubt="")))

    async def roll(self) -> frozenset[str]:
        """Return who is on the roll."""
        return frozenset(row["worker"] for row in await self._rows(select(t.roll.c.worker)))

    async def doubt(self, workers: Collection[str], word: str) -> None:
        """Doubt that workers live, by a word of chance."""
        async with self._change() as change:
            are_they = t.roll.c.worker.in_([*workers])
            await change.run(update(t.roll).where(are_they).values(doubt=word))

    async def strike(self, doubted: Mapping[str, str]) -> None:
        """Take workers off the roll where they are doubted by just this word."""
        known = t.roll.c
        async with self._change() as change:
            for worker, word in doubted.items():
                is_it = (known.worker == worker) & (known.doubt == word)
                await change.run(delete(t.roll).where(is_it))
