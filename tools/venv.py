"""The set-up: .venv/ with everything in it that a lock names."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import pwd
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from tools.processes import Command, Failed, call, say

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
STAMP = VENV / "paidgate.stamp"

# What a set-up and a run write. Bytecode stands in folders of its own below the sources.
WRITTEN = (".venv", "var", "var/*", "build", "*.egg-info", "gateway", "gateway/**/__pycache__")

MADE_OF = ("tools/venv.py", "pyproject.toml")


def prepare(*locks: str) -> None:
    """Make .venv/ hold the first of the locks, unless it holds one of them already."""
    require_own_folders()
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


def require_own_folders() -> None:
    """Say what to do where another account, as root, has written before this one."""
    if os.geteuid() == 0:
        return
    written = [ROOT, *(path for pattern in WRITTEN for path in ROOT.glob(pattern))]
    others = [path for path in written if path.is_dir() and not os.access(path, os.W_OK)]
    if others:
        names = ", ".join(str(path.relative_to(ROOT)) for path in others[:3])
        owner, me = others[0].owner(), pwd.getpwuid(os.geteuid()).pw_name
        raise SystemExit(
            f"{names}{' and more' if others[3:] else ''} cannot be written to: of {owner}, "
            f'not of {me}. Take over the folder ("sudo chown -R {me} {ROOT}") and run this again.'
        )


def is_ready(locks: Sequence[str]) -> bool:
    """Say whether .venv/ holds one of these locks, for this Python and this place."""
    return PYTHON.exists() and any(read_stamp() == stamp(lock) for lock in locks)


def stamp(lock: str) -> list[str]:
    """Return two lines: what .venv/ is made for, and what is in it."""
    contents = hashlib.sha256()
    for path in (*MADE_OF, f"requirements/{lock}.txt"):
        contents.update((ROOT / path).read_bytes())
    return [f"{platform.python_version()} {base_python()} {VENV}", contents.hexdigest()]


def read_stamp() -> list[str]:
    """Return the stamp of the last set-up that came to its end."""
    return STAMP.read_text().split("\n") if STAMP.exists() else []


def make_venv() -> None:
    """Make an empty .venv/."""
    say(f"Making .venv/ with Python {platform.python_version()}")
    own_pip = [] if find_spec("ensurepip") else ["--without-pip"]
    if not find_spec("venv") or (own_pip and not has_pip()):
        raise SystemExit(
            "This Python can make no virtual environment with pip in it. Install its venv module "
            "(on Debian and Ubuntu: apt-get install python3-venv) and run this again."
        )
    if VENV.is_symlink():
        VENV.unlink()  # and not emptied: what it leads to is another clone's
    call([base_python(), "-m", "venv", "--clear", *own_pip, VENV])


def install(lock: str) -> None:
    """Install what a lock names, and the project, with uv where it can be had, else with pip."""
    if has_uv():
        say(f"Installing requirements/{lock}.txt with uv")
        try:
            return install_with([UV, "pip", "install", "--python", PYTHON], lock)
        except Failed as failed:
            if failed.away:
                raise
            say("uv could not do it")
    say(f"Installing requirements/{lock}.txt with pip, which takes a minute or two")
    return install_with([*pip(), "install"], lock)


def install_with(installer: Command, lock: str) -> None:
    """Install a lock and the project with one of the two installers."""
    call([*installer, "--quiet", "--require-hashes", "-r", f"requirements/{lock}.txt"])
    call([*installer, "--quiet", "--no-deps", "--no-build-isolation", "--editable", "."])
    call([PYTHON, "-m", "compileall", "-q", "gateway"])


def has_uv() -> bool:
    """Fetch the locked uv into .venv/ and say whether that was possible.

    Raises Failed where the network is away, for then nothing else can be fetched.
    """
    say("Fetching uv")
    # A platform without a ready-made uv must not try to build one: that takes Rust and an hour.
    wanted = ["--require-hashes", "--only-binary", ":all:", "-r", "requirements/uv.txt"]
    try:
        call([*pip(), "install", "--quiet", *wanted])
    except Failed as failed:
        if failed.away:
            raise
        return False
    return True


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
