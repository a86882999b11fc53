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
6. two sigils of one kind, at most 24 characters that neither begin nor end with a blank, a word for
   pay and a word for begin or end among them, and two sigils again; or between two `#` and two
   more nothing but a word for paid, perhaps after a `/`;
7. `<paid>` with blanks, `/` or `\\` anywhere but in the word, which may be spaced out, or as a
   comment; or `<paid` or `</paid`, a blank or `/`, at most 200 characters, of which the first is
   no operator (as in `a<paid && b>c`), and `>`. But where an end tag that misses its begin
   follows, that says it;
8. a tag whose name is `paid` but for one slip or begins with `paid` or `pay`; one that a slip in
   its signs makes into something else, or an end tag that has lost a bracket;
9. a word, whatever touches it, in what names a heading: `{#…}`, `(#…)`, `id=…`, `name=…`, and
   `[…]` at the end of a line;
10. two sigils, a word in which blanks, broken lines and tags are strewn, and two sigils;
11. a bidirectional control on a line with a marker, or with a word written backwards.

Of 7 and 8, what the format shows as code is not suspect. So no English word between single sigils,
after two, or alone on a line is suspect, nor is an element of HTML.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache
from heapq import merge
from itertools import chain, islice

from gateway.core.skeletons import MARK, angles, blank, plain, skeleton

InCode = Callable[[Sequence[int]], Collection[int]]
"""Tells which of some indices of a text, in order, stand in code."""


def everywhere(places: Sequence[int]) -> Collection[int]:
    """Tell of a text that is code."""
    return places


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
# Two sigils, a few characters without blanks at their ends, and two sigils: a closer look may tell.
_WORDED, _CHINESE = (
    re.compile(rb"##(?![# \n])(?=[^#\n{}\\=^<>]{2,24}+(?<! )##)[^#]*?" + word)
    for word in (rb"(?:pa(?:id|y)|vip|hide)", rb"\xff")
)
_MAY_BE_CHINESE = re.compile("[付收&]")
_SIGILS = r"(##|\$\$)(?![#$\s])(?=[^#$\n{{}}\\=^<>]{{2,24}}(?<!\s)\1){}"
_PAY = "(?:pa(?:id|y)|vip|hide|[付收][费費])"
_EDGE = "(?:begin|start|open|end|stop|close|break|[开開]始|[结結]束)"
_PAY_AND_EDGE = re.compile(
    _SIGILS.format(rf"(?:[^#$\n]*?{_PAY}[^#$\n]*?{_EDGE}|[^#$\n]*?{_EDGE}[^#$\n]*?{_PAY})")
)
_NOTHING_BUT_PAID = re.compile("##/?(?:paid|付[费費])##")

_ANGLE = re.compile(
    rb"<(?:(!--++)?([ \n/\\]*+)p *+a *+i *+d[ \n/\\]*+(?(1)--++)[>~]"
    rb"|(/?+)p *+a *+i *+d[ \n/]++(?![&|=?+*%)-])[^<>~]{0,200}+>)"
)
_NAME = rb"pa(?:id[^ \n/<>~]|y)[^ \n/<>~]*+"
_NEAR_NAME = (
    rb"(?!paid[ \n/>])(?=_{3,5}+[ \n/>])"
    rb"(?:_?aid|p_?id|pa_?d|pai_?|_paid|p_aid|pa_id|pai_d|apid|piad|padi)(?=[ \n/>])"
).replace(b"_", rb"[^ \n/<>]")
_NAMED = re.compile(
    rb"</?+(?:" + _NAME + rb"|" + _NEAR_NAME + rb")(?:[ \n/]++(?![&|=?+*%)-])[^<>~]{0,200}+)?>"
)
# Converters name a heading after its text, without the sigils: {#paidbeginfour-wordspaidend}.
_IN_ANCHOR = re.compile(
    rb"(?:[{(]#|((?:id|name)=[\"']?+)|(\[))([^] \n#{}()<>\"'=[]*)\Z",
)
_ANCHOR_ENDS = re.compile(rb"[^]\n]*\] *\n")
_ALONE = re.compile(b"\n[ #]*+(?:" + _SPACED + b")[ #]*+(?=\n)")
_ALMOST_ALONE = re.compile(rb"\n *+(?=[a-z]{6})([paidbegn]*+[cfhj-moq-z]?+[paidbegn]*+) *+(?=\n)")
_TAG_BETWEEN = rb"<[^<>\n]{0,200}+>"
# A line may be broken by a hyphen, or as mail is, and go on in a quotation or a list.
_BREAKS = rb"(?: |[-=]?+\n[ >*+-]*+|" + _TAG_BETWEEN + rb")*+"
_MARKUP = b"(?:" + _TAG_BETWEEN + b")*+"
_BROKEN = re.compile(
    b"##" + _MARKUP + b"(?:" + _SPACED.replace(b" *+", _BREAKS) + b")" + _MARKUP + b"##"
)
_BACKWARDS = re.compile(b"|".join(word[::-1] for word in _WORDS))
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_PERCENT = (b"%23", b"%24")
_MARGIN = b" " * 12 + b"\n"  # so that rules may look back
_SIGIL = ord("#")
_MARK = MARK.encode()
_LETTERS = b"abcdefghijklmnopqrstuvwxyz"

