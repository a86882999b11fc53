"""What the parts of a ledger in memory share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gateway.core.api_keys import ApiKey
from gateway.core.cache_keys import reader_key
from gateway.core.codes import Code
from gateway.core.documents import Address
from gateway.core.profiles import Profile
from gateway.core.rights import Grant, Scope
from gateway.core.tokens import KeyState
from gateway.ports import Answer, AuthorityRecord, Edition, Outgoing


class MemoryRecord:
    """All that is on record."""

    def __init__(self) -> None:
        super().__init__()
        self._keys: dict[str, ApiKey] = {}
        self._sessions: dict[str, tuple[str, int]] = {}
        self._seeds: dict[tuple[str, str], tuple[str, int]] = {}
        self._editions: dict[Address, dict[str, Edition]] = {}
        self._current: dict[Address, str] = {}
        self._unsettled: dict[Address, None] = {}
        self._deleted: dict[Address, int] = {}
        self._erasures: dict[Address, int] = {}
        self._moved: dict[Address, str] = {}
        self._gone_from: dict[tuple[Address, str], str] = {}  # editions that lie elsewhere
        self._grants: dict[str, Grant] = {}
        self._epochs: dict[str, int] = {}
        self._versions: dict[str, int] = {}
        self._redeemed: dict[str, dict[str, int]] = {}
        self._answers: dict[tuple[str, str], Answer] = {}
        self._codes: dict[str, Code] = {}
        self._outbox: dict[int, Outgoing] = {}
        self._noted = 0
        self._signing_keys: dict[str, KeyState] = {}
        self._authority: AuthorityRecord | None = None
        self._attendance: dict[str, int] = {}
        self._publishers: set[str] = set()
        self._profiles: dict[str, Profile] = {}
        self._changes: dict[str, int] = {}
        self._shown: dict[str, int] = {}
        self._fingerprints: dict[str, str] = {}
        self._roll: dict[str, str] = {}

    def _note(self, *keys: str) -> None:
        for key in sorted(keys):
            self._noted += 1
            self._outbox[self._noted] = Outgoing(self._noted, key)

    def _raise_readers(self, readers: Iterable[str]) -> None:
        for reader in readers:
            self._versions[reader] = self._versions.get(reader, 0) + 1
            self._note(reader_key(reader))

    def _followed(self, scope: Scope) -> Scope:
        slug = self._moved.get(scope.address) if scope.address else None
        return replace(scope, name=slug) if slug else scope
