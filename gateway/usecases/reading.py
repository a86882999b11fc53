"""Preview, unlock, read: who gets the full text.

The only maker of permits. Every answer rests on a right that stood when the answer began: on what
the ledger says, or on a memory that a lease keeps as good as that.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress
from functools import partial

from msgspec import Struct

from gateway.core.audit_records import Act, Record
from gateway.core.bundles import IDENTITY, Damaged, Variant
from gateway.core.cache_keys import document_key, grant_key, reader_key
from gateway.core.documents import Address
from gateway.core.errors import BadToken, Expired, Missing, Revoked, Unauthenticated, Unpaid
from gateway.core.permits import Permit
from gateway.core.rights import NO_RIGHTS, Grant, Rights, Scope, ScopeKind, Standing, judge
from gateway.core.tokens import Claims, KeyRing, Purpose
from gateway.ports import RIGHTS, Audit, Clock, Coherence, Edition, Known, Ledger, Reader, Vault
from gateway.usecases.signing_keys import Signing


class Credential(Struct, frozen=True):
    """What a request shows: a bearer token, or else the reader cookie; "" is none."""

    bearer: str = ""
    cookie: str = ""


class Current(Struct, frozen=True):
    """What decides of a document: its current edition, and the collection that it is in."""

    edition: str
    collection: str
    is_free: bool = False  # no section is paid


class Holder(Struct, frozen=True):
    """Whom a credential names: the key of its rights, and what it says."""

    key: str
    claims: Claims | None


class Opened(Struct, frozen=True):
    """A full text in the hand of whoever may read it."""

    text: Variant
    permit: Permit
    holder: Holder


class Shelved(Struct, frozen=True):
    """A document that a reader may read, and until when; None is without end."""

    edition: Edition
    ends: int | None


class HeldGrant(Struct, frozen=True):
    """A right of a reader, and in how many of its places it is open."""

    grant: Grant
    standing: Standing
    used: int


MOST_PLACES = 20  # rights that a library tells the places of

# Python 3.11 takes longer to find a member of an Enum than most of what is done with it.
_GRANT, _READER, _READ = Purpose.GRANT, Purpose.READER, Act.READ
_REVOKED = Standing.REVOKED

NOBODY = Holder("", None)
_NO_KNOWLEDGE = Known(None)


class Reading:
    """The reader's side."""

    def __init__(
        self,
        ledger: Ledger,
        vault: Vault,
        signing: Signing,
        coherence: Coherence,
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._vault = vault
        self._signing = signing
        self._coherence = coherence
        self._audit = audit
        self._clock = clock

    # --- reading ---

    def ready(
        self, address: Address, credential: Credential, form: str, coding: str = IDENTITY
    ) -> Variant | None:
        """Return a form of the full text if memory alone can tell; None: ask `open`.

        Raises Missing, BadToken, Expired, Revoked, Unpaid, Unavailable, Damaged.
        """
        ring = self._signing.at_hand()
        document = self._coherence.known(document_key(address))
        if ring is None or document is None:
            return None
        if document.value is None:
            raise Missing("document")
        now = self._clock.now()
        holder, rights = _holder(ring, credential, now), _NO_KNOWLEDGE
        if holder is not NOBODY:
            known = self._coherence.known(holder.key)
            if known is None or _is_behind(known.value, holder):
                return None
            rights = known
        permit = _permit(address, document.value, holder, rights.value, now)
        full = self._vault.at_hand(permit, form, coding)
        if full is not None:
            self._note(permit, holder, now)
        return full

    async def open(
        self, address: Address, credential: Credential, form: str, coding: str = IDENTITY
    ) -> Opened:
        """Return a form of the full text to the holder of a standing right.

        coding: that it is returned in, where the form has it. It is on nobody's record that this
        was read before `note` has put it there. Raises as `ready` does; Busy.
        """
        permit, holder = await self._permitted(address, credential)
        text = self._at_hand(permit, form, coding)
        text = text or await self._waited_for(permit, form, coding)
        return Opened(text, permit, holder)

    async def _waited_for(self, permit: Permit, form: str, coding: str) -> Variant:
        try:
            return await self._vault.form(permit, form, coding)
        except Missing:
            address, edition = permit.address, permit.edition
            if await self._ledger.edition(address, edition) is None:  # erased meanwhile
                self._vault.forget(address, [edition])
            raise

    def _at_hand(self, permit: Permit, form: str, coding: str) -> Variant | None:
        with suppress(Damaged, KeyError):  # the vault, asked to wait, tells more
            return self._vault.at_hand(permit, form, coding)
        return None

    def note(self, opened: Opened) -> None:
        """Put on record that a text is read. Raises Unavailable."""
        self._note(opened.permit, opened.holder, self._clock.now())

    async def check(self, address: Address, credential: Credential) -> None:
        """Do nothing if the full text may be read now.

        Raises Missing, BadToken, Expired, Revoked, Unpaid, Unavailable.
        """
        await self._permitted(address, credential)

    def _note(self, permit: Permit, holder: Holder, now: int) -> None:
        document = str(permit.address)
        record = Record(now, _READ, holder.key, permit.grant_id, document, permit.edition)
        self._audit.note(record)

    async def _permitted(self, address: Address, credential: Credential) -> tuple[Permit, Holder]:
        load = partial(self._load_current, address)
        current = await self._coherence.fetch(document_key(address), load)
        if current is None:
            raise Missing("document")
        ring = await self._signing.ring()
        holder = _holder(ring, credential, self._clock.now())
        rights = await self._rights(holder) if holder is not NOBODY else None
        return _permit(address, current, holder, rights, self._clock.now()), holder

    # --- what memory is filled with ---

    async def _load_current(self, address: Address) -> Current | None:
        edition = await self._ledger.current(address)
        if edition is None:
            return None
        is_free = bool(edition.sections) and not any(paid for paid, _, _ in edition.sections)
        return Current(edition.id, edition.collection, is_free)

    async def _rights(self, holder: Holder) -> Rights | None:
        load_from = self._load_grant if holder.key.startswith("grant:") else self._load_reader
        load = partial(load_from, holder.key.partition(":")[2])
        rights: Rights | None = await self._coherence.fetch(holder.key, load, RIGHTS)
        return await load() if _is_behind(rights, holder) else rights

    async def _load_grant(self, grant: str) -> Rights | None:
        found = await self._ledger.grant(grant)
        return Rights((found,), found.version, found.epoch) if found else None

    async def _load_reader(self, reader: str) -> Rights | None:
        found = await self._ledger.reader(reader)
        return Rights(found.grants, found.version, found.auth_epoch) if found else None

    # --- the reader and its library ---

    async def reader(self, cookie: str) -> Reader | None:
        """Return the reader that a cookie names, None if it is not (or no longer) good."""
        claims = _claims(await self._signing.ring(), cookie, self._clock.now()) if cookie else None
        reader = await self._ledger.reader(claims.holder) if claims else None
        return reader if reader and claims and reader.auth_epoch == claims.epoch else None

    async def library(
        self, cookie: str, limit: int, after: Address | None = None
    ) -> Sequence[Edition]:
        """Return what the reader of a cookie may read now, by address, after an address."""
        reader = await self.reader(cookie)
        now = self._clock.now()
        grants = reader.grants if reader else ()
        scopes = {grant.scope for grant in grants if grant.standing(now) is Standing.STANDS}
        found: list[Edition] = []
        for publisher in sorted({scope.publisher for scope in scopes}):
            if len(found) < limit and (after is None or publisher >= after.publisher):
                slug = after.slug if after and publisher == after.publisher else ""
                own = [scope for scope in scopes if scope.publisher == publisher]
                found += await self._covered(publisher, own, slug, limit - len(found))
        return found

    async def shelf(
        self, cookie: str, limit: int, after: Address | None = None
    ) -> Sequence[Shelved]:
        """Return what `library` does, and until when each of it may be read."""
        reader, now = await self.reader(cookie), self._clock.now()
        rights = Rights(reader.grants if reader else ())
        return [
            Shelved(edition, _last_end(rights.covering(edition.address, edition.collection), now))
            for edition in await self.library(cookie, limit, after)
        ]

    async def places(self, cookie: str) -> Sequence[HeldGrant]:
        """Return the newest rights of a reader, whether each stands, and where it is open."""
        reader, now = await self.reader(cookie), self._clock.now()
        newest = reader.grants[-MOST_PLACES:][::-1] if reader else ()
        return [
            HeldGrant(
                grant,
                grant.standing(now),
                len(await self._ledger.devices(grant.id, grant.devices)),
            )
            for grant in newest
        ]

    async def _covered(
        self, publisher: str, scopes: Sequence[Scope], after: str, limit: int
    ) -> Sequence[Edition]:
        """Return the current editions that scopes of one publisher cover, by slug."""
        if any(scope.kind is ScopeKind.ALL for scope in scopes):
            return await self._ledger.documents(publisher, after, limit)
        found: dict[str, Edition] = {}
        for scope in scopes:
            if scope.kind is ScopeKind.COLLECTION:
                for edition in await self._ledger.documents(
                    publisher, after, limit, collection=scope.name
                ):
                    found[edition.address.slug] = edition
        async for edition in self._named(publisher, scopes, after, limit):
            found[edition.address.slug] = edition
        return [found[slug] for slug in sorted(found)[:limit]]

    async def _named(
        self, publisher: str, scopes: Sequence[Scope], after: str, limit: int
    ) -> AsyncIterator[Edition]:
        """Yield the current editions of the first documents that scopes name one by one."""
        slugs = (scope.name for scope in scopes if scope.kind is ScopeKind.DOCUMENT)
        count = 0
        for slug in sorted(slug for slug in slugs if slug > after):
            edition = await self._ledger.current(Address(publisher, slug))
            if edition:
                yield edition
                count += 1
            if count == limit:
                return


def _last_end(grants: Iterable[Grant], now: int) -> int | None:
    """Return when the last of these grants that stand ends, None where one has no end."""
    ends = [grant.ends for grant in grants if grant.standing(now) is Standing.STANDS]
    return None if None in ends else max(filter(None, ends), default=None)


def _ended(grants: Iterable[Grant], now: int) -> int | None:
    """Return when the last of these grants ended, None where none has."""
    return max((g.ends for g in grants if g.ends is not None and g.ends <= now), default=None)


# --- deciding: alike on facts from memory and on facts that were waited for -----------------------


def _holder(ring: KeyRing, credential: Credential, now: int) -> Holder:
    if credential.bearer:
        claims = ring.verify(credential.bearer, _GRANT, now)
        return Holder(grant_key(claims.holder), claims)
    known = _claims(ring, credential.cookie, now) if credential.cookie else None
    return Holder(reader_key(known.holder), known) if known else NOBODY


def _is_behind(rights: Rights | None, holder: Holder) -> bool:
    """Return whether a credential was made after the rights in memory were read.

    It is signed, so there is a change that this worker has not heard of yet.
    """
    return rights is not None and holder.claims is not None and rights.epoch < holder.claims.epoch


def _claims(ring: KeyRing, cookie: str, now: int) -> Claims | None:
    try:
        return ring.verify(cookie, _READER, now)
    except Unauthenticated:
        return None


def _permit(
    address: Address, current: Current, holder: Holder, rights: Rights | None, now: int
) -> Permit:
    claims = holder.claims
    if claims is None:
        rights = NO_RIGHTS
    elif claims.purpose is _GRANT and rights is None:
        raise BadToken
    elif rights is None:
        rights = NO_RIGHTS
    elif rights.epoch != claims.epoch:
        if claims.purpose is _GRANT:
            raise Expired  # its link was renewed
        rights = NO_RIGHTS  # a cookie that is good no more is none
    if rights is NO_RIGHTS:
        raise Unpaid(is_free=current.is_free)
    verdict = judge(rights, address, current.collection, now)
    if verdict.allowed:
        return Permit(verdict, address, current.collection, current.edition)
    if current.is_free:
        raise Unpaid(is_free=True)
    if verdict.standing is _REVOKED:
        raise Revoked
    raise Unpaid(_ended(rights.covering(address, current.collection), now))
