"""What the documentation names in this repository is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.venv import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
TOPS = (ROOT, ROOT / "gateway")  # module names in pages are short
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)")
FILE = re.compile(
    r"`((?:gateway|tests|tools|templates|deploy|requirements)/[\w./-]*\w/?|[\w/]+\.py)[`:]"
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_only_what_is_there(page: Path) -> None:
    text = page.read_text()
    linked, named = LINK.findall(text), FILE.findall(text)
    missing = {name for name in linked if not (page.parent / name).exists()}
    missing |= {name for name in named if not any((top / name).exists() for top in TOPS)}
    assert missing == set()


def test_links_and_files_are_seen() -> None:
    assert LINK.findall("[a](docs/b.md#c) [d](https://e.org)") == ["docs/b.md"]
    assert FILE.findall("`web/a.py` and `gateway/b/`, not `a/b`") == ["web/a.py", "gateway/b/"]
