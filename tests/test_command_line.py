"""What the command line prints, and how it exits."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.__main__ import cli

SOUND = "Story\n\nIt begins, ##paidbegin##goes on,##paidend## and ends.\n"
UNCLOSED = "Story\n\nIt begins, ##paidbegin##and never ends.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make an empty folder of a publisher."""
    made = tmp_path / "sources" / "demo"
    made.mkdir(parents=True)
    return made


def run(data: Path, *arguments: str | Path, **more: str) -> Result:
    """Run a command on the gateway in a folder, by default one without Redis."""
    environment = {"PAIDGATE_DATA": str(data / "var"), "PAIDGATE_REDIS": "none"} | more
    return CliRunner().invoke(cli, [*map(str, arguments)], env=environment)


def write_mixed(folder: Path) -> None:
    """Write files of which one is sound, two are not, and two cannot be documents."""
    (folder / "a.txt").write_text(UNCLOSED)
    (folder / "b.png").write_bytes(b"\x89PNG")
    (folder / "c.txt").symlink_to("/proc/self/mem")  # root too fails to read it
    (folder / "d.txt").write_text(UNCLOSED)
    (folder / "e.txt").write_text(SOUND)


# --- check -------------------------------------------------------------------------------------


def test_a_sound_file_is_checked_in_silence(folder: Path, tmp_path: Path) -> None:
    (folder / "a.txt").write_text(SOUND)
    told = run(tmp_path, "check", folder)
    assert (told.exit_code, told.output) == (0, "")
    told = run(tmp_path, "check", "--json", folder)
    report = [{"file": str(folder / "a.txt"), "findings": []}]
    assert (told.exit_code, json.loads(told.stdout)) == (0, report)
    assert not (tmp_path / "var").exists()


def test_a_check_tells_what_is_no_document_and_goes_on(folder: Path, tmp_path: Path) -> None:
    write_mixed(folder)
    told = run(tmp_path, "check", folder)
    assert told.exit_code == 1
    starts = ["a.txt:3:12: unclosed: ", "b.png:1:1: error: ", "c.txt:1:1: error: "]
    starts += ["d.txt:3:12: unclosed: "]
    for line, start in zip(told.stdout.splitlines(), starts, strict=True):
        assert line.startswith(f"{folder / start}")


def test_a_check_for_machines_reports_every_file(folder: Path, tmp_path: Path) -> None:
    write_mixed(folder)
    told = run(tmp_path, "check", "--json", folder)
    assert told.exit_code == 1
    reports = json.loads(told.stdout)
    assert [Path(report["file"]).name[0] for report in reports] == list("abcde")
    codes = [[finding["code"] for finding in report["findings"]] for report in reports]
    assert codes == [["unclosed"], [], [], ["unclosed"], []]
    assert ["error" in report for report in reports] == [False, True, True, False, False]


def test_a_finding_for_machines_has_its_place_and_a_hint(folder: Path, tmp_path: Path) -> None:
    (folder / "a.txt").write_text(UNCLOSED)
    told = run(tmp_path, "check", "--json", folder / "a.txt")
    (finding,) = json.loads(told.stdout)[0]["findings"]
    assert (finding["line"], finding["column"]) == (3, 12)
    assert finding["message"]
    assert finding["hint"]


# --- errors ------------------------------------------------------------------------------------


def test_a_folder_that_cannot_be_made_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file")
    told = run(tmp_path, "keys", "list")
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr == f"paidgate: {tmp_path / 'var'}: File exists.\n"


def test_a_file_that_cannot_be_read_is_told_in_a_line(folder: Path, tmp_path: Path) -> None:
    (folder / "a.txt").symlink_to("/proc/self/mem")
    told = run(tmp_path, "split", folder / "a.txt")
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr.startswith("paidgate: ")
    assert len(told.stderr.splitlines()) == 1


def test_a_wrong_setting_is_told_with_its_name(tmp_path: Path) -> None:
    told = run(tmp_path, "keys", "list", PAIDGATE_LEASE="long", PAIDGATE_SECRET="short")
    assert told.exit_code == 2
    lines = sorted(told.stderr.splitlines())
    assert [line.split(":")[1] for line in lines] == [" PAIDGATE_LEASE", " PAIDGATE_SECRET"]


# --- serve -------------------------------------------------------------------------------------


def test_a_misspelt_setting_and_a_port_in_use_are_told(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        told = run(tmp_path, "serve", "--port", port, PAIDGATE_BASEURL="https://read.example.org")
    misspelt, in_use = told.stderr.splitlines()
    assert told.exit_code == 1
    assert misspelt.startswith("paidgate: PAIDGATE_BASEURL: ")
    assert in_use.startswith(f"paidgate: cannot listen on 127.0.0.1:{port}: ")
