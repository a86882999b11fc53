"""The house rules hold, and the checks that keep them do notice a breach."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from tools.commands import CHECKS
from tools.venv import ROOT

TOOLS = Path(sys.executable).parent


def outcome(check: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one of the checks on a tree."""
    return subprocess.run(
        [TOOLS / check[0], *check[1:]],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("check", CHECKS, ids=" ".join)
def test_the_tree_is_clean(check: list[str]) -> None:
    result = outcome(check, ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("where", "line", "contract"),
    [
        ("core/rights.py", "import gateway.web", "Every module has its layer"),
        ("unplaced.py", "", "Every module has its layer"),
        ("core/rights.py", "import time", "do no I/O"),
        ("usecases/reading.py", "from redis import asyncio", "do no I/O"),
        ("web/public.py", "from gateway.usecases import reading", "nothing that opens paid text"),
        ("web/http/sending.py", "import gateway.usecases.granting", "nothing that opens paid text"),
    ],
)
def test_a_forbidden_import_is_noticed(
    where: str, line: str, contract: str, tmp_path: Path
) -> None:
    shutil.copy(ROOT / ".importlinter", tmp_path)
    shutil.copytree(ROOT / "gateway", tmp_path / "gateway")
    with (tmp_path / "gateway" / where).open("a") as module:
        module.write(f"\n{line}\n")
    result = outcome(["lint-imports", "--no-logo", "--no-cache"], tmp_path)
    broken = [line for line in result.stdout.splitlines() if line.endswith(" BROKEN")]
    assert result.returncode == 1
    assert any(contract in line for line in broken), result.stdout


MACHINERY = {"asyncpg", "obstore", "redis", "sqlalchemy", "sqlite3", "starlette", "uvicorn"}
IMPORTED = """
import sys, pytest
assert pytest.main(["-q", "-p", "no:xdist", *sys.argv[1:]]) == 0
print(*{name.partition(".")[0] for name in sys.modules})
"""


def imported(*arguments: str) -> set[str]:
    """Return what a run of tests imports."""
    ran = subprocess.run(
        [sys.executable, "-c", IMPORTED, *arguments],
        cwd=ROOT,
        text=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=True,
    )
    return {*ran.stdout.splitlines()[-1].split()}


def test_tests_of_the_core_import_no_server_and_no_database() -> None:
    assert imported("tests/core", "-k", "prices") & MACHINERY == set()
    assert imported("tests/test_errors.py") >= {"redis", "sqlalchemy", "starlette"}


def test_a_public_class_has_a_name_of_its_own() -> None:
    found = defaultdict[str, list[str]](list)
    for path in (ROOT / "gateway").rglob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(str(path.relative_to(ROOT)))
    assert {name: where for name, where in found.items() if len(where) > 1} == {}
    assert len(found) > 100


# Before Python 3.11.5 a group that is repeated possessively does not always match what it should.
POSSESSIVE = re.compile(r"\)(?:[*+?]|\{[0-9,]+\})\+(?!,)|\(\?>")


def test_no_expression_repeats_a_group_possessively() -> None:
    texts = [
        node.value
        for path in (ROOT / "gateway").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    ]
    written = [text if isinstance(text, str) else text.decode("latin-1") for text in texts]
    assert [text for text in written if POSSESSIVE.search(text) and "(?" in text] == []
    assert POSSESSIVE.search(r"(?:a|b)*+")
