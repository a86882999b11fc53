"""Grant, revoke, redeem: a right's way."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count

from gateway.core.api_keys import key_hash
from gateway.core.audit_records import OPERATOR, Act, Record
from gateway.core.cache_keys import reader_key
from gateway.core.documents import Address, valid_name
from gateway.core.errors import BadToken, Conflict, Expired, Malformed, Missing, Revoked
from gateway.core.rights import DEEPEST, PLACES, Grant, Scope, ScopeKind, Standing
from gateway.core.terms import require_number, require_words, term_seconds
from gateway.core.tokens import MAX_LIFE, Claims, Purpose
from gateway.ports import Clock, Device, Ledger, Reader, Wanted
from gateway.usecases.announcing import Announcing
from gateway.usecases.idempotency import ONCE, Idempotency, IdempotencyKey
from gateway.usecases.signing_keys import Signing

COOKIE_LIFE = 400 * 86_400  # seconds; browsers keep no cookie longer
ONCE_LIFE = 3_600  # seconds that an unlock page can be sent again from
MAX_DEVICES = 1_000
API = "api"  # where no other source is named
KEYED = "once"  # of a reference that is an Idempotency-Key
CODE = "code"
OUR_SOURCES = (KEYED, CODE)

_ONCE = re.compile(r"([0-9]{1,12})-[a-z0-9]{24,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class GrantRequest:
    """A grant as a publisher asks for it. starts is in Unix seconds, 0 is now.

    parent is a grant or a code of the publisher's that it comes from: revoked with it.
    """

    scope: str
    subject: str = ""
    term: str = ""
    devices: int = PLACES
    note: str = ""
    starts: int = 0
    parent: str = ""
    source: str = API
    source_ref: str = ""


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What a redemption gives: the cookie of the reader, and the right that it now has.

    confirmed: the next read succeeds on every worker.
    """

    cookie: str
    grant: Grant
    confirmed: bool

    @property
    def address(self) -> Address | None:
        """Return the one document that was opened, None where there may be several."""
        return self.grant.scope.address


