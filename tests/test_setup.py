"""A fresh clone sets itself up from locks that are whole, and says no in one line."""

from __future__ import annotations

import ast
import getpass
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.chosen import CHOICES
from tests.support.programs import Unlisted
from tests.support.servers import tethered
from tools import commands
from tools.needs import ALL, INSTALL, NEEDS, lacking
from tools.venv import ROOT

LOCKS = [ROOT / "requirements" / f"{name}.txt" for name in commands.LOCKS]
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


# What has been in the language, and written so, since Python 2.6.
OLD_SYNTAX = (
    *(ast.Module, ast.Expr, ast.Constant, ast.Import, ast.ImportFrom, ast.alias, ast.If),
    *(ast.Compare, ast.Lt, ast.Eq, ast.Name, ast.Attribute, ast.Subscript, ast.Slice, ast.Tuple),
    *(ast.Call, ast.Starred, ast.BinOp, ast.Mod, ast.Try, ast.ExceptHandler, ast.Load),
)


def test_an_old_python_can_parse_the_set_up() -> None:
    source = (ROOT / "dev.py").read_text()
    assert source.isascii()
    assert {type(node) for node in ast.walk(ast.parse(source))} <= {*OLD_SYNTAX}


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
    assert all(f"dev.py {name}" in answer.stderr for name in ("setup", "run", "test", "search"))


def test_every_line_of_a_lock_is_pinned_and_hashed(lock: Path) -> None:
    assert pins(lock)
    for pin in pins(lock).values():
        assert re.search(r"==[0-9]", pin), pin
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", pin), pin


def test_a_lock_records_no_address(lock: Path) -> None:
    assert not re.search(r"://|^\s*-|index-url|find-links", re.sub("--hash", "", lock.read_text()))


def test_every_requirement_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"].values()
    needed = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    needed += [each for extra in extras for each in extra]
    assert {normal(requirement) for requirement in needed} <= set(pins(ROOT / LOCKS[1]))


def test_tests_run_with_the_versions_that_are_served() -> None:
    served, tested = pins(ROOT / "requirements/run.txt"), pins(ROOT / "requirements/test.txt")
    assert {name: version(pin) for name, pin in served.items()}.items() <= {
        name: version(pin) for name, pin in tested.items()
    }.items()


def test_what_is_missing_is_named_with_its_package() -> None:
    words = lacking(NEEDS["redis"], NEEDS["fonts"])
    assert "redis-server or valkey-server, a Chinese font" in words
    assert "apt-get install redis-server fontconfig fonts-noto-cjk" in words


# --- what else is run --------------------------------------------------------------------------


def test_a_program_that_stands_in_no_list_is_not_run() -> None:
    with pytest.raises(Unlisted, match="unlisted"):
        subprocess.run(["unlisted"])
    with pytest.raises(Unlisted, match="unlisted"):
        subprocess.run(tethered(["unlisted"]))


def test_what_the_readme_runs_stands_in_the_list() -> None:
    blocks = re.findall(
        r"^```\w*\n(.*?)^```$", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE
    )
    shell = "\n".join(block for block in blocks if re.search(r"^(make|curl) ", block, re.MULTILINE))
    bare = re.sub(r"#.*|\\\n", "", shell)
    found = set(re.findall(r"(?:^|[|;]|&&|\$\()\s*([a-z][\w.-]*)(?= )", bare, re.MULTILINE))
    assert found == {"make", "curl", "echo", "printf", "sed"}
    assert found <= ALL


def test_contributors_are_told_of_every_longer_run() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))
    read = set(re.findall(r'environ\.get\("(PAIDGATE_[A-Z]+)"', sources))
    tests = (ROOT / "CONTRIBUTING.md").read_text()
    assert set(re.findall(r"PAIDGATE_[A-Z]+", tests)) == read
    assert {f"`{kind}`" in tests or f"--parts {kind}" in tests for kind in CHOICES[1:]} == {True}


def test_what_the_caller_ignores_no_test_ignores() -> None:
    inner = f"{Path(__file__)}::test_an_interruption_is_heard"
    suite = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", inner]
    command = ["sh", "-c", 'trap "" HUP INT QUIT TERM; exec "$@"', "sh", *suite]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_an_interruption_is_heard() -> None:
    told = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    child = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True)
    assert child.stdout == "True\n"
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


