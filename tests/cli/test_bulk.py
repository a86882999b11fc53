"""Publishing many files: what a run does, what it skips, and what it leaves when it is killed.

PAIDGATE_BULK is how many files the runs that are killed have to publish.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TextIO

import pytest
from anyio import CancelScope
from anyio.lowlevel import checkpoint

from gateway.app import Services, open_services
from gateway.cli.bulk import publish_files
from gateway.cli.folders import SourceFile, source_files
from gateway.core.audit_records import Act
from gateway.core.bundles import IDENTITY
from gateway.core.documents import Address
from gateway.rendering.workers import Elsewhere
from gateway.stores.files.durable import PART
from gateway.stores.memory import MemoryAudit
from gateway.usecases.composers import Composer
from tests.faults import loops, poisons
from tests.faults.poisons import DIE, HANG, RAISE
from tests.support.servers import comes_true
from tests.support.services import composing_with, gateway

pytestmark = pytest.mark.anyio

FILES = int(os.environ.get("PAIDGATE_BULK", "40"))
TIMEOUT = 60.0 + FILES
WORDS = "Story {0}\n\nIt begins, {0}, ##paidbegin##goes on, {0},##paidend## and ends, {0}.\n"


def write(folder: Path, count: int, publisher: str = "demo") -> list[SourceFile]:
    """Write so many sources; return them as files."""
    (folder / publisher).mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / publisher / f"d{number:05}.txt").write_text(WORDS.format(number))
    return list(source_files([folder]))


@contextmanager
def poisoned(services: Services) -> Iterator[Services]:
    """Give a house a composer that documents can harm."""
    elsewhere = Elsewhere("", timeout=2.0, composer=poisons.compose)
    yield composing_with(services, Composer(elsewhere.compose, elsewhere.prepare, "1"))


# --- one run -----------------------------------------------------------------------------------


async def test_a_document_that_hangs_kills_or_raises_stops_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = write(tmp_path / "sources", 9)
    for file, harm in zip((files[0], files[4], files[8]), (HANG, DIE, RAISE), strict=True):
        file.path.write_bytes(file.path.read_bytes() + harm)
    services = await open_services(loops.settings(tmp_path / "var"), in_process=True)
    with poisoned(services) as harmed:
        assert await publish_files(harmed, files, "") == 3
    shown = [await services.store.get(Address("demo", file.path.stem)) for file in files]
    await services.close()
    assert [bool(bundle) for bundle in shown] == [number not in (0, 4, 8) for number in range(9)]
    told = capsys.readouterr()
    assert "6 published, 0 unchanged, 3 refused" in told.err
    lines = sorted(told.out.splitlines())
    assert [line.partition(":1:1: ")[0] for line in lines] == [
        str(files[number].path) for number in (0, 4, 8)
    ]
    assert "too-large: The document takes longer than 2 seconds to set. " in lines[0]
    assert "too-large: " in lines[1]
    assert lines[2].endswith("error: RecursionError while it was set.")


async def test_two_files_are_never_one_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = write(tmp_path / "sources", 1)
    twin = SourceFile(files[0].path.with_suffix(".md"))
    twin.path.write_text("Twin\n\nText")
    services = await open_services(loops.settings(tmp_path / "var"), in_process=True)
    assert await publish_files(services, [*files, twin], "") == 1
    assert (await services.publishing.current(Address("demo", "d00000"))).title == "Story 0"
    await services.close()
    assert f"{twin.path}:1:1: error: " in capsys.readouterr().out


async def test_only_what_changed_is_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = write(tmp_path / "sources", 5) + write(tmp_path / "sources", 2, "other")[-2:]
    services = await open_services(loops.settings(tmp_path / "var"), in_process=True)
    assert await publish_files(services, files, "") == 0
    before = [e.id for e in await services.publishing.documents("demo", "", 9)]
    files[3].path.write_text(WORDS.format("changed"))
    assert await publish_files(services, files, "") == 0
    after = [e.id for e in await services.publishing.documents("demo", "", 9)]
    await services.close()
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, True, True, False, True]
    assert "1 published, 6 unchanged, 0 refused" in capsys.readouterr().err


async def test_what_is_damaged_is_not_taken_for_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = write(tmp_path / "sources", 5)
    services = await open_services(loops.settings(tmp_path / "var"), in_process=True)
    assert await publish_files(services, files, "") == 0
    before = [e.id for e in await services.publishing.documents("demo", "", 9)]
    (tmp_path / "var" / "public" / "demo" / "d00001.bundle").unlink()
    kept = tmp_path / "var" / "vault" / "demo" / "d00003" / f"{before[3]}.sealed"
    kept.write_bytes(kept.read_bytes()[:-1])
    assert await publish_files(services, files, "") == 0
    assert [e.id for e in await services.publishing.documents("demo", "", 9)] == before
    assert await services.store.get(Address("demo", "d00001"))
    assert await services.vault.source(Address("demo", "d00003"), before[3])
    await services.close()
    assert "2 published, 3 unchanged, 0 refused" in capsys.readouterr().err


# --- watching ----------------------------------------------------------------------------------


def test_what_changes_during_the_first_run_is_published(tmp_path: Path) -> None:
    (file,) = write(tmp_path / "sources", 1)
    pipe, next_pipe = file.path.with_name("d00001.txt"), tmp_path / "next"
    os.mkfifo(pipe)
    os.mkfifo(next_pipe)
    run = start(tmp_path, str(file.path), str(pipe), "--watch")
    try:
        with when_read(pipe) as asked:  # to see whether it has changed
            next_pipe.rename(pipe)
            asked.write(WORDS.format(1))
        with when_read(pipe) as asked:  # to publish it, after the other file was read for that
            file.path.write_text(WORDS.format("changed"))
            asked.write(WORDS.format(1))
        assert comes_true(lambda: title(tmp_path, "d00000") == "Story changed")
    finally:
        run.kill()
        run.communicate()


def when_read(pipe: Path) -> TextIO:
    """Open a pipe for writing as soon as somebody waits to read it."""
    opened: list[int] = []

    def is_open() -> bool:
        with suppress(OSError):
            opened.append(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        return bool(opened)

    assert comes_true(is_open)
    return os.fdopen(opened[0], "w")


def title(folder: Path, slug: str) -> str:
    """Return the current title of a document."""
    asked = "SELECT title FROM edition JOIN document ON edition.id = current_edition"
    with closing(sqlite3.connect(folder / "var" / "ledger.db", timeout=TIMEOUT)) as connection:
        (found,) = connection.execute(f"{asked} WHERE document.slug = ?", [slug]).fetchone() or [""]
    return str(found)


# --- runs that are cut off ---------------------------------------------------------------------


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start the command line on arguments, or on the sources in a folder."""
    return begin(folder, "gateway", "publish", *(arguments or [str(folder / "sources")]))


