"""P-TOKEN: what is accepted was signed here, for this purpose, in this one spelling.

The checker takes the verifier as a parameter, and must catch verifiers that leak.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterator
from itertools import product

import pytest
from itsdangerous import URLSafeSerializer, URLSafeTimedSerializer

from gateway.core.errors import BadToken, Expired, Unauthenticated
from gateway.core.tokens import MAX_LIFE, SKEW, Claims, KeyRing, KeyState, Purpose

ROOT = b"a root secret that is long enough."
NOW = 1_800_000_000
ALPHABET = string.ascii_letters + string.digits + "-_.=+/ \t\n%*é\x00"

Verify = Callable[[str, Purpose, int], object]


def ring(**states: KeyState) -> KeyRing:
    return KeyRing(ROOT, states or {"k1": KeyState.ACTIVE})


def claims(purpose: Purpose = Purpose.GRANT, **facts: object) -> Claims:
    told = {"holder": "0" * 32, "epoch": 0, "issued": NOW, "expires": NOW + 60} | facts
    return Claims(purpose, **told)  # type: ignore[arg-type]


def is_accepted(verify: Verify, text: str, purpose: Purpose = Purpose.GRANT, at: int = NOW) -> bool:
    try:
        verify(text, purpose, at)
    except Unauthenticated:
        return False
    return True


def neighbours(text: str) -> Iterator[str]:
    """Yield every text that one character makes different."""
    for at in range(len(text)):
        yield text[:at] + text[at + 1 :]
        for character in ALPHABET:
            if character != text[at]:
                yield text[:at] + character + text[at + 1 :]
    for at in range(len(text) + 1):
        for character in ALPHABET:
            yield text[:at] + character + text[at:]


def spellings(text: str) -> Iterator[str]:
    """Yield spellings that lenient decoders take for the same token."""
    head, _, signature = text.rpartition(".")
    yield from (text + "=", text + "==", text + "é", f"{head}.****{signature}")
    yield from (f"{head}.{signature[:-1]}{last}" for last in ALPHABET if last != signature[-1])


def malleable(verify: Verify, token: str) -> list[str]:
    return [t for t in (*neighbours(token), *spellings(token)) if is_accepted(verify, t)]


def confused(verify: Verify, sign: Callable[[Claims], str]) -> list[tuple[Purpose, Purpose]]:
    return [
        (made, asked)
        for made, asked in product(Purpose, Purpose)
        if made is not asked and is_accepted(verify, sign(claims(made)), asked)
    ]


def untimely(verify: Verify, sign: Callable[[Claims], str]) -> list[int]:
    """Return the wrong moments at which a token of a minute is accepted."""
    wrong = [NOW - SKEW - 1, NOW - 86_400, NOW + 60, NOW + 61, NOW + MAX_LIFE]
    return [at for at in wrong if is_accepted(verify, sign(claims()), at=at)]


def test_a_token_says_what_was_signed() -> None:
    for purpose in Purpose:
        told = claims(purpose, holder="a-publisher", epoch=7)
        assert ring().verify(ring().sign(told), purpose, NOW) == told


def test_no_neighbour_of_a_token_is_accepted() -> None:
    keys = ring()
    token = keys.sign(claims())
    assert is_accepted(keys.verify, token)
    assert malleable(keys.verify, token) == []


def test_no_purpose_accepts_a_token_of_another() -> None:
    assert confused(ring().verify, ring().sign) == []


def test_a_token_holds_from_its_issue_until_just_before_its_end() -> None:
    keys = ring()
    assert untimely(keys.verify, keys.sign) == []
    for at in (NOW - SKEW, NOW, NOW + 59):
        assert is_accepted(keys.verify, keys.sign(claims()), at=at)
    with pytest.raises(Expired):
        keys.verify(keys.sign(claims()), Purpose.GRANT, NOW + 60)


def test_a_key_verifies_until_it_is_retired_and_signs_only_while_active() -> None:
    old = ring(k1=KeyState.ACTIVE)
    token = old.sign(claims())
    assert token.startswith("pg1.k1.")
    for state in (KeyState.PENDING, KeyState.VERIFY_ONLY):
        turned = ring(k1=state, k2=KeyState.ACTIVE)
        assert is_accepted(turned.verify, token)
        assert turned.sign(claims()).startswith("pg1.k2.")
    assert not is_accepted(ring(k1=KeyState.RETIRED, k2=KeyState.ACTIVE).verify, token)
    assert not is_accepted(ring(k2=KeyState.ACTIVE).verify, token)
    assert not is_accepted(KeyRing(ROOT[::-1], {"k1": KeyState.ACTIVE}).verify, token)


def test_a_key_does_not_verify_under_the_name_of_another() -> None:
    both = ring(k1=KeyState.ACTIVE, k2=KeyState.VERIFY_ONLY)
    assert not is_accepted(both.verify, both.sign(claims()).replace("pg1.k1.", "pg1.k2."))


@pytest.mark.parametrize(
    "payload",
    [
        None, True, 1, "grant", {}, [], ["grant"], {"purpose": "grant"},
        ["grant", "0" * 32, 0, NOW, NOW + 60, 1],
        ["grant", ["0" * 32], 0, NOW, NOW + 60], ["grant", {"$ne": 1}, 0, NOW, NOW + 60],
        ["grant", "", 0, NOW, NOW + 60], ["grant", None, 0, NOW, NOW + 60],
        ["grant", "a b", 0, NOW, NOW + 60], ["grant", "a" * 81, 0, NOW, NOW + 60],
        ["grant", "0" * 32, True, NOW, NOW + 60], ["grant", "0" * 32, -1, NOW, NOW + 60],
        ["grant", "0" * 32, "0", NOW, NOW + 60], ["grant", "0" * 32, 0, float(NOW), NOW + 60],
        ["grant", "0" * 32, 0, NOW, None], ["grant", "0" * 32, 0, NOW, float("inf")],
        ["grant", "0" * 32, 0, NOW, float("nan")], ["grant", "0" * 32, 0, NOW, "9999999999999"],
        ["grant", "0" * 32, 0, NOW, 0], ["grant", "0" * 32, 0, NOW, NOW],
        ["grant", "0" * 32, 0, NOW, NOW + MAX_LIFE + 1], ["reader", "0" * 32, 0, NOW, NOW + 60],
        ["other", "0" * 32, 0, NOW, NOW + 60], [["grant"], "0" * 32, 0, NOW, NOW + 60],
    ],
)  # fmt: skip
def test_claims_of_another_shape_are_refused_however_well_signed(payload: object) -> None:
    keys = ring()
    signer = keys._signers["k1", Purpose.GRANT]
    text = signer.dumps(payload)
    assert not is_accepted(
        keys.verify, f"pg1.k1.{text if isinstance(text, str) else text.decode()}"
    )


def test_nothing_is_decoded_before_its_signature_is_right() -> None:
    bomb = URLSafeSerializer("another key").dumps(["x" * 1_000_000])
    assert len(bomb) > 1024
    with pytest.raises(BadToken):
        ring().verify(f"pg1.k1.{bomb}", Purpose.GRANT, NOW)


def test_random_texts_are_refused() -> None:
    chance = random.Random(1)
    keys = ring()
    alphabet = string.ascii_letters + string.digits + "-_."
    for _ in range(20_000):
        text = "".join(chance.choices(alphabet, k=chance.randrange(120)))
        assert not is_accepted(keys.verify, chance.choice(("", "pg1.", "pg1.k1.")) + text)


# --- the checker catches what leaks ---


def lenient(text: str, purpose: Purpose, now: int) -> object:
    """Accept what itsdangerous accepts: several texts for one signature."""
    keys = ring()
    payload = keys._signers["k1", purpose].loads(text.removeprefix("pg1.k1."))
    if now >= payload[4] or payload[3] > now + SKEW:
        raise Expired
    return payload


def saltless(text: str, purpose: Purpose, now: int) -> object:
    return URLSafeSerializer(ROOT).loads(text)


def ageless(text: str, purpose: Purpose, now: int) -> object:
    return URLSafeTimedSerializer(ROOT).loads(text)


def rate_limited(leaky: Verify) -> Verify:
    def verify(text: str, purpose: Purpose, now: int) -> object:
        try:
            return leaky(text, purpose, now)
        except Exception:
            raise BadToken from None

    return verify


def test_the_checker_catches_a_verifier_that_takes_several_spellings() -> None:
    assert malleable(rate_limited(lenient), ring().sign(claims()))


def test_the_checker_catches_a_verifier_without_salts() -> None:
    def sign(told: Claims) -> str:
        text = URLSafeSerializer(ROOT).dumps([told.holder])
        return text if isinstance(text, str) else text.decode()

    assert confused(rate_limited(saltless), sign)


def test_the_checker_catches_a_verifier_without_an_age() -> None:
    def sign(told: Claims) -> str:
        text = URLSafeTimedSerializer(ROOT).dumps([told.holder])
        return text if isinstance(text, str) else text.decode()

    assert untimely(rate_limited(ageless), sign)
