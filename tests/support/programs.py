"""Keeps the one list: whatever the tests run stands in tools/needs.py, or comes with Python."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

import gateway.process
from tests.support import tether
from tools.needs import ALL
from tools.venv import ROOT

OURS = tuple(str(ROOT / name) for name in ("gateway", "tests", "tools"))
PREFIXES = tuple({os.path.realpath(place) for place in (sys.prefix, sys.base_prefix)})
TETHERS = {str(Path(gateway.process.__file__)): 2, tether.__file__: 3}


class Unlisted(Exception):
    """Raised when a test runs what stands in no list."""


def watch() -> None:
    """Look from now on at every program that this process runs."""
    sys.addaudithook(_look)


def _look(event: str, arguments: tuple[object, ...]) -> None:
    if event != "subprocess.Popen" or not _is_of_ours(sys._getframe(1)):
        return
    executable, command = arguments[:2]
    for program in _programs(str(executable), _words(command)):
        name = Path(program).name
        is_listed = name in ALL or name.startswith("python3.")  # whichever are found
        if not is_listed and not os.path.realpath(program).startswith(PREFIXES):
            raise Unlisted(f"The tests run {program}: name it in tools/needs.py.")


def _is_of_ours(caller: FrameType) -> bool:
    """Tell our own calls from those of libraries, which ask for what may not be there."""
    frame: FrameType | None = caller
    while frame and frame.f_code.co_filename == subprocess.__file__:
        frame = frame.f_back
    return frame is not None and frame.f_code.co_filename.startswith(OURS)


def _words(command: object) -> list[str]:
    return [*map(str, command)] if isinstance(command, Sequence) else [str(command)]


def _programs(executable: str, command: list[str]) -> Iterator[str]:
    yield executable
    for place, word in enumerate(command):
        if word in TETHERS:  # what it becomes stands after its own arguments
            yield command[place + TETHERS[word]]
