"""The limit on guessing."""

from __future__ import annotations

from typing import Protocol


class FailedAttempts(Protocol):
    """How often somebody may fail before they are told to wait; nobody who is right has to."""

    async def failed(self, *whose: str) -> None:
        """Count a failure under each of some names. Raises TooManyTries if one is over its limit.

        Under a name that is over, it counts no further.
        """

    async def ping(self) -> str:
        """Say in a word how the server is that counts. Raises Unavailable."""

    async def close(self) -> None: ...
