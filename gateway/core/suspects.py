"""Suspects: places that read as a marker and are not one.

Nothing here decides what a marker is. It refuses what an author may have meant as one, because
a marker that is missed shows paid text to everyone. All rules speak of the skeleton, where
sigils are `#` and the words are `paidbegin` and `paidend`. A slip is a character too many,
missing, wrong, or changed with its neighbour; blanks in a word, however many, are one slip more,
and so are blanks around it; a sigil that is not there is lost. A place is suspect when it holds

1. a word as it is, unless a letter touches it (`prepaidending`, `paidEndDate`) and no two sigils
   do, or percent-encoded sigils stand on both sides, as in addresses;
2. at most 40 characters between sigils on one line that are a word but for at most two slips, and
   at most three slips and lost sigils together (two belong on each side);
3. between sigils, a word in which more sigils are strewn, or one stands for a letter;
4. two sigils and right after, or right before, a run of letters that is a word but for one slip;
5. a line of a word alone, spaced out or not, with or without sigils around, or of a run of
   letters that is a word but for one slip;
6. `<paid>` with blanks or `/` anywhere but in the word, which may be spaced out, with `\\` before
   its `>`, or as a comment; or `<paid` or `</paid`, a blank or `/`, at most 200 characters, of
   which the first is no operator (as in `a<paid && b>c`), and `>`. But where an end tag that
   misses its begin follows, that says it;
7. a line of nothing but what is `<paid>` or `</paid>` but for at most two slips, one of them
   perhaps a bracket that is lost, and no element of HTML; or of a comment that is but for one;
8. two sigils, a word in which blanks, line ends and `<br>` are strewn, and two sigils;
9. a bidirectional control on a line with a marker.

So no English word between single sigils, after two, or alone on a line is suspect.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import islice

from gateway.core.skeletons import MARK, blank, skeleton

_WORDS = (b"paidbegin", b"paidend")
_SPACED = b"|".join(b" *+".join(word[i : i + 1] for i in range(len(word))) for word in _WORDS)

_WORD = re.compile(b"|".join(_WORDS))
# Between sigils: the letters of the words, blanks, and at most two others.
_BETWEEN = re.compile(
    rb"#(?=[^#\n]{5})"
    rb"([paidbegn ]*+[^paidbegn #\n]?+[paidbegn ]*+[^paidbegn #\n]?+[paidbegn ]*+)(?=#)"
)
_STREWN = re.compile(b"#(?:" + _SPACED.replace(b" *+", b"#*+") + b")#")
_REPLACED = re.compile(
    b"#p(?:"
    + b"|".join(word[1:i] + b"#" + word[i + 1 :] for word in _WORDS for i in range(1, len(word)))
    + b")#"
)
_BEFORE = re.compile(rb"##(?=[a-z]{6})([paidbegn]*+[cfhj-moq-z]?+[paidbegn]*+)(?![a-z])")
_AFTER = re.compile(rb"##(?<=[a-z]{6}##)")
_ANGLE = re.compile(
    rb"<(?:(!--++)?([ \n/]*+)p *+a *+i *+d[ \n/\\]*+(?(1)--++)[>~]"
    rb"|(/?+)p *+a *+i *+d[ \n/]++(?![&|=?+*%)-])[^<>~]{0,200}+>)"
)
_ALONE = re.compile(b"\n[ #]*+(?:" + _SPACED + b")[ #]*+(?=\n)")
_ALMOST_ALONE = re.compile(rb"\n *+(?=[a-z]{6})([paidbegn]*+[cfhj-moq-z]?+[paidbegn]*+) *+(?=\n)")
# Alone on a line: angle brackets around what may be spaced out, or one bracket and no blank.
_ANGLE_ALONE = re.compile(
    rb"\n *+(<(?: *+(?:[^ \n] *+){2,13}?[>~]|[^ \n]{3,8}+)|[^ <\n][^ \n]{2,8}+(?<=[>~])) *+(?=\n)"
)
_BRACKETS = (b"<", b">", b"~")
_ELEMENTS = frozenset({b"<main>", b"</main>", b"<path>", b"</path>"})  # all that are so near
_BREAKS = rb"(?:[ \n]|<br[ /]*+>)*+"
_BROKEN = re.compile(b"##(?:" + _SPACED.replace(b" *+", _BREAKS) + b")##")
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_PERCENT = (b"%23", b"%24")
_MARGIN = b" " * 12 + b"\n"  # so that rules may look back
_SIGIL = ord("#")
_MARK = MARK.encode()
_LETTERS = b"abcdefghijklmnopqrstuvwxyz"

_OTHER = ord("?")  # in the table of slips: any character that no word has
_SYMBOLS = tuple(bytes([code]) for code in b"paidbegn?")
_TO_SLIPS = bytes(code if code in b"paidbegn" else _OTHER for code in range(256))

_TAGS = (b"<paid>", b"</paid>")
_TAG_SYMBOLS = tuple(bytes([code]) for code in b"</paid>?")
_TO_TAG_SLIPS = bytes(code if code in b"</paid>" else _OTHER for code in range(256))
_CLOSED = bytes.maketrans(b"~", b">")


def near_misses(
    source: str,
    spans: Sequence[tuple[int, int]],
    answered: Sequence[bool] = (),
    limit: int = 10_000,
) -> list[tuple[int, int]]:
    """Return the line of each suspect and how many spans lie before it, one for each line.

    The spans are the markers, and the markers shown literally, of the source. Where `answered`
    is true for the number of spans before a suspect `<paid …>`, an end tag already reports it.
    """
    text = blank(source, spans)
    bones, telling = skeleton(text)
    bones = _MARGIN + bones + b"\n"
    found = {} if telling.isdisjoint(_BIDI) else dict(islice(_bidi(text), limit))
    for rule in _RULES:
        for line, before in islice(_places(rule, bones), limit):
            found[line] = min(before, found.get(line, before))
    for line, before in islice(_unanswered(bones, answered), limit):
        found[line] = min(before, found.get(line, before))
    return sorted(found.items())[:limit]


def _places(rule: Rule, bones: bytes) -> Iterator[tuple[int, int]]:
    """Yield line and spans before, for the first suspect on each line."""
    line = before = at = 0
    offset = rule(bones, 0)
    while offset >= 0:
        line += bones.count(b"\n", at, offset)
        before += bones.count(_MARK, at, offset)
        yield line, before
        at = offset
        offset = rule(bones, bones.find(b"\n", offset))


# A rule returns where the next suspect after some offset begins, -1 if there is none.
Rule = Callable[[bytes, int], int]


def _bare(bones: bytes, after: int) -> int:
    for word in _WORD.finditer(bones, after):
        start, end = word.span()
        left, right = bones[start - 3 : start], bones[end : end + 3]
        touched = left[-2:] == b"##" or right[:2] == b"##"
        continued = left[-1:].isalpha() or right[:1].isalpha()
        in_address = left in _PERCENT and right in _PERCENT
        if touched or not (continued or in_address):
            return start
    return -1


def _between(bones: bytes, after: int) -> int:
    slips_of = _neighbourhood().get
    for found in _BETWEEN.finditer(bones, after):
        slips = slips_of(found[1].translate(_TO_SLIPS, b" "))
        if slips is not None and _is_meant(found, slips):
            return found.start()
    return -1


def _is_meant(found: re.Match[bytes], slips: int) -> bool:
    bones, (start, end) = found.string, found.span()
    lost = (bones[start - 1] != _SIGIL) + (bones[end + 1] != _SIGIL)
    if slips + lost > 3:  # most end here
        return False
    inside = found[1]
    word = inside.strip(b" ")
    slips += (b" " in word) + (word != inside)
    return len(inside) <= 40 and slips <= 2 and slips + lost <= 3


def _strewn(bones: bytes, after: int) -> int:
    found = _STREWN.search(bones, after)
    return found.start() if found else -1


def _broken(bones: bytes, after: int) -> int:
    found = _BROKEN.search(bones, after)
    return found.start() if found else -1


def _replaced(bones: bytes, after: int) -> int:
    found = _REPLACED.search(bones, after)
    return found.start() if found else -1


def _before(bones: bytes, after: int) -> int:
    for run in _BEFORE.finditer(bones, after):
        if _is_almost_a_word(run[1]):
            return run.start()
    return -1


def _after(bones: bytes, after: int) -> int:
    for sigils in _AFTER.finditer(bones, after):
        end = sigils.start()
        tail = bones[end - 12 : end]
        run = tail[len(tail.rstrip(_LETTERS)) :]
        if _is_almost_a_word(run):
            return end - len(run)
    return -1


def _unanswered(bones: bytes, answered: Sequence[bool]) -> Iterator[tuple[int, int]]:
    at = line = before = line_end = 0
    for angle in _ANGLE.finditer(bones):
        start = angle.start()
        if start < line_end:
            continue
        line += bones.count(b"\n", at, start)
        before += bones.count(_MARK, at, start)
        at = start
        if b"/" in (angle[2] or angle[3] or b"") or not (answered and answered[before]):
            line_end = bones.find(b"\n", start)
            yield line, before


def _alone(bones: bytes, after: int) -> int:
    line = _ALONE.search(bones, after)
    return line.start() + 1 if line else -1


def _almost_alone(bones: bytes, after: int) -> int:
    for line in _ALMOST_ALONE.finditer(bones, after):
        if _is_almost_a_word(line[1]):
            return line.start() + 1
    return -1


def _angle_alone(bones: bytes, after: int) -> int:
    if not any(bracket in bones for bracket in _BRACKETS):  # as in most texts, and told at once
        return -1
    for line in _ANGLE_ALONE.finditer(bones, after):
        if _is_almost_a_tag(line[1].translate(_CLOSED, b" ")):
            return line.start() + 1
    return -1


def _bidi(text: str) -> Iterator[tuple[int, int]]:
    before = 0
    for number, line in enumerate(text.split("\n"), 1):
        if MARK in line and not _BIDI.isdisjoint(line):
            yield number, before
        before += line.count(MARK)


_RULES: tuple[Rule, ...] = (
    _bare,
    _between,
    _strewn,
    _broken,
    _replaced,
    _before,
    _after,
    _alone,
    _almost_alone,
    _angle_alone,
)


def _is_almost_a_word(letters: bytes) -> bool:
    return _neighbourhood().get(letters.translate(_TO_SLIPS), 2) < 2


def _is_almost_a_tag(text: bytes) -> bool:
    most = 2
    if text.startswith(b"<!--") and text.endswith(b"-->"):
        # Templates are full of comments such as `<!-- /main -->` and `<!-- ad -->`.
        text, most = b"<" + text[4:-3].strip(b"-") + b">", 1
    return _tags_nearby().get(text.translate(_TO_TAG_SLIPS), 3) <= most and text not in _ELEMENTS


@cache
def _neighbourhood() -> dict[bytes, int]:
    """Return all strings up to two slips from a word, with how many: 21,286, made once."""
    return _reached(_WORDS, _SYMBOLS)


@cache
def _tags_nearby() -> dict[bytes, int]:
    """Return all strings up to two slips from a tag, with how many: 9,768, made once."""
    return _reached(_TAGS, _TAG_SYMBOLS)


def _reached(words: Sequence[bytes], symbols: Sequence[bytes]) -> dict[bytes, int]:
    reached = dict.fromkeys(words, 0)
    edge = list(words)
    for slips in (1, 2):
        edge = [near for one in edge for near in _one_slip_off(one, symbols) if near not in reached]
        reached.update(dict.fromkeys(edge, slips))
    return reached


def _one_slip_off(word: bytes, symbols: Sequence[bytes]) -> Iterator[bytes]:
    for i in range(len(word) + 1):
        head, tail = word[:i], word[i:]
        for letter in symbols:
            yield head + letter + tail
            if tail:
                yield head + letter + tail[1:]
        if tail:
            yield head + tail[1:]
        if len(tail) > 1:
            yield head + tail[1::-1] + tail[2:]
