"""Numbers that Word puts before paragraphs. They are counted where a text is set.

So those of a preview count what is free alone.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from xml.etree.ElementTree import Element

from gateway.formats.word.parts import attribute, child, children
from gateway.formats.word.styles import Styles, is_on

BULLET = "bullet"
_PLACE = re.compile(r"%([1-9])")
_MOST = 5  # lists that one stands for
_HAN = "〇一二三四五六七八九"
_FORMAL = "零壹贰叁肆伍陆柒捌玖"
_STEMS = "甲乙丙丁戊己庚辛壬癸"
_BRANCHES = "子丑寅卯辰巳午未申酉戌亥"
_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc")),
    *((50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)


class Level(NamedTuple):
    """How the paragraphs of one level of a list are numbered."""

    form: str
    text: str  # %1 is the number of the first level
    start: int
    gap: str  # after it


class Numbering:
    """The lists of a document."""

    def __init__(self, root: Element | None, styles: Styles) -> None:
        self._styles = styles
        self._lists = {attribute(each, "numId"): each for each in children(root, "num")}
        self._kinds = {
            attribute(each, "abstractNumId"): each for each in children(root, "abstractNum")
        }

    def counted(self, number: str) -> str:
        """Return what a list is counted as: several go on with one count."""
        found = self._lists.get(number)
        own = child(found, "lvlOverride", "startOverride") is not None
        return f"n{number}" if own else f"a{attribute(self._kind(number), 'abstractNumId')}"

    def levels(self, number: str) -> list[Level]:
        """Return how each level of a list is numbered."""
        found = {attribute(each, "ilvl"): each for each in children(self._kind(number), "lvl")}
        starts = {}
        for over in children(self._lists.get(number), "lvlOverride"):
            level = attribute(over, "ilvl")
            if (other := child(over, "lvl")) is not None:
                found[level] = other
            if (start := child(over, "startOverride")) is not None:
                starts[level] = attribute(start, "val")
        return [_level(found.get(str(each)), starts.get(str(each), "")) for each in range(9)]

    def _kind(self, number: str) -> Element | None:
        kind = None
        for _ in range(_MOST):
            of = attribute(child(self._lists.get(number), "abstractNumId"), "val")
            kind = self._kinds.get(of)
            linked = attribute(child(kind, "numStyleLink"), "val")
            if not linked:
                return kind
            number = self._styles.number_of(linked)
        return kind


def _level(level: Element | None, start: str) -> Level:
    start = start or attribute(child(level, "start"), "val", "1")
    form = attribute(child(level, "numFmt"), "val", "decimal")
    if (legal := child(level, "isLgl")) is not None and is_on(attribute(legal, "val", "1")):
        form = "legal"
    gap = "" if attribute(child(level, "suff"), "val") == "nothing" else " "
    text = attribute(child(level, "lvlText"), "val")
    return Level(form, text, int(start) if start.isdecimal() else 1, gap)


class Counter:
    """Counts the paragraphs of lists as they are met."""

    def __init__(self) -> None:
        self._counts: dict[str, list[int]] = {}

    def label(self, counted: str, level: int, levels: list[Level]) -> str:
        """Return the number of the next paragraph of a list."""
        counts = self._counts.setdefault(counted, [])
        while len(counts) <= level:
            counts.append(levels[len(counts)].start - (len(counts) == level))
        counts[level] += 1
        del counts[level + 1 :]
        own = levels[level]

        def number(match: re.Match[str]) -> str:
            place = int(match[1]) - 1
            if place > level:
                return ""
            form = "decimal" if own.form == "legal" else levels[place].form
            return written(counts[place], form)

        label = _PLACE.sub(number, own.text)
        return label + own.gap if label else ""


def written(number: int, form: str) -> str:
    """Return a number as a list writes it."""
    write = _FORMS.get(form)
    return write(number) if write and 0 < number < 10_000 else str(number)


def _chinese(number: int, digits: str = _HAN, units: str = "十百千") -> str:
    out = ""
    gap = False
    text = str(number)
    for place, digit in enumerate(text):
        power = len(text) - place - 1
        if digit == "0":
            gap = bool(out)
            continue
        out += (digits[0] if gap else "") + digits[int(digit)] + (units[power - 1] if power else "")
        gap = False
    return out[1:] if digits is _HAN and 10 <= number < 20 else out


def _roman(number: int) -> str:
    out = ""
    for value, letters in _ROMAN:
        out += letters * (number // value)
        number %= value
    return out


def _letters(number: int) -> str:
    return chr(ord("a") + (number - 1) % 26) * min((number - 1) // 26 + 1, 20)


def _ordinal(number: int) -> str:
    teens = number % 100 in (11, 12, 13)
    return f"{number}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _circled(number: int) -> str:
    return chr(0x2460 + number - 1) if number <= 20 else str(number)


def _digits(number: int) -> str:
    return "".join(_HAN[int(digit)] for digit in str(number))


def _full_width(number: int) -> str:
    return "".join(chr(ord(digit) + 0xFEE0) for digit in str(number))


def _formal(number: int) -> str:
    return _chinese(number, _FORMAL, "拾佰仟")


_FORMS = {
    "none": lambda _: "",
    "decimalZero": lambda number: f"{number:02}",
    "upperRoman": lambda number: _roman(number).upper(),
    "lowerRoman": _roman,
    "upperLetter": lambda number: _letters(number).upper(),
    "lowerLetter": _letters,
    "ordinal": _ordinal,
    "decimalEnclosedCircle": _circled,
    "decimalEnclosedCircleChinese": _circled,
    "decimalFullWidth": _full_width,
    "decimalFullWidth2": _full_width,
    "ideographTraditional": lambda number: _STEMS[(number - 1) % 10],
    "ideographZodiac": lambda number: _BRANCHES[(number - 1) % 12],
    "ideographDigital": _digits,
    "japaneseDigitalTenThousand": _digits,
    "taiwaneseDigital": _digits,
    "chineseLegalSimplified": _formal,
    "ideographLegalTraditional": _formal,
    **dict.fromkeys(
        (
            *("chineseCounting", "chineseCountingThousand", "japaneseCounting"),
            *("taiwaneseCounting", "taiwaneseCountingThousand", "koreanCounting"),
        ),
        _chinese,
    ),
}
