"""Where files are published: this gateway, or one elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from gateway.app import Services, looks, timeout
from gateway.core.conditions import Condition
from gateway.core.documents import Address
from gateway.core.errors import GatewayError
from gateway.core.findings import Finding
from gateway.usecases.submissions import Submission


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was published: the edition that is current now, and whether there was none before."""

    address: Address
    edition: str
    is_new: bool = False
    warnings: tuple[Finding, ...] = ()


class Target(Protocol):
    """A gateway, as whoever publishes a folder needs it."""

    async def unchanged(self, submissions: Sequence[Submission]) -> Mapping[Address, str]:
        """Return the current edition of each document that is published as it is submitted."""

    async def bring(self, address: Address, name: str, body: bytes, kind: str) -> None:
        """Put what stands beside a document where publication finds it. Raises Refused."""

    async def publish(self, submission: Submission) -> Outcome:
        """Make a submission the current edition. Raises Refused and its like."""

    async def rename(self, address: Address, slug: str, edition: str) -> Outcome:
        """Give a document another slug, if this is its edition still. Raises Stale, Conflict."""

    async def delete(self, address: Address, edition: str) -> None:
        """Take a document away, if this is its edition still. Raises Stale, Missing."""

    async def is_confirmed(self) -> bool:
        """Return whether every worker knows of all that was done, after some patience."""

    async def tidy(self) -> None:
        """Go through with what a run that was killed has begun."""


class LocalTarget:
    """The gateway of this process."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def unchanged(self, submissions: Sequence[Submission]) -> Mapping[Address, str]:
        """Return the current edition of each document that is published as it is submitted."""
        publishing = self._services.publishing
        digests = {each.address: publishing.digest(each) for each in submissions}
        return await publishing.unchanged(digests)

    async def bring(self, address: Address, name: str, body: bytes, kind: str) -> None:
        """Put what stands beside a document where publication finds it. Raises Refused."""
        await self._services.picturing.put(address, name, body, kind)

    async def publish(self, submission: Submission) -> Outcome:
        """Make a submission the current edition. Raises Refused, Unavailable."""
        published = await self._services.publishing.publish(submission)
        edition = published.edition
        return Outcome(edition.address, edition.id, published.created, published.warnings)

    async def rename(self, address: Address, slug: str, edition: str) -> Outcome:
        """Give a document another slug. Raises Missing, Stale, Conflict, Unavailable."""
        renamed = await self._services.renaming.rename(address, slug, _is(edition))
        return Outcome(renamed.edition.address, renamed.edition.id)

    async def delete(self, address: Address, edition: str) -> None:
        """Take a document away. Raises Missing, Stale, Unavailable."""
        await self._services.publishing.delete(address, _is(edition))

    async def is_confirmed(self) -> bool:
        """Return whether every worker knows of all that was done, after some patience."""
        wait = partial(looks, timeout(self._services.settings))
        announcing = self._services.announcing
        return await announcing.tell() or await announcing.wait(wait)

    async def tidy(self) -> None:
        """Go through with what a run that was killed has begun."""
        with suppress(GatewayError):  # a later run, or a server, tries again
            await self._services.publishing.recover()


def _is(edition: str) -> Condition:
    return Condition(match=frozenset((edition,)))
