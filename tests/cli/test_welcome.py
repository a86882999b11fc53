"""The first start publishes what it can, and leads to a document that is there."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.app import open_services
from gateway.cli.welcome import Welcome, banner, move_in
from tests.faults import loops
from tests.faults.processes import is_stopped, waits_for_a_lock
from tests.support.servers import comes_true, free_port

pytestmark = pytest.mark.anyio

SOUND = "Sample\n\nIt begins, ##paidbegin##goes on,##paidend## and ends.\n"
UNCLOSED = "Sample\n\nIt begins, ##paidbegin##and never ends.\n"


async def welcomed(folder: Path, **sources: str) -> Welcome | None:
    """Start a gateway with sources of one publisher for the first time."""
    demo = folder / "sources" / "demo"
    demo.mkdir(parents=True)
    for name, source in sources.items():
        (demo / name).with_suffix(".txt").write_text(source)
    services = await open_services(loops.settings(folder / "var"), in_process=True)
    try:
        return await move_in(services, demo)
    finally:
        await services.close()


@pytest.mark.parametrize(
    ("name", "source", "told"),
    [
        ("first", UNCLOSED, "first.txt:3:12: unclosed: "),
    ],
)
async def test_a_file_that_is_no_document_is_told_and_passed_over(
    name: str, source: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    welcome = await welcomed(tmp_path, **{name: source, "sample": SOUND})
    assert welcome
    assert welcome.address == "demo/sample"
    assert told in capsys.readouterr().out


async def test_without_a_sound_document_there_is_nothing_to_lead_to(tmp_path: Path) -> None:
    assert await welcomed(tmp_path, first=UNCLOSED) is None


def test_a_start_without_a_publisher_says_how_to_make_one() -> None:
    for is_new in (True, False):
        shown = banner(None, "http://host", "embedded", is_new=is_new)
        assert ("paidgate publisher add" in shown) is is_new


LAST = 4  # rename of a first start with one document: secret, edition, preview, welcome


def test_two_first_starts_at_once_tell_one_key(tmp_path: Path) -> None:
    sources = tmp_path / "sources" / "demo"
    sources.mkdir(parents=True)
    (sources / "sample.txt").write_text(SOUND)
    one = started(
        tmp_path, "one", "tests.faults.struck", str(LAST), str(int(signal.SIGSTOP)), "rename"
    )
    other: subprocess.Popen[bytes] | None = None
    try:
        # It has made a key, and has not kept it yet.
        assert comes_true(lambda: is_stopped(one.pid))
        other = started(tmp_path, "other", "gateway")
        assert comes_true(lambda: waits_for_a_lock(other.pid) or bool(keys(tmp_path, "other")))
        one.send_signal(signal.SIGCONT)
        assert comes_true(lambda: bool(keys(tmp_path, "one") and keys(tmp_path, "other")))
    finally:
        for process in filter(None, (one, other)):
            process.kill()
            process.wait()
    assert keys(tmp_path, "one") == keys(tmp_path, "other")


def started(folder: Path, name: str, module: str, *strike: str) -> subprocess.Popen[bytes]:
    """Start a gateway whose output is in the file of its name."""
    serve = ["serve", "--port", str(free_port()), "--demo", str(folder / "sources")]
    with (folder / name).open("wb") as told:
        return subprocess.Popen(
            [sys.executable, "-m", module, *strike, *serve],
            env={**os.environ, **loops.environment(folder / "var"), "PAIDGATE_SECRET": ""},
            stdout=told,
            stderr=told,
        )


def keys(folder: Path, name: str) -> list[str]:
    return re.findall(r"pgk-[0-9a-f]+", (folder / name).read_text())
