"""Publishers: who may publish and grant."""

from __future__ import annotations

from gateway.core.api_keys import key_hash
from gateway.core.audit_records import OPERATOR, Act, Record
from gateway.core.documents import valid_name
from gateway.core.errors import Missing
from gateway.ports import Clock, KeyRecords
from gateway.usecases.announcing import Announcing
from gateway.usecases.api_keys import PREFIX


class Publishers:
    """The operator's side."""

    def __init__(self, ledger: KeyRecords, announcing: Announcing, clock: Clock) -> None:
        self._ledger = ledger
        self._announcing = announcing
        self._clock = clock

    async def add(self, name: str) -> str:
        """Add a publisher and return an API key, which is shown this once. Raises Malformed.

        Whether it is confirmed tells `Announcing.confirm`.
        """
        key, now = PREFIX + self._clock.fresh_id() + self._clock.fresh_id(), self._clock.now()
        await self._ledger.add_publisher(valid_name(name, "publisher"), key_hash(key), now)
        await self._announcing.tell(Record(now, Act.PUBLISHER, OPERATOR, name))
        return key

    async def register(self, name: str) -> None:
        """Add a publisher that has no API key yet; one that exists stays as it is."""
        await self._ledger.add_publisher(valid_name(name, "publisher"), "", self._clock.now())

    async def require(self, name: str) -> None:
        """Raise Missing where a publisher does not exist."""
        if not await self._ledger.is_publisher(name):
            raise Missing("publisher")
