"""Membership: which houses serve on a ledger, and the one authority that all of them go by.

It stands on record. A house whose settings name another does not serve; only when nobody who goes
by the authority on record can be answering from memory any more, another takes its place. A worker
asks the ledger now and then, and answers from memory only for a while after asking, so whoever was
not seen to serve for longer than that does not remember.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import anyio
import structlog

from gateway.core.errors import GatewayError, Stale, Unavailable
from gateway.core.leases import NEVER
from gateway.ports import AuthorityRecord, Ledger
from gateway.stores.files.data_folder import Presence, house_name
from gateway.stores.leased_cache import Memory, boottime

POLL_INTERVAL = 0.1  # seconds between two looks at the record

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Tenure:
    """For how long what the record says is gone by, in seconds."""

    trust: float = 60.0  # after asking; then a worker answers from memory no more
    pace: float = 5.0  # between two times that a worker asks, and says that its house serves
    begins: float = 20.0  # after joining; by then a house has begun its authority, busy or not

    @property
    def gone(self) -> float:
        """Return after how long without a word a house remembers nothing, on whatever clock."""
        return 1.02 * self.trust + self.pace


class AuthorityKind(StrEnum):
    """Kinds of authorities."""

    EMBEDDED = "embedded"
    REDIS = "redis"
    POSTGRES = "postgres"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Named:
    """The authority that settings name."""

    kind: AuthorityKind
    place: str = ""  # its address, without a password

    def is_surely(self, record: AuthorityRecord, house: str) -> bool:
        """Return whether this is the authority on record, whatever server answers there.

        An address leads to the same server from the house that put it on record; from another it
        may lead to another.
        """
        if self.kind != record.kind:
            return False
        # In the ledger's own database, or nowhere.
        if self.kind in (AuthorityKind.POSTGRES, AuthorityKind.NONE):
            return True
        return (record.house, record.place) == (house, self.place)


class OtherAuthority(GatewayError):
    """Raised when workers that run go by another authority than the settings name."""

    hint = (
        "Set PAIDGATE_REDIS and PAIDGATE_AUTHORITY as they have it, with the same server behind"
        " the address; or stop all of them first: then this one takes its place."
    )

    def __init__(self, record: AuthorityRecord, named: Named) -> None:
        super().__init__(
            f"Workers on this ledger go by {described(record.kind, record.place)}, and this process"
            f" is set to {described(named.kind, named.place)}, which is another."
        )


def described(kind: str, place: str) -> str:
    """Return an authority in words."""
    words = {
        AuthorityKind.EMBEDDED: "the embedded Redis of a data folder",
        AuthorityKind.REDIS: f"Redis at {place}",
        AuthorityKind.POSTGRES: "the ledger's PostgreSQL",
        AuthorityKind.NONE: "no authority",
    }
    return words.get(AuthorityKind(kind), kind)


class StillServing(GatewayError):
    """Raised where something cannot be changed under workers that run."""

    hint = "Stop every gateway on this ledger, and try again; nothing was changed."

    def __init__(self) -> None:
        super().__init__("Workers on this ledger are running, and would go on as they are.")


TENURE = Tenure()
Tell = Callable[[str], object]
IsBegun = Callable[[str], Awaitable[bool]]


def log(words: str) -> None:
    """Tell in the log what becomes of the authority."""
    _log.warning("authority", words=words)


class Membership:
    """A house that serves, and the authority that it goes by."""

    def __init__(
        self,
        ledger: Ledger,
        data: Path,
        named: Named,
        is_begun: IsBegun,
        tell: Tell = log,
        tenure: Tenure = TENURE,
    ) -> None:
        self._ledger = ledger
        self._house = house_name(data)
        self._presence = Presence(data)
        self._named = named
        self._is_begun = is_begun
        self._tell = tell
        self._tenure = tenure
        self._is_alone = False
        self._trusted = NEVER
        self._is_replaced = False
        self._record: AuthorityRecord | None = None

    async def join(self, at: int) -> AuthorityRecord:
        """Begin to serve by the authority on record, which is ours from now on.

        Raises OtherAuthority, Unavailable.
        """
        self._is_alone = await self._presence.enter()
        watch = _Watch(self._tenure)
        while True:
            asked, record = boottime(), await self._ledger.authority()
            attending = await self._ledger.attendance()
            watch.saw(self._others(attending), asked)
            standing = await self._standing(record, watch)
            if standing is _Standing.OURS and record:
                if await self._ledger.attend(self._house, record.id):
                    self._record, self._trusted = record, asked + self._tenure.trust
                    return record
            elif standing is _Standing.FREE:
                await self._replace(record, attending, at)
            elif standing is _Standing.TAKEN and record:
                raise OtherAuthority(record, self._named)
            else:
                await anyio.sleep(POLL_INTERVAL)

    def _others(self, attending: Mapping[str, int]) -> Mapping[str, int]:
        # What this house has said is of processes that have ended, if nobody else is in it.
        return {h: n for h, n in attending.items() if h != self._house or not self._is_alone}

    async def _standing(self, record: AuthorityRecord | None, watch: _Watch) -> _Standing:
        if record is None:
            return _Standing.FREE
        if self._named.is_surely(record, self._house):
            return _Standing.OURS
        is_living = watch.is_living or not self._is_alone
        if record.kind == self._named.kind == AuthorityKind.REDIS:
            try:
                if await self._is_begun(record.id):
                    return _Standing.OURS
            except Unavailable:
                # Until it answers nothing is answered from memory, and nothing acknowledged.
                return _Standing.OURS if is_living else watch.verdict()
            # It was emptied, or its house is just coming up: whoever lives begins it soon.
            if not is_living:
                return watch.verdict()
            return _Standing.TAKEN if watch.lasts >= self._tenure.begins else _Standing.OPEN
        return _Standing.TAKEN if is_living else watch.verdict(self._wait_told(record))

    def _wait_told(self, record: AuthorityRecord) -> Callable[[], object]:
        words = f"waits until no worker goes by {described(record.kind, record.place)} any more."
        return lambda: self._tell(f"This process {words}")

    async def _replace(
        self, before: AuthorityRecord | None, attending: Mapping[str, int], at: int
    ) -> None:
        kind, place = self._named.kind, self._named.place
        name = "" if kind is AuthorityKind.NONE else secrets.token_hex(16)
        with suppress(Stale):  # another was faster: look again
            after = AuthorityRecord(name, kind, place, self._house)
            await self._ledger.replace_authority(before, after, attending, at)
            if before and (before.kind, before.place) != (kind, place):
                earlier = described(before.kind, before.place)
                self._tell(f"The ledger goes by {described(kind, place)} now, before by {earlier}.")

    def begin(self, memory: Memory) -> None:
        """Let a memory answer for as long as the record was asked lately."""
        memory.trust(self._trusted)

    async def attend(self, memory: Memory) -> None:
        """Say that this house serves, and go on trusting its authority, if it is still on record.

        Raises Unavailable.
        """
        asked = boottime()
        stays = self._record and await self._ledger.attend(self._house, self._record.id)
        memory.trust(asked + self._tenure.trust if stays else NEVER)
        if not stays and not self._is_replaced:
            self._tell("Another authority is on record now: this worker answers from no memory.")
        self._is_replaced = not stays

    @property
    def word(self) -> str:
        """Return the kind of authority, "another" where it is not the one on record any more."""
        kind = self._record.kind if self._record else str(AuthorityKind.NONE)
        return "another" if self._is_replaced else kind

    async def leave(self) -> None:
        """Serve no more."""
        await self._presence.leave(self._sign_off)

    async def _sign_off(self) -> None:
        with suppress(Unavailable):  # then others wait a while, if they go by another
            await self._ledger.leave(self._house)


@asynccontextmanager
async def nobody_serving(ledger: Ledger, data: Path, tell: Tell) -> AsyncIterator[None]:
    """Wait until nobody serves who has not been heard of. Raises StillServing, Unavailable."""
    house, presence, watch = house_name(data), Presence(data), _Watch(TENURE)
    try:
        is_alone = await presence.enter()
        standing = _Standing.OPEN
        while standing is not _Standing.FREE:
            asked, attending = boottime(), await ledger.attendance()
            watch.saw({h: n for h, n in attending.items() if h != house}, asked)
            if watch.is_living or not is_alone:
                raise StillServing
            standing = watch.verdict(lambda: tell("This waits for a worker that may be running."))
            await anyio.sleep(POLL_INTERVAL)
        yield
    finally:
        await presence.leave(_nothing)


async def _nothing() -> None:
    return


class _Standing(StrEnum):
    OURS = "ours"
    FREE = "free"
    TAKEN = "taken"
    OPEN = "open"


class _Watch:
    """Who has said that it serves since this began to look."""

    def __init__(self, tenure: Tenure) -> None:
        self._tenure = tenure
        self._began = boottime()
        self._first: dict[str, int] | None = None
        self._now: Mapping[str, int] = {}
        self._is_told = False
        self.lasts = 0.0

    def saw(self, attending: Mapping[str, int], at: float) -> None:
        """Take what the ledger says."""
        if self._first is None:
            self._first = dict(attending)
        self._now, self.lasts = attending, at - self._began

    @property
    def is_living(self) -> bool:
        first = self._first or {}
        return any(first.get(house) != times for house, times in self._now.items())

    def verdict(self, tell: Callable[[], object] = lambda: None) -> _Standing:
        """Return that the place is free, once nobody can remember anything; tell if it takes."""
        if not self._now or self.lasts > self._tenure.gone:
            return _Standing.FREE
        if not self._is_told:
            self._is_told = True
            tell()
        return _Standing.OPEN
