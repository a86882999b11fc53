"""What the ledger keeps besides documents and rights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Select, delete, func, select, update

from gateway.core.audit_chains import Anchor
from gateway.core.cache_keys import SIGNING_KEYS
from gateway.core.errors import Stale
from gateway.core.tokens import KeyState
from gateway.ports import Answer, AuthorityRecord, Outgoing
from gateway.stores.sql import tables as t
from gateway.stores.sql.record import SqlChange, SqlRecord, changing


class Upkeep(SqlRecord):
    """The part of the ledger that runs the house."""

    async def ping(self) -> None:
        """Raise Unavailable unless the ledger can be read."""
        await self._rows(select(t.publisher.c.name).limit(1))

    async def close(self) -> None:
        """Close every connection."""
        await self._engines.close()

    # --- publishers ---

    async def is_publisher(self, name: str) -> bool:
        """Return whether there is a publisher of this name."""
        known = t.publisher.c.name
        return await self._row(select(known).where(known == name)) is not None

    async def publishers(self, after: str, limit: int) -> Sequence[str]:
        """Return the names of publishers > after, in order."""
        name = t.publisher.c.name
        query = select(name).where(name > after).order_by(name).limit(limit)
        return [row["name"] for row in await self._rows(query)]

    # --- answers ---

    async def answer(self, publisher: str, key: str) -> Answer | None:
        """Return the answer that was kept for a publisher's Idempotency-Key."""
        answer = t.answer.c
        query = select(answer.fingerprint, answer.status, answer.body)
        row = await self._row(query.where(answer.publisher == publisher, answer.key == key))
        return Answer(**row) if row else None

    @changing
    def keep_answer(
        self, change: SqlChange, publisher: str, key: str, answer: Answer, at: int
    ) -> None:
        """Keep the first answer to a key."""
        facts = {"fingerprint": answer.fingerprint, "status": answer.status, "body": answer.body}
        change.have(t.answer, publisher=publisher, key=key, at=at, **facts)

    # --- changes that workers have to hear of ---

    async def outbox(self, limit: int) -> Sequence[Outgoing]:
        """Return changes that were not confirmed yet, oldest first."""
        outbox = t.outbox.c
        query = select(outbox.seq, outbox.key).order_by(outbox.seq).limit(limit)
        return [Outgoing(**row) for row in await self._rows(query)]

    async def newest_outgoing(self) -> int:
        """Return the highest seq of a change that was not confirmed yet, 0 for none."""
        row = await self._row(select(func.max(t.outbox.c.seq).label("seq")))
        return row["seq"] or 0 if row else 0

    @changing
    def confirm(self, change: SqlChange, outbox: Sequence[Outgoing], authority: str = "") -> bool:
        """Forget changes that every worker has heard of, unless another authority is on record."""
        if _goes_by(change) != authority:
            return False
        seqs = [each.seq for each in outbox]
        change.run(delete(t.outbox).where(t.outbox.c.seq.in_(seqs)))
        return True

    # --- the authority on record ---

    async def authority(self) -> AuthorityRecord | None:
        """Return the authority on record; None where no worker has ever served."""
        row = await self._row(_authority())
        return AuthorityRecord(**row) if row else None

    @changing
    def replace_authority(
        self,
        change: SqlChange,
        before: AuthorityRecord | None,
        after: AuthorityRecord,
        attending: Mapping[str, int],
        at: int,
    ) -> None:
        """Put another authority on record, and note that its house alone serves. Raises Stale."""
        facts = asdict(after) | {"made_at": at}
        # Two that are the first meet at its row, two that come later at its lock.
        is_first = change.have(t.authority_record, one=1, **facts)
        row = change.row(_authority().with_for_update())
        known = AuthorityRecord(**row) if row and not is_first else None
        said = {row["house"]: row["times"] for row in change.rows(select(t.attendance))}
        if (known, said) != (before, attending):
            raise Stale(None)
        change.run(update(t.authority_record).values(facts))
        # At once, so that no other house takes it for one that nobody goes by.
        change.run(delete(t.attendance))
        change.have(t.attendance, house=after.house, times=1)

    @changing
    def attend(self, change: SqlChange, house: str, authority: str) -> bool:
        """Note that a house serves; return whether this is the authority on record still."""
        known = t.attendance.c
        if _goes_by(change) != authority:
            return False
        change.have(t.attendance, house=house, times=0)
        more = {"times": known.times + 1}
        change.run(update(t.attendance).where(known.house == house).values(more))
        return True

    async def attendance(self) -> Mapping[str, int]:
        """Return how often each house has said that it serves."""
        rows = await self._rows(select(t.attendance.c.house, t.attendance.c.times))
        return {row["house"]: row["times"] for row in rows}

    @changing
    def leave(self, change: SqlChange, house: str) -> None:
        """Note that a house serves no more."""
        change.run(delete(t.attendance).where(t.attendance.c.house == house))

    # --- signing keys ---

    async def signing_keys(self) -> Mapping[str, KeyState]:
        """Return the state of every signing key by its kid."""
        key = t.signing_key.c
        rows = await self._rows(select(key.kid, key.state).order_by(key.kid))
        return {row["kid"]: KeyState(row["state"]) for row in rows}

    @changing
    def set_signing_keys(
        self,
        change: SqlChange,
        before: Mapping[str, KeyState],
        after: Mapping[str, KeyState],
        at: int,
    ) -> None:
        """Set the states of all signing keys where they are still `before`. Raises Stale."""
        key = t.signing_key.c
        # Two that add the same key meet at its row, two that change one at its lock.
        for kid in after.keys() - before.keys():
            if not change.have(t.signing_key, kid=kid, state=after[kid], made_at=at):
                raise Stale(None)
        found = change.rows(select(key.kid, key.state).with_for_update())
        states = {row["kid"]: KeyState(row["state"]) for row in found}
        if states != {**after, **before}:
            raise Stale(None)
        for kid, state in after.items():
            change.run(update(t.signing_key).where(key.kid == kid).values(state=state))
        change.note([SIGNING_KEYS], at)

    # --- what belongs to this ledger ---

    async def fingerprint(self, what: str) -> str:
        """Return by what the ledger knows again something that belongs to it, "" for nothing."""
        known = t.fingerprint.c
        row = await self._row(select(known.value).where(known.what == what))
        return row["value"] if row else ""

    @changing
    def set_fingerprint(self, change: SqlChange, what: str, value: str, before: str) -> None:
        """Put a fingerprint on record, if it is still the one before ("" for none)."""
        known = t.fingerprint.c
        is_it = (known.what == what) & (known.value == before)
        if before:
            change.run(update(t.fingerprint).where(is_it).values(value=value))
        else:
            change.have(t.fingerprint, what=what, value=value)

    # --- anchors of the audit ---

    @changing
    def anchor(self, change: SqlChange, anchor: Anchor) -> None:
        """Record how far a chain has come; a lower number than on record changes nothing."""
        known = t.anchor.c
        facts = {"number": anchor.number, "hash": anchor.hash, "at": anchor.at}
        change.have(t.anchor, chain=anchor.chain, **facts)
        is_less = (known.chain == anchor.chain) & (known.number < anchor.number)
        change.run(update(t.anchor).where(is_less).values(facts))

    async def anchors(self) -> Sequence[Anchor]:
        """Return every anchor, by chain."""
        return [Anchor(**row) for row in await self._rows(select(t.anchor).order_by("chain"))]


# --- within a transaction ----------------------------------------------------------------------


def _goes_by(change: SqlChange) -> str:
    # Held until the change is over: no other takes its place meanwhile.
    row = change.row(_authority().with_for_update(read=True))
    return row["id"] if row else ""


def _authority() -> Select[Any]:
    known = t.authority_record.c
    return select(known.id, known.kind, known.place, known.house)
