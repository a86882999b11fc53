"""How long a text takes to read."""

from __future__ import annotations

# Characters without white space that people read in a minute: of texts in Han letters, kana or
# hangul, and of all others (230 words of 5 letters).
DENSE, LOOSE = 400, 1_150
_DENSE = frozenset(("zh", "ja", "ko", "yue"))


def minutes(characters: int, language: str) -> int:
    """Return the minutes, at least one, that reading so many characters takes."""
    dense = language.lower().split("-")[0] in _DENSE
    return max(1, round(characters / (DENSE if dense else LOOSE)))
