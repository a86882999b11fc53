"""How far a long run is, in the last line of a terminal; nothing where there is no terminal."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from time import monotonic
from typing import TextIO, TypeVar

WIDTH = 40  # of the bar, in characters
OFTEN = 0.1  # seconds between two drawings
_ERASE = "\r\x1b[K"

T = TypeVar("T")


class Progress:
    """A bar that is drawn over itself.

    What else is to be printed is printed after `erase`, and the bar comes back below it.
    """

    def __init__(
        self,
        label: str,
        total: int,
        out: TextIO | None = None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._label = label
        self._total = total
        self._out = out or sys.stderr
        self._now = now
        self._began = now()
        self._drawn = 0.0
        self._done = 0

    def advance(self, steps: int = 1) -> None:
        """Count steps that are done."""
        self._done += steps
        if self._out.isatty() and self._now() - self._drawn >= OFTEN:
            self._drawn = self._now()
            # Without the last column, where some terminals break the line.
            width = shutil.get_terminal_size().columns - 1
            self._write(_ERASE + self._line()[:width])

    def erase(self) -> None:
        """Take the bar away until the next step."""
        if self._out.isatty():
            self._write(_ERASE)
            self._drawn = 0.0

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()

    def _line(self) -> str:
        filled = WIDTH * self._done // max(self._total, 1)
        rate = self._done / max(self._now() - self._began, 0.001)
        left = round((self._total - self._done) / rate) if self._done else 0
        bar = "━" * filled + "╌" * (WIDTH - filled)
        counted = f"{self._done}/{self._total} {rate:.0f}/s"
        return f"{self._label} {bar} {counted} {left // 60}:{left % 60:02} left"


def track(items: Sequence[T], label: str) -> Iterator[T]:
    """Yield things one by one, with a bar for how many are done."""
    progress = Progress(label, len(items))
    try:
        for item in items:
            yield item
            progress.advance()
    finally:
        progress.erase()
