"""What a store has met that is not whole: told once, and looked at again until it is whole."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import structlog

from gateway.core.bundles import Damaged
from gateway.core.errors import Missing

MOST = 100  # things that are kept in mind; all are told

T = TypeVar("T")
Read = Callable[[], Awaitable[object]]

_log = structlog.get_logger()


class Damages:
    """The things of one store that this process has found damaged, or gone."""

    def __init__(self) -> None:
        self._known: dict[str, Read] = {}

    async def reading(self, thing: str, read: Callable[[], Awaitable[T]]) -> T:
        """Read a thing, and take up how it was found; None is not there, which may be right."""
        try:
            found = await read()
        except (Damaged, Missing) as error:
            self.found(thing, read, error)
            raise
        if found is not None:
            self.whole(thing)
        return found

    def found(self, thing: str, read: Read, error: Damaged | Missing) -> None:
        """Take up that a thing is damaged; read: how to look at it again."""
        if thing in self._known:
            return
        if len(self._known) < MOST:
            self._known[thing] = read
        if structlog.is_configured():  # the command line has no log
            state = "missing" if isinstance(error, Missing) else "damaged"
            _log.error("damage", thing=thing, state=state)

    def whole(self, thing: str) -> None:
        """Take up that a thing is whole."""
        if self._known.pop(thing, None) and structlog.is_configured():
            _log.warning("damage", thing=thing, state="mended")

    def forget(self, thing: str) -> None:
        """Take up that a thing is gone on purpose."""
        self._known.pop(thing, None)

    async def require_none(self) -> None:
        """Look again at what was damaged. Raises Damaged if something still is."""
        for thing, read in [*self._known.items()]:
            with suppress(Damaged, Missing):
                await self.reading(thing, read)
        if self._known:
            raise Damaged(f"{len(self._known)} stored things are damaged.")
