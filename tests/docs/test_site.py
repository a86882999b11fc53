"""The docs site builds without a warning, holds every page and fetches nothing from elsewhere."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tools.commands import SITE
from tools.venv import ROOT

# What a browser fetches by itself, unlike the target of an <a>.
FETCHED = re.compile(
    r"""<(?!a\b)\w+[^>]*\s(?:src|srcset|href|data|poster)=["']?(?:https?:)?//[^"'\s>]*"""
    r"""|(?:url\(|@import)\s*["']?(?:https?:)?//[^"')\s]*"""
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Copy what the site is made from."""
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    return tmp_path


def build(tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*SITE], cwd=tree, capture_output=True, text=True)


def fetched(site: Path) -> list[str]:
    """Return what pages and style sheets fetch from elsewhere."""
    files = [file for kind in ("html", "css") for file in site.rglob(f"*.{kind}")]
    return [found for file in files for found in FETCHED.findall(file.read_text())]


def test_the_site_has_every_page_and_fetches_nothing_from_elsewhere(tree: Path) -> None:
    built = build(tree)
    assert built.returncode == 0, built.stderr
    site = tree / "build" / "site"
    pages = {page.stem for page in site.glob("*.html")} - {"404"}
    assert pages == {page.stem for page in (tree / "docs").glob("*.md")}
    assert fetched(site) == []


@pytest.mark.parametrize(
    ("added", "told"),
    [
        ("[gone](nowhere.md)", "nowhere.md"),
        ("[gone](glossary.md#nowhere)", "nowhere"),
        ("![gone](images/nowhere.png)", "nowhere.png"),
    ],
)
def test_a_link_that_leads_nowhere_is_noticed(added: str, told: str, tree: Path) -> None:
    with (tree / "docs" / "why.md").open("a") as page:
        page.write(f"\n{added}\n")
    built = build(tree)
    assert built.returncode == 1
    assert told in built.stderr


def test_a_page_that_nothing_leads_to_is_noticed(tree: Path) -> None:
    (tree / "docs" / "lonely.md").write_text("# Lonely\n")
    built = build(tree)
    assert built.returncode == 1
    assert "lonely.md" in built.stderr


@pytest.mark.parametrize(
    ("text", "is_fetched"),
    [
        ('<script src="https://cdn.test/a.js">', True),
        ('<link rel="stylesheet" href="//cdn.test/a.css">', True),
        ('<img alt="" src=http://cdn.test/a.png>', True),
        ("@font-face{src:url(https://cdn.test/a.woff2)}", True),
        ('<a href="https://example.org/">', False),
        ('<img src="images/a.png">', False),
    ],
)
def test_a_resource_is_told_from_a_link(text: str, is_fetched: bool) -> None:
    assert bool(FETCHED.search(text)) is is_fetched
