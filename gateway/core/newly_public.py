"""Newly public: what was paid in one edition of a source, and is free in another.

Compared are letters and digits alone, so that markup, quotes and wrapping make no difference; and
besides, which pictures and attachments are named.
Both sources are divided by their markers and held to nothing else: an earlier version of the
gateway may have accepted what this one refuses. The work is linear in their length.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from gateway.core.companions import (
    ATTACHMENT_SUFFIXES,
    MAX_COMPANION_NAME,
    PICTURE_SUFFIXES,
    named,
)
from gateway.core.findings import Finding, FindingCode, warning
from gateway.core.grammar import scan

MOST = 1_000
"""Lines that are told; nobody reads more."""

_CUT = "\ufdd0"  # stands in no source
_ENDS = re.compile(r"\r\n?")
_NO_LETTERS = re.compile(r"[\W_]+")
_BETWEEN_CLAUSES = re.compile(r"[^\w \t]+")
_WIDE = re.compile(r"[\u2e80-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]")

_SUFFIX = re.compile(
    "|".join(map(re.escape, (*PICTURE_SUFFIXES, *ATTACHMENT_SUFFIXES))), re.IGNORECASE
)
_BEGINS = re.compile(r"[\s\"'()<>\[\]|=]")

# How much must be alike before it is no accident.
_SECTION = 4
_LINE = 6
_CLAUSE = 10
_BLOCK = 16


def newly_public(before: str, after: str) -> tuple[Finding, ...]:
    """Return a warning for each line of a source whose free text was paid in the one before."""
    paid, free = _divided(before)
    known = {_letters(text) for _, text in free}
    fresh = [(line, text) for line, text in _divided(after)[1] if _letters(text) not in known]
    if not (paid and fresh):
        return ()
    paid_text = _PaidBefore(paid, [text for _, text in free])
    names = _names(paid) - _names(text for _, text in free)
    lines = sorted(
        {n for n, text in fresh if paid_text.is_in(text) or not names.isdisjoint(_names([text]))}
    )
    return tuple(warning(FindingCode.NEWLY_PUBLIC, line) for line in lines[:MOST])


_Line = tuple[int, str]


def _divided(source: str) -> tuple[list[str], list[_Line]]:
    """Return the paid sections, and the free stretches of each line with its number."""
    source = _ENDS.sub("\n", source)
    paid: list[str] = []
    free: list[str] = []
    at = 0
    is_paid = False
    for marker in scan(source):
        _add(source[at : marker.start], paid if is_paid else None, free)
        at, is_paid = marker.end, marker.opens
    _add(source[at:], paid if is_paid else None, free)
    lines = enumerate("".join(free).split("\n"), 1)
    return paid, [(n, text) for n, line in lines for text in line.split(_CUT) if _letters(text)]


def _add(text: str, paid: list[str] | None, free: list[str]) -> None:
    if paid is None:
        free.append(text)
    else:
        paid.append(text)
        free.append(_CUT + "\n" * text.count("\n"))


class _PaidBefore:
    """What paid text is known by: its lines and clauses, short sections, and blocks cut out of it.

    What stood in free text as well tells nothing.
    """

    def __init__(self, paid: Iterable[str], free: Iterable[str]) -> None:
        sections = [letters for text in paid if (letters := _letters(text))]
        whole = "".join(sections)
        size = _BLOCK // 2 if 2 * len(_WIDE.findall(whole)) > len(whole) else _BLOCK
        grams = {size: {s[i : i + size] for s in sections for i in range(0, len(s), size)}}
        grams[size] = {gram for gram in grams[size] if len(gram) == size}
        for section in sections:
            if len(section) < 2 * size and _says(section, _SECTION):
                grams.setdefault(len(section), set()).add(section)
        free = list(free)
        free_letters = "\n".join(map(_letters, free))
        self._grams = {
            length: found.difference(_grams(free_letters, length))
            for length, found in grams.items()
        }
        self._pieces = set(_pieces(paid)).difference(_pieces(free))

    def is_in(self, text: str) -> bool:
        """Return whether a free text holds any of it."""
        if not self._pieces.isdisjoint(_pieces([text])):
            return True
        letters = _letters(text)
        return not all(
            found.isdisjoint(_grams(letters, length)) for length, found in self._grams.items()
        )


def _names(texts: Iterable[str]) -> set[str]:
    """Return the names of pictures and attachments in texts."""
    found: set[str] = set()
    for text in texts:
        for suffix in _SUFFIX.finditer(text):
            before = text[max(0, suffix.end() - MAX_COMPANION_NAME) : suffix.end()]
            found.add(named(_BEGINS.split(before)[-1]))
    return found - {""}


def _grams(letters: str, length: int) -> Iterator[str]:
    """Yield every stretch of so many letters."""
    return (letters[i : i + length] for i in range(len(letters) - length + 1))


def _pieces(texts: Iterable[str]) -> Iterator[str]:
    """Yield the lines of texts, and what stands between two signs, where it says enough."""
    for text in texts:
        for line in text.split("\n"):
            if _says(letters := _letters(line), _LINE):
                yield letters
        for part in _BETWEEN_CLAUSES.split(text):
            if _says(letters := _letters(part), _CLAUSE):
                yield letters


def _letters(text: str) -> str:
    return _NO_LETTERS.sub("", text)


def _says(letters: str, least: int) -> bool:
    """Return whether letters say enough to be known by; a wide one says as much as two others."""
    return len(letters) >= least or len(letters) + len(_WIDE.findall(letters)) >= least
