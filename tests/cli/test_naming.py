"""Every file has an address of its own, whatever its name, and keeps it whatever comes later."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.cli.folders import source_files
from gateway.cli.naming import NOTES
from gateway.core.documents import is_name
from tests.cli.test_command_line import run

SOUND = "Story\n\nIt begins, ##paidbegin##goes on,##paidend## and ends.\n"

# What a file system takes, in 80 letters; what stands below hidden names is no document.
NAMES = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="/"),
    min_size=1,
    max_size=30,
).filter(lambda name: name[0] not in ".~_" and name.strip(".") and len(name.encode()) < 200)


def slugs(folder: Path, *, note: bool = True) -> dict[str, str]:
    """Return the slug of each file below a folder, as a run of `publish` gives it."""
    return {
        file.path.relative_to(folder).as_posix(): file.slug
        for file in source_files([folder], publisher="demo", note=note)
    }


def write(folder: Path, *names: str, text: str = SOUND) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(NAMES, min_size=1, max_size=6), min_size=1, max_size=4))
def test_no_name_is_without_an_address_and_none_loses_it(rounds: list[list[str]]) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        before: dict[str, str] = {}
        for names in rounds:
            write(folder, *(f"{name}.md" for name in names))
            now = slugs(folder)
            assert all(map(is_name, now.values()))
            assert len({*now.values()}) == len(now)
            plain = {name for name in before if before[name] == Path(name).stem}
            for name in before:
                # One that is a name already, and was alone with it, may be noted nowhere.
                assert now[name] == before[name] or name in plain
            assert slugs(folder) == now
            before = now


def test_a_name_that_comes_later_takes_no_address_that_was_made(tmp_path: Path) -> None:
    write(tmp_path, "季度报告.md", "z/季度-报告.md")
    first = slugs(tmp_path)
    assert sorted(first.values()) == ["ji-du-bao-gao", "ji-du-bao-gao-2"]
    write(tmp_path, "ji-du-bao-gao.md", "a/季度报告.txt")
    after = slugs(tmp_path)
    assert {name: after[name] for name in first} == first
    assert len({*after.values()}) == 4


def test_of_two_files_with_one_name_the_elder_keeps_it(tmp_path: Path) -> None:
    write(tmp_path, "z/intro.md")
    assert slugs(tmp_path) == {"z/intro.md": "intro"}
    write(tmp_path, "a/intro.md")
    both = {"z/intro.md": "intro", "a/intro.md": "intro-2"}
    assert slugs(tmp_path) == both
    write(tmp_path, "z/intro.md")  # now it is the younger one
    assert slugs(tmp_path) == both


def test_what_a_file_declares_counts_and_is_noted_nowhere(tmp_path: Path) -> None:
    write(tmp_path, "季度.md", text=f"---\nslug: q1\n---\n{SOUND}")
    assert slugs(tmp_path) == {"季度.md": "q1"}
    assert not (tmp_path / NOTES).exists()


def test_a_bundle_is_noted_in_the_folder_above_it(tmp_path: Path) -> None:
    write(tmp_path, "曙光/index.md")
    assert slugs(tmp_path) == {"曙光/index.md": "shu-guang"}
    assert [path.name for path in tmp_path.rglob("*.json")] == [NOTES]
    assert (tmp_path / NOTES).exists()


def test_a_file_that_is_gone_leaves_no_note(tmp_path: Path) -> None:
    write(tmp_path, "季度.md", "报告.md")
    slugs(tmp_path)
    (tmp_path / "季度.md").unlink()
    slugs(tmp_path)
    assert "季度" not in (tmp_path / NOTES).read_text()
    (tmp_path / "报告.md").unlink()
    (tmp_path / "plain.md").write_text(SOUND)
    slugs(tmp_path)
    assert not (tmp_path / NOTES).exists()


@pytest.mark.parametrize("notes", ["", "{", "[]", '{"季度.md": 1}', '{"季度.md": "No name"}'])
def test_notes_that_cannot_be_read_are_none(tmp_path: Path, notes: str) -> None:
    write(tmp_path, "季度.md")
    (tmp_path / NOTES).write_text(notes)
    assert slugs(tmp_path) == {"季度.md": "ji-du"}
    assert '"ji-du"' in (tmp_path / NOTES).read_text()


def test_a_check_notes_nothing_and_a_publication_does(tmp_path: Path) -> None:
    sources = tmp_path / "sources" / "demo"
    write(sources, "季度.md")
    assert run(tmp_path, "check", sources).exit_code == 0
    assert not (sources / NOTES).exists()
    told = run(tmp_path, "publish", sources)
    assert (told.exit_code, "skipped" in told.stderr) == (0, False)
    assert (sources / NOTES).exists()
    again = run(tmp_path, "publish", sources)
    assert "0 published, 1 unchanged, 0 refused" in again.stderr
    assert "skipped" not in again.stderr
