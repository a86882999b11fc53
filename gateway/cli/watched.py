"""Watched files: how each is just now, with what it shows beside its text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from gateway.cli.companions import places_beside
from gateway.cli.folders import found_files


class WatchedState(NamedTuple):
    """By what a change of a file is known."""

    changed: int
    size: int
    number: int


States = Mapping[Path, Sequence[WatchedState]]
"""Of each document its own state, and that of each file that it names and that is there."""


class WatchedFiles:
    """The documents below paths."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        # A document is read for what it names when it has changed.
        self._beside: dict[Path, tuple[WatchedState, Sequence[Path]]] = {}

    def states(self) -> States:
        """Return how each file is just now."""
        found = {file.path: _state(file.path) for file in found_files(self._paths)}
        there = {path: state for path, state in found.items() if state}
        self._beside = {path: (state, self._named(path, state)) for path, state in there.items()}
        return {path: (state, *_states(beside)) for path, (state, beside) in self._beside.items()}

    def _named(self, path: Path, state: WatchedState) -> Sequence[Path]:
        before = self._beside.get(path)
        if before and before[0] == state:
            return before[1]
        with suppress(OSError):  # it may go while we look
            return places_beside(path)
        return ()


def _states(paths: Sequence[Path]) -> Iterator[WatchedState]:
    yield from filter(None, map(_state, paths))


def _state(path: Path) -> WatchedState | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return WatchedState(stat.st_mtime_ns, stat.st_size, stat.st_ino)
