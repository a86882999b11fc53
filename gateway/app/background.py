"""What a worker does besides the requests."""

from __future__ import annotations

from functools import partial

import structlog

from gateway.app.services import Services
from gateway.app.waits import ANNOUNCE, rest
from gateway.core.documents import Address
from gateway.ops.rebasing import Rebasing
from gateway.ops.renewing import Renewing
from gateway.ops.restating import Restating
from gateway.ports import Edition
from gateway.stores.membership import TENURE

INDEX = 2.0  # seconds between looks at whether the search index is to be filled
SCRUB = 300.0  # seconds between looks for words that only the search index still has
SWEEP = 5.0  # seconds between looks for work that a dead process left
FORGET = 3_600.0  # seconds between looks for seeds that are over, and for what is half revoked

_log = structlog.get_logger()


def begin_background(services: Services) -> None:
    """Begin all that a worker does besides the requests."""
    begin = services.background.begin
    services.coherence.start()
    begin("sweep", partial(sweep, services, set()), SWEEP)
    begin("look over", LookOver(services), SWEEP)
    renewing = Renewing(services.mending, services.store, rest)
    begin("rebase", Rebasing(renewing, services.settings.base_url), SWEEP)
    begin("restate", Restating(renewing, services.ledger, services.profiles), SWEEP)
    begin("index", services.indexing.fill, INDEX)
    begin("scrub index", services.indexing.scrub, SCRUB)
    begin("announce", services.announcing.confirm, ANNOUNCE)
    begin("finish", services.granting.finish, FORGET)
    begin("forget", services.seeds.forget, FORGET)
    begin("audit", services.audit.maintain)
    if services.membership:
        begin("attend", partial(services.membership.attend, services.coherence), TENURE.pace)


async def sweep(services: Services, told: set[Address]) -> None:
    """Finish what dead processes left; log each document that stays behind, and no second time."""
    failed = await services.publishing.recover()
    for address in sorted(failed.keys() - told):
        _log.error("unsettled", document=str(address), kind=type(failed[address]).__name__)
    told.clear()
    told.update(failed)


class LookOver:
    """Reads all that is stored back, a few editions at a time, from the start again at the end."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._after: Edition | None = None

    async def __call__(self) -> None:
        """Look at the next few."""
        self._after = await self._services.mending.look_over(self._after)
        if self._after is None:
            await self._services.profiles.look_over()
