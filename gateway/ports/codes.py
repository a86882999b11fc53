"""What is on record of codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gateway.core.codes import Code
from gateway.core.rights import Grant
from gateway.ports.readers import Reader


class CodeRecords(Protocol):
    """Where it is on record which codes there are, and how often they were used."""

    async def add_codes(self, codes: Sequence[Code]) -> None:
        """Record new codes. Raises Conflict, and then records none, where one is known.

        Those for a document that moved are for it where it is now.
        """

    async def code(self, code_hash: str) -> Code | None: ...

    async def code_by_id(self, code: str) -> Code | None: ...

    async def codes(
        self, publisher: str, after: str, limit: int, *, scope: str = ""
    ) -> Sequence[Code]:
        """Return codes of a publisher by id > after; scope filters when not ""."""

    async def redeem_code(self, code: str, grant: Grant, reader: str, at: int) -> Reader:
        """Open a code in a reader: the grant that it has there, a new one, or one with a place.

        A new one uses the code once and is recorded as given, under the number of the use. When
        all uses are made, a code good for one use opens its grant as long as one of its devices is
        free, any other a grant of its own that nobody holds. Raises Revoked (also where the grant
        of a code good for one was taken back), Expired, UsedUp, and Missing where there is no such
        code.
        """
