"""Readers on record, in memory."""

from __future__ import annotations

from dataclasses import replace

from gateway.core.cache_keys import reader_key
from gateway.core.errors import AlreadyMoved, Missing, UsedUp
from gateway.ports import Answer, Reader
from gateway.stores.memory.record import MemoryRecord


class MemoryReaders(MemoryRecord):
    """Browsers that have redeemed something."""

    async def reader(self, reader: str) -> Reader | None:
        if reader not in self._epochs:
            return None
        redeemed = self._redeemed.get(reader, {})
        ids = sorted(redeemed, key=lambda grant: (redeemed[grant], grant))
        grants = tuple(self._grants[grant] for grant in ids)
        return Reader(reader, self._epochs[reader], grants, self._versions.get(reader, 0))

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
            self._raise_readers([reader])
        else:
            self._note(reader_key(reader))
        found = await self.reader(reader)
        if found is None:
            raise Missing("reader")
        return found

    async def forget(self, reader: str) -> bool:
        if reader not in self._epochs:
            return False
        for grant in self._redeemed.pop(reader, {}):
            known = self._grants[grant]
            if known.source_ref == f"{known.parent}/{reader}":
                self._grants[grant] = replace(known, source_ref=f"{known.parent}/{grant}")
        del self._epochs[reader]
        self._versions.pop(reader, None)
        self._note(reader_key(reader))
        return True

    async def sign_out(self, reader: str) -> None:
        if reader in self._epochs:
            self._epochs[reader] += 1
            self._redeemed.pop(reader, None)
            self._raise_readers([reader])

    async def move(self, reader: str, epoch: int, to: str, at: int) -> Reader:
        found = await self.reader(reader)
        if found is None:
            raise Missing("reader")
        now = found.auth_epoch
        kept = self._answers.get(("", f"move {reader} {epoch}"))
        if kept is None and now == epoch:
            self._answers["", f"move {reader} {epoch}"] = Answer(to, 303, b"")
            self._epochs[reader] += 1
            self._raise_readers([reader])
        elif kept is None or kept.fingerprint != to or now != epoch + 1:
            raise AlreadyMoved
        return await self.reader(reader) or found
