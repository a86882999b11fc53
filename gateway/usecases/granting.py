"""Grant, renew, revoke: what publishers do with rights."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.core.audit_records import OPERATOR, Act, Record
from gateway.core.documents import Address, valid_name
from gateway.core.errors import Conflict, Malformed, Missing, Revoked
from gateway.core.rights import DEEPEST, PLACES, Grant, Scope, ScopeKind, Standing
from gateway.core.terms import require_number, require_words, term_seconds
from gateway.core.tokens import MAX_LIFE, Claims, Purpose
from gateway.ports import Clock, Device, Ledger, Wanted
from gateway.usecases.announcing import Announcing
from gateway.usecases.idempotency import ONCE, Idempotency, IdempotencyKey
from gateway.usecases.signing_keys import Signing

MAX_DEVICES = 1_000
API = "api"  # where no other source is named
KEYED = "once"  # of a reference that is an Idempotency-Key
CODE = "code"
OUR_SOURCES = (KEYED, CODE)


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


class Granting:
    """The publisher's side of rights."""

    def __init__(
        self, ledger: Ledger, signing: Signing, announcing: Announcing, clock: Clock
    ) -> None:
        self._ledger = ledger
        self._signing = signing
        self._announcing = announcing
        self._idempotency = Idempotency(ledger, clock)
        self._clock = clock

    async def require_known(self, publisher: str, scope: str) -> None:
        """Raise Missing where a publisher, or the document of a scope, does not exist."""
        covered = Scope.parse(valid_name(publisher, "publisher"), scope)
        if not await self._ledger.is_publisher(publisher):
            raise Missing("publisher")
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
