"""No change of a publisher's takes the turn to write for long, and none stays half done."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any, cast

import pytest
from sqlalchemy import Engine, event, insert

from gateway.app import build_services
from gateway.core.cache_keys import grant_key, reader_key
from gateway.ports import Ledger
from gateway.stores.memory import MemoryPublicStore, MemoryVault
from gateway.stores.sql import tables as t
from gateway.stores.sql.grants import AT_ONCE
from gateway.stores.sql.ledger import SqlLedger
from gateway.stores.sql.rows import grant_row
from gateway.usecases.codes import BATCH, CodeRequest, Codes
from gateway.usecases.idempotency import IdempotencyKey
from gateway.usecases.signing_keys import Signing
from tests.stores.things import code, grant
from tests.support.services import SECRET, FrozenClock, settings

# On what has transactions.
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("rivals", ["sqlite", "postgres"], indirect=True),
]

WRITES = ("INSERT", "UPDATE", "DELETE")
BORN = 3 * AT_ONCE


class Struck(OSError):
    """Raised where a process is killed."""


class Turns:
    """How many rows each transaction has written; one may be the last."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.writes = 0  # statements, those that fail too
        self.last = 0  # after so many no other begins

    def begin(self, *_: object) -> None:
        if self.last and len(self.rows) == self.last:
            raise Struck
        self.rows.append(0)

    def try_to(self, _: object, __: object, statement: str, *___: object) -> None:
        self.writes += statement.startswith(WRITES)

    def execute(
        self, _: object, cursor: Any, statement: str, parameters: Any, __: object, many: bool
    ) -> None:
        if statement.startswith(WRITES):
            self.rows[-1] += len(parameters) if many else max(0, cursor.rowcount)


@contextmanager
def watched(ledger: Ledger) -> Iterator[Turns]:
    assert isinstance(ledger, SqlLedger)
    writing = cast("Any", ledger._engines)._writing
    engine: Engine = getattr(writing, "sync_engine", writing)
    turns = Turns()
    event.listen(engine, "begin", turns.begin)
    event.listen(engine, "before_cursor_execute", turns.try_to)
    event.listen(engine, "after_cursor_execute", turns.execute)
    try:
        yield turns
    finally:
        event.remove(engine, "begin", turns.begin)
        event.remove(engine, "before_cursor_execute", turns.try_to)
        event.remove(engine, "after_cursor_execute", turns.execute)


class Counted:
    """Signs, and counts how often something was derived."""

    def __init__(self, signing: Signing) -> None:
        self._signing = signing
        self.derived = 0

    def derive(self, what: str, *told: str) -> bytes:
        self.derived += 1
        return self._signing.derive(what, *told)


async def family(ledger: Ledger) -> list[str]:
    """Record a right, many that come from it, one of them of some readers, and one from each."""
    assert isinstance(ledger, SqlLedger)
    await ledger.add_grant(grant("eldest"))
    born = [f"born{n:04}" for n in range(BORN)]
    rows = [grant_row(replace(grant(name), parent="eldest", devices=9)) for name in born]
    await ledger._change(lambda change: change.run_all(insert(t.grant), rows))
    for reader in range(9):
        await ledger.redeem(f"r{reader}", born[-1], 3)
    await ledger.add_grant(replace(grant("youngest"), parent=born[-1]))
    return ["eldest", *born, "youngest"]


async def test_the_revocation_of_a_large_family_takes_many_short_turns(ledger: Ledger) -> None:
    names = await family(ledger)
    with watched(ledger) as turns:
        await ledger.revoke("eldest", 7)
    assert len(turns.rows) > BORN // AT_ONCE
    assert max(turns.rows) <= 2 * AT_ONCE  # each row, and that it is outgoing
    for name in names:
        found = await ledger.grant(name)
        assert found
        assert (found.revoked_at, found.version) == (7, 2)
    with watched(ledger) as turns:
        await ledger.revoke("eldest", 8)
    assert sum(turns.rows) == 1


