#!/usr/bin/env python3
"""Set up, run and test Paidgate from a fresh clone, with nothing but Python and pip.

    python3 dev.py setup            make .venv/ with everything in it
    python3 dev.py run [ARG...]     serve the demo; the arguments go to "paidgate serve"
    python3 dev.py test [ARG...]    run the tests; the arguments go to pytest
    python3 dev.py lint             check style, types and layers
    python3 dev.py lock [ARG...]    write the locks anew; the arguments go to "uv pip compile"

Standard library only. Old Pythons must be able to parse this file, so that they can be refused.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit(
        "Paidgate needs Python 3.11 or newer, and %s is %d.%d: "  # noqa: UP031
        'try "make PYTHON=python3.11 ..." or "python3.11 dev.py ...".'
        % (sys.executable, sys.version_info[0], sys.version_info[1])
    )

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, NoReturn

Command = Sequence[str | Path]

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
STAMP = VENV / "paidgate.stamp"

# What each lock is made from. The tests' lock holds all of the gateway's, at the same versions.
LOCKS = {
    "uv": ["requirements/uv.in"],
    "run": ["pyproject.toml", "--all-extras", "requirements/build.in"],
    "test": [
        *["pyproject.toml", "--all-extras", "requirements/build.in", "requirements/test.in"],
        *["--constraint", "requirements/run.txt"],
    ],
}

CHECKS = (
    ["ruff", "check"],
    ["ruff", "format", "--check"],
    ["mypy"],
    ["lint-imports", "--no-logo"],
)

ENVIRONMENT = {
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INPUT": "1",
    "PIP_ROOT_USER_ACTION": "ignore",
    # Else every start of the gateway compiles it all, where bytecode must not be written.
    "UV_COMPILE_BYTECODE": "1",
    "UV_SYSTEM_CERTS": "1",
}


def main(name: str = "help", *arguments: str) -> None:
    """Do one of the commands."""
    commands: dict[str, Callable[..., None]]
    commands = {"setup": setup, "run": run, "test": test, "lint": lint, "lock": lock}
    if name not in commands:
        sys.exit(__doc__)
    os.chdir(ROOT)
    os.environ.update(ENVIRONMENT)
    try:
        commands[name](*arguments)
    except subprocess.CalledProcessError as error:
        sys.exit(f"Exit code {error.returncode} from: {' '.join(map(str, error.cmd))}")
    except OSError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


# --- commands ----------------------------------------------------------------------------------


def setup() -> None:
    """Make .venv/ with all that running, testing and linting need."""
    prepare("test")
    say("Ready: .venv/bin/paidgate")


def run(*arguments: str) -> None:
    """Serve the demo."""
    prepare("run", "test")
    become([PYTHON, "-m", "gateway", "serve", "--demo", "content", *arguments])


def test(*arguments: str) -> None:
    """Run the tests, with a real Redis, a real PostgreSQL and a real browser."""
    prepare("test")
    require_programs()
    # Two workers halve the time on two cores and leave pytest's summary as the last line.
    become([PYTHON, "-m", "pytest", "-n", "2", "--dist", "loadgroup", *arguments])


def lint() -> None:
    """Run every check, then fail if any did."""
    prepare("test")
    clean = [passes(check) for check in CHECKS]
    if not all(clean):
        sys.exit("The tree is not clean.")


def lock(*arguments: str) -> None:
    """Write the locks anew: with hashes for every platform, without addresses."""
    if not PYTHON.exists():  # not prepare(): the locks may be too broken to install
        make_venv()
    if not has_uv():
        sys.exit("Locking needs uv, and uv cannot be had here.")
    flags = "--universal --python-version 3.11 --generate-hashes --quiet"
    bare = "--no-header --no-emit-index-url --no-emit-find-links"
    for name, sources in LOCKS.items():
        output = f"requirements/{name}.txt"
        say(f"Locking {output}")
        options = [*flags.split(), *bare.split(), "--output-file", output, *arguments]
        call([UV, "pip", "compile", *sources, *options])


def passes(check: list[str]) -> bool:
    """Say whether a check finds nothing in the tree."""
    say(" ".join(check))
    return subprocess.run([VENV / "bin" / check[0], *check[1:]]).returncode == 0


# --- set-up ------------------------------------------------------------------------------------


def prepare(*locks: str) -> None:
    """Make .venv/ hold the first of the locks, unless it holds one of them already."""
    if is_ready(locks):
        return
    with one_at_a_time():
        if is_ready(locks):  # another process did it while this one waited
            return
        whole = stamp(locks[0])[0] in read_stamp()
        STAMP.unlink(missing_ok=True)  # an interruption from here on means: start anew
        if not whole:
            make_venv()
        install(locks[0])
        STAMP.write_text("\n".join(stamp(locks[0])))


def is_ready(locks: Sequence[str]) -> bool:
    """Say whether .venv/ holds one of these locks, for this Python and this place."""
    return PYTHON.exists() and any(read_stamp() == stamp(lock) for lock in locks)


def stamp(lock: str) -> list[str]:
    """Return two lines: what .venv/ is made for, and what is in it."""
    contents = hashlib.sha256()
    for path in (Path(__file__), ROOT / "pyproject.toml", ROOT / "requirements" / f"{lock}.txt"):
        contents.update(path.read_bytes())
    return [f"{platform.python_version()} {base_python()} {VENV}", contents.hexdigest()]


def read_stamp() -> list[str]:
    """Return the stamp of the last set-up that came to its end."""
    return STAMP.read_text().split("\n") if STAMP.exists() else []


def make_venv() -> None:
    """Make an empty .venv/."""
    say(f"Making .venv/ with Python {platform.python_version()}")
    own_pip = [] if find_spec("ensurepip") else ["--without-pip"]
    if not find_spec("venv") or (own_pip and not has_pip()):
        sys.exit(
            "This Python can make no virtual environment with pip in it. Install its venv module "
            "(on Debian and Ubuntu: apt-get install python3-venv) and run this again."
        )
    call([base_python(), "-m", "venv", "--clear", *own_pip, VENV])


def install(lock: str) -> None:
    """Install what a lock names, and the project, with uv where it can be had, else with pip."""
    if has_uv():
        say(f"Installing requirements/{lock}.txt with uv")
        try:
            return install_with([UV, "pip", "install", "--python", PYTHON], lock)
        except subprocess.CalledProcessError:
            say("uv could not do it")
    say(f"Installing requirements/{lock}.txt with pip, which takes a minute or two")
    return install_with([*pip(), "install"], lock)


def install_with(installer: Command, lock: str) -> None:
    """Install a lock and the project with one of the two installers."""
    call([*installer, "--quiet", "--require-hashes", "-r", f"requirements/{lock}.txt"])
    call([*installer, "--quiet", "--no-deps", "--no-build-isolation", "--editable", "."])
    call([PYTHON, "-m", "compileall", "-q", "gateway"])


def has_uv() -> bool:
    """Fetch the locked uv into .venv/ and say whether that was possible."""
    say("Fetching uv")
    # A platform without a ready-made uv must not try to build one: that takes Rust and an hour.
    wanted = ["--require-hashes", "--only-binary", ":all:", "-r", "requirements/uv.txt"]
    command = [*pip(), "install", "--quiet", *wanted]
    return subprocess.run(command, stdin=subprocess.DEVNULL).returncode == 0


def pip() -> list[str | Path]:
    """Return the pip that installs into .venv/: its own, or the system's where it has none."""
    if find_spec("ensurepip"):
        return [PYTHON, "-m", "pip"]
    return [base_python(), "-m", "pip", "--python", PYTHON]


