"""Preview, unlock, read: who gets the full text.

The only maker of permits. Every answer rests on a right that stood when the answer began.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from gateway.core.bundles import Bundle
from gateway.core.documents import Address
from gateway.core.errors import BadToken, Missing, Revoked, Unauthenticated, Unpaid
from gateway.core.permits import Permit
from gateway.core.rights import Grant, Kind, Scope, Standing, judge
from gateway.core.tokens import KeyRing, Purpose
from gateway.ports import Clock, Edition, Ledger, Reader, Vault


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request shows: a bearer token, or else the reader cookie; "" is none."""

    bearer: str = ""
    cookie: str = ""


class Reading:
    """The reader's side."""

    def __init__(self, ledger: Ledger, vault: Vault, keys: KeyRing, clock: Clock) -> None:
        self._ledger = ledger
        self._vault = vault
        self._keys = keys
        self._clock = clock

    async def read(self, address: Address, credential: Credential) -> Bundle:
        """Return the full text to the holder of a standing right.

        Raises Missing, BadToken, Expired, Revoked, Unpaid, Unavailable.
        """
        edition = await self._ledger.current(address)
        if edition is None:
            raise Missing("document")
        grants = await self._grants(credential)
        verdict = judge(grants, address, edition.collection, self._clock.now())
        if verdict.standing is Standing.REVOKED:
            raise Revoked
        if not verdict.allowed:
            raise Unpaid
        return await self._vault.open(Permit(verdict, address, edition.collection, edition.id))

    async def _grants(self, credential: Credential) -> Sequence[Grant]:
        if credential.bearer:
            claims = self._keys.verify(credential.bearer, Purpose.GRANT, self._clock.now())
            grant = await self._ledger.grant(claims.holder)
            if grant is None:
                raise BadToken
            return (grant,)
        reader = await self.reader(credential.cookie)
        return reader.grants if reader else ()

    async def reader(self, cookie: str) -> Reader | None:
        """Return the reader that a cookie names, None if it is not (or no longer) good."""
        if not cookie:
            return None
        try:
            claims = self._keys.verify(cookie, Purpose.READER, self._clock.now())
        except Unauthenticated:
            return None
        reader = await self._ledger.reader(claims.holder)
        return reader if reader and reader.auth_epoch == claims.epoch else None

    async def library(
        self, cookie: str, limit: int, after: Address | None = None
    ) -> Sequence[Edition]:
        """Return what the reader of a cookie may read now, by address, after an address."""
        reader = await self.reader(cookie)
        now = self._clock.now()
        grants = reader.grants if reader else ()
        scopes = {grant.scope for grant in grants if grant.standing(now) is Standing.STANDS}
        found: list[Edition] = []
        for publisher in sorted({scope.publisher for scope in scopes}):
            if len(found) < limit and (after is None or publisher >= after.publisher):
                slug = after.slug if after and publisher == after.publisher else ""
                own = [scope for scope in scopes if scope.publisher == publisher]
                found += await self._covered(publisher, own, slug, limit - len(found))
        return found

    async def _covered(
        self, publisher: str, scopes: Sequence[Scope], after: str, limit: int
    ) -> Sequence[Edition]:
        """Return the current editions that scopes of one publisher cover, by slug."""
        if any(scope.kind is Kind.ALL for scope in scopes):
            return await self._ledger.documents(publisher, after, limit)
        found: dict[str, Edition] = {}
        for scope in scopes:
            if scope.kind is Kind.COLLECTION:
                for edition in await self._ledger.documents(
                    publisher, after, limit, collection=scope.name
                ):
                    found[edition.address.slug] = edition
        async for edition in self._named(publisher, scopes, after, limit):
            found[edition.address.slug] = edition
        return [found[slug] for slug in sorted(found)[:limit]]

    async def _named(
        self, publisher: str, scopes: Sequence[Scope], after: str, limit: int
    ) -> AsyncIterator[Edition]:
        """Yield the current editions of the first documents that scopes name one by one."""
        slugs = (scope.name for scope in scopes if scope.kind is Kind.DOCUMENT)
        count = 0
        for slug in sorted(slug for slug in slugs if slug > after):
            edition = await self._ledger.current(Address(publisher, slug))
            if edition:
                yield edition
                count += 1
            if count == limit:
                return
