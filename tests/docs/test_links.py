"""What the documentation names in this repository is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.venv import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)")
FILE = re.compile(r"`((?:gateway|tests|tools|templates|deploy|requirements)/[\w./-]*\w/?)[`:]")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_only_what_is_there(page: Path) -> None:
    text = page.read_text()
    linked = {page.parent / name for name in LINK.findall(text)}
    named = {ROOT / name for name in FILE.findall(text)}
    assert {str(path) for path in linked | named if not path.exists()} == set()


def test_links_and_files_are_seen() -> None:
    assert LINK.findall("[a](docs/b.md#c) [d](https://e.org)") == ["docs/b.md"]
    assert FILE.findall("`tests/a.py` and `gateway/b/`, not `a/b.py`") == [
        "tests/a.py",
        "gateway/b/",
    ]
