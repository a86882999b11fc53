"""Time and chance."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Time and chance, so that tests can freeze both."""

    def now(self) -> int:
        """Return Unix seconds."""

    def fresh_id(self) -> str:
        """Return an unguessable id of at least 120 bits, [a-z0-9] only."""
