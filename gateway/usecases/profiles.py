"""Profiles: a publisher says who it is, and all its pages come to say so.

What is said is recorded first, and then shown by one write of a public bundle of its own. Pages
that were set before say something else until they are set again (ops/restating.py).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial

from msgspec import structs

from gateway.core.audit_records import Act, Record
from gateway.core.bundles import Bundle, Damaged
from gateway.core.companions import origin_of
from gateway.core.conditions import ANYTHING, Condition
from gateway.core.errors import Stale
from gateway.core.profiles import UNSAID, Mark, Profile, place_of, valid_profile
from gateway.ports import Audit, Clock, Ledger, PublicStore
from gateway.usecases.composers import Compose
from gateway.usecases.composing import Composed, Task

ATTEMPTS = 8
PAGE = 200  # publishers looked at together

MakeMark = Callable[[str, bytes], Awaitable[Mark]]  # publisher, body
Set = Callable[[Profile], Bundle]


class Profiles:
    """The publisher's side of what it says of itself."""

    def __init__(
        self,
        ledger: Ledger,
        store: PublicStore,
        audit: Audit,
        clock: Clock,
        make_mark: MakeMark,
        set_: Set,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._audit = audit
        self._clock = clock
        self._make_mark = make_mark
        self._set = set_

    async def of(self, publisher: str) -> Profile:
        """Return what a publisher says of itself; what is damaged says nothing."""
        try:
            return await self._ledger.profile(publisher)
        except Damaged:
            return UNSAID

    async def name(self, publisher: str) -> str:
        """Return what readers know a publisher by."""
        return (await self.of(publisher)).name or publisher

    async def is_shown(self, publisher: str) -> bool:
        """Return whether every page says so by now."""
        return not await self._ledger.is_unshown(publisher)

    async def change(
        self,
        publisher: str,
        said: Mapping[str, str] | None = None,
        mark: bytes | None = None,
        condition: Condition = ANYTHING,
        by: str = "",
        *,
        drops_mark: bool = False,
    ) -> Profile:
        """Have a publisher say something else of itself from now on.

        said: by FIELDS, "" for nothing; what is not named stays as it is. mark: a picture, None for
        the one that it has, unless it drops that. by: who does it, "" for the publisher.
        Raises Malformed, Missing, Stale, Unsupported, TooLarge, Refused, Unavailable.
        """
        for _ in range(ATTEMPTS):
            stamp = await self._ledger.profile_stamp(publisher)
            _require(condition, stamp)
            before = await self.of(publisher)
            kept = None if drops_mark else before.mark
            after = valid_profile(before.words | dict(said or {}), kept)
            after = await self._marked(publisher, after, mark)
            try:
                await self._ledger.keep_profile(publisher, after, stamp)
            except Stale:
                if condition.asked:
                    raise
                continue
            by = by or f"publisher:{publisher}"
            await self._audit.keep(Record(self._clock.now(), Act.PROFILE, by, publisher))
            await self.show(publisher)
            return after
        raise Stale(None, "profile")

    async def _marked(self, publisher: str, profile: Profile, body: bytes | None) -> Profile:
        known = profile.mark
        if body is None or (known and known.origin == origin_of(body)):
            return profile
        return structs.replace(profile, mark=await self._make_mark(publisher, body))

    async def show(self, publisher: str) -> None:
        """Make the public side say what is on record. Raises Damaged, Unavailable."""
        place = place_of(publisher)
        for _ in range(ATTEMPTS):
            # Marked before the ledger is asked, as where a document is settled.
            mark = await self._store.mark(place)
            profile = await self._ledger.profile(publisher)
            if await self.says(publisher, profile.stamp):
                return
            with suppress(Stale):
                # Also where nothing is said any more: what is not there is then missed.
                await self._store.put(place, self._set(profile), mark)
                return

    async def says(self, publisher: str, stamp: str) -> bool:
        """Return whether the public side says what has this stamp, and is whole."""
        health, shown = await self._store.look(place_of(publisher))
        return health.is_good and shown == stamp

    async def look_over(self) -> None:
        """Read back what the public side says: its store tells damage."""
        after = ""
        while some := await self._ledger.profiles(after, PAGE):
            for publisher in some:
                await self._store.look(place_of(publisher), partial(self.is_shown, publisher))
            after = some[-1]

    def composing(self, compose: Compose) -> Compose:
        """Return what composes an edition with what its publisher says of itself."""

        async def composed(task: Task) -> Composed:
            profile = await self._ledger.profile(task.submission.address.publisher)
            return await compose(replace(task, profile=profile))

        return composed


def _require(condition: Condition, stamp: str) -> None:
    try:
        condition.require(stamp or None)
    except Stale:
        raise Stale(stamp or None, "profile") from None