def has_pip() -> bool:
    """Say whether the system's Python has pip."""
    command = [base_python(), "-m", "pip", "--version"]
    return subprocess.run(command, capture_output=True).returncode == 0


def base_python() -> str:
    """Return the Python outside any virtual environment, which outlives a .venv/ made anew."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Wait for other set-ups of this folder."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


# --- programs the tests use --------------------------------------------------------------------


class Need(NamedTuple):
    """Something the tests run that pip cannot bring."""

    name: str
    packages: str  # Debian's and Ubuntu's
    is_met: Callable[[], object]


def find_program(*names: str) -> str | None:
    """Return the first of these programs, looking also where Debian hides PostgreSQL's."""
    versions = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    newest_first = sorted(versions, key=lambda path: float(path.parent.name), reverse=True)
    path = [os.environ.get("PATH", os.defpath), "/usr/local/bin", "/usr/bin", "/usr/sbin"]
    places = os.pathsep.join([*path, *map(str, newest_first)])
    return next(filter(None, (shutil.which(name, path=places) for name in names)), None)


def has_chinese_font() -> bool:
    """Say whether a browser can draw Chinese."""
    lister = find_program("fc-list")
    found = lister and subprocess.run([lister, ":lang=zh-cn"], capture_output=True).stdout
    return bool(found)


