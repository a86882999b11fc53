"""Publish, roll back, delete.

An edition is composed first, kept in the vault, made current by one ledger commit, and then shown
by one atomic write of its public bundle. A process that dies between the last two leaves a note
in the ledger, and whoever comes next finishes the work. What is on record and no longer whole is
made whole again by the same submission.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import quote

from gateway.core.audit_records import Act, Record
from gateway.core.bundles import Bundle, Damaged, moved_to
from gateway.core.companions import digest_of
from gateway.core.conditions import ANYTHING, Condition
from gateway.core.documents import Address
from gateway.core.errors import Missing, NewlyPublic, Stale
from gateway.core.findings import Finding, FindingCode
from gateway.core.newly_public import newly_public
from gateway.ports import Audit, Clock, Edition, Ledger, MadeCompanion, PublicStore, Sealed, Vault
from gateway.usecases.announcing import Announcing
from gateway.usecases.composing import Composed, Prepared, Task
from gateway.usecases.consequences import Coming, Compare, Consequences, Version
from gateway.usecases.furnishing import furnished
from gateway.usecases.indexing import Indexing
from gateway.usecases.submissions import Submission

ATTEMPTS = 8
PAGE = 200  # documents looked at together
FEW = 5  # editions that are looked over at a time
KEPT = 30 * 86_400  # seconds that a deleted document can be published again
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


Fresh = tuple[str, Bundle]  # the id of an edition that was just made, and what is public of it
Agree = Callable[[Sequence[Finding]], Awaitable[bool]]
Compose = Callable[[Task], Awaitable[Composed]]
Prepare = Callable[[Submission, int], Awaitable[Prepared]]  # and now
Work = Callable[[], Awaitable[bool]]


async def _compare(_: str, before: Version, after: Version) -> tuple[Finding, ...]:
    return newly_public(before[0].decode(), after[0].decode())


async def _simply(work: Work) -> bool:
    return await work()


async def _always(_: Sequence[Finding]) -> bool:
    return True


async def _require_agreement(warnings: Sequence[Finding], agree: Agree) -> None:
    """Raise NewlyPublic if paid text would become public and nobody agrees."""
    lines = tuple(one for one in warnings if one.code is FindingCode.NEWLY_PUBLIC)
    if lines and not await agree(lines):
        raise NewlyPublic(lines)


def _is_named(name: str, source: bytes) -> bool:
    return name.encode() in source or quote(name).encode() in source


def _parts(source_digest: str) -> tuple[str, str, str]:
    """Return of what sets the text, of what was sent, and of what stands beside it."""
    stamp, _, rest = source_digest.partition(".")
    sent, _, beside = rest.partition(".")
    return stamp, sent, beside


class Publishing:
    """The publisher's side of documents.

    undivided: goes through with some work, once begun, though whoever asks for it is interrupted.
    """

    def __init__(
        self,
        ledger: Ledger,
        store: PublicStore,
        vault: Vault,
        clock: Clock,
        compose: Compose,
        prepare: Prepare,
        announcing: Announcing,
        audit: Audit,
        stamp: str = "",
        compare: Compare = _compare,
        indexing: Indexing | None = None,
        undivided: Callable[[Work], Awaitable[bool]] = _simply,
    ) -> None:
        self._ledger = ledger
        self._audit = audit
        self._announcing = announcing
        self._store = store
        self._vault = vault
        self._clock = clock
        self._compose = compose
        self._prepare = prepare
        self._stamp = stamp
        self._indexing = indexing
        self._undivided = undivided
        self._consequences = Consequences(ledger, vault, clock, compare)

    async def check(self, submission: Submission) -> Prepared:
        """Do all that publication would, but keep nothing. Raises Refused, Unsupported."""
        submission = await self.furnished(submission)
        prepared = await self._prepare(submission, self._clock.now())
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
            submission = await self.furnished(sent)
            digest = self.digest(submission if sent.companions is None else sent)
            before = await self._ledger.current(address)
            condition.require(before.id if before else None)
            erasures = 0 if before else await self.erased(address)
            if before and before.source_digest == digest:
                await self._mend(before, submission)
                prepared = await self._prepare(submission, self._clock.now())
                return await self._again(before, prepared.source.kept, prepared.warnings)
            task = Task(submission, self._clock.fresh_id(), self._clock.now(), before, digest)
            composed = await self._compose(task)
            source = composed.sealed.source
            if before and await self._is_same(before, composed):
                return await self._again(before, source, composed.warnings)
            try:
                sealed = await self.sealed(submission, composed)
            except Missing:  # what stands beside it has changed meanwhile
                continue
            found = await self._consequences.of_next(Coming.of(composed.edition, source), before)
            await _require_agreement(found, agree)
            await self._vault.keep(address, composed.edition.id, sealed)
            expected, fresh = before.id if before else None, (composed.edition.id, sealed.public)
            commit = partial(self._ledger.make_current, composed.edition, expected, erasures)
            try:
                confirmed = await self._carry_out(
                    commit, Act.PUBLISH, address, composed.edition.id, fresh
                )
            except Stale:
                # Never on record, so nobody else would ever erase it.
                await self._vault.erase(address, [composed.edition.id])
                if condition.asked:
                    raise
                continue
            return Published(composed.edition, before is None, confirmed, found + composed.warnings)
        raise Stale(None)

    async def furnished(self, submission: Submission) -> Submission:
        """Return a submission with what is told of that which stands beside it."""
        if submission.companions == ():
            return submission
        there = await self._vault.shelf.all(submission.address)
        if submission.companions is not None:
            wanted = {(each.name, each.origin) for each in submission.companions}
            there = [each for each in there if (each.name, each.origin) in wanted]
        return replace(submission, companions=tuple(there))

    async def bring_along(self, before: Address, to: Address) -> None:
        """Put what stands beside a document beside another one too. Raises Damaged, Unavailable."""
        shelf = self._vault.shelf
        for each in await shelf.all(before):
            if made := await shelf.get(before, each.name):
                await shelf.put(to, made)

    async def leave_nothing(self, before: Address, to: Address) -> None:
        """Take away what stood beside a document where it was, if it was brought along.

        Raises Damaged, Unavailable.
        """
        brought = await self._vault.shelf.all(to)
        for each in await self._vault.shelf.all(before):
            if each in brought:
                await self._vault.shelf.remove(before, each.name)

    async def sealed(self, submission: Submission, composed: Composed) -> Sealed:
        """Return the bytes of an edition with all that stands beside it. Raises Missing."""
        names = {fitting.name for fittings in composed.fittings for fitting in fittings}
        made: dict[str, MadeCompanion] = {}
        for each in submission.companions or ():
            if each.name in names:
                found = await self._vault.shelf.get(submission.address, each.name)
                if found is None or found.companion != each:
                    raise Missing("picture")
                made[each.name] = found
        return furnished(composed.sealed, composed.fittings, made)

    async def _again(
        self, current: Edition, source: bytes, warnings: tuple[Finding, ...] = ()
    ) -> Published:
        """Answer as when the edition was made current, whose publisher may not have heard it."""
        found = await self._consequences.of_current(current, source)
        confirmed = await self._finish(current)
        return Published(current, created=False, confirmed=confirmed, warnings=found + warnings)

    async def _is_same(self, before: Edition, composed: Composed) -> bool:
        """Return whether the same text, sent in another way, was set by the same press."""
        stamp, _, beside = _parts(before.source_digest)
        if stamp != self._stamp or beside != _parts(composed.edition.source_digest)[2]:
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

    async def _mend(self, edition: Edition, submission: Submission) -> None:
        """See to it that the vault holds an edition whole, which was made of this submission."""
        if not await self._is_kept(edition):
            # As its own predecessor it keeps its dates.
            task = Task(submission, edition.id, edition.made_at, edition, edition.source_digest)
            await self._keep_again(edition, task)

    async def _keep_again(self, edition: Edition, task: Task) -> None:
        """Compose an edition on record once more, and keep and show it in place of itself."""
        composed = await self._compose(task)
        sealed = await self.sealed(task.submission, composed)
        await self._vault.mend(edition.address, edition.id, sealed)
        if await self._ledger.edition(edition.address, edition.id) is None:  # erased meanwhile
            await self._vault.erase(edition.address, [edition.id])
        if edition == await self._ledger.current(edition.address):
            await self.settle(edition.address)

    async def _is_kept(self, edition: Edition) -> bool:
        health = await self._vault.look(edition.address, edition.id)
        return all(part.is_good for part in health.values())

    async def mend(self, edition: Edition) -> bool:
        """Compose an edition again from its source, if that is whole; return whether it is."""
        try:
            kept = await self._kept(edition)
        except (Damaged, Missing):
            return False
        await self._mend(edition, kept)
        return True

    async def set_again(self, address: Address) -> None:
        """Set what is current once more, with the same words and dates, as it is set today.

        Raises Refused where the source would be refused today, Damaged, Missing, Unavailable.
        """
        edition = await self.current(address)
        sent = replace(await self._kept(edition), free=True)
        dates = edition.published, edition.updated
        task = Task(sent, edition.id, edition.made_at, edition, edition.source_digest, dates)
        await self._keep_again(edition, task)

    async def _kept(self, edition: Edition) -> Submission:
        """Return what an edition was made of.

        Raises Damaged, and Missing also where what stood beside it is gone, or another by now.
        """
        source = await self._vault.source(edition.address, edition.id)
        kept = await self.furnished(
            Submission(edition.address, source, edition.format, "utf-8", edition.language)
        )
        # Of all that is there by now it had all, what its source names, or nothing.
        there, beside = kept.companions or (), _parts(edition.source_digest)[2]
        named = tuple(each for each in there if _is_named(each.name, source))
        for some in (there, named, ()):
            if digest_of(some) == beside:
                return replace(kept, companions=some)
        raise Missing("picture")

    async def _finish(self, current: Edition) -> bool:
        """Do what whoever made this edition current may have died before, as `_show` does."""
        if not await self.is_shown(current):
            await self.settle(current.address)
        return await self.confirm()

    async def is_shown(self, current: Edition, *, is_due: bool = False) -> bool:
        """Return whether the public side shows an edition, and whole.

        is_due: nobody is about to show it, so that it is damage if there is nothing.
        """
        health, shown = await self._store.look(current.address, is_due=is_due)
        return health.is_good and shown == current.id

    def digest(self, submission: Submission) -> str:
        """Return the source_digest of the edition that a submission would become."""
        return submission.digest(self._stamp)

    def is_of(self, edition: Edition, submission: Submission) -> bool:
        """Return whether an edition was made of a source, whatever stands beside it."""
        return _parts(edition.source_digest)[:2] == _parts(self.digest(submission))[:2]

    async def unchanged(self, digests: Mapping[Address, str]) -> Mapping[Address, str]:
        """Return the current edition wherever it has the digest given, and is whole.

        In few reads of the ledger; what is damaged is not unchanged.
        """
        found: dict[Address, str] = {}
        for publisher in {address.publisher for address in digests}:
            slugs = sorted(a.slug for a in digests if a.publisher == publisher)
            async for edition in self._around(publisher, slugs):
                is_same = digests.get(edition.address) == edition.source_digest
                if is_same and await self.is_shown(edition) and await self._is_kept(edition):
                    found[edition.address] = edition.id
        return found

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
        erasures = await self.erased(address)
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
        confirmed = await self._carry_out(commit, Act.ROLL_BACK, address, earlier.id)
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
        if not (await self._is_kept(edition) or await self.mend(edition)):
            raise Damaged("This edition is damaged.")

    async def delete(self, address: Address, condition: Condition = ANYTHING) -> bool:
        """Take a document away from everyone; for KEPT seconds it can be published again.

        True: no worker begins to serve it any more. False: on record, and not confirmed yet.
        Raises Missing, Stale, Unavailable.
        """
        current = await self.current(address)
        condition.require(current.id)
        commit = partial(self._ledger.remove, address, current.id, self._clock.now())
        return await self._carry_out(commit, Act.DELETE, address, current.id)

    async def erase(self, address: Address, condition: Condition = ANYTHING) -> bool:
        """Take a document, deleted or not, away for good: source, editions and previews.

        So is what was kept at the addresses that it had before, and nothing of a document that is
        at one of them now. What is returned and raised is as in `delete`.
        """
        current = await self._ledger.current(address)
        condition.require(current.id if current else None)
        await self._ledger.begin_erasing(address, current.id if current else None)
        return await self._erase(address)

    async def _erase_former(self, address: Address) -> None:
        for former in await self._ledger.former(address):
            with suppress(Missing, Stale):  # another document was just published there
                await self._ledger.begin_erasing(former, None)
                await self._erase(former)

    async def _erase(self, address: Address) -> bool:
        """Go through with an erasure that has begun, here or in a process that died."""
        confirmed = await self._show(Act.ERASE, address)
        await self._erase_former(address)
        erasures = await self._ledger.erasures(address)
        # Listed while the erasure runs: what is there was kept by somebody who began before it,
        # and can not become current any more.
        kept = await self._vault.editions(address)
        editions = set(kept) - set(await self._ledger.of_others(address))
        elsewhere = await self._ledger.elsewhere(address)
        if erasures % 2 and erasures == await self._ledger.erasures(address):
            for each in elsewhere:
                await self._vault.erase(each.address, [each.id])
            await self._vault.erase(address, editions)
            await self._vault.shelf.erase(address)
            await self._ledger.end_erasing(address, erasures)
            await self._ledger.scrub()
            if self._indexing:
                await self._indexing.scrub()
        return confirmed

    async def erased(self, address: Address) -> int:
        """Return how often a document was erased, once no erasure of it is under way."""
        erasures = await self._ledger.erasures(address)
        if erasures % 2:
            await self._erase(address)
            erasures = await self._ledger.erasures(address)
        return erasures

    async def _erase_waiting(self) -> dict[Address, Exception]:
        failed: dict[Address, Exception] = {}
        for address in await self._ledger.waiting(self._clock.now() - KEPT, PAGE):
            try:
                await self._ledger.begin_erasing(address, None)
                await self._erase(address)
            except Stale:  # published again meanwhile
                continue
            except Exception as error:  # whatever it is, it is of this document alone
                failed[address] = error
        return failed

    async def _carry_out(
        self,
        commit: Callable[[], Awaitable[None]],
        act: Act,
        address: Address,
        edition: str,
        fresh: Fresh | None = None,
    ) -> bool:
        """Commit a change, make everyone see it, and put it into the audit.

        Return whether every worker is known to see it.
        """

        async def work() -> bool:
            await commit()
            await self.settle(address, fresh)
            return await self._announcing.tell(self._record(act, address, edition))

        return await self._undivided(work) or await self.confirm()

    async def _show(self, act: Act, address: Address) -> bool:
        """Make everyone see what was committed; return whether every worker is known to."""
        await self.settle(address)
        return await self._announcing.confirm(self._record(act, address, ""))

    async def confirm(self) -> bool:
        """Return whether every worker knows of all that was put on record so far."""
        return await self._announcing.confirm()

    def _record(self, act: Act, address: Address, edition: str) -> Record:
        by = f"publisher:{address.publisher}"
        return Record(self._clock.now(), act, by, "", str(address), edition)

    async def settle(self, address: Address, fresh: Fresh | None = None) -> None:
        """Make the public side show what the ledger says is current.

        fresh: an edition that need not be read back.
        """
        for _ in range(ATTEMPTS):
            # Marked before the ledger is asked: of two that settle, the one that knows less can
            # then not write over the other, whenever it comes and even if it is its last deed.
            mark = await self._store.mark(address)
            current = await self._ledger.current(address)
            moved = "" if current else await self._ledger.moved(address)
            with suppress(Stale):
                await self._put(address, current, moved, mark, fresh)
                if self._indexing:
                    await self._indexing.settle(address)
                if await self._ledger.settle(address, current.id if current else None, moved):
                    return

    async def _put(
        self,
        address: Address,
        current: Edition | None,
        moved: str,
        mark: str,
        fresh: Fresh | None = None,
    ) -> None:
        if current:
            at_hand, bundle = fresh or ("", None)
            if bundle is None or at_hand != current.id:
                bundle = await self._vault.public(address, current.id)
            await self._store.put(address, bundle, mark)
            await self._require_said(address, bundle)
        elif moved:
            await self._store.put(address, moved_to(moved), mark)
        else:
            await self._store.delete(address, mark)

    async def _require_said(self, address: Address, bundle: Bundle) -> None:
        """Have what is shown set again if its publisher says something else of itself by now."""
        said = bundle.entry.said if bundle.entry else ""
        if said != await self._ledger.profile_stamp(address.publisher):
            await self._ledger.doubt_profile(address.publisher)

    async def recover(self) -> Mapping[Address, Exception]:
        """Settle whatever dead processes left, and erase what was deleted long enough ago.

        Return where that could not be done, and why.

        Raises Unavailable.
        """
        failed: dict[Address, Exception] = {}
        after = None
        while addresses := await self._ledger.unsettled(PAGE, after):
            for address in addresses:
                try:
                    await self.settle(address)
                except Exception as error:  # whatever it is, it is of this document alone
                    failed[address] = error
            after = addresses[-1]
        return failed | await self._erase_waiting()

    async def look_over(self, after: Edition | None) -> Edition | None:
        """Read the next few editions back, and what is shown of them: their stores tell damage.

        Return after which to go on, None where all was looked at.
        """
        some = await self._ledger.all_editions(after, FEW)
        for edition in some:
            await self._is_kept(edition)
            current = await self._ledger.current(edition.address)
            if current in (edition, None):
                is_settled = edition.address not in await self._ledger.unsettled(PAGE)
                await self.is_shown(edition, is_due=is_settled and current is not None)
                await self._vault.shelf.look(edition.address)
        return some[-1] if len(some) == FEW else None

    async def current(self, address: Address) -> Edition:
        """Return the current edition. Raises Missing."""
        edition = await self._ledger.current(address)
        if edition is None:
            raise Missing("document")
        return edition

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
        submission = await self.furnished(submission)
        prepared = await self._prepare(submission, self._clock.now())
        found = await self._consequences.of_current(edition, source)
        return source, found + prepared.warnings

    async def source(self, address: Address) -> tuple[Edition, bytes]:
        """Return the current source, in UTF-8, to its publisher. Raises Missing."""
        edition = await self.current(address)
        self._audit.note(self._record(Act.READ, address, edition.id))
        return edition, await self._vault.source(address, edition.id)
