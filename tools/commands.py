"""The commands of dev.py."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from itertools import pairwise

from tools.needs import require_programs
from tools.processes import Command, Failed, become, call, say
from tools.venv import PYTHON, ROOT, UV, VENV, has_uv, make_venv, prepare

# What each lock is made from. The tests' lock holds all of the others', at the same versions.
LOCKS = {
    "uv": ["requirements/uv.in"],
    "run": ["pyproject.toml", "--all-extras", "requirements/build.in"],
    "docs": [
        *["requirements/build.in", "requirements/docs.in"],
        *["--constraint", "requirements/run.txt"],
    ],
    "test": [
        *["pyproject.toml", "--all-extras", "requirements/build.in"],
        *["requirements/docs.in", "requirements/test.in"],
        *["--constraint", "requirements/run.txt", "--constraint", "requirements/docs.txt"],
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
    "PIP_USER": "0",  # into .venv/, whatever the account prefers
    # Else every start of the gateway compiles it all, where bytecode must not be written.
    "UV_COMPILE_BYTECODE": "1",
    "UV_SYSTEM_CERTS": "1",
}
ELSEWHERE = ("PIP_PREFIX", "PIP_ROOT", "PIP_TARGET")  # where pip would install instead

SITE: Command = [PYTHON, "-m", "mkdocs", "build"]
SEARCH = "tests/faults/search.py"
HOST, PORT = "127.0.0.1", "8000"  # as "paidgate serve" has them


def main(usage: str, name: str = "help", *arguments: str) -> None:
    """Do one of the commands."""
    commands: dict[str, Callable[..., None]] = {
        each.__name__: each for each in (setup, run, test, long, search, lint, docs, lock)
    }
    if name not in commands:
        sys.exit(usage)
    os.chdir(ROOT)
    os.environ.update(ENVIRONMENT)
    for variable in ELSEWHERE:
        os.environ.pop(variable, None)
    try:
        commands[name](*arguments)
    except Failed as failed:
        sys.exit(unreachable(failed.away) if failed.away else str(failed))
    except OSError as error:
        sys.exit(str(error))


def unreachable(words: str) -> str:
    """Say that a package index did not answer."""
    return (
        f"The network does not lead to a package index: {words}. Set-up needs one, here or at "
        "PIP_INDEX_URL; when it is there, run this again."
    )


def setup() -> None:
    """Make .venv/ with all that running, testing and linting need."""
    prepare("test")
    say("Ready: .venv/bin/paidgate")


def run(*arguments: str) -> None:
    """Serve the demo."""
    require_port(*arguments)
    prepare("run", "test")
    become([PYTHON, "-m", "gateway", "serve", "--demo", "content", *arguments])


def require_port(*arguments: str) -> None:
    """Say before all else when the port cannot be had."""
    host, port = option("--host", arguments, HOST), option("--port", arguments, PORT)
    if not port.isdecimal():
        return  # the command itself says what is wrong with it
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, int(port)))
    except OverflowError:
        return
    except OSError as error:
        sys.exit(
            f"Cannot listen on {host}:{port}: {error.strerror}. End what has the port, or take "
            f'another: make run ARGS="--port {int(port) + 1}"'
        )


def option(name: str, arguments: tuple[str, ...], default: str) -> str:
    """Return the value of an option as the command line will read it: the last one counts."""
    for one, following in reversed([*pairwise((*arguments, ""))]):
        if one == name:
            return following
        if one.startswith(f"{name}="):
            return one.partition("=")[2]
    return default


def test(*arguments: str) -> None:
    """Run the tests, with a real Redis, a real PostgreSQL and a real browser."""
    prepare("test")
    require_programs()
    # More workers than most have cores, since tests wait for servers as well.
    become([PYTHON, "-m", "pytest", "-n", "4", "--dist", "loadfile", *arguments])


def long(*arguments: str) -> None:
    """Run the tests that take long."""
    test("--long", *arguments)


def search(*arguments: str) -> None:
    """Kill at random moments what the tests kill at chosen points."""
    prepare("test")
    become([PYTHON, "-m", "pytest", "-s", SEARCH, *arguments])


def lint() -> None:
    """Run every check, then fail if any did."""
    prepare("test")
    clean = [passes(check) for check in CHECKS]
    if not all(clean):
        sys.exit("The tree is not clean.")


def docs(*arguments: str) -> None:
    """Build the docs site."""
    prepare("docs", "test")
    become([*SITE, *arguments])


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
    try:
        call([VENV / "bin" / check[0], *check[1:]])
    except Failed:
        return False
    return True
