"""What is on record of publishers, and of the keys by which they and their tokens are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from gateway.core.api_keys import ApiKey
from gateway.core.tokens import KeyState


class KeyRecords(Protocol):
    """Where it is on record whose the API keys, sessions and seeds are, and what signs."""

    async def add_publisher(self, publisher: str, key_hash: str, at: int) -> None:
        """Add a publisher, or give an existing one another key besides those it has.

        key_hash "" adds no key. The same again changes nothing.
        """

    async def is_publisher(self, name: str) -> bool: ...

    async def publishers(self, after: str, limit: int) -> Sequence[str]:
        """Return the names of publishers > after, in order."""

    async def add_key(self, key: ApiKey) -> None:
        """Record an API key, and its publisher if new; one on record stays as it is."""

    async def key(self, key_hash: str) -> ApiKey | None:
        """Return the API key with this hash, ended or not."""

    async def keys(self, publisher: str) -> Sequence[ApiKey]:
        """Return every API key of a publisher, by id."""

    async def note_use(self, key_hash: str, at: int) -> None:
        """Note when an API key was used."""

    async def end_key(self, key_hash: str, at: int) -> None:
        """End an API key, if it has not ended yet, and the sessions that were begun with it."""

    async def begin_session(self, session: str, key_hash: str, at: int, ends: int) -> None:
        """Record a session, and forget those that are over at `at`."""

    async def session(self, session: str) -> ApiKey | None:
        """Return the key that a session was begun with, None where there is no such session."""

    async def end_session(self, session: str) -> None:
        """Forget a session."""

    async def keep_seed(self, publisher: str, key: str, seed: str, at: int) -> None:
        """Keep the first seed of a publisher's Idempotency-Key."""

    async def seed(self, publisher: str, key: str, since: int) -> str:
        """Return the seed that was kept for a key after then, "" for none."""

    async def forget_seeds(self, before: int) -> None:
        """Forget every seed from then or before."""

    async def signing_keys(self) -> Mapping[str, KeyState]:
        """Return the state of every signing key by its kid; none on a new ledger."""

    async def set_signing_keys(
        self, before: Mapping[str, KeyState], after: Mapping[str, KeyState], at: int
    ) -> None:
        """Set the states of all signing keys where they are still `before`. Raises Stale."""
