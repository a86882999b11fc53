"""What publishers say of themselves, on record, and whether all their pages say so."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select, update

from gateway.core.errors import Missing, Stale
from gateway.core.profiles import UNSAID, Profile
from gateway.ports import Unshown
from gateway.stores.sql import tables as t
from gateway.stores.sql.record import SqlChange, SqlRecord, changing
from gateway.stores.sql.rows import profile_of, profile_row

_KNOWN = t.profile.c


class SqlProfiles(SqlRecord):
    """The part of the ledger that knows what publishers say of themselves."""

    async def profile(self, publisher: str) -> Profile:
        """Return what a publisher says of itself. Raises Damaged."""
        row = await self._row(select(t.profile).where(_KNOWN.publisher == publisher))
        return profile_of(row) if row else UNSAID

    async def profile_stamp(self, publisher: str) -> str:
        """Return the stamp of what a publisher says of itself, "" for nothing."""
        row = await self._row(select(_KNOWN.stamp).where(_KNOWN.publisher == publisher))
        return row["stamp"] if row else ""

    @changing
    def keep_profile(
        self, change: SqlChange, publisher: str, profile: Profile, expected: str
    ) -> None:
        """Record what a publisher says of itself, which no page says yet. Raises Missing, Stale."""
        is_known = t.publisher.c.name == publisher
        if change.row(select(t.publisher.c.name).where(is_known)) is None:
            raise Missing("publisher")
        change.have(t.profile, **profile_row(publisher, UNSAID), changes=0, shown=0)
        is_it = _KNOWN.publisher == publisher
        row = change.row(select(_KNOWN.stamp).where(is_it).with_for_update())
        if row and row["stamp"] != expected:
            raise Stale(row["stamp"], "profile")
        said = {**profile_row(publisher, profile), "changes": _KNOWN.changes + 1}
        change.run(update(t.profile).where(is_it).values(said))

    async def profiles(self, after: str, limit: int) -> Sequence[str]:
        """Return who has a profile, by name, after a name."""
        query = select(_KNOWN.publisher).where(_KNOWN.publisher > after)
        rows = await self._rows(query.order_by(_KNOWN.publisher).limit(limit))
        return [row["publisher"] for row in rows]

    @changing
    def doubt_profile(self, change: SqlChange, publisher: str) -> None:
        """Note that a page may say something else than its publisher does."""
        is_it = _KNOWN.publisher == publisher
        change.run(update(t.profile).where(is_it).values(changes=_KNOWN.changes + 1))

    async def unshown(self, after: str, limit: int) -> Sequence[Unshown]:
        """Return whose pages may say something else, by name, after a name."""
        query = select(_KNOWN.publisher, _KNOWN.changes, _KNOWN.stamp)
        query = query.where(_is_unshown(), _KNOWN.publisher > after)
        rows = await self._rows(query.order_by(_KNOWN.publisher).limit(limit))
        return [Unshown(**row) for row in rows]

    async def is_unshown(self, publisher: str) -> bool:
        """Return whether a page may say something else than its publisher does."""
        query = select(_KNOWN.publisher).where(_is_unshown(), _KNOWN.publisher == publisher)
        return await self._row(query) is not None

    @changing
    def settle_profile(self, change: SqlChange, publisher: str, changes: int) -> None:
        """Note that every page says what was on record when there had been so many changes."""
        is_it = (_KNOWN.publisher == publisher) & (_KNOWN.shown < changes)
        change.run(update(t.profile).where(is_it).values(shown=changes))


def _is_unshown() -> ColumnElement[bool]:
    return _KNOWN.shown < _KNOWN.changes
