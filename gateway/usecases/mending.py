"""Mend: look over what is stored, and make whole again, from its source, what is damaged or old."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from gateway.core.bundles import Damaged
from gateway.core.companions import digest_of
from gateway.core.documents import Address
from gateway.core.errors import Missing
from gateway.ports import Edition, Ledger, Vault
from gateway.usecases.composers import Compose
from gateway.usecases.composing import Task
from gateway.usecases.shelving import Shelving
from gateway.usecases.showing import Showing
from gateway.usecases.submissions import Submission, digest_parts

FEW = 5  # editions that are looked over at a time


def _is_named(name: str, source: bytes) -> bool:
    return name.encode() in source or quote(name).encode() in source


class Mending:
    """Makes editions on record again, each in place of itself."""

    def __init__(
        self,
        ledger: Ledger,
        vault: Vault,
        compose: Compose,
        shelving: Shelving,
        showing: Showing,
    ) -> None:
        self._ledger = ledger
        self._vault = vault
        self._compose = compose
        self._shelving = shelving
        self._showing = showing

    async def look_over(self, after: Edition | None) -> Edition | None:
        """Read the next few editions back, and what is shown of them: their stores tell damage.

        Return after which to go on, None where all was looked at.
        """
        some = await self._ledger.all_editions(after, FEW)
        for edition in some:
            if not await self.is_kept(edition):
                await self._erase_unless_on_record(edition)
            if await self._ledger.current(edition.address) in (edition, None):
                await self._showing.look_over(edition)
                await self._vault.shelf.look(edition.address)
        return some[-1] if len(some) == FEW else None

    async def mend_from(self, edition: Edition, submission: Submission) -> None:
        """See to it that the vault holds an edition whole, which was made of this submission."""
        if not await self.is_kept(edition):
            # As its own predecessor it keeps its dates.
            task = Task(submission, edition.id, edition.made_at, edition, edition.source_digest)
            await self._keep_again(edition, task)

    async def _keep_again(self, edition: Edition, task: Task) -> None:
        """Compose an edition on record once more, and keep and show it in place of itself."""
        composed = await self._compose(task)
        sealed = await self._shelving.sealed(task.submission, composed)
        await self._vault.mend(edition.address, edition.id, sealed)
        await self._erase_unless_on_record(edition)
        if edition == await self._ledger.current(edition.address):
            await self._showing.settle(edition.address)

    async def _erase_unless_on_record(self, edition: Edition) -> None:
        """See to it that nothing is left, or missed, of an edition that was erased meanwhile."""
        if await self._ledger.edition(edition.address, edition.id) is None:
            await self._vault.erase(edition.address, [edition.id])

    async def is_kept(self, edition: Edition) -> bool:
        """Return whether the vault holds an edition whole."""
        health = await self._vault.look(edition.address, edition.id)
        return all(part.is_good for part in health.values())

    async def mend(self, edition: Edition) -> bool:
        """Compose an edition again from its source, if that is whole; return whether it is."""
        try:
            kept = await self._kept(edition)
        except (Damaged, Missing):
            return False
        await self.mend_from(edition, kept)
        return True

    async def set_again(self, address: Address) -> None:
        """Set what is current once more, with the same words and dates, as it is set today.

        Raises Refused where the source would be refused today, Damaged, Missing, Unavailable.
        """
        edition = await self._ledger.current(address)
        if edition is None:
            raise Missing("document")
        sent = replace(await self._kept(edition), free=True)
        dates = edition.published, edition.updated
        task = Task(sent, edition.id, edition.made_at, edition, edition.source_digest, dates)
        await self._keep_again(edition, task)

    async def _kept(self, edition: Edition) -> Submission:
        """Return what an edition was made of.

        Raises Damaged, and Missing also where what stood beside it is gone, or another by now.
        """
        source = await self._vault.source(edition.address, edition.id)
        kept = await self._shelving.furnished(
            Submission(edition.address, source, edition.format, "utf-8", edition.language)
        )
        # It was made with all that is there now, with what its source names, or with nothing.
        there, beside = kept.companions or (), digest_parts(edition.source_digest)[2]
        named = tuple(each for each in there if _is_named(each.name, source))
        for some in (there, named, ()):
            if digest_of(some) == beside:
                return replace(kept, companions=some)
        raise Missing("picture")
