"""Lines and columns."""

from __future__ import annotations


def position(source: str, index: int) -> tuple[int, int]:
    """Return line and column of an index, from 1, in code points."""
    return Ruler(source).at(index)


class Ruler:
    """Finds lines and columns of rising indices in one pass."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._has_returns = "\r" in source
        self._line = 1
        self._line_start = 0
        self._at = 0

    def at(self, index: int) -> tuple[int, int]:
        source, start, end = self._source, self._at, index
        if self._has_returns and source[index - 1 : index + 1] == "\r\n":
            end -= 1  # between the two the line has not ended yet
        ends = source.count("\n", start, end)
        last = source.rfind("\n", start, end) if ends else -1
        if self._has_returns:
            ends += source.count("\r", start, end) - source.count("\r\n", start, end)
            last = max(last, source.rfind("\r", start, end))
        if last >= 0:
            self._line += ends
            self._line_start = last + 1
        self._at = end
        return self._line, index - self._line_start + 1