_OTHER = ord("?")  # in the table of slips: any character that no word has
_SYMBOLS = tuple(bytes([code]) for code in b"paidbegn?")
_TO_SLIPS = bytes(code if code in b"paidbegn" else _OTHER for code in range(256))

# A begin tag of two opening brackets; an end tag that has lost a bracket, or a sign of which stands
# where a letter was, or beside one.
_TORN = re.compile(
    rb"<(?:paid<|/(?:paid|[>~]paid>|[ \n/>~]aid>|p[ \n/<>~]a?+id>|pa[ \n/<>~]i?+d>|pai[<~]d?+>)"
    rb"|[>~]/?+paid>|p/aid>)"
)
_BEGINLESS = re.compile(b"/paid>(?<!</paid>)(?<!<//paid>)")  # behind: what is fixed is found fast
_IN_ADDRESS = re.compile(rb"<[a-z](?:[a-z]*+:|[^<>~]*[ \n][a-z:@.-]+=)[^ \n<>~]*\Z")


def near_misses(
    source: str,
    spans: Sequence[tuple[int, int]],
    answered: Sequence[bool] = (),
    in_code: InCode | None = None,
    limit: int = 10_000,
) -> list[tuple[int, int]]:
    """Return the line of each suspect and how many spans lie before it, one for each line.

    The spans are the markers, and the markers shown literally, of the source. Where `answered`
    is true for the number of spans before a suspect `<paid …>`, an end tag already reports it.
    """
    text = blank(source, spans)
    bones, telling = skeleton(text)
    found = {} if telling.isdisjoint(_BIDI) else dict(islice(_bidi(text, bones), limit))
    bones = _MARGIN + bones + b"\n"
    for rule in _RULES:
        for line, before in islice(_places(rule, bones), limit):
            found[line] = min(before, found.get(line, before))
    tags = list(islice(_tags(bones, answered), limit + 1))
    if in_code and 0 < len(tags) <= limit:
        tags = _outside(tags, source, spans, in_code)
    for line, before in chain(islice(_worded(bones, text), limit), (tag[:2] for tag in tags)):
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
        if touched or not (continued or in_address) or _names_heading(bones, start, end):
            return start
    return -1


def _names_heading(bones: bytes, start: int, end: int) -> bool:
    """Return whether a word is a part of what a heading is named."""
    head = bones[max(0, start - 200) : start]
    found = _IN_ANCHOR.search(head) if any(sign in head for sign in (b"#", b"=", b"[")) else None
    if not found:
        return False
    attribute, bracket, before = found.groups()
    if attribute:  # `id="paidEndDate"` is none
        return bool(before) or bones[start:end] == _WORDS[0]
    return not bracket or _ANCHOR_ENDS.match(bones, end) is not None


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


