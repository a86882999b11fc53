"""What a publisher may ask for: terms, numbers, words on one line."""

from __future__ import annotations

import re

from gateway.core.errors import Malformed
from gateway.core.tokens import MAX_LIFE

MAX_WORDS = 500

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400, "y": 365 * 86_400}


def _up_to(most: int) -> str:
    """Return the expression of the whole numbers from 1 to most, as people write them."""
    digits = str(most)
    ways = [f"[1-9][0-9]{{0,{len(digits) - 2}}}"] if most > 9 else []
    for at, digit in enumerate(digits):
        least, before = 0 if at else 1, int(digit) - 1
        if least <= before:
            rest = len(digits) - at - 1
            ways.append(f"{digits[:at]}[{least}-{before}]" + (f"[0-9]{{{rest}}}" if rest else ""))
    return "|".join([*ways, digits])


# As expressions that JSON Schema has too, for whoever describes what may be asked.
TERM = "|".join(f"(?:{_up_to(MAX_LIFE // unit)}){name}" for name, unit in _SECONDS.items())
# What people see, in the order in which it is read: on several lines, and on one.
LINES = r"[^\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]*"
WORDS = r"[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]*"

_TERM, _WORDS = re.compile(TERM), re.compile(WORDS)


def term_seconds(text: str) -> int:
    """Return the seconds of a term such as 30d, 12h, 2w or 1y. Raises Malformed."""
    if not _TERM.fullmatch(text):
        raise Malformed(
            "This is not a term.",
            where="term",
            hint="Use a number and s, m, h, d, w or y, such as 30d; ten years at most.",
        )
    return int(text[:-1]) * _SECONDS[text[-1]]


def term_text(seconds: int | None) -> str:
    """Return a term in the largest unit that divides it, weeks apart, "" for none."""
    if seconds is None:
        return ""
    letter, unit = next((k, _SECONDS[k]) for k in "ydhms" if seconds % _SECONDS[k] == 0)
    return f"{seconds // unit}{letter}"


def require_number(where: str, number: int, most: int) -> None:
    """Raise Malformed unless a number is from 1 to most."""
    if not 1 <= number <= most:
        raise Malformed(f"This is not a number of {where}.", where=where, hint=f"Use 1 to {most}.")


def require_expiry(expires: int | None, now: int) -> None:
    """Raise Malformed unless a time, in Unix seconds, is to come, or None: without end."""
    if expires is not None and not now < expires <= now + MAX_LIFE:
        raise Malformed(
            "This is not a time to expire at.",
            where="expires",
            hint="Use a time to come, within ten years.",
        )


def require_words(where: str, text: str) -> None:
    """Raise Malformed unless a text is short and on one line."""
    if len(text) > MAX_WORDS or not _WORDS.fullmatch(text):
        raise Malformed(
            f"This is not a valid {where}.",
            where=where,
            hint=f"Use at most {MAX_WORDS} printable characters on one line.",
        )