NEEDS = {
    "redis": Need(
        "redis-server or valkey-server",
        "redis-server",
        lambda: find_program("redis-server", "valkey-server"),
    ),
    "postgres": Need(
        "PostgreSQL's server programs",
        "postgresql",
        lambda: all(map(find_program, ("initdb", "postgres", "psql"))),
    ),
    "chromium": Need(
        "Chromium",
        "chromium",
        lambda: find_program("chromium", "chromium-browser", "google-chrome"),
    ),
    "nginx": Need("nginx", "nginx", lambda: find_program("nginx")),
    "wrk": Need("wrk", "wrk", lambda: find_program("wrk")),
    "fonts": Need("a Chinese font", "fontconfig fonts-noto-cjk", has_chinese_font),
}


def require_programs() -> None:
    """Make sure of all that the tests run, by installing it or by saying what to install."""
    missing = [need for need in NEEDS.values() if not need.is_met()]
    if missing:
        install_packages(" ".join(need.packages for need in missing).split())
    still_missing = [need for need in missing if not need.is_met()]
    if still_missing:
        sys.exit(lacking(*still_missing))


def lacking(*needs: Need) -> str:
    """Say what is missing and how to get it."""
    names = ", ".join(need.name for need in needs)
    packages = " ".join(need.packages for need in needs)
    return (
        f"The tests need {names}. Install what is missing and run them again "
        f"(on Debian and Ubuntu, as root: apt-get install {packages})."
    )


def install_packages(packages: list[str]) -> None:
    """Install Debian packages, where that takes no password."""
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if not shutil.which("apt-get") or (root and not shutil.which("sudo")):
        return
    say(f"Installing {' '.join(packages)} with apt-get")
    lock = ["-o", "DPkg::Lock::Timeout=300"]
    apt = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", *lock]
    # Whether it worked shows in what is there afterwards.
    subprocess.run([*apt, "update"], stdin=subprocess.DEVNULL)
    command = [*apt, "install", "--yes", "--no-install-recommends", *packages]
    subprocess.run(command, stdin=subprocess.DEVNULL)


# --- processes ---------------------------------------------------------------------------------


def say(line: str) -> None:
    """Print one line of progress."""
    print(f"==> {line}", flush=True)


def call(command: Command) -> None:
    """Run a command to its end; raise CalledProcessError when it fails."""
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def become(command: Command) -> NoReturn:
    """Turn into another program, so that its exit code and its Ctrl-C are its own."""
    sys.stdout.flush()
    os.execv(command[0], [str(part) for part in command])  # noqa: S606


if __name__ == "__main__":
    main(*sys.argv[1:])
