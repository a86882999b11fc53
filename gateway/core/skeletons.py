"""Skeletons: a text reduced to what the eye takes for a marker.

A skeleton holds one byte for each code point that still shows: letters without case, width,
accent or script, every sigil as `#`, every blank as a space, a recognised marker as MARK, what
looks like `>` as `~`, and FOREIGN for all that can be no part of a marker. It keeps the lines.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Set
from functools import cache, lru_cache
from itertools import repeat

MARK = "\x1a"
FOREIGN = 0xFF

# What normalisation and case folding leave alone although it looks the same. The keys are case
# folded, so a capital that looks alike (Cyrillic В, Greek Ν) stands here as its small letter.
_LOOKALIKES = {
    # Latin: dotless, script, hooked, barred and small-capital letters
    "p": "ƥᵽþƿᴘꝑꝓ", "a": "ɑɐᴀⱥ", "i": "ıɩɪɨᵻ", "d": "đɖɗðᴅꝺ", "b": "ƀƅƃɓʙᴃ",
    "e": "ɇɛəᴇɘ℮", "g": "ǥɠɡɢᶃ", "n": "ƞɲŋɳɴᶇ",
}  # fmt: skip
_LOOKALIKES_OF_SCRIPTS = {
    # Cyrillic, Greek, Coptic, Armenian, Cherokee, Lisu, Canadian syllabics, APL
    "p": "рҏρϸⲣᏢꓑᑭ⍴", "a": "аӕαⲁᎪꓮᗅ⍺", "i": "іӏιⲓᎥꓲ⍳", "d": "ԁძᎠᏧꓓᗞᗪᑯ",
    "b": "вьъѣβⲃᏏᏴꓐᗷᑲ", "e": "еҽєεⲉᎬꓰ", "g": "ԍցᏀᏳꓖ", "n": "пνηոռղⲛꓠᑎ",
}  # fmt: skip
_LOOKALIKE_SIGILS = {
    "#": "♯⌗⋕⧣£",  # £ is Shift+3 on British keyboards
    "$": "¥💲",  # ￥, Shift+4 in Chinese input methods, is a wide ¥
    "<": "‹〈⟨˂ᐸ❮❬❰⧼",  # not 《: that is how Chinese marks the title of a book
    "~": "›〉⟩˃ᐳ❯❭❱⧽",  # no `>`: they close 〈paid〉 as well, but 〈Paid in Full〉 is a title
    "/": "⁄∕⧸╱",
}
_SIGNS = {"№": "#"}  # compatibility makes letters of it, and nobody reads them so
_BLANK = "\u2800"  # a Braille pattern without dots; no white space to Unicode
_FILLERS = "\u115f\u1160\u3164\uffa0"  # letters without a shape
_ALPHABETS = (0x1F150, 0x1F170, 0x1F1E6)  # 🅐, 🅰 and 🇦: no decomposition

_SHAPES = {
    ord(char): shape
    for table in (_LOOKALIKES, _LOOKALIKES_OF_SCRIPTS, _LOOKALIKE_SIGILS)
    for shape, chars in table.items()
    for char in chars
} | {first + ord(letter) - ord("a"): letter for first in _ALPHABETS for letter in "abdeginp"}
_TELLING = frozenset("paidbegn#$<>~/ ")

# Where look-alikes and invisible characters live; the ideographs and syllables between do not
# decompose to anything telling.
_PLACES = (
    range(0x80, 0x3400),
    range(0xA000, 0xAC00),
    range(0xD7B0, 0xD800),
    range(0xF900, 0x17000),
    range(0x1B000, 0x1FC00),
    range(0xE0000, 0xE1000),
)

_ENTITY = re.compile(
    r"&(?:#0*+[0-9]{1,7}+;?+|#[xX]0*+[0-9a-fA-F]{1,6}+;?+|[A-Za-z][A-Za-z0-9]{1,31}+;?+)"
)
# Replaced first, for speed. The null, which no skeleton keeps, ends what `&amp;` begins.
_COMMON_ENTITIES = (
    ("&amp;", "&\0"),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", '"'),
    ("&nbsp;", " "),
)
_FEW = 32  # so many replacements take less time than one translation
PIECE = 100_000  # code points, and on to the end of the line
_ASCII = bytes(range(0x80))
_TO_SPACE = b"\t\x0b\x0c"
_DROPPED = bytes({*range(0x20), 0x7F, *range(0x80, 0xC0)} - {*_TO_SPACE, *b"\n", ord(MARK)})
_WITHOUT_CONTROLS = dict.fromkeys({*range(0x20), 0x7F} - {*_TO_SPACE, ord(MARK)})
_TO_ONE_BYTE = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZ$" + _TO_SPACE + bytes(range(0xC0, 0x100)),
    b"abcdefghijklmnopqrstuvwxyz#" + b"   " + bytes([FOREIGN]) * 0x40,
)


def blank(source: str, spans: Iterable[tuple[int, int]]) -> str:
    """Replace each span, in order, by one MARK, and each line end by one newline."""
    pieces, at = [], 0
    for start, end in spans:
        pieces.append(source[at:start])
        at = end
    pieces.append(source[at:])
    if MARK in source:
        pieces = [piece.replace(MARK, "\0") for piece in pieces]
    text = MARK.join(pieces)
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def skeleton(text: str) -> tuple[bytes, Set[str]]:
    """Reduce a blanked text to its skeleton; return it, and what beyond ASCII it replaced."""
    bones: list[bytes] = []
    told: set[str] = set()
    for piece in _pieces(text):
        bone, telling = _reduced(piece)
        bones.append(bone)
        told |= telling
    return b"".join(bones), told


def _pieces(text: str) -> Iterator[str]:
    """Yield a text in pieces of whole lines: what fits in a processor's cache takes less time."""
    end = 0
    while end < len(text):
        start, end = end, text.find("\n", end + PIECE) + 1 or len(text)
        yield text[start:end]


