"""Codes on record, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gateway.core.codes import Code, State
from gateway.core.errors import Conflict, Expired, Missing, Revoked, UsedUp
from gateway.core.rights import Grant, Standing
from gateway.ports import Reader
from gateway.stores.memory.grants import MemoryGrants
from gateway.stores.memory.readers import MemoryReaders


class MemoryCodes(MemoryGrants, MemoryReaders):
    """Codes, and how often they were used."""

    async def add_codes(self, codes: Sequence[Code]) -> None:
        hashes = [code.hash for code in (*self._codes.values(), *codes)]
        if len(set(hashes)) != len(hashes):
            raise Conflict("The ledger holds something else under this name.")
        followed = (replace(code, scope=self._followed(code.scope)) for code in codes)
        self._codes |= {code.id: code for code in followed}

    async def code(self, code_hash: str) -> Code | None:
        return next((code for code in self._codes.values() if code.hash == code_hash), None)

    async def code_by_id(self, code: str) -> Code | None:
        return self._codes.get(code)

    async def codes(
        self, publisher: str, after: str, limit: int, *, scope: str = ""
    ) -> Sequence[Code]:
        found = [
            code
            for code in self._codes.values()
            if code.scope.publisher == publisher
            and code.id > after
            and scope in ("", str(code.scope))
        ]
        return sorted(found, key=lambda code: code.id)[:limit]

    async def redeem_code(self, code: str, grant: Grant, reader: str, at: int) -> Reader:
        known = self._codes.get(code)
        if known is None:
            raise Missing("code")
        if known.revoked_at is not None:
            raise Revoked
        of_code = [g for g in self._grants.values() if (g.source, g.parent) == (grant.source, code)]
        held = [g for g in of_code if g.id in self._redeemed.get(reader, {})]
        if held:
            opened = held[0]
        elif known.state(at) is State.OPEN:
            self._codes[code] = replace(known, uses=known.uses + 1)
            opened = await self.add_grant(replace(grant, source_ref=f"{code}/{known.uses + 1}"))
        else:
            opened = self._open(known, of_code, at)
        return await self.redeem(reader, opened.id, at)

    def _open(self, code: Code, grants: Sequence[Grant], at: int) -> Grant:
        for each in grants:
            taken = sum(each.id in others for others in self._redeemed.values())
            places = each.devices if code.max_uses == 1 else 1
            if each.standing(at) in (Standing.STANDS, Standing.NOT_YET) and taken < places:
                return each
        if code.uses < code.max_uses:
            raise Expired
        if code.max_uses == 1:
            for each in grants:
                if each.standing(at) is Standing.REVOKED:
                    raise Revoked
                if each.standing(at) is Standing.ENDED:
                    raise Expired
        raise UsedUp
