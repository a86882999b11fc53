"""What every audit promises, in memory and on files."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog

from gateway.core.audit_chains import Anchor
from gateway.core.audit_records import WITHHELD, Act, Record
from gateway.core.errors import Unavailable
from gateway.ops.audit_log import VerifiedAudit, recorded, verify
from gateway.ports import Anchors
from gateway.stores.files.audit import BOUND, DAY, TICK, FileAudit
from gateway.stores.files.chains import chains_in, host_of, lines_of, path_of, this_host
from gateway.stores.memory import MemoryAnchors
from tests.stores.conftest import Audited
from tests.support.services import FrozenClock

pytestmark = pytest.mark.anyio


def read(number: int = 0) -> Record:
    return Record(1_800_000_000, Act.READ, "reader:r1", f"g{number}", "demo/one", "e1", "q1")


def change(number: int = 0) -> Record:
    return Record(1_800_000_000, Act.GRANT, "publisher:demo", f"g{number}", request="q1")


async def a_tick() -> None:
    """Wait until what was noted before has had its turn."""
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(TICK, over.set)
    await over.wait()


# --- of both -----------------------------------------------------------------------------------


async def test_what_is_noted_is_on_record_a_tick_later_in_order(audited: Audited) -> None:
    noted = [read(number) for number in range(100)]
    for record in noted:
        audited.audit.note(record)
    await a_tick()
    assert audited.records() == noted


async def test_what_is_kept_is_on_record_with_all_that_was_noted_before(audited: Audited) -> None:
    audited.audit.note(read(1))
    await audited.audit.keep(change(2), change(3))
    assert audited.records() == [read(1), change(2), change(3)]


async def test_what_many_keep_at_once_is_on_record_once(audited: Audited) -> None:
    async def keep(number: int) -> None:
        await audited.audit.keep(change(number))
        assert change(number) in audited.records()

    await asyncio.gather(*map(keep, range(50)))
    assert sorted(map(str, audited.records())) == sorted(str(change(n)) for n in range(50))


async def test_what_was_noted_is_on_record_when_the_audit_is_closed(audited: Audited) -> None:
    audited.audit.note(read())
    await audited.audit.close()
    assert audited.records() == [read()]


async def test_text_and_tokens_are_withheld(audited: Audited) -> None:
    await audited.audit.keep(Record(1, Act.REDEEM, "reader:r1", "pg1.k1.Wyy", "付费内容"))
    assert audited.records() == [Record(1, Act.REDEEM, "reader:r1", WITHHELD, WITHHELD)]


# --- files -------------------------------------------------------------------------------------


def opened(folder: Path, anchors: Anchors | None = None, **more: int) -> FileAudit:
    return FileAudit(folder, FrozenClock(), anchors or MemoryAnchors(), host="here", **more)


async def verified(folder: Path, anchors: Anchors) -> VerifiedAudit:
    return verify(folder, await anchors.anchors(), "here")


async def test_files_are_of_their_owner_alone(tmp_path: Path) -> None:
    audit = opened(tmp_path / "audit")
    await audit.keep(change())
    await audit.close()
    (chain,) = chains_in(tmp_path / "audit")
    modes = [p.stat().st_mode for p in (tmp_path / "audit", path_of(tmp_path / "audit", chain))]
    assert [stat.S_IMODE(mode) for mode in modes] == [0o700, 0o600]


async def test_the_name_of_a_chain_tells_when_and_where(tmp_path: Path) -> None:
    audit = FileAudit(tmp_path, FrozenClock(), MemoryAnchors())
    await audit.keep(change())
    await audit.close()
    (chain,) = chains_in(tmp_path)
    assert chain.startswith("20270115t080000-")
    assert host_of(chain) == this_host()


async def test_an_audit_of_nothing_leaves_no_file(tmp_path: Path) -> None:
    audit = opened(tmp_path)
    await audit.keep()
    await audit.close()
    assert chains_in(tmp_path) == []


async def test_a_closed_audit_is_anchored_to_its_end(tmp_path: Path) -> None:
    anchors = MemoryAnchors()
    audit = opened(tmp_path, anchors)
    for number in range(3):
        await audit.keep(change(number))
    await audit.close()
    (anchor,) = await anchors.anchors()
    assert anchor.number == 3
    assert (await verified(tmp_path, anchors)).is_whole


async def test_an_anchor_is_never_lowered() -> None:
    anchors = MemoryAnchors()
    for number in (2, 1, 3, 2):
        await anchors.anchor(Anchor("chain", number, f"hash {number}", 0))
    assert [(a.number, a.hash) for a in await anchors.anchors()] == [(3, "hash 3")]


async def test_a_large_file_is_followed_by_another(tmp_path: Path) -> None:
    anchors = MemoryAnchors()
    audit = opened(tmp_path, anchors, largest=1_000)
    for number in range(30):
        await audit.keep(change(number))
    await audit.close()
    assert len(chains_in(tmp_path)) > 3
    assert len(await anchors.anchors()) == len(chains_in(tmp_path))
    assert (await verified(tmp_path, anchors)).is_whole
    assert sorted(map(str, recorded(tmp_path))) == sorted(str(change(n)) for n in range(30))


async def test_each_day_has_a_chain_of_its_own(tmp_path: Path) -> None:
    clock, anchors = FrozenClock(), MemoryAnchors()
    audit = FileAudit(tmp_path, clock, anchors, host="here")
    for _ in range(3):
        await audit.keep(change(), change())
        clock.at += DAY
    await audit.close()
    assert [chain[:8] for chain in chains_in(tmp_path)] == ["20270115", "20270116", "20270117"]
    assert (await verified(tmp_path, anchors)).is_whole


async def test_a_file_that_is_taken_away_is_missed(tmp_path: Path) -> None:
    anchors = MemoryAnchors()
    audit = opened(tmp_path, anchors, largest=500)
    for number in range(20):
        await audit.keep(change(number))
    await audit.close()
    chains = chains_in(tmp_path)
    assert len(chains) > 2
    for chain in chains:
        path = path_of(tmp_path, chain)
        kept = path.read_bytes()
        path.unlink()
        assert not (await verified(tmp_path, anchors)).is_whole, chain
        path.write_bytes(kept)
    assert (await verified(tmp_path, anchors)).is_whole


async def test_a_chain_is_whole_while_it_is_being_written(tmp_path: Path) -> None:
    anchors = MemoryAnchors()
    audit = opened(tmp_path, anchors)
    for number in range(50):
        audit.note(read(number))
        await audit.keep(change(number))
        if number % 7 == 0:
            await audit.anchor()
        found = await verified(tmp_path, anchors)
        assert found.is_whole
        assert found.reports[0].records == 2 * (number + 1)
    await audit.close()


# --- files that cannot be written --------------------------------------------------------------


async def test_without_its_folder_no_change_is_kept_and_reads_end_at_the_bound(
    tmp_path: Path, logged: list[structlog.typing.EventDict]
) -> None:
    folder, anchors = tmp_path / "audit", MemoryAnchors()
    audit = opened(folder, anchors)
    shutil.rmtree(folder)
    with pytest.raises(Unavailable):
        await audit.keep(change())
    for number in range(BOUND - 1):
        audit.note(read(number))
    with pytest.raises(Unavailable):
        audit.note(read())
    with pytest.raises(Unavailable):
        await audit.keep(change())
    assert [line["state"] for line in logged] == ["not written"]
    folder.mkdir()
    await audit.keep(change(7))  # it is back: nothing of what was taken up is lost
    await audit.close()
    assert len(list(recorded(folder))) == BOUND + 1
    assert (await verified(folder, anchors)).is_whole
    assert [line["state"] for line in logged] == ["not written", "written again"]


async def test_a_file_that_is_removed_is_noticed_at_once_and_missed(tmp_path: Path) -> None:
    anchors = MemoryAnchors()
    audit = opened(tmp_path, anchors)
    await audit.keep(change(1))
    (chain,) = chains_in(tmp_path)
    path_of(tmp_path, chain).unlink()
    with pytest.raises(Unavailable):
        await audit.keep(change(2))
    await audit.keep(change(3))
    await audit.close()
    found = await verified(tmp_path, anchors)
    assert [fault.what for fault in found.reports[0].faults] == [
        f"missing: the chain before, {chain}"
    ]
    assert list(recorded(tmp_path)) == [change(2), change(3)]


async def test_a_line_that_fits_only_in_part_is_taken_back(tmp_path: Path) -> None:
    anchors = MemoryAnchors()
    audit = opened(tmp_path, anchors)
    await audit.keep(change(1))
    (chain,) = chains_in(tmp_path)
    size = path_of(tmp_path, chain).stat().st_size
    with full_after(size + 100), pytest.raises(Unavailable):
        await audit.keep(change(2))
    assert path_of(tmp_path, chain).stat().st_size == size
    await audit.keep(change(3))
    await audit.close()
    assert list(recorded(tmp_path)) == [change(1), change(2), change(3)]
    assert chains_in(tmp_path) == [chain]
    assert (await verified(tmp_path, anchors)).is_whole


@contextmanager
def full_after(size: int) -> Iterator[None]:
    """Let no file of this process become larger, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_what_cannot_be_flushed_is_not_acknowledged_and_the_next_chain_goes_on(
    tmp_path: Path,
) -> None:
    anchors = MemoryAnchors()
    audit = opened(tmp_path, anchors)
    await audit.keep(change(1))
    (chain,) = chains_in(tmp_path)
    with unflushable(path_of(tmp_path, chain)), pytest.raises(Unavailable):
        await audit.keep(change(2))
    await audit.keep(change(3))
    await audit.close()
    assert len(chains_in(tmp_path)) == 2
    found = await verified(tmp_path, anchors)
    # The pipe swallowed a line: a chain that lost what it could not flush says so.
    (told,) = [fault.what for report in found.reports for fault in report.faults]
    assert told.startswith("cut short")
    assert {record.on for record in recorded(tmp_path)} == {"g1", "g3"}