def begin(folder: Path, module: str, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, **loops.environment(folder / "var")}
    pipe = subprocess.PIPE
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True)


def on_record(folder: Path) -> dict[str, str]:
    """Return the current edition of each document by its slug."""
    ledger = folder / "var" / "ledger.db"
    if not ledger.exists():
        return {}
    with closing(sqlite3.connect(ledger, timeout=TIMEOUT)) as connection:
        try:
            return dict(connection.execute("SELECT slug, current_edition FROM document"))
        except sqlite3.OperationalError:  # no table yet
            return {}


def cut(folder: Path, after: int, sign: int) -> tuple[int, str, str]:
    """Publish the sources, and send the run a signal before so many files have their places.

    Each document has two: one in the vault, one in the public store. Returns what was told.
    """
    strike = [str(after), str(int(sign)), "rename"]
    run = begin(folder, "tests.faults.struck", *strike, "publish", str(folder / "sources"))
    workers: set[int] = set()
    while run.poll() is None:
        workers |= {*children(run.pid)}
        with suppress(subprocess.TimeoutExpired):
            run.wait(0.05)
    assert comes_true(lambda: not any(map(is_alive, workers)))
    return run.returncode, *run.communicate()


def children(pid: int) -> list[int]:
    try:
        return [*map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    except FileNotFoundError:
        return []


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}/exe").exists()


async def test_a_run_that_is_killed_loses_nothing_and_the_next_does_the_rest(
    tmp_path: Path,
) -> None:
    write(tmp_path / "sources", FILES)
    known: dict[str, str] = {}
    for after in (FILES // 2, FILES // 2 + 1):
        assert cut(tmp_path, after, signal.SIGKILL)[0] == -signal.SIGKILL
        now = on_record(tmp_path)
        assert now | known == now  # nothing lost, and nothing published twice
        known = now
    assert known
    run = start(tmp_path)
    out, err = run.communicate(timeout=TIMEOUT)
    assert (run.returncode, out) == (0, ""), err
    assert f"{FILES - len(known)} published, {len(known)} unchanged, 0 refused" in err
    await require_whole(tmp_path, known)


async def require_whole(folder: Path, known: dict[str, str]) -> None:
    """See that each document is shown, whole, in the edition on record."""
    now = on_record(folder)
    assert len(now) == FILES
    assert now | known == now
    services = await open_services(loops.settings(folder / "var"), in_process=True)
    assert await services.ledger.unsettled(1) == []
    for slug, edition in now.items():
        shown = await services.store.get(Address("demo", slug))
        assert shown
        assert shown.edition == edition
        assert f"begins, {int(slug[1:])},".encode() in shown.forms["txt"].bodies[IDENTITY]
        source = await services.vault.source(Address("demo", slug), edition)
        assert source.decode() == WORDS.format(int(slug[1:]))
    assert len(await services.store.entries("", "", FILES + 1)) == FILES
    await services.close()
    assert [p for p in (folder / "var").rglob(f"*{PART}") if p.name != PART] == []


async def test_a_run_that_is_interrupted_says_so_and_leaves_nothing_half_done(
    tmp_path: Path,
) -> None:
    write(tmp_path / "sources", FILES)
    status, out, err = cut(tmp_path, FILES // 3, signal.SIGINT)
    assert status == 130, err
    assert "interrupted; the same command again does the rest." in err
    assert "Traceback" not in out + err
    services = await open_services(loops.settings(tmp_path / "var"), in_process=True)
    assert await services.ledger.unsettled(1) == []
    for slug, edition in on_record(tmp_path).items():
        shown = await services.store.get(Address("demo", slug))
        assert shown
        assert shown.edition == edition
    await services.close()


@pytest.mark.parametrize("work", ["make_current", "settle", "outbox"])
async def test_no_edition_of_a_run_that_is_interrupted_is_without_its_record(
    work: str, tmp_path: Path
) -> None:
    services = gateway().services
    run = CancelScope()
    real = getattr(services.ledger, work)

    async def struck(*given: object) -> object:
        done = await real(*given)
        if not isinstance(done, list) or done:
            run.cancel()
            await checkpoint()  # where a cancellation is met
        return done

    setattr(services.ledger, work, struck)
    with run:
        await publish_files(services, write(tmp_path, 12), "demo")
    assert run.cancelled_caught
    assert isinstance(services.audit, MemoryAudit)
    published = [each for each in services.audit.records if each.what == Act.PUBLISH]
    editions = await services.ledger.all_editions(None, 99)
    assert 0 < len(editions) < 12
    told = {(each.document, each.edition) for each in published}
    assert {(str(each.address), each.id) for each in editions} == told
