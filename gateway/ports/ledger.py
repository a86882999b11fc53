"""The record of truth, of its parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gateway.ports.anchors import Anchors
from gateway.ports.answers import AnswerRecords
from gateway.ports.codes import CodeRecords
from gateway.ports.documents import DocumentRecords
from gateway.ports.grants import GrantRecords
from gateway.ports.keys import KeyRecords
from gateway.ports.outbox import Outbox
from gateway.ports.profiles import ProfileRecords
from gateway.ports.readers import ReaderRecords
from gateway.ports.rolls import Rolls


class Ledger(
    DocumentRecords,
    GrantRecords,
    ReaderRecords,
    CodeRecords,
    KeyRecords,
    ProfileRecords,
    AnswerRecords,
    Outbox,
    Anchors,
    Rolls,
    Protocol,
):
    """The record of truth. Each method is one transaction, durable when it returns.

    What changes the rights of a holder, a document or the signing keys notes their keys as
    outgoing in the same transaction. Every method raises Unavailable when the ledger does not
    answer.
    """

    async def ping(self) -> None: ...

    async def scrub(self) -> None:
        """See to it that what was taken off the record is in no file of its own either."""

    async def fingerprint(self, what: str) -> str:
        """Return by what the ledger knows again something that belongs to it, "" for nothing."""

    async def examine(self) -> Sequence[str]:
        """Read all that is on record; return what of it cannot be right, in words."""

    async def close(self) -> None: ...
