"""Rights on record, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gateway.core.cache_keys import grant_key
from gateway.core.errors import Conflict, Missing, Revoked
from gateway.core.rights import Grant
from gateway.ports import ANY_GRANT, Device, Wanted
from gateway.stores.memory.record import MemoryRecord


class MemoryGrants(MemoryRecord):
    """Rights, and what was taken back."""

    async def add_grant(self, grant: Grant) -> Grant:
        grant = replace(grant, scope=self._followed(grant.scope))
        kept = self._put_grant(grant)
        self._note(grant_key(kept.id))
        return kept

    def _put_grant(self, grant: Grant) -> Grant:
        self._publishers.add(grant.scope.publisher)
        if grant.parent:
            self._require_parent(grant.parent)
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
        self,
        publisher: str,
        *,
        subject: str,
        scope: str,
        after: str,
        limit: int,
        wanted: Wanted = ANY_GRANT,
    ) -> Sequence[Grant]:
        found = [
            grant
            for grant in self._grants.values()
            if grant.scope.publisher == publisher
            and grant.id > after
            and subject in ("", grant.subject)
            and scope in ("", str(grant.scope))
            and _is_wanted(grant, wanted)
        ]
        return sorted(found, key=lambda grant: grant.id)[:limit]

    def _require_parent(self, parent: str) -> None:
        known = self._grants.get(parent) or self._codes.get(parent)
        if known is None:
            raise Missing("parent")
        if known.revoked_at is not None:
            raise Revoked

    async def revoke(self, revoked: str, at: int) -> None:
        code = self._codes.get(revoked)
        if code and code.revoked_at is None:
            self._codes[revoked] = replace(code, revoked_at=at)
        family = [revoked]
        for elder in family:
            family += [g.id for g in self._grants.values() if g.parent == elder]
        for each in filter(self._grants.__contains__, family):
            known = self._grants[each]
            if known.revoked_at is None:
                newer = replace(known, revoked_at=at, version=known.version + 1)
                self._grants[each] = newer
            self._note(grant_key(each))
            self._raise_readers(r for r, grants in self._redeemed.items() if each in grants)

    async def finish_revocations(self) -> int:
        return 0  # none is ever cut off

    async def renew(self, grant: str, epoch: int, at: int) -> None:
        known = self._grants.get(grant)
        if known and known.epoch < epoch:
            self._grants[grant] = replace(known, epoch=epoch, version=known.version + 1)
        self._note(grant_key(grant))

    async def devices(self, grant: str, limit: int) -> Sequence[Device]:
        found = [
            Device(r, grants[grant]) for r, grants in self._redeemed.items() if grant in grants
        ]
        return sorted(found, key=lambda device: (device.at, device.reader))[:limit]

    async def evict(self, grant: str, reader: str) -> bool:
        if grant not in self._redeemed.get(reader, {}):
            return False
        del self._redeemed[reader][grant]
        self._raise_readers([reader])
        return True


def _is_wanted(grant: Grant, wanted: Wanted) -> bool:
    return (
        (not wanted.scopes or str(grant.scope) in wanted.scopes)
        and wanted.source in ("", grant.source)
        and wanted.source_ref in ("", grant.source_ref)
        and wanted.standing in (None, grant.standing(wanted.now))
    )