class Granting:
    """The publisher's side of rights, and the reader's first step."""

    def __init__(
        self, ledger: Ledger, signing: Signing, announcing: Announcing, clock: Clock
    ) -> None:
        self._ledger = ledger
        self._signing = signing
        self._announcing = announcing
        self._idempotency = Idempotency(ledger, clock)
        self._clock = clock
        self._life, self._page = clock.fresh_id(), count(1)

    # --- publishers ---

    async def add_publisher(self, name: str) -> str:
        """Add a publisher and return an API key, which is shown this once. Raises Malformed.

        Whether it is confirmed tells `confirm`.
        """
        key = "pgk-" + self._clock.fresh_id() + self._clock.fresh_id()
        await self._ledger.add_publisher(
            valid_name(name, "publisher"), key_hash(key), self._clock.now()
        )
        await self._announcing.tell(self._act(Act.PUBLISHER, OPERATOR, name))
        return key

    async def register(self, name: str) -> None:
        """Add a publisher that has no API key yet; one that exists stays as it is."""
        await self._ledger.add_publisher(valid_name(name, "publisher"), "", self._clock.now())

    # --- grants ---

    async def require_publisher(self, name: str) -> None:
        """Raise Missing where a publisher does not exist."""
        if not await self._ledger.is_publisher(name):
            raise Missing("publisher")

    async def require_known(self, publisher: str, scope: str) -> None:
        """Raise Missing where a publisher, or the document of a scope, does not exist."""
        covered = Scope.parse(valid_name(publisher, "publisher"), scope)
        await self.require_publisher(publisher)
        is_one = covered.kind is ScopeKind.DOCUMENT
        if is_one and not await self._ledger.current(Address(publisher, covered.name)):
            raise Missing("document")

    async def grant(
        self,
        publisher: str,
        wish: GrantRequest,
        *,
        once: str = "",
        fingerprint: str = "",
        by: str = "",
    ) -> Grant:
        """Put a right on record. Raises Malformed, Conflict, Missing, Revoked.

        by: who acts, where that is not the publisher. Whether it is confirmed tells `confirm`.

        The same non-empty source_ref again gives the grant on record, and so does the same
        non-empty `once`, if the fingerprint of what was asked is the same too.
        """
        ask = IdempotencyKey(once, fingerprint)
        kept = await self._idempotency.earlier(publisher, ask)
        if kept:
            return await self.own(publisher, kept.body.decode())
        _require_source(wish.source)
        if once and not wish.source_ref:
            # The key is the reference as well, so that two requests at once make one grant.
            source = KEYED if wish.source == API else wish.source
            wish = replace(wish, source=source, source_ref=once)
        grant = await self._record(publisher, wish, by or f"publisher:{publisher}")
        await self._idempotency.keep(publisher, ask, 201, grant.id.encode())
        return grant

    async def _record(self, publisher: str, wish: GrantRequest, by: str) -> Grant:
        grant = self._grant(publisher, wish)
        if wish.parent:
            await self._require_own(publisher, wish.parent)
        kept = await self._ledger.add_grant(grant)
        if (kept.subject, _length(kept)) != (grant.subject, _length(grant)):
            raise Conflict(
                "This source_ref was used for another subject or term.",
                hint="Use another source_ref, or ask for the grant as it is on record.",
            )
        await self._announcing.tell(self._act(Act.GRANT, by, kept.id))
        return kept

    async def _require_own(self, publisher: str, parent: str) -> None:
        found = await self._ledger.grant(parent)
        elder = found or await self._ledger.code_by_id(parent)
        if elder is None or elder.scope.publisher != publisher:
            raise Missing("parent")
        for _ in range(DEEPEST - 1):
            if found is None or not found.parent:
                return
            found = await self._ledger.grant(found.parent)
        raise Malformed(
            f"This right comes from one that is the last of {DEEPEST} that come one from another.",
            where="parent",
            hint="Name a parent that stands higher up.",
        )

    def _grant(self, publisher: str, wish: GrantRequest) -> Grant:
        now = self._clock.now()
        starts = wish.starts or now
        ends = starts + term_seconds(wish.term) if wish.term else None
        require_number("devices", wish.devices, MAX_DEVICES)
        require_words("subject", wish.subject)
        require_words("note", wish.note)
        require_words("source_ref", wish.source_ref)
        if not (0 < starts <= now + MAX_LIFE and (ends is None or ends > now)):
            raise Malformed(
                "This is not a time to start at.",
                where="starts",
                hint="Use a time within ten years from now, and a term that ends after now.",
            )
        return Grant(
            id=self._clock.fresh_id(),
            scope=Scope.parse(publisher, wish.scope),
            subject=wish.subject,
            note=wish.note,
            source=wish.source,
            source_ref=wish.source_ref,
            starts=starts,
            ends=ends,
            devices=wish.devices,
            parent=wish.parent,
            made_at=now,
        )

    async def token(self, grant: Grant) -> str:
        """Return the wire form of a grant, until its link is renewed. Raises Unavailable."""
        latest = grant.made_at + MAX_LIFE
        expires = latest if grant.ends is None else min(grant.ends, latest)
        ring = await self._signing.ring()
        return ring.sign(Claims(Purpose.GRANT, grant.id, grant.epoch, grant.made_at, expires))

    async def own(self, publisher: str, grant: str) -> Grant:
        """Return a grant of a publisher. Raises Missing, for another's too."""
        found = await self._ledger.grant(grant)
        if found is None or found.scope.publisher != publisher:
            raise Missing("grant")
        return found

    async def grants(
        self,
        publisher: str,
        *,
        subject: str = "",
        scope: str = "",
        after: str = "",
        limit: int,
        covering: Address | None = None,
        source: str = "",
        source_ref: str = "",
        standing: Standing | None = None,
    ) -> Sequence[Grant]:
        """Return grants of a publisher by id, after an id.

        covering: only those that cover this document. standing: only those that stand so now.
        """
        scopes = await self._covering(covering) if covering else ()
        wanted = Wanted(scopes, source, source_ref, standing, self._clock.now())
        return await self._ledger.grants(
            publisher, subject=subject, scope=scope, after=after, limit=limit, wanted=wanted
        )

    async def _covering(self, address: Address) -> tuple[str, ...]:
        current = await self._ledger.current(address)
        scopes = (f"{ScopeKind.DOCUMENT}:{address.slug}", str(ScopeKind.ALL))
        if current is None or not current.collection:
            return scopes
        return (*scopes, f"{ScopeKind.COLLECTION}:{current.collection}")

    def standing(self, grant: Grant) -> Standing:
        """Return whether a grant holds now."""
        return grant.standing(self._clock.now())

    async def revoke(self, publisher: str | None, grant: str) -> bool:
        """Take a right back, and all that came from it; publisher None is the operator.

        True: no worker begins to serve it any more. False: on record, and not confirmed yet.
        Raises Missing.
        """
        found = await self._ledger.grant(grant)
        if found is None or publisher not in (None, found.scope.publisher):
            raise Missing("grant")
        await self._ledger.revoke(found.id, self._clock.now())
        by = OPERATOR if publisher is None else f"publisher:{publisher}"
        return await self._confirm(Act.REVOKE, by, found.id)

    async def finish(self) -> None:
        """Finish the revocations that a process which died has left."""
        if await self._ledger.finish_revocations():
            await self._announcing.confirm()

    async def renew(
        self, publisher: str, grant: str, ask: IdempotencyKey = ONCE
    ) -> tuple[Grant, bool]:
        """Make the tokens of a grant void, and return it as its new token says.

        True: no worker takes an old one any more. False: on record, and not confirmed yet.
        Raises Missing, Revoked, Conflict.
        """
        found = await self.own(publisher, grant)
        if found.revoked_at is not None:
            raise Revoked
        # Kept before it is done, so that the same request again comes to the same token.
        epoch = str(found.epoch + 1).encode()
        kept = await self._idempotency.earlier(publisher, ask)
        kept = kept or await self._idempotency.keep(publisher, ask, 200, epoch)
        renewed = replace(found, epoch=int(kept.body))
        await self._ledger.renew(found.id, renewed.epoch, self._clock.now())
        return renewed, await self._confirm(Act.RENEW, f"publisher:{publisher}", found.id)

    async def _confirm(self, act: Act, by: str, on: str) -> bool:
        return await self._announcing.confirm(self._act(act, by, on))

    def _act(self, act: Act, by: str, on: str) -> Record:
        return Record(self._clock.now(), act, by, on)

    async def confirm(self) -> bool:
        """Return whether every worker knows of all that was put on record so far."""
        return await self._announcing.confirm()

    async def devices(self, publisher: str, grant: str) -> Sequence[Device]:
        """Return where a grant was redeemed, each device under a name of its own.

        Raises Missing.
        """
        found = await self.own(publisher, grant)
        redeemed = await self._ledger.devices(found.id, MAX_DEVICES)
        return [replace(each, reader=device_id(found.id, each.reader)) for each in redeemed]

    async def evict(self, publisher: str, grant: str, device: str) -> bool:
        """Take a grant out of a device, as `revoke` takes it back. Raises Missing."""
        found = await self.own(publisher, grant)
        redeemed = await self._ledger.devices(found.id, MAX_DEVICES)
        readers = [d.reader for d in redeemed if device_id(found.id, d.reader) == device]
        if not readers or not await self._ledger.evict(found.id, readers[0]):
            raise Missing("device")
        return await self._confirm(Act.EVICT, f"publisher:{publisher}", found.id)

    # --- readers ---

    def once(self) -> str:
        """Return what an unlock page carries, so that sending it twice is sending it once."""
        # Counted and not drawn: what a page says depends on nothing that publishers do.
        told = self._signing.derive("once", self._life, str(next(self._page)))
        return f"{self._clock.now()}-{told.hex()[:32]}"

    def is_once(self, told: str) -> bool:
        """Return whether this may be what `once` gave, and not too long ago."""
        match = _ONCE.fullmatch(told)
        return match is not None and 0 <= self._clock.now() - int(match[1]) <= ONCE_LIFE

    def newcomer(self, once: str, opened: str) -> str:
        """Return the id of a new reader: for the same `once` and what it opened, the same.

        once: "" makes another one each time.
        """
        if not once:
            return self._clock.fresh_id()
        return self._signing.derive("reader", once, opened).hex()[:32]

    async def redeem(self, token: str, known: Reader | None, once: str = "") -> Redeemed:
        """Add the grant of a token to a reader, a new one where none is known.

        Raises BadToken, Expired, Revoked, UsedUp.
        """
        now = self._clock.now()
        ring = await self._signing.ring()
        claims = ring.verify(token, Purpose.GRANT, now)
        grant = await self._ledger.grant(claims.holder)
        if grant is None:
            raise BadToken
        if grant.revoked_at is not None:
            raise Revoked
        if claims.epoch != grant.epoch:  # its link was renewed: this is no guess
            raise Expired
        reader_id = known.id if known else self.newcomer(once, grant.id)
        reader = await self._ledger.redeem(reader_id, grant.id, now)
        confirmed = await self._confirm(Act.REDEEM, reader_key(reader.id), grant.id)
        return await self.welcome(reader, grant, confirmed=confirmed)

    async def welcome(self, reader: Reader, grant: Grant, *, confirmed: bool) -> Redeemed:
        """Return the cookie of a reader in which a grant was redeemed."""
        now = self._clock.now()
        ring = await self._signing.ring()
        claims = Claims(Purpose.READER, reader.id, reader.auth_epoch, now, now + COOKIE_LIFE)
        # A reader of whom nothing else was ever recorded is in nobody's memory.
        return Redeemed(ring.sign(claims), grant, confirmed or reader.version == 1)

    async def forget(self, reader: str) -> bool:
        """Take a reader off the record, by the operator; its cookies open nothing any more.

        Returns as `sign_out` does. Raises Missing.
        """
        if not await self._ledger.forget(reader):
            raise Missing("reader")
        confirmed = await self._confirm(Act.FORGET, OPERATOR, "")
        await self._ledger.scrub()
        return confirmed

    async def sign_out(self, reader: Reader | None) -> bool:
        """End every cookie of a reader, and free the places that it held.

        True: no worker takes one any more. False: on record, and not confirmed yet.
        """
        if reader is None:
            return True
        await self._ledger.sign_out(reader.id)
        return await self._confirm(Act.SIGN_OUT, reader_key(reader.id), reader.id)


def _require_source(source: str) -> None:
    if source in OUR_SOURCES:
        raise Malformed(
            "This source is one of ours.", where="source", hint="Use a name of your own."
        )


def _length(grant: Grant) -> int | None:
    return None if grant.ends is None else grant.ends - grant.starts


def device_id(grant: str, reader: str) -> str:
    """Return what a publisher calls a reader: another name for each grant, and never its id."""
    return hashlib.sha256(f"paidgate device {grant} {reader}".encode()).hexdigest()[:16]
