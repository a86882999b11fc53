"""What a publisher says of itself, by command line; and `verify` reads it back and mends it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.app import Services
from gateway.core.profiles import place_of
from tests.cli.reading_back import opened, told
from tests.cli.test_command_line import run
from tests.support import pictures

pytestmark = pytest.mark.anyio


# --- publisher set and show --------------------------------------------------------------------


def test_what_is_set_is_shown_and_the_rest_stays(tmp_path: Path) -> None:
    run(tmp_path, "publisher", "add", "demo")
    mark = tmp_path / "mark.png"
    mark.write_bytes(pictures.png("mark"))
    words = ("--name", "Lamp", "--about", "One.\n\nTwo.", "--help-at", "help@lamp.example")
    assert run(tmp_path, "publisher", "set", "demo", *words).exit_code == 0
    more = ("--colour", "#1A5FB4", "--mark", str(mark))
    assert run(tmp_path, "publisher", "set", "demo", *more).exit_code == 0
    told = run(tmp_path, "publisher", "show", "demo").stdout
    assert told.splitlines() == [
        "name:        Lamp",
        "about:       One.",
        "",
        "             Two.",
        "help:        help@lamp.example",
        "footer:",
        "colour:      #1a5fb4",
        "colour_dark:",
        "mark:        image/png, 40 × 20",
        "shown:       not on every page yet",
    ]
    assert run(tmp_path, "publisher", "set", "demo", "--no-mark", "--name", "").exit_code == 0
    told = run(tmp_path, "publisher", "show", "demo").stdout
    assert "name:\n" in told
    assert "mark:\n" in told


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (("--colour", "#ee7f66"), 1, "2.11 to 1 on sepia paper"),
        (("--help-at", "nobody@"), 1, "Readers cannot be sent there."),
        ((), 2, "Name what is to be said"),
    ],
)
def test_what_cannot_be_said_is_told_in_words(
    tmp_path: Path, options: tuple[str, ...], status: int, words: str
) -> None:
    run(tmp_path, "publisher", "add", "demo")
    told = run(tmp_path, "publisher", "set", "demo", *options)
    assert (told.exit_code, words in told.stderr) == (status, True)


def test_a_publisher_that_does_not_exist_is_made_by_no_typing_error(tmp_path: Path) -> None:
    for command in (("set", "nobody", "--name", "Lamp"), ("show", "nobody")):
        told = run(tmp_path, "publisher", *command)
        assert (told.exit_code, "no such publisher" in told.stderr) == (1, True)


# --- verify ------------------------------------------------------------------------------------


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    """Open a gateway whose publisher has a mark."""
    async with opened(tmp_path / "var") as services:
        await services.profiles.change("demo", {"name": "Lamp"}, pictures.png("mark"))
        yield services


async def test_what_a_publisher_says_is_whole(services: Services) -> None:
    assert await told(services) == ([], 0)


@pytest.mark.parametrize("harm", ["missing", "cut short", "a bit of the mark"])
async def test_a_mark_that_is_harmed_is_told_and_mended(
    services: Services, tmp_path: Path, harm: str
) -> None:
    path = tmp_path / "var" / "public" / "demo" / "_.bundle"
    blob = path.read_bytes()
    if harm == "missing":
        path.unlink()
    elif harm == "cut short":
        path.write_bytes(blob[: len(blob) // 2])
    else:
        at = blob.index(b"IDAT") + 6
        path.write_bytes(blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :])
    lines, left = await told(services)
    assert (len(lines), left) == (1, 1)
    assert lines[0].startswith("profile demo: ")
    lines, left = await told(services, repair=True)
    assert (lines[0].endswith("(mended)"), left) == (True, 0)
    assert path.read_bytes() == blob
    assert await told(services) == ([], 0)


async def test_a_mark_that_is_harmed_in_the_ledger_is_told(
    services: Services, tmp_path: Path
) -> None:
    harm = text("UPDATE profile SET blob = CAST(substr(blob, 1, 99) AS BLOB)")
    await services.ledger._engines.change(  # type: ignore[attr-defined]
        lambda connection: connection.execute(harm)
    )
    lines, left = await told(services)
    assert (lines, left) == (["ledger: profile: demo cannot be read"], 1)


async def test_what_is_said_survives_a_catalogue_that_is_made_anew(services: Services) -> None:
    await services.store.rebuild()
    assert await services.store.get(place_of("demo"))
    assert [address async for address in services.store.addresses()] == []
