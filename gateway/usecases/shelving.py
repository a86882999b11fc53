"""Shelve: have what stands beside a document go with its text."""

from __future__ import annotations

from dataclasses import replace

from gateway.core.documents import Address
from gateway.core.errors import Missing
from gateway.ports import MadeCompanion, Sealed, Vault
from gateway.usecases.composing import Composed
from gateway.usecases.furnishing import furnished
from gateway.usecases.submissions import Submission


class Shelving:
    """What stands beside documents, for whoever makes editions of them."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def furnished(self, submission: Submission) -> Submission:
        """Return a submission with the companions that stand beside it."""
        if submission.companions == ():
            return submission
        there = await self._vault.shelf.all(submission.address)
        if submission.companions is not None:
            wanted = {(each.name, each.origin) for each in submission.companions}
            there = [each for each in there if (each.name, each.origin) in wanted]
        return replace(submission, companions=tuple(there))

    async def bring_along(self, before: Address, to: Address) -> None:
        """Put what stands beside a document beside another one too. Raises Damaged, Unavailable."""
        shelf = self._vault.shelf
        for each in await shelf.all(before):
            if made := await shelf.get(before, each.name):
                await shelf.put(to, made)

    async def leave_nothing(self, before: Address, to: Address) -> None:
        """Take away what stood beside a document where it was, if it was brought along.

        Raises Damaged, Unavailable.
        """
        brought = await self._vault.shelf.all(to)
        for each in await self._vault.shelf.all(before):
            if each in brought:
                await self._vault.shelf.remove(before, each.name)

    async def sealed(self, submission: Submission, composed: Composed) -> Sealed:
        """Return the bytes of an edition with all that stands beside it. Raises Missing."""
        names = {fitting.name for fittings in composed.fittings for fitting in fittings}
        made: dict[str, MadeCompanion] = {}
        for each in submission.companions or ():
            if each.name in names:
                found = await self._vault.shelf.get(submission.address, each.name)
                if found is None or found.companion != each:
                    raise Missing("picture")
                made[each.name] = found
        return furnished(composed.sealed, composed.fittings, made)
