"""What a publisher may ask for: terms, numbers, words on one line."""

from __future__ import annotations

import re

from gateway.core.errors import Malformed
from gateway.core.tokens import MAX_LIFE

_MAX_WORDS = 500

_TERM = re.compile(r"([1-9][0-9]{0,5})([smhdwy])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400, "y": 365 * 86_400}


def term_seconds(text: str) -> int:
    """Return the seconds of a term such as 30d, 12h, 2w or 1y. Raises Malformed."""
    match = _TERM.fullmatch(text)
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    if not 0 < seconds <= MAX_LIFE:
        raise Malformed(
            "This is not a term.",
            where="term",
            hint="Use a number and s, m, h, d, w or y, such as 30d; ten years at most.",
        )
    return seconds


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


def require_words(where: str, text: str) -> None:
    """Raise Malformed unless a text is short and on one line."""
    if len(text) > _MAX_WORDS or not text.isprintable():
        raise Malformed(
            f"This is not a valid {where}.",
            where=where,
            hint=f"Use at most {_MAX_WORDS} printable characters on one line.",
        )
