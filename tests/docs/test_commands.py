"""Every command that README and docs name can be given as it stands there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

from gateway.__main__ import cli
from gateway.settings import Settings
from tools import commands
from tools.venv import ROOT

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(?:sh)?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`([^`]+)`")
TARGETS = re.findall(r"^([a-z ]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
MADE = {word for targets in TARGETS for word in targets.split()}
DONE = {name for name in MADE - {"help", "clean"} if callable(getattr(commands, name, None))}
SETTINGS = {f"PAIDGATE_{field.name.upper()}" for field in fields(Settings)} | {"PAIDGATE_CONFIG"}
SOURCES = "".join(path.read_text() for path in sorted((ROOT / "tests").rglob("*.py")))


def named(page: Path) -> Iterator[str]:
    """Yield what a page names as something to be typed."""
    text = page.read_text()
    for block in BLOCK.findall(text):
        yield from block.replace("\\\n", " ").splitlines()
    yield from (one.replace("\n", " ") for one in INLINE.findall(BLOCK.sub("", text)))


def fault(line: str) -> str:
    """Return what is wrong with a command, "" for nothing, or for what is none of ours."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        return ""
    while words and re.match(r"PAIDGATE_[A-Z0-9_]+=", words[0]):
        variable = words.pop(0).partition("=")[0]
        if variable not in SETTINGS and f'"{variable}"' not in SOURCES:
            return f"nothing reads {variable}"
    return next((tell(words) for begin, tell in KNOWN if re.match(begin, " ".join(words))), "")


def fault_of_make(words: Sequence[str]) -> str:
    wrong = [word for word in words[1:] if "=" not in word and word not in MADE]
    return f"make has no {wrong[0]}" if wrong else ""


def fault_of_dev(words: Sequence[str]) -> str:
    wrong = [word for word in words[2:3] if word not in DONE]
    return f"dev.py has no {wrong[0]}" if wrong else ""


def fault_of_module(words: Sequence[str]) -> str:
    return "" if find_spec(words[2]) else f"there is no module {words[2]}"


def fault_of_pytest(words: Sequence[str]) -> str:
    wrong = [word for word in words if word.startswith("tests/") and not (ROOT / word).exists()]
    return f"there is no {wrong[0]}" if wrong else ""


def fault_of_paidgate(words: Sequence[str]) -> str:
    command: click.Command = cli
    rest = list(words[1:])
    while isinstance(command, click.Group) and rest:
        word = rest.pop(0)
        if word not in command.commands:
            return f"paidgate has no {word}"
        command = command.commands[word]
    options = {"--help", *(name for each in command.params for name in each.opts)}
    wrong = [word for word in rest if word.startswith("--") and word.split("=")[0] not in options]
    return f"{command.name} has no {wrong[0]}" if wrong else ""


KNOWN = (
    (r"make\b", fault_of_make),
    (r"python3 dev\.py\b", fault_of_dev),
    (r"(?:\.venv/bin/)?python -m ", fault_of_module),
    (r"(?:\.venv/bin/)?pytest\b", fault_of_pytest),
    (r"(?:\.venv/bin/)?paidgate [a-z]", fault_of_paidgate),
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_a_page_is_one_that_there_is(page: Path) -> None:
    faults = {line: fault(line) for line in named(page)}
    assert {line: why for line, why in faults.items() if why} == {}


@pytest.mark.parametrize(
    "line",
    [
        "make everything",
        "python3 dev.py clean",
        ".venv/bin/python -m tests.bench.nothing",
        ".venv/bin/pytest -q tests/nothing.py",
        "paidgate audit-log veriify",
        "paidgate verify --mend",
        "PAIDGATE_NOTHING=1 make test",
    ],
)
def test_a_command_that_there_is_not_is_noticed(line: str) -> None:
    assert fault(line)
