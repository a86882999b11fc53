"""API keys on record, the sessions begun with them, and seeds of what is told once."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, insert, select, update

from gateway.core.api_keys import ApiKey
from gateway.core.cache_keys import api_key_key
from gateway.stores.sql import tables as t
from gateway.stores.sql.record import SqlChange, SqlRecord, changing
from gateway.stores.sql.rows import key_of, key_row


class SqlKeys(SqlRecord):
    """The part of the ledger that knows who is a publisher."""

    @changing
    def add_publisher(self, change: SqlChange, publisher: str, key_hash: str, at: int) -> None:
        """Add a publisher, or give an existing one another key besides those it has."""
        change.have(t.publisher, name=publisher, made_at=at)
        if key_hash:
            change.have(t.publisher_key, **key_row(ApiKey(key_hash, publisher, made_at=at)))

    @changing
    def add_key(self, change: SqlChange, key: ApiKey) -> None:
        """Record an API key, and its publisher if new; one on record stays as it is."""
        change.have(t.publisher, name=key.publisher, made_at=key.made_at)
        change.have(t.publisher_key, **key_row(key))

    async def key(self, key_hash: str) -> ApiKey | None:
        """Return the API key with this hash."""
        query = select(t.publisher_key).where(t.publisher_key.c.key_hash == key_hash)
        row = await self._row(query)
        return key_of(row) if row else None

    async def keys(self, publisher: str) -> Sequence[ApiKey]:
        """Return every API key of a publisher, by id."""
        known = t.publisher_key.c
        query = select(t.publisher_key).where(known.publisher == publisher)
        return [key_of(row) for row in await self._rows(query.order_by(known.key_hash))]

    @changing
    def note_use(self, change: SqlChange, key_hash: str, at: int) -> None:
        """Note when an API key was used."""
        known = t.publisher_key
        change.run(update(known).where(known.c.key_hash == key_hash).values(used_at=at))

    @changing
    def end_key(self, change: SqlChange, key_hash: str, at: int) -> None:
        """End an API key, if it has not ended yet, and the sessions that were begun with it."""
        known = t.publisher_key.c
        is_it = (known.key_hash == key_hash) & known.ended_at.is_(None)
        change.run(update(t.publisher_key).where(is_it).values(ended_at=at))
        session = t.studio_session
        change.run(delete(session).where(session.c.key_hash == key_hash))
        change.note([api_key_key(ApiKey(key_hash, "").id)], at)

    # --- sessions ---

    @changing
    def begin_session(
        self, change: SqlChange, session: str, key_hash: str, at: int, ends: int
    ) -> None:
        """Record a session, and forget those that are over."""
        known = t.studio_session
        change.run(delete(known).where(known.c.ends <= at))
        change.run(insert(known).values(id=session, key_hash=key_hash, ends=ends))

    async def session(self, session: str) -> ApiKey | None:
        """Return the key that a session was begun with, None where there is no such session."""
        known, key = t.studio_session.c, t.publisher_key
        query = select(key).join(t.studio_session, known.key_hash == key.c.key_hash)
        row = await self._row(query.where(known.id == session))
        return key_of(row) if row else None

    @changing
    def end_session(self, change: SqlChange, session: str) -> None:
        """Forget a session."""
        change.run(delete(t.studio_session).where(t.studio_session.c.id == session))

    # --- seeds ---

    @changing
    def keep_seed(self, change: SqlChange, publisher: str, key: str, seed: str, at: int) -> None:
        """Keep the first seed of a publisher's Idempotency-Key."""
        change.have(t.seed, publisher=publisher, key=key, seed=seed, at=at)

    async def seed(self, publisher: str, key: str, since: int) -> str:
        """Return the seed that was kept for a key since then, "" for none."""
        known = t.seed.c
        query = select(known.seed).where(known.publisher == publisher, known.key == key)
        row = await self._row(query.where(known.at > since))
        return row["seed"] if row else ""

    @changing
    def forget_seeds(self, change: SqlChange, before: int) -> None:
        """Forget every seed from then or before."""
        change.run(delete(t.seed).where(t.seed.c.at <= before))
