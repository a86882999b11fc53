"""The limit on guessing."""

from __future__ import annotations

from typing import Protocol


class Tries(Protocol):
    """How often somebody may fail before they have to wait, so that nothing can be guessed."""

    async def require(self, who: str) -> None:
        """Raise TooManyTries where somebody has failed too often."""

    async def failed(self, who: str) -> None:
        """Count a failure. Raises TooManyTries where it is one too many."""

    async def close(self) -> None: ...
