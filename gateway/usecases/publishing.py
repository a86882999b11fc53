"""Publish, roll back, delete.

An edition is composed first, kept in the vault, made current by one ledger commit, and then shown
by one atomic write of its public bundle. A process that dies between the last two leaves a note
in the ledger, and whoever comes next finishes the work. What is on record and no longer whole is
made whole again by the same submission.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from gateway.core.audit_records import Act
from gateway.core.bundles import Bundle, Damaged
from gateway.core.conditions import ANYTHING, Condition
from gateway.core.documents import Address
from gateway.core.errors import Missing, NewlyPublic, Stale
from gateway.core.findings import Finding, FindingCode
from gateway.ports import Audit, Clock, Edition, Ledger, Sealed, Vault
from gateway.usecases.composers import Composer
from gateway.usecases.composing import Composed, Prepared, Task
from gateway.usecases.consequences import Coming, Consequences
from gateway.usecases.erasing import Erasing
from gateway.usecases.mending import Mending
from gateway.usecases.shelving import Shelving
from gateway.usecases.showing import PAGE, Showing
from gateway.usecases.submissions import Submission, digest_parts

ATTEMPTS = 8
LAST = "~"  # after every slug


@dataclass(frozen=True, slots=True)
class Published:
    """The edition that is current now. confirmed: no worker begins to serve from before it."""

    edition: Edition
    created: bool
    confirmed: bool
    warnings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Earlier:
    """An edition as it was public, and what it would change if it were current again."""

    edition: Edition
    source: bytes
    public: Bundle
    warnings: tuple[Finding, ...]


Agree = Callable[[Sequence[Finding]], Awaitable[bool]]


async def _always(_: Sequence[Finding]) -> bool:
    return True


async def _require_agreement(warnings: Sequence[Finding], agree: Agree) -> None:
    """Raise NewlyPublic if paid text would become public and nobody agrees."""
    lines = tuple(one for one in warnings if one.code is FindingCode.NEWLY_PUBLIC)
    if lines and not await agree(lines):
        raise NewlyPublic(lines)


class Publishing:
    """The publisher's side of documents."""

    def __init__(
        self,
        ledger: Ledger,
        vault: Vault,
        clock: Clock,
        audit: Audit,
        composer: Composer,
        shelving: Shelving,
        showing: Showing,
        erasing: Erasing,
        mending: Mending,
    ) -> None:
        self._ledger = ledger
        self._vault = vault
        self._clock = clock
        self._audit = audit
        self._composer = composer
        self._shelving = shelving
        self._showing = showing
        self._erasing = erasing
        self._mending = mending
        self._consequences = Consequences(ledger, vault, clock, composer.compare)

    async def check(self, submission: Submission) -> Prepared:
        """Do all that publication would, but keep nothing. Raises Refused, Unsupported."""
        submission = await self._shelving.furnished(submission)
        prepared = await self._composer.prepare(submission, self._clock.now())
        source = prepared.source.kept
        current = await self._ledger.current(submission.address)
        if current and current.source_digest == self.digest(submission):
            found = await self._consequences.of_current(current, source)
        else:
            is_paid = any(paid for paid, _, _ in prepared.sections)
            collection = prepared.document.meta.collection
            coming = Coming(submission.address, (source, submission.format), collection, is_paid)
            found = await self._consequences.of_next(coming, current)
        return replace(prepared, warnings=found + prepared.warnings)

    async def publish(
        self, submission: Submission, condition: Condition = ANYTHING, agree: Agree = _always
    ) -> Published:
        """Make a submission the current edition.

        agree: asked, with what would be newly public, before paid text becomes so.
        Raises Refused, Stale, NewlyPublic where nobody agrees, Unavailable.
        """
        address, sent = submission.address, submission
        for _ in range(ATTEMPTS):
            submission = await self._shelving.furnished(sent)
            digest = self.digest(submission if sent.companions is None else sent)
            before = await self._ledger.current(address)
            condition.require(before.id if before else None)
            erasures = 0 if before else await self._erasing.erased(address)
            if before and before.source_digest == digest:
                await self._mending.mend_from(before, submission)
                prepared = await self._composer.prepare(submission, self._clock.now())
                return await self._again(before, prepared.source.kept, prepared.warnings)
            task = Task(submission, self._clock.fresh_id(), self._clock.now(), before, digest)
            composed = await self._composer.compose(task)
            source = composed.sealed.source
            if before and await self._is_same(before, composed):
                return await self._again(before, source, composed.warnings)
            try:
                sealed = await self._shelving.sealed(submission, composed)
            except Missing:  # what stands beside it has changed meanwhile
                continue
            found = await self._consequences.of_next(Coming.of(composed.edition, source), before)
            await _require_agreement(found, agree)
            expected = before.id if before else None
            commit = partial(self._ledger.make_current, composed.edition, expected, erasures)
            try:
                confirmed = await self._make_current(commit, composed.edition, sealed)
            except Stale:
                if condition.asked:
                    raise
                continue
            return Published(composed.edition, before is None, confirmed, found + composed.warnings)
        raise Stale(None)

    async def _make_current(
        self, commit: Callable[[], Awaitable[None]], edition: Edition, sealed: Sealed
    ) -> bool:
        """Keep a new edition, commit it, and have everyone see it, as `carry_out` does.

        Raises Stale, and then keeps nothing.
        """
        address, fresh = edition.address, (edition.id, sealed.public)
        await self._vault.keep(address, edition.id, sealed)
        try:
            return await self._showing.carry_out(commit, Act.PUBLISH, address, edition.id, fresh)
        except Stale:
            # Never on record, so nobody else would ever erase it.
            await self._vault.erase(address, [edition.id])
            raise

    async def _again(
        self, current: Edition, source: bytes, warnings: tuple[Finding, ...] = ()
    ) -> Published:
        """Answer as when the edition was made current, whose publisher may not have heard it."""
        found = await self._consequences.of_current(current, source)
        confirmed = await self._finish(current)
        return Published(current, created=False, confirmed=confirmed, warnings=found + warnings)

    async def _is_same(self, before: Edition, composed: Composed) -> bool:
        """Return whether the same text, sent in another way, was set by the same press."""
        stamp, _, beside = digest_parts(before.source_digest)
        _, _, beside_now = digest_parts(composed.edition.source_digest)
        if (stamp, beside) != (self._composer.stamp, beside_now):
            return False
        one, other = (
            replace(edition, id="", made_at=0, source_digest="")
            for edition in (before, composed.edition)
        )
        if one != other:
            return False
        try:
            return await self._vault.source(before.address, before.id) == composed.sealed.source
        except (Damaged, Missing):
            return False

    async def _finish(self, current: Edition) -> bool:
        """Do what whoever made this edition current may have died before, as `carry_out` does."""
        if not await self._showing.is_shown(current):
            await self._showing.settle(current.address)
        return await self.confirm()

    def digest(self, submission: Submission) -> str:
        """Return the source_digest of the edition that a submission would become."""
        return submission.digest(self._composer.stamp)

    def is_of(self, edition: Edition, submission: Submission) -> bool:
        """Return whether an edition was made of a source, whatever stands beside it."""
        return digest_parts(edition.source_digest)[:2] == digest_parts(self.digest(submission))[:2]

    async def unchanged(self, digests: Mapping[Address, str]) -> Mapping[Address, str]:
        """Return the current edition wherever it has the digest given, and is whole.

        In few reads of the ledger; what is damaged is not unchanged.
        """
        found: dict[Address, str] = {}
        for publisher in {address.publisher for address in digests}:
            slugs = sorted(a.slug for a in digests if a.publisher == publisher)
            async for edition in self._around(publisher, slugs):
                is_same = digests.get(edition.address) == edition.source_digest
                if is_same and await self._is_whole(edition):
                    found[edition.address] = edition.id
        return found

    async def _is_whole(self, edition: Edition) -> bool:
        return await self._showing.is_shown(edition) and await self._mending.is_kept(edition)

    async def _around(self, publisher: str, slugs: Sequence[str]) -> AsyncIterator[Edition]:
        """Yield the current editions at slugs, and others near them, page by page."""
        after = ""
        for slug in slugs:
            while after < slug:
                after = max(after, slug[:-1])  # not far below the slug, in the order of slugs
                page = await self._ledger.documents(publisher, after, PAGE)
                for edition in page:
                    yield edition
                after = page[-1].address.slug if len(page) == PAGE else LAST

    async def roll_back(
        self,
        address: Address,
        edition: str,
        condition: Condition = ANYTHING,
        agree: Agree = _always,
    ) -> Published:
        """Make an earlier edition current again.

        agree: as in `publish`. Raises Missing, Stale, NewlyPublic, Damaged, Unavailable.
        """
        erasures = await self._erasing.erased(address)
        earlier = await self._on_record(address, edition)
        current = await self._ledger.current(address)
        condition.require(current.id if current else None)
        is_current = current is not None and current.id == earlier.id
        if not is_current:
            await self._require_kept(earlier)
        source = await self._vault.source(address, earlier.id)
        if is_current:
            return await self._again(earlier, source)
        found = await self._consequences.of_next(Coming.of(earlier, source), current)
        await _require_agreement(found, agree)
        expected = current.id if current else None
        commit = partial(self._ledger.make_current, earlier, expected, erasures)
        confirmed = await self._showing.carry_out(commit, Act.ROLL_BACK, address, earlier.id)
        return Published(earlier, current is None, confirmed, found)

    async def earlier(self, address: Address, edition: str) -> Earlier:
        """Return what rolling back to an edition would show. Raises Missing, Unavailable."""
        earlier = await self._on_record(address, edition)
        source = await self._vault.source(address, edition)
        current = await self._ledger.current(address)
        found = await self._consequences.of_next(Coming.of(earlier, source), current)
        return Earlier(earlier, source, await self._vault.public(address, earlier.id), found)

    async def edition(self, address: Address, edition: str) -> Edition:
        """Return an edition on record, current or not. Raises Missing."""
        return await self._on_record(address, edition)

    async def _on_record(self, address: Address, edition: str) -> Edition:
        earlier = await self._ledger.edition(address, edition)
        if earlier is None:
            raise Missing("edition")
        return earlier

    async def _require_kept(self, edition: Edition) -> None:
        if not (await self._mending.is_kept(edition) or await self._mending.mend(edition)):
            raise Damaged("This edition is damaged.")

    async def delete(self, address: Address, condition: Condition = ANYTHING) -> bool:
        """Take a document away from everyone; for 30 days it can be published again.

        True: no worker begins to serve it any more. False: on record, and not confirmed yet.
        Raises Missing, Stale, Unavailable.
        """
        current = await self.current(address)
        condition.require(current.id)
        commit = partial(self._ledger.remove, address, current.id, self._clock.now())
        return await self._showing.carry_out(commit, Act.DELETE, address, current.id)

    async def confirm(self) -> bool:
        """Return whether every worker knows of all that was put on record so far."""
        return await self._showing.confirm()

    async def recover(self) -> Mapping[Address, Exception]:
        """Go through with what dead processes left, and erase what was deleted long enough ago.

        Return where that could not be done, and why. Raises Unavailable.
        """
        return {**await self._showing.recover(), **await self._erasing.recover()}

    async def current(self, address: Address) -> Edition:
        """Return the current edition. Raises Missing."""
        edition = await self._ledger.current(address)
        if edition is None:
            raise Missing("document")
        return edition

    async def moved(self, address: Address) -> str:
        """Return the slug to which a document moved, "" for one that did not."""
        return await self._ledger.moved(address)

    async def documents(self, publisher: str, after: str, limit: int) -> Sequence[Edition]:
        """Return the current editions of a publisher, by slug, after a slug."""
        return await self._ledger.documents(publisher, after, limit)

    async def editions(self, address: Address, before: str, limit: int) -> Sequence[Edition]:
        """Return the history of a document, newest first. Raises Missing."""
        found = await self._ledger.editions(address, before, limit)
        if not found and not before:
            raise Missing("document")
        return found

    async def warned(self, edition: Edition) -> tuple[bytes, tuple[Finding, ...]]:
        """Return the source of an edition, and what its publisher was warned of.

        Raises Missing, Refused where the source would be refused today, Unavailable.
        """
        source = await self._vault.source(edition.address, edition.id)
        submission = Submission(
            edition.address, source, edition.format, "utf-8", edition.language, free=True
        )
        submission = await self._shelving.furnished(submission)
        prepared = await self._composer.prepare(submission, self._clock.now())
        found = await self._consequences.of_current(edition, source)
        return source, found + prepared.warnings

    async def source(self, address: Address) -> tuple[Edition, bytes]:
        """Return the current source, in UTF-8, to its publisher. Raises Missing."""
        edition = await self.current(address)
        self._audit.note(self._showing.record(Act.READ, address, edition.id))
        return edition, await self._vault.source(address, edition.id)