def _worded(bones: bytes, text: str) -> Iterator[tuple[int, int]]:
    """Yield line and spans before of each line with the words of a marker between sigils."""
    lines: list[str] = []
    for rule in (_perhaps_worded, _perhaps_chinese):
        for line, before in _places(rule, bones):
            lines = lines or text.split("\n")
            written = lines[line - 1]
            if rule is _perhaps_chinese and not _MAY_BE_CHINESE.search(written):
                continue
            told = plain(written)
            if _PAY_AND_EDGE.search(told) or _NOTHING_BUT_PAID.search(told):
                yield line, before


def _perhaps_worded(bones: bytes, after: int) -> int:
    found = _WORDED.search(bones, after)
    return found.start() if found else -1


def _perhaps_chinese(bones: bytes, after: int) -> int:
    found = _CHINESE.search(bones, after)
    return found.start() if found else -1


Tag = tuple[int, int, int]  # its line, how many spans lie before it, and how many angle brackets


def _tags(bones: bytes, answered: Sequence[bool]) -> Iterator[Tag]:
    if b"<" not in bones and b">" not in bones:  # as in most texts, and told at once
        return
    at = line = before = brackets = 0
    for offset, may_be_answered in merge(*(find(bones) for find in _TAGS)):
        line += bones.count(b"\n", at, offset)
        before += bones.count(_MARK, at, offset)
        brackets += bones.count(b"<", at, offset) + bones.count(b">", at, offset)
        at = offset
        if not (may_be_answered and answered and answered[before]):
            yield line, before, brackets


# Each of these yields where a tag has a bracket, and whether an end tag may speak for it.


def _inexact(bones: bytes) -> Iterator[tuple[int, bool]]:
    for tag in _ANGLE.finditer(bones):
        yield tag.start(), b"/" not in (tag[2] or tag[3] or b"")


def _other_names(bones: bytes) -> Iterator[tuple[int, bool]]:
    for tag in _NAMED.finditer(bones):
        yield tag.start(), False


def _torn(bones: bytes) -> Iterator[tuple[int, bool]]:
    for tag in _TORN.finditer(bones):
        yield tag.start(), False


def _beginless(bones: bytes) -> Iterator[tuple[int, bool]]:
    for tag in _BEGINLESS.finditer(bones):
        if not _IN_ADDRESS.search(bones, max(0, tag.start() - 200), tag.start()):
            yield tag.end() - 1, False


_TAGS = (_inexact, _other_names, _torn, _beginless)


def _outside(
    tags: list[Tag], source: str, spans: Sequence[tuple[int, int]], in_code: InCode
) -> list[Tag]:
    """Return the tags that do not stand in code."""
    wanted = {brackets for _, _, brackets in tags}
    places = {n: place for n, place in enumerate(angles(source, spans)) if n in wanted}
    coded = set(in_code(list(places.values())))
    return [tag for tag in tags if places[tag[2]] not in coded]


def _alone(bones: bytes, after: int) -> int:
    line = _ALONE.search(bones, after)
    return line.start() + 1 if line else -1


def _almost_alone(bones: bytes, after: int) -> int:
    for line in _ALMOST_ALONE.finditer(bones, after):
        if _is_almost_a_word(line[1]):
            return line.start() + 1
    return -1


def _bidi(text: str, bones: bytes) -> Iterator[tuple[int, int]]:
    before = 0
    lines = zip(text.split("\n"), bones.split(b"\n"), strict=True)
    for number, (line, bone) in enumerate(lines, 1):
        if not _BIDI.isdisjoint(line) and (MARK in line or _BACKWARDS.search(bone)):
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
)


def _is_almost_a_word(letters: bytes) -> bool:
    return _neighbourhood().get(letters.translate(_TO_SLIPS), 2) < 2


@cache
def _neighbourhood() -> dict[bytes, int]:
    """Return all strings up to two slips from a word, with how many: 21,286, made once."""
    return _reached(_WORDS, _SYMBOLS)


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
