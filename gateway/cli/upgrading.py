"""Upgrade: bring stored forms of earlier versions to this one, while the gateway serves.

The ledger is brought up whenever it is opened, and the catalogue whenever it is used; texts here,
and the search index, which whoever serves would fill as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.app import Services
from gateway.cli.progress import track
from gateway.cli.verifying import editions
from gateway.core.documents import Address
from gateway.core.errors import Stale
from gateway.ports import Health

Tell = Callable[[str], None]


@dataclass
class Upgraded:
    """What was brought up. Left: damaged, and not touched."""

    editions: int = 0
    previews: int = 0
    left: int = 0

    def told(self) -> str:
        """Return it in words."""
        parts = [f"{self.editions} editions and {self.previews} previews brought up"]
        if self.left:
            parts.append(f"{self.left} damaged (`paidgate verify`)")
        return ", ".join(parts)


async def upgrade(services: Services, tell: Tell) -> Upgraded:
    """Write anew, with the same content, what is of an earlier version."""
    done = Upgraded()
    for address, edition in track(await editions(services), "editions"):
        health = (await services.vault.look(address, edition)).values()
        if not all(found.is_good for found in health):
            done.left += 1
            tell(f"edition {address} {edition}: damaged")
        elif Health.EARLIER in health:
            await services.vault.bring_up(address, edition)
            done.editions += 1
    addresses = [address async for address in services.store.addresses()]
    for address in track(addresses, "previews"):
        done.previews += await _bring_up(services, address)
    await services.indexing.fill()
    return done


async def _bring_up(services: Services, address: Address) -> bool:
    health, _ = await services.store.look(address)
    if health is not Health.EARLIER:
        return False
    mark = await services.store.mark(address)
    bundle = await services.store.get(address)
    if bundle is None:
        return False
    try:
        await services.store.put(address, bundle, mark)
    except Stale:  # published anew meanwhile, and so of this version
        return False
    return True