@contextmanager
def unflushable(path: Path) -> Iterator[None]:
    """Put a pipe, which takes what is written and cannot be flushed, where the file is open."""
    (file,) = [
        int(link.name)
        for link in Path("/proc/self/fd").iterdir()
        if link.is_symlink() and link.readlink() == path
    ]
    ends = os.pipe()
    os.dup2(ends[1], file)
    yield
    for end in ends:
        os.close(end)


async def test_an_anchor_is_never_ahead_of_what_is_durable(tmp_path: Path) -> None:
    anchors = MemoryAnchors()
    audit = opened(tmp_path, anchors)
    await audit.keep(change(1))
    await audit.anchor()
    (chain,) = chains_in(tmp_path)
    with unflushable(path_of(tmp_path, chain)):
        audit.note(read())
        await a_tick()
        with pytest.raises(Unavailable):
            await audit.anchor()
    await audit.close()
    assert [anchor.number for anchor in await anchors.anchors()] == [1]
    assert (await verified(tmp_path, anchors)).is_whole


class AwayAnchors(MemoryAnchors):
    """A ledger that is away for a while."""

    is_away = True

    async def anchor(self, anchor: Anchor) -> None:
        if self.is_away:
            raise Unavailable("ledger")
        await super().anchor(anchor)


async def test_without_the_ledger_changes_are_kept_and_anchored_later(tmp_path: Path) -> None:
    anchors = AwayAnchors()
    audit = opened(tmp_path, anchors, largest=500)
    for number in range(10):
        await audit.keep(change(number))
    with pytest.raises(Unavailable):
        await audit.anchor()
    anchors.is_away = False
    await audit.anchor()
    assert len(await anchors.anchors()) == len(chains_in(tmp_path)) > 1
    await audit.close()
    assert (await verified(tmp_path, anchors)).is_whole


