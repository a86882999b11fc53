"""Consequences: what it would change for others, were an edition to follow the one before it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from gateway.core import findings
from gateway.core.bundles import Damaged
from gateway.core.codes import Code, State
from gateway.core.documents import Address
from gateway.core.errors import Missing
from gateway.core.findings import Finding
from gateway.core.rights import Grant, Scope, ScopeKind, Standing
from gateway.ports import Clock, Edition, Ledger, Vault

PAGE = 200  # rights, codes or documents looked at together
PAGES = 10  # of them, and no more

T = TypeVar("T")
Warnings = tuple[Finding, ...]
Version = tuple[bytes, str]
"""A source as the vault keeps it, and its format."""
Compare = Callable[[str, Version, Version], Awaitable[Warnings]]
"""Whose, the source before, the source after: what is newly public."""

_OVER = (Standing.ENDED, Standing.REVOKED)


@dataclass(frozen=True, slots=True)
class Coming:
    """What is told of an edition before it is made."""

    address: Address
    version: Version
    collection: str
    is_paid: bool

    @classmethod
    def of(cls, edition: Edition, source: bytes) -> Coming:
        """Return an edition and its source as what comes."""
        return cls(edition.address, (source, edition.format), edition.collection, has_paid(edition))


class Consequences:
    """Looks at the edition before, and at the rights to a document."""

    def __init__(self, ledger: Ledger, vault: Vault, clock: Clock, compare: Compare) -> None:
        self._ledger = ledger
        self._vault = vault
        self._clock = clock
        self._compare = compare

    async def of_next(self, coming: Coming, current: Edition | None) -> Warnings:
        """Return what it would change if an edition followed the current one, None if deleted."""
        newest = await self._ledger.editions(coming.address, "", 1) if current is None else ()
        return await self._of(coming, current or next(iter(newest), None))

    async def of_current(self, current: Edition, source: bytes) -> Warnings:
        """Return what it changed that an edition followed the one made before it."""
        earlier = await self._ledger.editions(current.address, current.id, 1)
        return await self._of(Coming.of(current, source), next(iter(earlier), None))

    async def _of(self, coming: Coming, before: Edition | None) -> Warnings:
        if before is None:  # the document is new, and nobody has a right to it
            return ()
        warnings = await self._newly_public(before, coming.version)
        if not coming.is_paid and await self._has_holders(coming.address, coming.collection):
            warnings += (findings.warning(findings.FindingCode.HOLDERS),)
        return warnings

    async def _newly_public(self, before: Edition, version: Version) -> Warnings:
        if not has_paid(before):
            return ()
        # Erased or damaged: nothing is left to compare with.
        with suppress(Missing, Damaged):
            earlier = await self._vault.source(before.address, before.id)
            if earlier != version[0]:
                publisher = before.address.publisher
                return await self._compare(publisher, (earlier, before.format), version)
        return ()

    async def _has_holders(self, address: Address, collection: str) -> bool:
        """Return whether a right rests on a document in which nothing is paid."""
        publisher = address.publisher
        if await self._is_held(Scope(publisher, ScopeKind.DOCUMENT, address.slug)):
            return True
        if not collection or await self._is_paid_elsewhere(address, collection):
            return False
        return await self._is_held(Scope(publisher, ScopeKind.COLLECTION, collection))

    async def _is_held(self, scope: Scope) -> bool:
        """Return whether a right of just this scope holds, will hold, or can be redeemed."""
        now, ledger, publisher, name = self._clock.now(), self._ledger, scope.publisher, str(scope)

        def grants(after: str) -> Awaitable[Sequence[Grant]]:
            return ledger.grants(publisher, subject="", scope=name, after=after, limit=PAGE)

        def codes(after: str) -> Awaitable[Sequence[Code]]:
            return ledger.codes(publisher, after, PAGE, scope=name)

        return await _some(grants, lambda grant: grant.standing(now) not in _OVER, _id) or (
            await _some(codes, lambda code: code.state(now) is State.OPEN, _id)
        )

    async def _is_paid_elsewhere(self, address: Address, collection: str) -> bool:
        def documents(after: str) -> Awaitable[Sequence[Edition]]:
            return self._ledger.documents(address.publisher, after, PAGE, collection=collection)

        def is_paid(edition: Edition) -> bool:
            return edition.address != address and has_paid(edition)

        return await _some(documents, is_paid, lambda edition: edition.address.slug)


async def _some(
    pages: Callable[[str], Awaitable[Sequence[T]]],
    is_one: Callable[[T], bool],
    key: Callable[[T], str],
) -> bool:
    """Return whether there is one, page by page; where there are very many, that there is."""
    after = ""
    for _ in range(PAGES):
        page = await pages(after)
        if any(map(is_one, page)):
            return True
        if len(page) < PAGE:
            return False
        after = key(page[-1])
    return True


def _id(one: Grant | Code) -> str:
    return one.id


def has_paid(edition: Edition) -> bool:
    """Return whether an edition has a paid section."""
    return any(paid for paid, _, _ in edition.sections)
