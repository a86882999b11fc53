"""Workers on one ledger go by one authority, and by another only when nobody remembers."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from gateway.core.errors import Stale, Unavailable
from gateway.core.leases import Terms
from gateway.ports import AuthorityRecord, Ledger
from gateway.stores.files.data_folder import Presence, house_name
from gateway.stores.leased_cache import LeasedCoherence, boottime
from gateway.stores.membership import AuthorityKind, Membership, Named, OtherAuthority, Tenure
from tests.stores.conftest import Rivals
from tests.stores.things import grant
from tests.support.authorities import LocalAuthority

pytestmark = pytest.mark.anyio

LASTING = Tenure(pace=0.1, begins=0.1)
SHORT = Tenure(trust=2.0, pace=0.1, begins=0.1)
NAMED = [
    Named(AuthorityKind.EMBEDDED),
    Named(AuthorityKind.REDIS, "redis://one:6379"),
    Named(AuthorityKind.POSTGRES),
    Named(AuthorityKind.NONE),
]


class House:
    """A data folder from which a gateway serves, and what it was told."""

    def __init__(
        self,
        ledger: Ledger,
        data: Path,
        named: Named,
        begun: bool | None = False,
        tenure: Tenure = LASTING,
        begins_at: int = 0,
    ) -> None:
        data.mkdir(exist_ok=True)
        self.asked = 0
        self.told: list[str] = []
        self.member = Membership(ledger, data, named, self._is_begun, self.told.append, tenure)
        self.memory = LeasedCoherence(LocalAuthority(), Terms())
        self._begun = begun
        self._begins_at = begins_at  # the question by which another house has begun it

    async def _is_begun(self, name: str) -> bool:
        self.asked += 1
        if self._begun is None:
            raise Unavailable("redis")
        return self._begun or self.asked == self._begins_at

    async def join(self) -> AuthorityRecord:
        record = await self.member.join(0)
        self.member.begin(self.memory)
        return record

    def die(self) -> None:
        """End as a killed process does: what the kernel has of it is gone, the record stays."""
        os.close(self.member._presence._file)
        self.member._presence._file = -1

    @asynccontextmanager
    async def attending(self) -> AsyncIterator[None]:
        async def attend() -> None:
            while True:
                await self.member.attend(self.memory)
                await asyncio.sleep(LASTING.pace)

        task = asyncio.create_task(attend())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@pytest.mark.parametrize("named", NAMED, ids=lambda named: named.kind)
async def test_who_serves_first_puts_its_authority_on_record(
    named: Named, ledger: Ledger, tmp_path: Path
) -> None:
    assert await ledger.authority() is None
    house = House(ledger, tmp_path / "one", named)
    record = await house.join()
    assert record == await ledger.authority()
    assert (record.kind, record.place) == (named.kind, named.place)
    assert record.house == house_name(tmp_path / "one")
    assert bool(record.id) == (named.kind is not AuthorityKind.NONE)
    assert [*await ledger.attendance()] == [record.house]
    await house.member.leave()
    assert not await ledger.attendance()
    # It is the same one after a restart.
    again = House(ledger, tmp_path / "one", named)
    assert await again.join() == record
    await again.member.leave()


@pytest.mark.parametrize("other", NAMED, ids=lambda named: named.kind)
@pytest.mark.parametrize("named", NAMED, ids=lambda named: named.kind)
async def test_beside_a_house_that_serves_another_authority_is_refused(
    named: Named, other: Named, ledger: Ledger, tmp_path: Path
) -> None:
    house = House(ledger, tmp_path / "one", named)
    record = await house.join()
    # The same words may lead to another server, but not within the ledger's database.
    is_same = named == other and named.kind in (AuthorityKind.POSTGRES, AuthorityKind.NONE)
    async with house.attending():
        beside = House(ledger, tmp_path / "two", other)
        if is_same:
            assert await beside.join() == record
        else:
            with pytest.raises(OtherAuthority):
                await beside.join()
        await beside.member.leave()
        if named != other:
            within = House(ledger, tmp_path / "one", other)
            with pytest.raises(OtherAuthority):
                await within.join()
            await within.member.leave()
    assert await ledger.authority() == record
    await house.member.leave()


async def test_a_server_that_holds_the_authority_is_the_one_from_any_house(
    ledger: Ledger, tmp_path: Path
) -> None:
    house = House(ledger, tmp_path / "one", Named(AuthorityKind.REDIS, "redis://one:6379"))
    record = await house.join()
    async with house.attending():
        beside = House(
            ledger, tmp_path / "two", Named(AuthorityKind.REDIS, "redis://uno:6379"), begun=True
        )
        assert await beside.join() == record
        silent = House(
            ledger, tmp_path / "three", Named(AuthorityKind.REDIS, "redis://one:6379"), None
        )
        assert await silent.join() == record
    for each in (house, beside, silent):
        await each.member.leave()


@pytest.mark.parametrize("ends", ["leaves", "dies"])
async def test_a_house_that_has_ended_makes_room_for_another_authority(
    ends: str, ledger: Ledger, tmp_path: Path
) -> None:
    house = House(ledger, tmp_path / "one", NAMED[0])
    before = await house.join()
    if ends == "leaves":
        await house.member.leave()
    else:
        house.die()
    later = House(ledger, tmp_path / "one", NAMED[1])
    record = await later.join()
    assert record.id != before.id
    assert later.told == [
        "The ledger goes by Redis at redis://one:6379 now, before by the embedded Redis of a data"
        " folder."
    ]
    await later.member.leave()


async def test_whoever_is_cut_off_remembers_nothing_when_another_takes_the_place(
    ledger: Ledger, tmp_path: Path
) -> None:
    house = House(ledger, tmp_path / "one", NAMED[0], tenure=SHORT)
    before = await house.join()
    house.memory.start()

    async def load() -> str:
        return "a right"

    while house.memory.known("key") is None:
        await house.memory.fetch("key", load)
        await asyncio.sleep(0)
    # From here on it hears its authority, but not the ledger.
    later = House(ledger, tmp_path / "two", NAMED[1], tenure=SHORT)
    joining = asyncio.create_task(later.join())
    seen = False
    while not joining.done():
        seen = seen or house.memory.known("key") is not None
        await asyncio.sleep(0.01)
    assert seen
    assert house.memory.known("key") is None
    assert (await joining).id != before.id
    assert later.told[0].startswith("This process waits until no worker goes by the embedded")
    # Nor does it confirm what it may still think it can.
    await ledger.add_grant(grant("g1"))
    assert not await ledger.confirm(await ledger.outbox(10), before.id)
    assert await ledger.outbox(10)
    await house.member.attend(house.memory)
    assert house.member.word == "another"
    assert house.memory.known("key") is None
    await house.memory.close()
    for each in (house, later):
        await each.member.leave()


async def test_who_attends_is_trusted_for_longer(ledger: Ledger, tmp_path: Path) -> None:
    house = House(ledger, tmp_path / "one", NAMED[0], tenure=SHORT)
    await house.join()
    house.memory.start()

    async def load() -> str:
        return "a right"

    async with house.attending():
        end = boottime() + 1.5 * SHORT.trust
        while boottime() < end:
            await house.memory.fetch("key", load)
            await asyncio.sleep(0.01)
        assert house.memory.known("key") is not None
    await house.memory.close()
    await house.member.leave()


async def test_of_two_who_replace_an_authority_one_is_too_late(
    rivals: Rivals, tmp_path: Path
) -> None:
    records = [
        AuthorityRecord(*each) for each in (("a", "redis", "", "one"), ("b", "redis", "", "two"))
    ]
    await rivals.one.replace_authority(None, records[0], {}, 0)
    with pytest.raises(Stale):
        await rivals.other.replace_authority(None, records[1], {}, 0)
    # Nor is it replaced by whoever has not seen that a house has come meanwhile, or goes on.
    assert await rivals.one.attend("one", "a")
    for seen in ({}, {"one": 1}, {"one": 2, "two": 1}):
        with pytest.raises(Stale):
            await rivals.other.replace_authority(records[0], records[1], seen, 0)
    assert await rivals.one.authority() == records[0]
    await rivals.other.replace_authority(records[0], records[1], {"one": 2}, 0)
    assert await rivals.one.authority() == records[1]
    assert await rivals.one.attendance() == {"two": 1}
    assert not await rivals.one.attend("house", "a")
    assert await rivals.one.attend("house", "b")


async def test_a_house_that_comes_up_is_not_taken_for_one_that_has_ended(
    ledger: Ledger, tmp_path: Path
) -> None:
    redis = Named(AuthorityKind.REDIS, "redis://one:6379")
    # One has put its authority on record, and has not come to begin it at the server yet.
    record = AuthorityRecord("a" * 32, redis.kind, redis.place, "one")
    await ledger.replace_authority(None, record, {}, 0)
    beside = House(ledger, tmp_path / "two", redis, tenure=Tenure(), begins_at=3)
    assert await beside.join() == record == await ledger.authority()
    assert beside.asked == 3
    assert beside.told == []
    await beside.member.leave()


async def test_a_copy_of_a_data_folder_has_another_name(tmp_path: Path) -> None:
    data = tmp_path / "one"
    data.mkdir()
    name = house_name(data)
    assert house_name(data) == name
    copy = Path(shutil.copytree(data, tmp_path / "two"))
    assert house_name(copy) not in ("", name)
    data.rename(tmp_path / "three")
    assert house_name(tmp_path / "three") == name


async def test_the_last_one_who_leaves_is_known(tmp_path: Path) -> None:
    house_name(tmp_path)
    left: list[int] = []
    one, other = Presence(tmp_path), Presence(tmp_path)
    assert await one.enter()
    assert not await other.enter()
    for number, each in enumerate((one, other)):

        async def last(number: int = number) -> None:
            left.append(number)

        await each.leave(last)
    assert left == [1]