async def test_more_can_be_kept_at_once_than_may_wait(tmp_path: Path) -> None:
    anchors = MemoryAnchors()
    audit = opened(tmp_path, anchors)
    audit.note(read())
    await audit.keep(*map(change, range(2 * BOUND)))
    await audit.close()
    assert sum(1 for _ in recorded(tmp_path)) == 1 + 2 * BOUND
    assert (await verified(tmp_path, anchors)).is_whole


async def test_whoever_tends_an_audit_flushes_and_anchors_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.stores.files.audit.FLUSH_INTERVAL", 0.0)
    anchored = asyncio.Event()

    class TellingAnchors(MemoryAnchors):
        async def anchor(self, anchor: Anchor) -> None:
            await super().anchor(anchor)
            anchored.set()

    anchors = TellingAnchors()
    audit = opened(tmp_path, anchors)
    tending = asyncio.create_task(audit.maintain())
    audit.note(read())
    await anchored.wait()
    tending.cancel()
    assert (await verified(tmp_path, anchors)).is_whole
    assert [anchor.number for anchor in await anchors.anchors()] == [1]
    await audit.close()


async def test_lines_end_where_the_next_begins(tmp_path: Path) -> None:
    audit = opened(tmp_path)
    for number in range(3):
        await audit.keep(change(number))
    await audit.close()
    (chain,) = chains_in(tmp_path)
    assert b"".join(lines_of(tmp_path, chain)) == path_of(tmp_path, chain).read_bytes()
