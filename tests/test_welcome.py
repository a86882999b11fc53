"""The first start publishes what it can, and leads to a document that is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.app import open_house
from gateway.welcome import Welcome, move_in
from tests.faults import loops

pytestmark = pytest.mark.anyio

SOUND = "Sample\n\nIt begins, ##paidbegin##goes on,##paidend## and ends.\n"
UNCLOSED = "Sample\n\nIt begins, ##paidbegin##and never ends.\n"


async def welcomed(folder: Path, **sources: str) -> Welcome | None:
    """Start a gateway with sources of one publisher for the first time."""
    demo = folder / "sources" / "demo"
    demo.mkdir(parents=True)
    for name, source in sources.items():
        (demo / name).with_suffix(".txt").write_text(source)
    house = await open_house(loops.settings(folder / "var"), in_process=True)
    try:
        return await move_in(house, demo)
    finally:
        await house.close()


@pytest.mark.parametrize(
    ("name", "source", "told"),
    [
        ("README", SOUND, "README.txt:1:1: error: "),
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
