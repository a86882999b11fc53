"""What is built holds all that it needs, and serves where there is no checkout."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from itertools import chain
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import click
import httpx2
import pytest

import gateway.process
from gateway.__main__ import cli
from tests.support.pythons import pythons
from tests.support.servers import comes_true, free_port
from tests.test_setup import pins, version
from tools.commands import ENVIRONMENT
from tools.venv import ROOT, UV

TETHER = Path(gateway.process.__file__)
TIMEOUT = 180.0  # seconds; the first start writes bytecode, and the machine may be busy
MOST = 130e6  # bytes of an installed gateway, with bytecode
SOURCE = "Report\n\nFree words.##paidbegin## Paid words.##paidend##\n"
PYTHONS = pythons()
every_python = pytest.mark.parametrize(
    "installed",
    [
        pytest.param(release, marks=[pytest.mark.long] * (n > 0))
        for n, release in enumerate(PYTHONS)
    ],
    indirect=True,
)
this_python = pytest.mark.parametrize("installed", [next(iter(PYTHONS))], indirect=True)
# What each command is given beside a gateway that serves, in this order, and what it answers.
COMMANDS: dict[str, tuple[str, str]] = {
    "serve": ("--port {port}", "cannot listen"),
    "publish": ("demo", "1 published"),
    "check": ("demo", ""),
    "split": ("demo/report.txt", "paid  lines"),
    "publisher add": ("ada", "pgk-"),
    "publisher keys": ("ada", "publish"),
    "publisher set": ("ada --name Ada", "pages say so"),
    "publisher show": ("ada", "Ada"),
    "grant": ("demo document:report", "token   pg1."),
    "revoke": ("{grant}", "no worker will serve it"),
    "keys list": ("", "k1"),
    "keys rotate": ("", "active"),
    "keys retire": ("k1", "retired"),
    "keys accept-secret": ("", "Workers on this ledger are running"),
    "reader show": ("nobody", "no such reader"),
    "reader forget": ("nobody", "no such reader"),
    "verify": ("", "whole"),
    "upgrade": ("", "brought up"),
    "audit-log verify": ("", "  ok"),
    "audit-log show": ("", "report"),
    "bench": ("", "wrk. Install what is missing"),
}
STATUSES = {"serve": 1, "bench": 1, "reader show": 1, "reader forget": 1, "keys accept-secret": 2}


@dataclass(frozen=True, slots=True)
class Built:
    """What was built, from a copy of the sources."""

    wheel: Path
    sdist: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build both, each from the sources."""
    folder = tmp_path_factory.mktemp("built")
    ignored = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "var", "docs")
    shutil.copytree(ROOT, folder / "source", ignore=ignored)
    build(folder / "source", folder, "--wheel", "--sdist")
    return Built(next(folder.glob("*.whl")), next(folder.glob("*.tar.gz")))


def build(source: Path, into: Path, *what: str) -> None:
    """Build a wheel, a source distribution or both."""
    call(sys.executable, "-m", "build", "--no-isolation", *what, "--outdir", into, source)


def contents(wheel: Path) -> dict[str, bytes]:
    """Return the files of a wheel but for those about it."""
    with ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
        return {name: archive.read(name) for name in names}


def sources(folder: str) -> dict[str, bytes]:
    """Return the files of a folder of the repository."""
    found = (path for path in (ROOT / folder).rglob("*") if path.is_file())
    return {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for path in found
        if "__pycache__" not in path.parts
    }


# --- what is in it -----------------------------------------------------------------------------


def test_the_wheel_holds_every_file_of_the_gateway(built: Built) -> None:
    beside = sources("templates") | sources("content/demo")
    expected = sources("gateway") | {f"gateway/{name}": body for name, body in beside.items()}
    shipped = contents(built.wheel)
    assert set(shipped) == {re.sub(r"\.po$", ".mo", name) for name in expected}
    for name in set(shipped) & set(expected):
        assert shipped[name] == expected[name], name


def test_a_wheel_made_from_the_source_distribution_is_the_same(
    built: Built, tmp_path: Path
) -> None:
    with tarfile.open(built.sdist) as archive:
        # The Python of Debian 12 knows no filter.
        safely: Any = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(tmp_path, **safely)
    (source,) = tmp_path.iterdir()
    build(source, tmp_path, "--wheel")
    assert contents(next(tmp_path.glob("*.whl"))) == contents(built.wheel)


