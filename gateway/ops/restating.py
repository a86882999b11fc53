"""Restating: what is public says of its publisher what that says of itself now.

A page is set once, with the name of its publisher. So each worker looks, now and then, for
publishers that have come to say something else, and has their pages set again.
"""

from __future__ import annotations

import structlog

from gateway.core.bundles import Entry
from gateway.core.errors import GatewayError, Unavailable
from gateway.ops.renewing import PAGE, Renewing
from gateway.ports import ProfileRecords, Unshown
from gateway.usecases.profiles import Profiles

_log = structlog.get_logger()


class Restating:
    """Looks through what is public of some publishers."""

    def __init__(self, renewing: Renewing, ledger: ProfileRecords, profiles: Profiles) -> None:
        self._renewing = renewing
        self._ledger = ledger
        self._profiles = profiles

    async def __call__(self) -> None:
        """Set again what says something else than its publisher. Raises Unavailable."""
        after = ""
        while some := await self._ledger.unshown(after, PAGE):
            for each in some:
                await self._restate(each)
            after = some[-1].publisher

    async def _restate(self, unshown: Unshown) -> None:
        def is_old(entry: Entry) -> bool:
            return entry.said != unshown.stamp

        try:
            await self._profiles.show(unshown.publisher)
        except Unavailable:
            raise
        except GatewayError as error:  # of this publisher alone: its pages stay as they are
            _log.warning("not shown", publisher=unshown.publisher, kind=type(error).__name__)
        else:
            await self._renewing(unshown.publisher, is_old)
        # No further than what was known before looking: what comes about meanwhile is looked for.
        await self._ledger.settle_profile(unshown.publisher, unshown.changes)
