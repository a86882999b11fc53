"""Publishers and keys on record, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gateway.core.api_keys import ApiKey
from gateway.core.cache_keys import SIGNING_KEYS, api_key_key
from gateway.core.errors import Stale
from gateway.core.tokens import KeyState
from gateway.stores.memory.record import MemoryRecord


class MemoryKeys(MemoryRecord):
    """API keys, sessions, seeds, and what signs."""

    async def add_publisher(self, publisher: str, key_hash: str, at: int) -> None:
        self._publishers.add(publisher)
        if key_hash:
            self._keys.setdefault(key_hash, ApiKey(key_hash, publisher, made_at=at))

    async def add_key(self, key: ApiKey) -> None:
        self._publishers.add(key.publisher)
        self._keys.setdefault(key.hash, key)

    async def key(self, key_hash: str) -> ApiKey | None:
        return self._keys.get(key_hash)

    async def keys(self, publisher: str) -> Sequence[ApiKey]:
        found = (key for key in self._keys.values() if key.publisher == publisher)
        return sorted(found, key=lambda key: key.hash)

    async def note_use(self, key_hash: str, at: int) -> None:
        self._keys[key_hash] = replace(self._keys[key_hash], used_at=at)

    async def end_key(self, key_hash: str, at: int) -> None:
        known = self._keys[key_hash]
        if known.ended_at is None:
            self._keys[key_hash] = replace(known, ended_at=at)
        self._sessions = {s: of for s, of in self._sessions.items() if of[0] != key_hash}
        self._note(api_key_key(known.id))

    async def begin_session(self, session: str, key_hash: str, at: int, ends: int) -> None:
        self._sessions = {s: of for s, of in self._sessions.items() if of[1] > at}
        self._sessions[session] = key_hash, ends

    async def session(self, session: str) -> ApiKey | None:
        known = self._sessions.get(session)
        return self._keys[known[0]] if known else None

    async def end_session(self, session: str) -> None:
        self._sessions.pop(session, None)

    async def keep_seed(self, publisher: str, key: str, seed: str, at: int) -> None:
        self._seeds.setdefault((publisher, key), (seed, at))

    async def seed(self, publisher: str, key: str, since: int) -> str:
        seed, at = self._seeds.get((publisher, key), ("", 0))
        return seed if at > since else ""

    async def forget_seeds(self, before: int) -> None:
        self._seeds = {key: kept for key, kept in self._seeds.items() if kept[1] > before}

    async def is_publisher(self, name: str) -> bool:
        return name in self._publishers

    async def publishers(self, after: str, limit: int) -> Sequence[str]:
        return sorted(name for name in self._publishers if name > after)[:limit]

    async def signing_keys(self) -> Mapping[str, KeyState]:
        return dict(self._signing_keys)

    async def set_signing_keys(
        self, before: Mapping[str, KeyState], after: Mapping[str, KeyState], at: int
    ) -> None:
        if self._signing_keys != before:
            raise Stale(None)
        self._signing_keys = dict(after)
        self._note(SIGNING_KEYS)