# --- what goes wrong ---------------------------------------------------------------------------


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Make a clone whose .venv/ can be told what to do."""
    shutil.copy(ROOT / "dev.py", tmp_path)
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Make a folder that every account can enter; into pytest's own another run lets none."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def started(clone: Path, command: str, script: str = "", **given: str) -> subprocess.Popen[str]:
    """Start a command in a clone whose Python is a shell script."""
    python = clone / ".venv" / "bin" / "python"
    if script:
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o755)
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "dev.py", *command.split()],
        cwd=clone,
        env=os.environ | given,
        stdout=pipe,
        stderr=pipe,
        text=True,
        start_new_session=True,
    )


def test_an_interruption_is_no_traceback_and_ends_what_was_begun(clone: Path) -> None:
    begun = clone / "begun"
    os.mkfifo(begun)
    process = started(clone, "lock", f"echo > {begun}; exec cat {begun}")
    begun.read_text()
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)  # which waits for all who hold its ends
    assert process.returncode == 130
    assert err == ""


def test_an_interrupted_check_says_nothing_of_its_own(clone: Path) -> None:
    begun = clone / "begun"
    os.mkfifo(begun)
    check = clone / ".venv" / "bin" / "check"
    check.write_text(f"#!/bin/sh\ntrap 'echo told >&2' INT\necho > {begun}; cat {begun}\n")
    check.chmod(0o755)
    script = "from tools.commands import passes; passes(['check'])"
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=clone,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    begun.read_text()
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert "told" not in err


@pytest.mark.parametrize(
    "said",
    [
        "WARNING: Retrying: Failed to establish a new connection: [Errno -3] Temporary failure in"
        " name resolution",
        "  Caused by: dns error: Temporary failure in name resolution",
    ],
)
def test_without_a_network_the_last_line_names_the_cause(said: str, clone: Path) -> None:
    process = started(clone, "lock", f'echo "{said}" >&2; echo "ERROR: No matching" >&2; exit 1')
    _, err = process.communicate()
    assert process.returncode == 1
    last = err.splitlines()[-1]
    assert "The network does not lead to a package index: Temporary failure in name res" in last


def test_pip_installs_into_the_clone_whatever_the_account_prefers(clone: Path) -> None:
    process = started(clone, "lock", "env >&2; exit 1", PIP_USER="1", PIP_TARGET="/elsewhere")
    _, err = process.communicate()
    assert "PIP_USER=0" in err.splitlines()
    assert "PIP_TARGET" not in err


def test_an_environment_that_is_only_linked_to_is_left_whole(clone: Path) -> None:
    (clone / ".venv").rename(clone / "another")
    (clone / ".venv").symlink_to("another")
    script = "from tools.venv import make_venv; make_venv()"
    subprocess.run([sys.executable, "-c", script], cwd=clone, check=True, capture_output=True)
    assert (clone / "another" / "bin").is_dir()
    assert (clone / ".venv" / "bin" / "python").exists()
    assert not (clone / ".venv").is_symlink()


@pytest.mark.parametrize("spelling", ["run --port {}", "run --port 1 --port={}"])
def test_a_taken_port_is_told_before_anything_is_made(spelling: str, clone: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        out, err = started(clone, spelling.format(port)).communicate()
    assert f"Cannot listen on 127.0.0.1:{port}: Address already in use." in err
    assert out == ""


def test_folders_of_another_account_are_told_with_what_to_do(
    clone: Path, open_folder: Path
) -> None:
    clone = shutil.copytree(clone, open_folder / "clone")
    clone.chmod(0o755)
    (clone / ".venv").chmod(0o555)
    check = (
        "import os, pwd; from tools.venv import require_own_folders; os.getuid() or"
        " os.setuid(pwd.getpwnam('nobody').pw_uid); require_own_folders()"
    )
    done = subprocess.run([sys.executable, "-c", check], cwd=clone, capture_output=True, text=True)
    assert done.returncode == 1
    assert ".venv" in done.stderr
    assert (
        f"sudo chown -R {'nobody' if os.getuid() == 0 else getpass.getuser()} {clone}"
        in done.stderr
    )
    (clone / ".venv").chmod(0o755)


def test_packages_are_installed_without_a_service_that_starts(tmp_path: Path) -> None:
    wants = tmp_path / "etc/systemd/system/multi-user.target.wants"
    for place in ("usr/sbin", "etc/init.d", "bin", wants):
        (tmp_path / place).mkdir(parents=True)
    (tmp_path / "etc/init.d/postgresql").touch()  # was there, and is the account's own
    policy = tmp_path / "usr/sbin/policy-rc.d"
    for name, script in {
        "apt-get": f'{policy}; echo "$? $*"; touch {tmp_path}/etc/init.d/redis-server'
        f" {wants}/redis-server.service {wants}/postgresql.service",
        "update-rc.d": 'echo "update-rc.d $*"',
    }.items():
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    environment = os.environ | {
        "ROOT": str(tmp_path),
        "APT": "apt-get",
        "PACKAGES": "redis-server postgresql",
        "PATH": f"{tmp_path}/bin:{os.environ['PATH']}",
    }
    done = subprocess.run(["sh", "-c", INSTALL], env=environment, capture_output=True, text=True)
    assert done.stdout.splitlines() == [
        "101 install --yes --no-install-recommends redis-server postgresql",
        "update-rc.d redis-server disable",
    ]
    assert [path.name for path in wants.iterdir()] == ["postgresql.service"]
    assert not policy.exists()
