"""Slugs: what stands for a name or a title in an address."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import count

from anyascii import anyascii

from gateway.core.documents import MAX_NAME

# A syllable each: Chinese characters and Korean syllables.
_SYLLABLE = re.compile(
    "[\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U000323af]"
)
_OTHER = re.compile(r"[^a-z0-9]+")
UNTITLED = "untitled"  # where nothing of a name can be spelled
_LETTERS = 500  # of a name that are looked at: more than fits


def slug_of(name: str) -> str:
    """Return a name as it can stand in an address, "" where nothing of it can be spelled.

    Chinese is spelled in pinyin, a character at a time; other scripts letter by letter.
    """
    plain = unicodedata.normalize("NFKC", name[:_LETTERS])
    spelled = _SYLLABLE.sub(lambda found: f" {anyascii(found[0])} ", plain)
    return _bounded(_OTHER.sub("-", anyascii(spelled).lower()).strip("-"))


def other_than(slug: str, taken: set[str] | frozenset[str]) -> str:
    """Return a slug, with a number at its end where others have it already."""
    return next(other for other in numbered(slug) if other not in taken)


def numbered(slug: str) -> Iterator[str]:
    """Yield a slug, then the same with 2, 3 and so on at its end."""
    yield slug
    for number in count(2):
        yield f"{slug[: MAX_NAME - len(str(number)) - 1].rstrip('-')}-{number}"


def _bounded(slug: str) -> str:
    if len(slug) <= MAX_NAME:
        return slug
    cut = slug[: MAX_NAME + 1].rpartition("-")[0]  # after a whole word
    return cut if len(cut) > MAX_NAME // 2 else slug[:MAX_NAME].rstrip("-")
