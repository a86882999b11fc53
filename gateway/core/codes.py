"""Redeem codes: words that people type, and what stands on record for each."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from gateway.core.rights import PLACES, Scope

# Crockford's base 32: no I, L, O, U, so that no two letters look alike and no code is a word.
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 16  # letters: 80 bits, beyond guessing

_ALIKE = str.maketrans({"I": "1", "L": "1", "O": "0"})
_VALUES = frozenset(LETTERS)
_GROUP = f"[{LETTERS}]{{4}}"
# A code among other words: its groups with hyphens between them, or with blanks and no fifth.
_HYPHENED = rf"(?<![0-9A-Z]-){_GROUP}(?:-{_GROUP}){{3}}(?!-?[0-9A-Z])"
_BLANKED = rf"(?<!^{_GROUP} )(?<![^0-9A-Z]{_GROUP} ){_GROUP}(?: {_GROUP}){{3}}(?! {_GROUP}\b)"
_SPELLED = re.compile(rf"(?<![0-9A-Z])(?:{_HYPHENED}|{_BLANKED})(?![0-9A-Z])")


class State(StrEnum):
    """What can be done with a code at a moment."""

    OPEN = "open"
    USED_UP = "used-up"
    ENDED = "ended"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Code:
    """A redeemable word on record, as its hash. Times are Unix seconds; None is without end."""

    id: str
    hash: str
    scope: Scope
    max_uses: int = 1
    uses: int = 0
    term: int | None = None  # seconds that a right of this code lasts from its redemption
    devices: int = PLACES
    note: str = ""
    expires: int | None = None
    revoked_at: int | None = None
    made_at: int = 0

    def state(self, now: int) -> State:
        """Return whether the code can be redeemed at now, in another reader."""
        if self.revoked_at is not None:
            return State.REVOKED
        if self.expires is not None and now >= self.expires:
            return State.ENDED
        return State.OPEN if self.uses < self.max_uses else State.USED_UP


def spell(number: int) -> str:
    """Return the code of a number of 80 bits, in groups of four."""
    letters = [LETTERS[number >> 5 * place & 31] for place in range(LENGTH)]
    return "-".join("".join(letters[at : at + 4]) for at in range(0, LENGTH, 4))


def normal(typed: str) -> str:
    """Return the letters of a code however it was typed, "" for what cannot be one.

    Case, width, blanks and signs of every kind do not count, and I, L, O are read as 1, 1, 0.
    Other words may stand beside a code in its groups of four, as where a message was pasted.
    """
    wide = unicodedata.normalize("NFKC", typed[:200]).upper().translate(_ALIKE)
    plain = "".join(_SIGNS.get(unicodedata.category(c), c) for c in wide)
    letters = "".join(c for c in plain if c.isalnum())
    if len(letters) == LENGTH and _VALUES.issuperset(letters):
        return letters
    spelled = _SPELLED.findall(plain)
    return re.sub("[- ]", "", spelled[0]) if len(spelled) == 1 else ""


_SIGNS = {"Pd": "-", "Cf": ""}  # hyphens and dashes; what is not seen


def code_hash(letters: str) -> str:
    """Return what the ledger keeps of a code; 80 random bits need no slow hash."""
    return hashlib.sha256(b"paidgate code " + letters.encode()).hexdigest()
