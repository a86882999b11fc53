"""The key ring; sign and verify, one salt per purpose.

A text is accepted only in the one canonical spelling of its claims: base64 decoders take several
texts for one signature, and a list of texts would miss the others.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from enum import StrEnum

from itsdangerous import BadData, URLSafeSerializer
from itsdangerous.encoding import base64_decode, base64_encode
from msgspec import Struct

from gateway.core.errors import BadToken, Expired

MAX_TEXT = 1024
MAX_LIFE = 10 * 366 * 86_400
REMEMBERED = 8_000  # verified texts of one ring, at most a kilobyte each
SKEW = 60  # seconds that another host's clock may be ahead of ours

_SHAPE = re.compile(r"pg1\.([a-z0-9]{1,16})\.(\.?[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)", re.ASCII)
_ID = re.compile(r"[a-z0-9-]{1,80}", re.ASCII)


class Purpose(StrEnum):
    """What a token is for; the value is its salt and its kind."""

    GRANT = "grant"  # a bearer token or an unlock link: names one grant
    READER = "reader"  # the reader cookie: names a reader
    MOVE = "move"  # a link that takes a reader to another device: names the reader
    STUDIO = "studio"  # the studio cookie: names a publisher's session


class KeyState(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    VERIFY_ONLY = "verify-only"
    RETIRED = "retired"


class Claims(Struct, frozen=True, gc=False):
    """What a token says. Times are Unix seconds."""

    purpose: Purpose
    holder: str
    epoch: int
    issued: int
    expires: int


class KeyRing:
    """The signing keys, all derived from one root secret, each with a state."""

    def __init__(self, root: bytes, states: Mapping[str, KeyState]) -> None:
        active = [kid for kid, state in states.items() if state is KeyState.ACTIVE]
        if len(active) != 1:
            raise ValueError("exactly one key is active")
        self._active = active[0]
        self._signers = {
            (kid, purpose): _signer(root, kid, purpose)
            for kid, state in states.items()
            if state is not KeyState.RETIRED
            for purpose in Purpose
        }
        self._verified: dict[str, Claims] = {}

    def sign(self, claims: Claims) -> str:
        """Return the token that says claims, signed with the active key."""
        signed = self._signers[self._active, claims.purpose].dumps(
            [claims.purpose, claims.holder, claims.epoch, claims.issued, claims.expires]
        )
        return f"pg1.{self._active}.{signed}"

    def verify(self, text: str, purpose: Purpose, now: int) -> Claims:
        """Return what a token for purpose says. Raises BadToken, Expired.

        Under the same keys a good signature stays good; the time is looked at again.
        """
        claims = self.read(text, purpose)
        if claims.issued > now + SKEW:
            raise BadToken
        if now >= claims.expires:
            raise Expired
        return claims

    def read(self, text: str, purpose: Purpose) -> Claims:
        """Return what a token for purpose says, whatever the time is. Raises BadToken."""
        claims = self._verified.get(text)
        if claims is not None and claims.purpose is purpose:
            return claims
        return self._remembered(purpose, text)

    def _remembered(self, purpose: Purpose, text: str) -> Claims:
        claims = self._verify(purpose, text)
        if len(self._verified) >= REMEMBERED:
            del self._verified[next(iter(self._verified))]
        self._verified[text] = claims
        return claims

    def _verify(self, purpose: Purpose, text: str) -> Claims:
        shape = _SHAPE.fullmatch(text) if len(text) <= MAX_TEXT else None
        signer = self._signers.get((shape[1], purpose)) if shape else None
        if shape is None or signer is None:
            raise BadToken
        try:
            payload = signer.loads(shape[2])
        except BadData:
            raise BadToken from None
        if not _is_canonical(shape[2]):
            raise BadToken
        claims = _claims(payload)
        if claims.purpose is not purpose:
            raise BadToken
        return claims


def _signer(root: bytes, kid: str, purpose: Purpose) -> URLSafeSerializer:
    key = hmac.digest(root, b"paidgate signing key " + kid.encode(), "sha256")
    return URLSafeSerializer(
        key,
        salt=b"paidgate " + purpose.encode(),
        signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
    )


def _is_canonical(signed: str) -> bool:
    # The signature covers the payload as text; its own last letter has spare bits.
    signature = signed.rpartition(".")[2]
    return base64_encode(base64_decode(signature)).decode() == signature


def _claims(payload: object) -> Claims:
    if not isinstance(payload, list) or len(payload) != 5:
        raise BadToken
    purpose, holder, epoch, issued, expires = payload
    if type(purpose) is not str or type(holder) is not str or not _ID.fullmatch(holder):
        raise BadToken
    if any(type(number) is not int for number in (epoch, issued, expires)):
        raise BadToken
    if not (epoch >= 0 and 0 <= issued < expires <= issued + MAX_LIFE):
        raise BadToken
    try:
        return Claims(Purpose(purpose), holder, epoch, issued, expires)
    except ValueError:
        raise BadToken from None
