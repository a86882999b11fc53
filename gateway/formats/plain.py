"""Plain text, set as people see it.

Lines are read in blocks between blank lines. In a block whose lines end where a margin is they
are joined; in any other each line is a paragraph of its own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from html import escape
from itertools import pairwise
from unicodedata import east_asian_width

from gateway.core.documents import (
    LINE,
    MAX_TITLE,
    NOTHING_SHARED,
    PAGE,
    PLACEHOLDER,
    Rendering,
    Shared,
)
from gateway.core.grammar import Marker
from gateway.formats import decoding
from gateway.formats.articles import finish
from gateway.formats.sanitising import PAID
from gateway.ports import Decoded

name = "plain"
names: Mapping[str, str] = {"en": "Plain text", "zh-CN": "纯文本"}
media_types: tuple[str, ...] = ("text/plain",)
suffixes: tuple[str, ...] = (".txt",)
is_text = True
seam = re.compile(LINE)

_STOPS = f"{PLACEHOLDER}{PAGE}"
_STOP = re.compile(f"[{_STOPS}]")
_NUMERAL = "[一二三四五六七八九十百千万零〇两廿卅壹贰叁肆伍陆柒捌玖拾佰仟0-9０-９]+"
_WORDS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|"
    "sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty"
)
_CHAPTER = re.compile(
    rf"第{_NUMERAL}[章篇编卷部回讲]|(?:Chapter|CHAPTER|Part|PART)\s+[\dIVXLC]+\b"
    rf"|(?:Chapter|Part)\s+(?i:(?:{_WORDS})(?:-(?:{_WORDS}))?)(?=\s*(?:$|[:：.—–-]|\s[^a-z]))"
    rf"|(?:CHAPTER|PART)\s+(?i:{_WORDS})\b"
)
_APART = re.compile(  # what stands before, between and after chapters
    "(?:楔子|序章|序言|序幕|序|前言|引子|引言|尾声|终章|后记|番外篇?|附录|"
    "Prologue|PROLOGUE|Epilogue|EPILOGUE|Preface|PREFACE|Foreword|FOREWORD|"
    "Afterword|AFTERWORD|Interlude|INTERLUDE)"
    rf"(?:{_NUMERAL}|其{_NUMERAL})?(?=$|[\s:：·—–（(])(?!\s+[a-z])"
)
_FIRST = re.compile("[一二三四五六七八九十百]+、")
_SECOND = re.compile(rf"[（(][一二三四五六七八九十百]+[）)]|第{_NUMERAL}节")
_NUMBER = re.compile(r"\d{1,3}(?:[.．]\s|、)")
_HEADINGS = ((2, _CHAPTER), (2, _APART), (2, _FIRST), (3, _SECOND), (4, _NUMBER))
_LEAD = re.compile(
    rf"(?:{_FIRST.pattern}|{_SECOND.pattern}|{_NUMBER.pattern})[^。！？{_STOPS}]{{1,40}}[。！？](?=.)"
)
_SENTENCE = re.compile(r"[。！？]|[；，、：,;:.!?]$")
_ENDED = re.compile(r"[。！？!?.：:…][”’」』）)\"']*$")
_ITEM = re.compile(rf"[-*•·●○▪]\s|\d{{1,3}}[.)、．]\s*\S|{_FIRST.pattern}|{_SECOND.pattern}")
_INDENT = re.compile("[ \t\u3000\xa0]+")
_MAX_HEADING = 40
_MARGINS = range(36, 121)  # columns at which people wrap lines
_RAG = 10  # columns by which a wrapped line may miss the margin


def decode(body: bytes, charset: str | None) -> Decoded:
    """Return the text of a source. Raises Refused, Unsupported."""
    return Decoded(decoding.decode(body, charset))


def seen(text: str) -> str:
    """Return the text itself."""
    return text


def misplaced(text: str, markers: Sequence[Marker]) -> Sequence[Marker]:  # noqa: ARG001
    """Return no marker: plain text has no markup for one to stand in."""
    return ()


def in_code(text: str, places: Sequence[int]) -> Collection[int]:  # noqa: ARG001
    """Return no place: plain text has no code."""
    return ()


def render(text: str, title: str = "", shared: Shared = NOTHING_SHARED) -> Rendering:
    """Return plain text as paragraphs and headings."""
    told = [each for number, block in _blocks(text) for each in _joined(block, number)]
    paragraphs = [paragraph for _, paragraph in told]
    before, after = ["", *paragraphs[:-1]], [*paragraphs[1:], ""]
    elements = list(map(_element, paragraphs, before, after))
    if shared.paid:
        starts = [0, *(match.end() for match in re.finditer("\n", text))]
        for place, (number, _) in enumerate(told):
            if elements[place].startswith("<h") and shared.is_paid(starts[number]):
                elements[place] = f'{elements[place][:3]} {PAID}=""{elements[place][3:]}'
    return finish("\n".join(elements), title or _first_line(text), shared)


def _first_line(text: str) -> str:
    for line in text.split("\n"):
        if head := " ".join(_STOP.split(line)[0].split()):
            return head if len(head) <= MAX_TITLE else ""
    return ""


# --- lines to paragraphs -----------------------------------------------------------------------


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines between blank ones, with the number of the first."""
    block: list[str] = []
    number = 0
    for number, line in enumerate(text.split("\n")):
        if line.strip() and not _is_stop(line):
            block.append(line.rstrip())
            continue
        if block:
            yield number - len(block), block
        if line.strip():
            yield number, [line.strip()]
        block = []
    if block:
        yield number + 1 - len(block), block


