"""What is on record of readers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from gateway.core.rights import Grant


@dataclass(frozen=True, slots=True)
class Reader:
    """A browser that has redeemed, and every grant redeemed in it (revoked ones too)."""

    id: str
    auth_epoch: int
    grants: tuple[Grant, ...]
    version: int = 1  # raised by each change of the reader or of a grant of it


class ReaderRecords(Protocol):
    """Where it is on record which browsers have redeemed what."""

    async def reader(self, reader: str) -> Reader | None: ...

    async def redeem(self, reader: str, grant: str, at: int) -> Reader:
        """Add a grant to a reader (made if new); the same again changes nothing.

        Raises Missing where there is no such grant, and UsedUp when it is already in as many
        readers as it has devices.
        """

    async def forget(self, reader: str) -> bool:
        """Take a reader off the record, and its id out of every grant; return whether it was there.

        The grants stay, without their places in it.
        """

    async def sign_out(self, reader: str) -> None:
        """Raise the reader's auth_epoch, so that its cookies end, and free its places."""

    async def move(self, reader: str, epoch: int, to: str, at: int) -> Reader:
        """Raise the reader's auth_epoch from this one on behalf of `to`; again for it: no change.

        Raises AlreadyMoved where it was raised for anybody else, Missing.
        """
