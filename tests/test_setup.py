"""A fresh clone sets itself up from locks that are whole, and says no in one line."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import dev

ROOT = Path(dev.__file__).parent
LOCKS = [ROOT / "requirements" / f"{name}.txt" for name in dev.LOCKS]
OLD = "import runpy, sys; sys.version_info = ({}, {}, 0); runpy.run_path('dev.py')"


def pins(lock: Path) -> dict[str, str]:
    """Return the requirements of a lock, continued lines joined, by name."""
    lines = [line.partition("#")[0] for line in lock.read_text().splitlines()]
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    return {normal(line): line for line in joined.splitlines() if line.strip()}


def normal(requirement: str) -> str:
    """Return the name in a requirement, as the package index spells it."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def version(pin: str) -> str:
    """Return a pin without its hashes."""
    return pin.partition("--hash")[0].strip()


@pytest.fixture(params=LOCKS, ids=lambda path: path.stem)
def lock(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_an_old_python_can_parse_the_set_up() -> None:
    ast.parse((ROOT / "dev.py").read_text(), feature_version=(3, 7))


@pytest.mark.parametrize(("major", "minor"), [(3, 7), (3, 10), (2, 7)])
def test_an_old_python_is_refused_in_one_line(major: int, minor: int) -> None:
    refusal = subprocess.run(
        [sys.executable, "-c", OLD.format(major, minor)], cwd=ROOT, capture_output=True, text=True
    )
    assert refusal.returncode == 1
    assert refusal.stdout == ""
    assert "Python 3.11 or newer" in refusal.stderr
    assert f"{major}.{minor}" in refusal.stderr
    assert len(refusal.stderr.splitlines()) == 1


def test_an_unknown_command_says_which_there_are() -> None:
    answer = subprocess.run(
        [sys.executable, "dev.py", "frobnicate"], cwd=ROOT, capture_output=True, text=True
    )
    assert answer.returncode == 1
    assert all(f"dev.py {name}" in answer.stderr for name in ("setup", "run", "test", "lint"))


def test_every_line_of_a_lock_is_pinned_and_hashed(lock: Path) -> None:
    assert pins(lock)
    for pin in pins(lock).values():
        assert re.search(r"==[0-9]", pin), pin
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", pin), pin


def test_a_lock_records_no_address(lock: Path) -> None:
    assert not re.search(r"://|^\s*-|index-url|find-links", re.sub("--hash", "", lock.read_text()))


def test_every_requirement_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needed = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    assert {normal(requirement) for requirement in needed} <= set(pins(ROOT / LOCKS[1]))


def test_tests_run_with_the_versions_that_are_served() -> None:
    served, tested = pins(ROOT / "requirements/run.txt"), pins(ROOT / "requirements/test.txt")
    assert {name: version(pin) for name, pin in served.items()}.items() <= {
        name: version(pin) for name, pin in tested.items()
    }.items()


def test_what_is_missing_is_named_with_its_package() -> None:
    words = dev.lacking(dev.NEEDS["redis"], dev.NEEDS["fonts"])
    assert "redis-server or valkey-server, a Chinese font" in words
    assert "apt-get install redis-server fontconfig fonts-noto-cjk" in words