def test_the_image_is_made_from_enough(built: Built, tmp_path: Path) -> None:
    given = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    for name in given:
        source, copy = ROOT / name, tmp_path / "source" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, copy)
    build(tmp_path / "source", tmp_path, "--wheel")
    assert contents(next(tmp_path.glob("*.whl"))) == contents(built.wheel)


def test_what_an_earlier_build_left_is_not_shipped(built: Built, tmp_path: Path) -> None:
    shutil.copytree(built.wheel.parent / "source", tmp_path / "source")
    gone = tmp_path / "source" / "build" / "lib" / "gateway" / "gone.py"
    gone.parent.mkdir(parents=True, exist_ok=True)
    gone.touch()
    build(tmp_path / "source", tmp_path, "--wheel")
    assert set(contents(next(tmp_path.glob("*.whl")))) == set(contents(built.wheel))


# --- where it is installed ---------------------------------------------------------------------


class Installed:
    """A virtual environment with the gateway in it, and an empty folder to run it in."""

    def __init__(self, python: Path, built: Built, folder: Path) -> None:
        self.venv = folder / "venv"
        self._built = built
        self._folder = folder
        if UV.exists():
            call(UV, "venv", "--quiet", "--python", python, self.venv)
        else:
            call(python, "-m", "venv", self.venv)
        self._pins = folder / "pins.txt"
        locked = pins(ROOT / "requirements" / "run.txt").values()
        self._pins.write_text("\n".join(map(version, locked)))
        self._install("--constraint", self._pins, built.wheel)

    def install_sdist(self) -> None:
        """Build the source distribution anew, and put it in the wheel's place."""
        again = "--reinstall" if UV.exists() else "--force-reinstall"
        self._install("--no-deps", again, self._built.sdist)

    def _install(self, *what: str | Path) -> None:
        python = self.venv / "bin" / "python"
        if UV.exists():
            call(UV, "pip", "install", "--quiet", "--python", python, *what)
        else:
            call(python, "-m", "pip", "install", "--quiet", *what)

    @property
    def environment(self) -> dict[str, str]:
        """No program but its own is found, and nothing of the checkout."""
        return {"PATH": str(self.venv / "bin"), "HOME": str(self._folder)}

    def run(
        self, folder: Path, *arguments: str, **settings: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in a folder."""
        return subprocess.run(
            [self.venv / "bin" / "python", "-m", "gateway", *arguments],
            cwd=folder,
            env=self.environment | settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @contextmanager
    def serves(self, folder: Path) -> Iterator[tuple[str, str]]:
        """Serve the sample from a folder; yield the address and the publisher's key."""
        origin = f"http://127.0.0.1:{(port := free_port())}"
        tether = [sys.executable, "-I", "-S", str(TETHER), str(os.getpid())]
        program = str(self.venv / "bin" / "paidgate")
        out = folder / "out"
        with out.open("wb") as output:
            process = subprocess.Popen(
                [*tether, program, "serve", "--demo", "--port", str(port)],
                cwd=folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            comes_true(lambda: "Ctrl-C" in out.read_text() or process.poll() is not None, TIMEOUT)
            key = re.search(r"pgk-[0-9a-f]+", out.read_text())
            assert key, out.read_text()
            yield origin, key[0]
        finally:
            process.terminate()
            process.wait()


def call(*command: str | Path) -> None:
    """Run a command of set-up to its end."""
    environment = os.environ | ENVIRONMENT
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def installed(
    request: pytest.FixtureRequest, built: Built, tmp_path_factory: pytest.TempPathFactory
) -> Installed:
    """Install the wheel where nothing is, at the locked versions."""
    return Installed(PYTHONS[request.param], built, tmp_path_factory.mktemp("installed"))


@every_python
def test_an_installed_gateway_is_small(installed: Installed) -> None:
    if not UV.exists():
        pytest.skip("there is a pip beside it, which is not the gateway's")
    files = [path.lstat() for path in installed.venv.rglob("*")]
    assert 50e6 < sum(file.st_blocks * 512 for file in files) < MOST
    assert list(installed.venv.rglob("gateway/**/*.pyc"))


@this_python
def test_the_parts_of_what_is_installed_weigh_what_the_docs_say(installed: Installed) -> None:
    (packages,) = installed.venv.glob("lib/python3*/site-packages")
    known = distributions(path=[str(packages)])
    weights = {each.name.lower(): weight(each, packages) for each in known}
    for line in (ROOT / "docs" / "install.md").read_text().splitlines():
        if row := re.fullmatch(r"\| ([\w., -]+) \| (\d+) \|.*", line):
            found = sum(weights.pop(name.lower()) for name in row[1].split(", "))
            assert abs(found / 1e6 - int(row[2])) < 2.5, line
    for beside in ("pip", "async-timeout"):  # the one for Pythons before 3.11.3
        weights.pop(beside, None)
    assert weights == {}


def weight(each: Distribution, packages: Path) -> int:
    """Return the bytes on the disk of a distribution, with its bytecode."""
    files = {packages / file for file in each.files or ()}
    made = (path.parent.glob(f"__pycache__/{path.stem}.*.pyc") for path in files)
    return sum(path.lstat().st_blocks * 512 for path in files.union(*made) if path.exists())


@this_python
@pytest.mark.parametrize(
    ("setting", "address", "extra"),
    [("LEDGER", "postgresql://host/name", "postgres"), ("STORE", "s3://bucket/prefix", "s3")],
)
def test_an_address_that_needs_an_extra_says_so(
    installed: Installed, tmp_path: Path, setting: str, address: str, extra: str
) -> None:
    told = installed.run(tmp_path, "verify", **{f"PAIDGATE_{setting}": address})
    assert told.returncode == 2
    assert told.stdout.count(f"PAIDGATE_{setting}: ") == 1
    assert f"needs an extra of this package: paidgate[{extra}]" in told.stdout
    assert "Traceback" not in told.stdout


@every_python
def test_the_wheel_serves(installed: Installed, tmp_path: Path) -> None:
    with installed.serves(tmp_path) as (origin, key):
        visit(origin, key)


@this_python
def test_every_command_of_the_wheel_works(installed: Installed, tmp_path: Path) -> None:
    assert set(COMMANDS) == set(leaves(cli))
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "report.txt").write_text(SOURCE)
    known: dict[str, str] = {"grant": ""}
    with installed.serves(tmp_path) as (origin, _):
        known["port"] = origin.rpartition(":")[2]
        for name, (arguments, expected) in COMMANDS.items():
            given = arguments.format_map(known).split()
            told = installed.run(tmp_path, *name.split(), *given)
            assert expected in told.stdout, (name, told.stdout)
            assert told.returncode == STATUSES.get(name, 0), (name, told.stdout)
            if name == "grant":
                known["grant"] = told.stdout.partition("grant   ")[2].split()[0]


@every_python
def test_the_source_distribution_serves(installed: Installed, tmp_path: Path) -> None:
    installed.install_sdist()
    with installed.serves(tmp_path) as (origin, key):
        visit(origin, key)


def leaves(command: click.Command, name: str = "") -> Iterator[str]:
    """Return the names of all commands that do something."""
    if not isinstance(command, click.Group):
        yield name
        return
    subcommands: Mapping[str, click.Command] = command.commands
    yield from chain.from_iterable(
        leaves(sub, f"{name} {word}".strip()) for word, sub in subcommands.items()
    )


def visit(origin: str, key: str) -> None:
    """Do what publishers and readers do, in scripts and in a browser."""
    with httpx2.Client(base_url=origin, timeout=TIMEOUT) as script:
        script.headers["authorization"] = f"Bearer {key}"
        plain = {"content-type": "text/plain"}
        put = script.put("/api/documents/report", content=SOURCE, headers=plain)
        assert put.status_code == 201
        made = script.post("/api/grants", json={"scope": "document:report"}).json()
    with httpx2.Client(base_url=origin, timeout=TIMEOUT, follow_redirects=True) as browser:
        front = browser.get("/").text
        assert "全部文档" in front  # the catalogue's words
        assert re.search(r"\d{4}年\d{1,2}月\d{1,2}日", front)
        for asset in re.findall(r'(?:href|src)="(/static/[^"]+)"', front):
            assert browser.get(asset).status_code == 200
        door = browser.get("/studio").text
        form = re.search(r'name="csrf_token" value="([^"]+)"', door)
        assert form
        desk = browser.post("/studio/signin", data={"csrf_token": form[1], "key": key})
        assert "Report" in desk.text
        assert "Paid words." not in browser.get("/documents/demo/report").text
        assert browser.get("/read/demo/report").status_code != 200
        assert made["token"] in browser.get(made["unlock_url"]).text
        browser.post("/unlock", data={"token": made["token"]})
        assert "Paid words." in browser.get("/read/demo/report").text