def _reduced(text: str) -> tuple[bytes, Set[str]]:
    if "&" in text:
        text = _without_entities(text)
    encoded = text.encode("utf-8", "surrogatepass")
    telling: Set[str] = frozenset()
    if not text.isascii():
        telling = _telling_in(encoded.translate(None, _ASCII).decode("utf-8", "surrogatepass"))
    if telling:
        encoded = _with_plain_shapes(text, telling).encode("utf-8", "surrogatepass")
    bones = encoded.translate(_TO_ONE_BYTE, _DROPPED)
    if b"\\" in bones:
        for sigil in (b"#", b"<", b">"):  # escaped, as writers of Markdown do
            bones = bones.replace(b"\\" + sigil, sigil)
    return bones, telling


def plain(line: str) -> str:
    """Return a line of a blanked text in plain small letters; what no marker has stays as it is."""
    text = _without_entities(line)
    text = _with_plain_shapes(text, _telling_in(text)).lower().translate(_WITHOUT_CONTROLS)
    for sigil in "#$<>":
        text = text.replace("\\" + sigil, sigil)
    return text


def angles(source: str, spans: Iterable[tuple[int, int]]) -> Iterator[int]:
    """Yield the index of what becomes each angle bracket of the skeleton, in order.

    What stands in the spans, which are in order too, becomes none.
    """
    spans = iter(spans)
    start, end = next(spans, (len(source), len(source)))
    for unit in _angle_units().finditer(source):
        while unit.start() >= end < len(source):
            start, end = next(spans, (len(source), len(source)))
        if unit.start() < start:
            yield from repeat(unit.start(), _brackets(unit[0]))


@lru_cache(maxsize=4096)
def _brackets(unit: str) -> int:
    bones, _ = _reduced(unit)
    return bones.count(b"<") + bones.count(b">")


def shape(char: str) -> str:
    """Return what one character looks like: no, one or several simpler characters."""
    if char in _SIGNS:
        return _SIGNS[char]
    looks = "".join(map(_shape_of_part, unicodedata.normalize("NFKD", char).casefold()))
    # Of the letters in one sign, such as ℡, none touches the word beside it.
    is_sign = len(looks) > 1 and unicodedata.category(char).startswith("S")
    return char if is_sign and not _TELLING.issuperset(looks) else looks


def _shape_of_part(char: str) -> str:
    if char.isspace() or char == _BLANK:
        return " "
    if unicodedata.category(char) in {"Cf", "Mn", "Me", "Cc"} or char in _FILLERS:
        return ""
    return _SHAPES.get(ord(char), char)


def _telling_in(text: str) -> Set[str]:
    found: set[str] = set()
    search = _telling().search
    met = search(text)
    while met and len(found) < _FEW:
        found.add(met[0])
        # One pass for each that is met: of each script there are few.
        text = text.replace(met[0], "\0")
        met = search(text, met.end())
    return (set(text) | found if met else found) & _shapes().keys()


def _with_plain_shapes(text: str, telling: Set[str]) -> str:
    shapes = _shapes()
    if len(telling) > _FEW:
        return text.translate({ord(char): shapes[char] for char in telling})
    for char in telling:
        text = text.replace(char, shapes[char])
    return text


def _without_entities(text: str) -> str:
    for entity, char in _COMMON_ENTITIES:
        text = text.replace(entity, char)
    return _ENTITY.sub(lambda entity: _decoded(entity[0]), text)


@lru_cache(maxsize=4096)
def _decoded(entity: str) -> str:
    return html.unescape(entity).replace("\n", " ").replace("\r", " ")


@cache
def _shapes() -> dict[str, str]:
    """Return the shapes of all code points beyond ASCII that could be part of a marker."""
    shapes = {}
    for place in _PLACES:
        for code in place:
            looks = shape(chr(code))
            if not looks or not _TELLING.isdisjoint(looks):
                shapes[chr(code)] = looks
    return shapes


@cache
def _angle_units() -> re.Pattern[str]:
    """Match what looks like an angle bracket, or may as an entity."""
    chars = "".join(char for char, looks in _shapes().items() if not {"<", ">"}.isdisjoint(looks))
    return re.compile(f"[<>{chars}]|{_ENTITY.pattern}")


@cache
def _telling() -> re.Pattern[str]:
    """Match a code point that may have a telling shape.

    Beyond the first plane it takes all of them: so many ranges would be slow, and these are rare.
    """
    runs = _runs(sorted(ord(char) for char in _shapes() if char <= "\uffff"))
    ranges = "".join(f"{chr(first)}-{chr(last)}" for first, last in runs)
    return re.compile(f"[{ranges}\U00010000-\U0010ffff]")


def _runs(codes: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and last of each run of consecutive codes."""
    codes = iter(codes)
    first = last = next(codes)
    for code in codes:
        if code != last + 1:
            yield first, last
            first = code
        last = code
    yield first, last
