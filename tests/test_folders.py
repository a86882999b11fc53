"""Which files of a folder are documents, and what is named as none."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.folders import others, source_files

NO_DOCUMENTS = (
    "demo/README.md", "demo/readme.txt", "demo/README", "LICENSE", "demo/a.png", "demo/B.JPEG",
    "demo/c.svg", "demo/.DS_Store", "demo/.draft.md", "Thumbs.db", "demo/img/d.webp",
)  # fmt: skip
DOCUMENTS = (
    "demo/a.md", "demo/b.txt", "demo/c.html", "demo/readme-first.md", "demo/licensed.md",
    "demo/paper.docx", "demo/notes.pdf", "demo/_drafts/z.md",
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