def _is_stop(line: str) -> bool:
    return not _STOP.sub("", line).strip()


def _joined(block: list[str], number: int) -> Iterator[tuple[int, str]]:
    """Yield the paragraphs of a block of lines, with the number of their first line."""
    margin = _margin(block)
    paragraph = ""
    last = ""
    first = number
    for at, line in enumerate(block, number):
        words = _INDENT.sub("", line, count=1) if _INDENT.match(line) else line
        if paragraph and margin and _goes_on(last, line, margin):
            paragraph += _gap(paragraph, words) + words
        else:
            if paragraph:
                yield first, paragraph
            paragraph = words
            first = at
        last = line
    yield first, paragraph


def _margin(block: list[str]) -> int:
    """Return the column at which a block is wrapped, 0 where its lines just end."""
    lines = [line for line in block if not _STOP.search(line)]
    if len(lines) < 2 or max(map(len, lines)) > _MARGINS[-1]:
        return 0
    margin = max(map(_width, lines))
    pairs = [pair for pair in pairwise(lines) if not _begins(pair[1])]
    full = [line for line, following in pairs if _reaches(line, following, margin)]
    broken = [line for line in full if not _ENDED.search(line)]
    wrapped = len(broken) * 2 > len(full) and len(full) * 2 >= len(pairs)
    return margin if margin in _MARGINS and wrapped else 0


def _goes_on(line: str, following: str, margin: int) -> bool:
    if _begins(following):
        return False
    return _STOP.search(line) is not None or _reaches(line, following, margin)


def _begins(line: str) -> bool:
    """Return whether a line is the first of its paragraph wherever it stands."""
    return bool(_INDENT.match(line) or _ITEM.match(line))


def _reaches(line: str, following: str, margin: int) -> bool:
    """Return whether a line ends where it does because the next word had no room."""
    width = _width(line)
    word = following.split(" ", 1)[0]
    return width >= margin - _RAG or (word.isascii() and width + len(word) >= margin)


def _width(line: str) -> int:
    if line.isascii():
        return len(line)
    return len(line) + sum(east_asian_width(character) in "WF" for character in line)


def _gap(before: str, after: str) -> str:
    """Return what joins two lines: nothing where both sides are written without spaces."""
    return "" if _is_wide(before[-1:]) and _is_wide(after[:1]) else " "


def _is_wide(character: str) -> bool:
    return character in _STOPS or character in "“”‘’…—" or east_asian_width(character) in "WF"


# --- paragraphs to HTML ------------------------------------------------------------------------


def _element(paragraph: str, before: str, after: str) -> str:
    listed = any(_NUMBER.match(neighbour) for neighbour in (before, after))
    if level := _level(paragraph, listed=listed or not after):
        return f"<h{level}>{escape(paragraph, quote=False)}</h{level}>"
    lead = _LEAD.match(paragraph)
    cut = lead.end() if lead else 0
    first, rest = (escape(part, quote=False) for part in (paragraph[:cut], paragraph[cut:]))
    return f'<p><strong class="lead">{first}</strong>{rest}</p>' if cut else f"<p>{rest}</p>"


def _level(paragraph: str, *, listed: bool) -> int:
    """Return the level of a heading, 0 for any other paragraph and for items of a list."""
    line = paragraph.strip(_STOPS)
    if len(line) > _MAX_HEADING or _SENTENCE.search(line) or _STOP.search(line):
        return 0
    for level, pattern in _HEADINGS:
        if pattern.match(line):
            return 0 if listed and pattern is _NUMBER else level
    return 0
