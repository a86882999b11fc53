"""Looking into drafts: in a thread, one at a time, because readers wait for what is done here."""

from __future__ import annotations

from collections.abc import Sequence

from anyio import CapacityLimiter, to_thread

from gateway.core.errors import GatewayError, Refused
from gateway.core.findings import Finding
from gateway.ports import Formats
from gateway.web.studio.drafts import Draft
from gateway.web.studio.excerpts import Excerpt, Told, excerpts, revealed

Look = tuple[Draft, list[Excerpt], Told]


class Looking:
    """Tells what stands in a draft at the places that were found."""

    def __init__(self, formats: Formats) -> None:
        self._formats = formats
        self._limiter = CapacityLimiter(1)

    async def into(
        self, draft: Draft, error: GatewayError | None, warnings: Sequence[Finding] = ()
    ) -> Look:
        """Return a draft as if typed, and what refuses it and what it is warned of."""

        def look() -> Look:
            source = draft.read(self._formats)
            found = excerpts(error.findings, source) if isinstance(error, Refused) else []
            return draft.typed(source, self._formats), found, Told.of(warnings, source)

        return await to_thread.run_sync(look, limiter=self._limiter)

    async def is_agreed(self, draft: Draft, lines: Sequence[Finding]) -> bool:
        """Return whether a draft agrees to just these lines becoming public."""
        if not draft.agreed:
            return False

        def shown() -> str:
            return revealed(lines, draft.read(self._formats))

        return draft.agreed == await to_thread.run_sync(shown, limiter=self._limiter)
