"""Which files of a folder are documents, and what is named as none."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.cli.folders import SourceFile, others, publisher_of, source_files
from gateway.core.errors import Refused
from gateway.core.findings import FindingCode
from gateway.formats.sources import SourceFormats
from tests.cli.test_command_line import run

NO_DOCUMENTS = (
    "demo/README.md", "demo/readme.txt", "demo/README", "LICENSE", "demo/a.png", "demo/B.JPEG",
    "demo/c.svg", "demo/.DS_Store", "demo/.draft.md", "Thumbs.db", "demo/img/d.webp",
    "demo/~$paper.docx", "demo/data.xlsx",
)  # fmt: skip
DOCUMENTS = (
    "demo/a.md", "demo/b.txt", "demo/c.html", "demo/readme-first.md", "demo/licensed.md",
    "demo/paper.docx", "demo/notes.odt", "demo/_drafts/z.md",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder of documents and other things."""
    for name in (*NO_DOCUMENTS, *DOCUMENTS, ".git/config", "demo/.obsidian/notes.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("Title\n\nText\n")
    return tmp_path


def test_pictures_readmes_and_hidden_files_are_no_documents(folder: Path) -> None:
    found = [file.path.relative_to(folder).as_posix() for file in source_files([folder])]
    assert found == sorted(DOCUMENTS, key=lambda name: Path(name).parts)


def test_what_is_left_out_is_named_and_hidden_folders_as_a_whole(folder: Path) -> None:
    named = {path.relative_to(folder).as_posix() for path in others([folder])}
    assert named == {*NO_DOCUMENTS, ".git", "demo/.obsidian"}


def test_a_file_that_is_named_itself_is_never_left_out(folder: Path) -> None:
    paths = [folder / "demo" / "README.md", folder / "demo" / ".draft.md"]
    assert [file.path for file in source_files(paths)] == paths
    assert list(others(paths)) == []


def test_a_draft_is_one_whatever_its_name_and_has_the_publisher_of_the_folder_above(
    tmp_path: Path,
) -> None:
    path = tmp_path / "demo" / "_drafts" / "Not yet.md"
    path.parent.mkdir(parents=True)
    path.write_text("Title")
    assert publisher_of(SourceFile(path)) == "demo"
    with pytest.raises(Refused) as refused:
        SourceFile(path).submission("demo", SourceFormats())
    assert [found.code for found in refused.value.findings] == [FindingCode.DRAFT]


SOUND = "Story\n\nIt begins, ##paidbegin##goes on,##paidend## and ends.\n"


def test_a_folder_is_published_without_its_drafts_which_are_named(tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    drafts = ("a.md", "ahead.md", "_drafts/c.md")
    for name, fields in zip(drafts, ("draft: true", "date: 2099-01-01", "weight: 1"), strict=True):
        path = sources / "demo" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"---\n{fields}\n---\n{SOUND}")
    (sources / "demo" / "sound.md").write_text(SOUND)
    (sources / "demo" / "README.md").write_text("About")
    (sources / "demo" / "a.png").write_bytes(b"\x89PNG")
    told = run(tmp_path, "publish", sources)
    assert told.exit_code == 0
    assert "1 published, 0 unchanged, 0 refused, 3 skipped" in told.stderr
    named = [line for line in told.stderr.splitlines() if "skipped: " in line]
    assert {line.partition(": skipped")[0] for line in named} == {
        str(sources / "demo" / name) for name in (*drafts, "README.md", "a.png")
    }


def test_a_charset_that_is_said_counts(tmp_path: Path) -> None:
    path = tmp_path / "sources" / "demo" / "a.txt"
    path.parent.mkdir(parents=True)
    path.write_bytes(f"㐀㐁㐂㐃㐄㐅\n\n{SOUND}".encode("gb18030"))
    assert run(tmp_path, "check", path).exit_code == 1
    assert run(tmp_path, "check", "--charset", "gbk", path).exit_code == 0
    assert run(tmp_path, "split", "--charset", "gbk", path).exit_code == 0
    assert run(tmp_path, "publish", "--charset", "gbk", path).exit_code == 0
    assert "ebcdic" in run(tmp_path, "check", "--charset", "ebcdic", path).stdout


NAMED = {
    "季度报告.md": "ji-du-bao-gao",
    "Hello World.md": "hello-world-2",
    "曙光/index.md": "shu-guang",
    "other.md": "declared",
}
PLAIN = ("hello-world.txt", "_posts/2020-01-31-first.md", "bundle/index.md")


def test_every_file_of_a_folder_has_an_address_told_once_and_kept(tmp_path: Path) -> None:
    sources = tmp_path / "sources" / "demo"
    for name in (*NAMED, *PLAIN):
        path = sources / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"---\nslug: declared\n---\n{SOUND}" if name == "other.md" else SOUND)
    first = run(tmp_path, "publish", sources.parent)
    told = [line.split(": its address is demo/") for line in first.stderr.splitlines()]
    assert {Path(one[0]): one[1] for one in told if len(one) == 2} == {
        sources / name: slug for name, slug in NAMED.items()
    }
    again = run(tmp_path, "publish", sources.parent)
    assert "0 published, 7 unchanged, 0 refused" in again.stderr
    assert "its address is" not in again.stderr