@pytest.mark.parametrize("struck", [1, 2, 3])
async def test_a_revocation_that_was_cut_off_is_finished(struck: int, ledger: Ledger) -> None:
    names = await family(ledger)
    await ledger.confirm(await ledger.outbox(9_999))
    with watched(ledger) as turns:
        turns.last = struck
        with pytest.raises(Exception, match="ledger"):
            await ledger.revoke("eldest", 7)
    grants = [await ledger.grant(name) for name in names]
    stand = [each for each in grants if each and each.revoked_at is None]
    assert stand
    assert await ledger.finish_revocations() > 0
    assert [(g.revoked_at, g.version) for n in names if (g := await ledger.grant(n))] == [
        (7, 2) for _ in names
    ]
    told = {each.key for each in await ledger.outbox(9_999)}
    assert told == {*map(grant_key, names), *(reader_key(f"r{n}") for n in range(9))}
    assert await ledger.finish_revocations() == 0


async def test_what_came_from_a_code_is_finished_too(ledger: Ledger) -> None:
    await ledger.add_codes([code("c1")])
    await ledger.add_grant(replace(grant("g1"), parent="c1"))
    with watched(ledger) as turns:
        turns.last = 1
        with pytest.raises(Exception, match="ledger"):
            await ledger.revoke("c1", 7)
    assert await ledger.finish_revocations() == 1
    found = await ledger.grant("g1")
    assert found
    assert found.revoked_at == 7


async def test_many_codes_take_many_short_turns_and_none_when_they_are_told_again(
    ledger: Ledger,
) -> None:
    count, ask = 5 * BATCH + 1, IdempotencyKey("key", "fingerprint")
    codes = build_services(
        settings(), ledger, MemoryPublicStore(), MemoryVault(), SECRET, FrozenClock()
    ).codes
    with watched(ledger) as turns:
        made = await codes.make("demo", CodeRequest("all", count=count), ask)
    assert max(turns.rows) <= BATCH + 1
    assert sum(turns.rows) > count
    with watched(ledger) as turns:
        assert await codes.make("demo", CodeRequest("all", count=count), ask) == made
    assert turns.writes == 0
    assert len(await ledger.codes("demo", "", 9_999)) == count


@pytest.mark.parametrize("struck", [2, 3, 4])
async def test_codes_that_were_cut_off_go_on_where_they_are_asked_for_again(
    struck: int, ledger: Ledger
) -> None:
    count, ask = 3 * BATCH, IdempotencyKey("key", "fingerprint")
    codes = build_services(
        settings(), ledger, MemoryPublicStore(), MemoryVault(), SECRET, FrozenClock()
    ).codes
    with watched(ledger) as turns:
        turns.last = struck
        with pytest.raises(Exception, match="ledger"):
            await codes.make("demo", CodeRequest("all", count=count), ask)
    assert len(await ledger.codes("demo", "", 9_999)) < count
    made = await codes.make("demo", CodeRequest("all", count=count), ask)
    known = {each.id for each in await ledger.codes("demo", "", 9_999)}
    assert known == {each.code.id for each in made}


async def test_others_have_their_turn_between_two_portions_of_codes(ledger: Ledger) -> None:
    clock = FrozenClock()
    services = build_services(settings(), ledger, MemoryPublicStore(), MemoryVault(), SECRET, clock)
    signing = Counted(services.signing)
    codes = Codes(
        ledger,
        cast("Signing", signing),
        services.announcing,
        services.seeds,
        clock,
    )
    seen: list[int] = []

    async def look() -> None:
        while True:
            seen.append(signing.derived)
            await asyncio.sleep(0)

    looking = asyncio.create_task(look())
    await codes.make("demo", CodeRequest("all", count=4 * BATCH))
    looking.cancel()
    steps = [after - before for before, after in pairwise(seen)]
    assert max(steps) <= BATCH + 1
