"""Search terms: what a text is found by, and what a query asks for.

A document is a hit if every term of the query is among its own: no stems, no weights, nothing that
depends on other documents. Text in scripts without spaces between words gives its characters and
each pair of neighbours, all other text its words. Terms are spelled in a-z and 0-9 alone, so that
no database cuts or folds them in its own way, and every index finds the same.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import pairwise

VERSION = 1  # of the terms: an index of another one is made anew

MOST_CHARACTERS = 200  # of a query; what is beyond is not asked for
MOST_TERMS = 24  # of a query
LONGEST_WORD = 64  # characters; of a longer word the first
LONGEST_TEXT = 500_000  # characters; of a longer text the first are found

CJK = (
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
"""Characters of scripts that are read without spaces between words, as part of an expression."""

JOIN = "\u0300"  # a folded character that belongs to the word around it and is not compared
_RUN = re.compile(f"[{CJK}][{CJK}{JOIN}]*|[^ {CJK}]+")
_CJK = re.compile(f"[{CJK}]")
_DIGITS = "0123456789abcdefghijklmnopqrstuv"


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What a search asks for. runs: its words and stretches of CJK, as a text is folded."""

    runs: tuple[str, ...] = ()
    terms: frozenset[str] = frozenset()
    within: frozenset[str] = frozenset()
    is_cut: bool = False
    """Whether it is longer than what is asked for."""

    @property
    def all_terms(self) -> frozenset[str]:
        """What a hit has among its terms."""
        return self.terms | self.within

    @property
    def title_terms(self) -> frozenset[str]:
        """What a hit has among its terms whose title alone is a hit."""
        return frozenset(f"t{term[1:]}" for term in self.terms) | self.within


def query_of(text: str, publisher: str = "", collection: str = "") -> SearchQuery:
    """Return what a text asks for, of a publisher and a collection where they are named."""
    runs: list[str] = []
    terms: set[str] = set()
    is_cut = len(text) > MOST_CHARACTERS
    for run in _runs(text[:MOST_CHARACTERS]):
        found = {f"w{_spelled(word)}" for word in _words(run)}
        if len(terms | found) > MOST_TERMS:
            is_cut = True
            break
        runs.append(run)
        terms |= found
    within = [_of_publisher(publisher)] if publisher else []
    within += [_of_collection(publisher, collection)] if collection else []
    return SearchQuery(tuple(dict.fromkeys(runs)), frozenset(terms), frozenset(within), is_cut)


def terms_of(publisher: str, collection: str, title: str, text: str) -> frozenset[str]:
    """Return the terms of a document: of its title, its text, and where it belongs."""
    in_title = {_spelled(word) for run in _runs(title) for word in _all_words(run)}
    in_text = {word for run in _runs(text[:LONGEST_TEXT]) for word in _all_words(run)}
    spelled = in_title.union(map(_spelled, in_text))
    places = [_of_publisher(publisher)]
    places += [_of_collection(publisher, collection)] if collection else []
    return frozenset(f"w{each}" for each in spelled).union(
        (f"t{each}" for each in in_title), places
    )


def _runs(text: str) -> list[str]:
    """Return the words and the stretches of CJK in a text, folded."""
    runs = (run.replace(JOIN, "") for run in _RUN.findall(folded(text)))
    return [run if is_cjk(run) else run[:LONGEST_WORD] for run in runs if run]


def is_cjk(run: str) -> bool:
    """Return whether a run is a stretch of CJK."""
    return _CJK.match(run) is not None


def _words(run: str) -> list[str]:
    """Return what is asked for by a run."""
    return pairs(run) if is_cjk(run) and len(run) > 1 else [run]


def _all_words(run: str) -> list[str]:
    """Return all that a run is found by."""
    return [*run, *pairs(run)] if is_cjk(run) else [run]


def pairs(run: str) -> list[str]:
    """Return each two neighbours."""
    return [one + other for one, other in pairwise(run)]


def _of_publisher(name: str) -> str:
    return f"p{name.encode().hex()}"


def _of_collection(publisher: str, name: str) -> str:
    return f"c{publisher.encode().hex()}z{name.encode().hex()}"


# --- characters --------------------------------------------------------------------------------


def folded(text: str) -> str:
    """Return a text of the same length without what makes no difference to a search.

    Case, width, accents are gone; what belongs to no word is a space.
    """
    return text.translate(_FOLDING)


class _Folding(dict[int, str]):
    """What a character is folded to, found out when it is first met."""

    def __missing__(self, code: int) -> str:
        fold = _fold(chr(code))
        if code < 0x10000:  # what is beyond is rare, and much
            self[code] = fold
        return fold


def _fold(character: str) -> str:
    kind = unicodedata.category(character)
    if kind == "Cf" or "\u0300" <= character <= "\u036f" or "\ufe00" <= character <= "\ufe0f":
        return JOIN
    if kind[0] == "M":
        return character
    if kind[0] not in "LN":
        return " "
    plain = unicodedata.normalize("NFKC", character)
    if not is_cjk(plain):
        plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not _is_mark(c))
    plain = plain.casefold()
    if len(plain) == 1 and unicodedata.category(plain)[0] in "LN":
        return plain
    lower = character.lower()
    return lower if len(lower) == 1 else character


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) == "Mn"


_FOLDING = _Folding()


def _spelled(word: str) -> str:
    """Return a word in a-z and 0-9, as no other word is spelled."""
    return f"a{word}" if word.isascii() else f"u{word.translate(_SPELLING)}"


class _Spelling(dict[int, str]):
    """How a character is spelled, found out when it is first met."""

    def __missing__(self, code: int) -> str:
        # A letter, a mark or a number: below 2 to the power of 20.
        digits = "".join(_DIGITS[code >> shift & 31] for shift in (15, 10, 5, 0))
        if code < 0x10000:  # what is beyond is rare, and much
            self[code] = digits
        return digits


_SPELLING = _Spelling()
