"""What workers remember, and the barrier that a change passes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any, Protocol

from msgspec import Struct

from gateway.core.rights import pack_rights, unpack_rights


class Known(Struct, frozen=True, gc=False):
    """What memory knows under a key; absence can be known too."""

    value: Any


@dataclass(frozen=True, slots=True)
class Shape:
    """How a value goes into a shared cache and back; unpack raises ValueError."""

    pack: Callable[[Any], bytes]
    unpack: Callable[[bytes], Any]
    version: Callable[[Any], int]


RIGHTS = Shape(pack_rights, unpack_rights, lambda rights: rights.version if rights else 0)


class Coherence(Protocol):
    """The memory of a worker, and the barrier that a change passes before it is acknowledged."""

    @property
    def authority(self) -> str:
        """Return the id of the authority that confirms its changes; "": nobody remembers."""

    def known(self, key: str) -> Known | None:
        """Return what may be answered from memory, to a read that begins now."""

    async def fetch(
        self, key: str, load: Callable[[], Awaitable[Any]], shape: Shape | None = None
    ) -> Any:
        """Return what memory may say of key, else what load finds in the ledger.

        What has a shape may also come from a cache that workers share, and go there.
        """

    async def announce(self, keys: Collection[str]) -> bool:
        """Tell every worker that keys have changed; return whether none answers from before.

        Call it after the ledger's commit. False: not confirmed, announce again.
        """
