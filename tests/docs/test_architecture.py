"""What docs/architecture.md says of the files is so."""

from __future__ import annotations

import re
from collections.abc import Sequence

import anyio
import pytest

from tests.docs.walks import Walks, walked
from tools import graph
from tools.venv import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text()
WALKS = {
    "The life of a document": "document",
    "A preview": "preview",
    "A search": "search",
    "A full read": "read",
    "A refused read": "refused",
    "It is granted": "granted",
    "It is redeemed": "redeemed",
    "It is revoked": "revoked",
}


def tables() -> dict[str, list[str]]:
    """Return the files of each table, by the heading above it."""
    found: dict[str, list[str]] = {}
    for heading, section in re.findall(r"^##+ (.*)\n((?:(?!##).*\n)*)", PAGE, re.MULTILINE):
        files = re.findall(r"^\| `([\w/]+\.py)` \|", section, re.MULTILINE)
        if "| file | its part |" in section:
            found[heading] = files
    return found


def first_missed(files: Sequence[str], walk: Sequence[str]) -> str:
    """Return the first of the files that is not called after those before it, "" for none."""
    called = iter(walk)
    return next((file for file in files if file not in called), "")


@pytest.fixture(scope="module")
def walks(tmp_path_factory: pytest.TempPathFactory) -> Walks:
    return anyio.run(walked, tmp_path_factory.mktemp("walks"))


def test_every_table_is_walked() -> None:
    assert tables().keys() == WALKS.keys()


@pytest.mark.parametrize("heading", WALKS)
def test_files_are_called_in_the_order_of_their_table(heading: str, walks: Walks) -> None:
    assert first_missed(tables()[heading], walks[WALKS[heading]]) == ""


@pytest.mark.parametrize("heading", WALKS)
def test_a_file_stands_once_in_a_table(heading: str) -> None:
    files = tables()[heading]
    assert files
    assert len(files) == len(set(files))


def test_every_file_that_is_named_exists() -> None:
    named = set(re.findall(r"`([\w/]+\.py)`", PAGE))
    assert {file for file in named if not (ROOT / "gateway" / file).exists()} == set()


def test_every_part_of_the_gateway_is_explained() -> None:
    _, _, layers = PAGE.partition("| in `gateway/` |")
    explained = set(re.findall(r"`(\w+)(?:/|\.py)`", layers.partition("\n\n")[0]))
    # The door, child processes and what can be set: their names say what they are.
    assert explained == graph.read().imports.keys() - {"__main__", "process", "settings"}


def test_the_top_level_stays_small() -> None:
    found = graph.read()
    assert len(found.imports) <= 18
    assert found.edges <= 60
    assert found.longest_chain <= 10


@pytest.mark.parametrize(
    ("files", "missed"),
    [(("a", "b"), ""), (("a", "c", "b"), "b"), (("d",), "d"), (("a", "a"), "a")],
)
def test_a_wrong_order_is_noticed(files: Sequence[str], missed: str) -> None:
    assert first_missed(files, ["a", "b", "b", "c"]) == missed
