"""Stores in memory: verified fakes, for tests. They keep the same promises and are never shared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gateway.core.bundles import Bundle, Entry
from gateway.core.documents import Address
from gateway.core.errors import Conflict, Missing, Stale, UsedUp
from gateway.core.permits import Permit
from gateway.core.rights import Grant
from gateway.ports import Answer, Edition, Reader, Sealed, cursor
from gateway.stores.vault_files import require_permit


class MemoryLedger:
    """A ledger in memory. Every method runs without a pause, and so is one transaction."""

    def __init__(self) -> None:
        self._keys: dict[str, str] = {}
        self._editions: dict[Address, dict[str, Edition]] = {}
        self._current: dict[Address, str] = {}
        self._unsettled: dict[Address, None] = {}
        self._grants: dict[str, Grant] = {}
        self._epochs: dict[str, int] = {}
        self._redeemed: dict[str, dict[str, int]] = {}
        self._answers: dict[tuple[str, str], Answer] = {}

    async def ping(self) -> None:
        return

    async def close(self) -> None:
        return

    # --- publishers ---

    async def add_publisher(self, publisher: str, key_hash: str, at: int) -> None:
        if key_hash:
            self._keys.setdefault(key_hash, publisher)

    async def publisher_of(self, key_hash: str) -> str | None:
        return self._keys.get(key_hash)

    # --- documents ---

    async def current(self, address: Address) -> Edition | None:
        edition = self._current.get(address)
        return self._editions[address][edition] if edition else None

    async def edition(self, address: Address, edition: str) -> Edition | None:
        return self._editions.get(address, {}).get(edition)

    async def editions(self, address: Address, before: str, limit: int) -> Sequence[Edition]:
        newest = list(reversed(self._editions.get(address, {}).values()))
        ids = [edition.id for edition in newest]
        if before and before not in ids:
            return []
        start = ids.index(before) + 1 if before else 0
        return newest[start : start + limit]

    async def documents(self, publisher: str, after: str, limit: int) -> Sequence[Edition]:
        found = [a for a in self._current if a.publisher == publisher and a.slug > after]
        return [self._editions[a][self._current[a]] for a in sorted(found)[:limit]]

    async def make_current(self, edition: Edition, expected: str | None) -> None:
        address = edition.address
        if self._current.get(address) != expected:
            raise Stale(self._current.get(address))
        self._editions.setdefault(address, {}).setdefault(edition.id, edition)
        self._current[address] = edition.id
        self._unsettled[address] = None

    async def remove(self, address: Address, expected: str) -> None:
        if self._current.get(address) != expected:
            raise Stale(self._current.get(address))
        del self._current[address]
        self._unsettled[address] = None

    async def unsettled(self, limit: int) -> Sequence[Address]:
        return list(self._unsettled)[:limit]

    async def settle(self, address: Address, edition: str | None) -> bool:
        if self._current.get(address) != edition:
            return False
        self._unsettled.pop(address, None)
        return True

    # --- grants ---

    async def add_grant(self, grant: Grant) -> Grant:
        for known in self._grants.values():
            same = (known.source, known.source_ref, known.scope)
            if grant.source_ref and same == (grant.source, grant.source_ref, grant.scope):
                return known
        if grant.id in self._grants:
            raise Conflict("Another grant has this id.")
        self._grants[grant.id] = grant
        return grant

    async def grant(self, grant: str) -> Grant | None:
        return self._grants.get(grant)

    async def grants(
        self, publisher: str, *, subject: str, scope: str, after: str, limit: int
    ) -> Sequence[Grant]:
        found = [
            grant
            for grant in self._grants.values()
            if grant.scope.publisher == publisher
            and grant.id > after
            and subject in ("", grant.subject)
            and scope in ("", str(grant.scope))
        ]
        return sorted(found, key=lambda grant: grant.id)[:limit]

    async def revoke(self, grant: str, at: int) -> None:
        known = self._grants.get(grant)
        if known and known.revoked_at is None:
            self._grants[grant] = replace(known, revoked_at=at)

    # --- readers ---

    async def reader(self, reader: str) -> Reader | None:
        if reader not in self._epochs:
            return None
        redeemed = self._redeemed.get(reader, {})
        ids = sorted(redeemed, key=lambda grant: (redeemed[grant], grant))
        return Reader(reader, self._epochs[reader], tuple(self._grants[g] for g in ids))

    async def redeem(self, reader: str, grant: str, at: int) -> Reader:
        redeemed = self._redeemed.get(reader, {})
        if grant not in redeemed:
            devices = sum(grant in others for others in self._redeemed.values())
            if grant not in self._grants:
                raise Missing("grant")
            if devices >= self._grants[grant].devices:
                raise UsedUp
            self._epochs.setdefault(reader, 0)
            self._redeemed.setdefault(reader, {})[grant] = at
        found = await self.reader(reader)
        if found is None:
            raise Missing("reader")
        return found

    async def sign_out(self, reader: str) -> None:
        if reader in self._epochs:
            self._epochs[reader] += 1

    # --- answers ---

    async def answer(self, publisher: str, key: str) -> Answer | None:
        return self._answers.get((publisher, key))

    async def keep_answer(self, publisher: str, key: str, answer: Answer, at: int) -> None:
        self._answers.setdefault((publisher, key), answer)


class MemoryPublicStore:
    """Public bundles in memory."""

    def __init__(self) -> None:
        self._bundles: dict[Address, Bundle] = {}

    async def put(self, address: Address, bundle: Bundle) -> None:
        self._bundles[address] = Bundle.unpack(bundle.pack())

    async def get(self, address: Address) -> Bundle | None:
        return self._bundles.get(address)

    def ready(self, address: Address) -> Bundle | None:
        return self._bundles.get(address)

    async def delete(self, address: Address) -> None:
        self._bundles.pop(address, None)

    async def entries(self, publisher: str, before: str, limit: int) -> Sequence[Entry]:
        entries = [b.entry for b in self._bundles.values() if b.entry]
        found = [
            entry
            for entry in sorted(entries, key=cursor, reverse=True)
            if publisher in ("", entry.address.publisher) and (not before or cursor(entry) < before)
        ]
        return found[:limit]

    async def ping(self) -> None:
        return


class MemoryVault:
    """A vault in memory."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Address, str], Sealed] = {}

    async def keep(self, address: Address, edition: str, sealed: Sealed) -> None:
        self._kept.setdefault((address, edition), sealed)

    async def open(self, permit: Permit) -> Bundle:
        require_permit(permit)
        return self._sealed(permit.address, permit.edition).full

    async def source(self, address: Address, edition: str) -> bytes:
        return self._sealed(address, edition).source

    async def public(self, address: Address, edition: str) -> Bundle:
        return self._sealed(address, edition).public

    async def ping(self) -> None:
        return

    def _sealed(self, address: Address, edition: str) -> Sealed:
        try:
            return self._kept[address, edition]
        except KeyError:
            raise Missing("edition") from None
