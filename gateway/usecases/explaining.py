"""Explain: the steps by which an answer comes, from the code that gives it.

A publisher is told of its own things only: a token or a document of another's does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.core.documents import Address
from gateway.core.errors import BadToken, Expired, Missing
from gateway.core.rights import Grant, Rights, Standing, Verdict, judge
from gateway.core.tokens import Claims, Purpose
from gateway.ports import Clock, Edition, Ledger
from gateway.usecases.signing_keys import Signing

MOST = 1_000  # grants of one subject that are looked at


@dataclass(frozen=True, slots=True)
class Step:
    """One question on the way. ok: it speaks for yes."""

    name: str
    ok: bool
    detail: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why the answer is yes or no."""

    allowed: bool
    steps: tuple[Step, ...]


class Explaining:
    """Answers «why», for publisher and support."""

    def __init__(self, ledger: Ledger, signing: Signing, clock: Clock) -> None:
        self._ledger = ledger
        self._signing = signing
        self._clock = clock

    async def token(self, address: Address, token: str) -> Explanation:
        """Explain what the bearer of a token gets. Raises Missing, Unavailable."""
        edition = await self._current(address)
        steps = [_document(edition)]
        ring = await self._signing.ring()
        try:
            claims = ring.read(token, Purpose.GRANT)
        except BadToken:
            detail = "This is no token of this gateway, or its key is retired."
            return Explanation(False, (*steps, Step("token", False, detail)))
        grant = await self._ledger.grant(claims.holder)
        if grant is None or grant.scope.publisher != address.publisher:
            raise Missing("token")
        now = self._clock.now()
        try:
            ring.verify(token, Purpose.GRANT, now)
        except (BadToken, Expired) as error:
            steps.append(_token(claims, False, error.message))
            return Explanation(False, (*steps, _grant(grant, edition, now)))
        if claims.epoch != grant.epoch:
            steps.append(_token(claims, False, "The link was renewed: a newer token is good."))
            return Explanation(False, (*steps, _grant(grant, edition, now)))
        steps.append(_token(claims, True, "It is signed with a key of this gateway, and in time."))
        return self._judged(steps, edition, (grant,), now)

    async def subject(self, address: Address, subject: str) -> Explanation:
        """Explain what all grants of a subject give together. Raises Missing, Unavailable."""
        edition = await self._current(address)
        grants = await self._ledger.grants(
            address.publisher, subject=subject, scope="", after="", limit=MOST
        )
        found = f"{len(grants)} grant(s) on record for this subject."
        steps = [_document(edition), Step("subject", bool(grants), found)]
        return self._judged(steps, edition, grants, self._clock.now())

    async def _current(self, address: Address) -> Edition:
        edition = await self._ledger.current(address)
        if edition is None:
            raise Missing("document")
        return edition

    def _judged(
        self, steps: Sequence[Step], edition: Edition, grants: Sequence[Grant], now: int
    ) -> Explanation:
        verdict = judge(Rights(grants), edition.address, edition.collection, now)
        told = (_grant(grant, edition, now) for grant in grants)
        return Explanation(verdict.allowed, (*steps, *told, _verdict(verdict)))


def _document(edition: Edition) -> Step:
    facts = {"edition": edition.id, "collection": edition.collection}
    return Step("document", True, "It is published.", facts)


def _token(claims: Claims, ok: bool, detail: str) -> Step:
    return Step("token", ok, detail, {"grant": claims.holder})


def _grant(grant: Grant, edition: Edition, now: int) -> Step:
    standing = grant.standing(now)
    covers = bool(Rights((grant,)).covering(edition.address, edition.collection))
    facts = {"grant": grant.id, "scope": str(grant.scope), "standing": str(standing)}
    detail = _STANDINGS[standing] if covers else "It does not cover this document."
    return Step("grant", covers and standing is Standing.STANDS, detail, facts)


def _verdict(verdict: Verdict) -> Step:
    if verdict.grant is None or verdict.standing is None:
        return Step("verdict", False, "No grant covers this document: it has to be paid for.")
    facts = {"grant": verdict.grant.id, "standing": str(verdict.standing)}
    return Step("verdict", verdict.allowed, _VERDICTS[verdict.standing], facts)


_STANDINGS = {
    Standing.STANDS: "It covers this document and holds.",
    Standing.NOT_YET: "It covers this document and has not begun.",
    Standing.ENDED: "It covered this document and has ended.",
    Standing.REVOKED: "It covered this document and was taken back.",
}

_VERDICTS = {
    Standing.STANDS: "The whole document is served.",
    Standing.NOT_YET: "Not yet: the right begins later.",
    Standing.ENDED: "No longer: the right has ended.",
    Standing.REVOKED: "No: the right was taken back.",
}
