"""The HTML that mammoth makes of a plainer Word document, as the text that is divided.

One line for each paragraph. A marker stands between blocks: the paragraph in which it was written
ends before it and goes on after it, as one that is MORE of the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from io import BytesIO
from urllib.parse import quote

from gateway.formats.fragments import HEADINGS, Piece, pieces
from gateway.formats.word.numbers import Level
from gateway.formats.word.package import STYLES
from gateway.formats.word.shown import Numbered, Picture
from gateway.formats.word.signs import (
    BOX,
    FLOAT_END,
    GREATER,
    LESS,
    MARKER,
    MARKER_END,
    NOTE,
    NUMBER,
    NUMBER_END,
    PARAGRAPH,
    PICTURE,
    PICTURE_END,
)

MORE = "more"  # the attribute of an element that goes on
NOTE_TAG, BOX_TAG, NUMBER_TAG, LISTS_TAG = "x-note", "x-box", "x-number", "x-lists"

_FLOATS = {NOTE: NOTE_TAG, BOX: BOX_TAG}
_TORN = HEADINGS | {"p"}
_INLINE = frozenset({"strong", "em", "s", "sup", "sub", "a"})
_SIGNED = re.compile(f"{MARKER}([^{MARKER_END}]*){MARKER_END}")
_BEGINS = re.compile(rf"((?:<(?:ul|li|table|t[a-z]+|p|h[1-6])(?:\s[^<>]*)?>)*){PARAGRAPH}")
_NUMBERED = re.compile(f"{NUMBER}([0-9]+){NUMBER_END}")
_PICTURED = re.compile(f"{PICTURE}([0-9]+){PICTURE_END}")
_FLOAT = re.compile(
    f"([{NOTE}{BOX}])(?:([0-9]+){NUMBER_END})?([^{NOTE}{BOX}{FLOAT_END}]*){FLOAT_END}"
)
_WRITTEN = str.maketrans({LESS: "<", GREATER: ">"})


_STYLE_MAP = "\n".join(
    f"p[style-name='{style}'] => {to}:fresh"
    for style, to in (
        (each, " > ".join(["ul > li"] * int(each[1])) if each[0] == "b" else each)
        if each[1].isdigit()
        else (each, f"p.{each}")
        for each in STYLES
    )
)


def placed(body: bytes, numbers: Sequence[Numbered], pictures: Sequence[Picture] = ()) -> str:
    """Return the text of a plainer Word document."""
    import mammoth  # slow to import, and most processes read no Word document

    html = mammoth.convert_to_html(
        BytesIO(body),
        style_map=_STYLE_MAP,
        include_embedded_style_map=False,
        include_default_style_map=False,
    ).value
    html = "".join(_Tearing().torn(pieces(html)))
    html = _BEGINS.sub(r"\n\1", html).removeprefix("\n")
    html = _NUMBERED.sub(lambda match: _number(numbers[int(match[1])]), html)
    html = _PICTURED.sub(lambda match: _picture(pictures[int(match[1])]), html)
    while (tagged := _FLOAT.sub(_tagged, html)) != html:
        html = tagged
    return _lists(numbers) + html.translate(_WRITTEN)


class _Tearing:
    """Ends what is open before each marker, and begins it again after it.

    A start tag is held back until something is said, so that no element is left empty.
    """

    def __init__(self) -> None:
        self._blocks: list[Piece] = []
        self._inline: list[Piece] = []
        self._begun = 0  # of the inline elements
        self._held = ""  # the start of a paragraph or a heading, with its number
        self._floats = 0  # that are open; in one, a marker stays where it is

    def torn(self, parts: Iterable[Piece]) -> Iterator[str]:
        """Yield HTML with its markers between blocks."""
        for piece in parts:
            if piece.name in _INLINE:
                yield from self._tag(piece)
            elif piece.name in _TORN:
                yield from self._paragraph(piece)
            elif not piece.name:
                yield from self._text(piece.raw)
            else:
                yield from self._structure(piece)

    def _tag(self, piece: Piece) -> Iterator[str]:
        if piece.opens:
            self._inline.append(piece)
            return
        self._inline.pop()
        if self._begun > len(self._inline):
            self._begun -= 1
            yield piece.raw

    def _paragraph(self, piece: Piece) -> Iterator[str]:
        if piece.opens:
            self._blocks.append(piece)
            self._held = piece.raw
            return
        self._blocks.pop()
        if not self._held:
            yield piece.raw
        self._held = ""

    def _structure(self, piece: Piece) -> Iterator[str]:
        if piece.raw.endswith("/>"):
            yield from self._begin()
        elif piece.opens:
            self._blocks.append(piece)
        else:
            self._blocks.pop()
        yield piece.raw

    def _text(self, text: str) -> Iterator[str]:
        first, *rest = _SIGNED.split(text)
        yield from self._words(first)
        for marker, after in zip(rest[::2], rest[1::2], strict=True):
            yield from self._end()
            yield marker
            yield from self._words(after)

    def _words(self, text: str) -> Iterator[str]:
        if text.startswith(PARAGRAPH):
            yield PARAGRAPH
            text = text[1:]
            if self._held and (number := _NUMBERED.match(text)):
                self._held += number[0]
                text = text[number.end() :]
        if text:
            self._floats += sum(map(text.count, _FLOATS)) - text.count(FLOAT_END)
            yield from self._begin()
            yield text

    def _begin(self) -> Iterator[str]:
        yield self._held
        yield from (each.raw for each in self._inline[self._begun :])
        self._held, self._begun = "", len(self._inline)

    def _end(self) -> Iterator[str]:
        yield from (f"</{each.name}>" for each in reversed(self._inline[: self._begun]))
        self._begun = 0
        block = self._blocks[-1] if self._blocks else None
        if block and block.name in _TORN and not (self._held or self._floats):
            yield f"</{block.name}>"
            self._held = f"{block.raw[:-1]} {MORE}>"


def _tagged(match: re.Match[str]) -> str:
    tag = _FLOATS[match[1]]
    which = f' of="{match[2]}"' if match[2] else ""
    return f"<{tag}{which}>{match[3]}</{tag}>"


def _number(numbered: Numbered) -> str:
    return f'<{NUMBER_TAG} of="{escape(numbered.counted)}.{numbered.level}"></{NUMBER_TAG}>'


def _picture(picture: Picture) -> str:
    return f'<img src="{quote(picture.name)}" alt="{escape(picture.words)}">'


def _lists(numbers: Iterable[Numbered]) -> str:
    """Return how the lists of a text number their paragraphs, as an element that shows nothing."""
    levels: dict[str, list[Level]] = {}
    for each in numbers:
        known = levels.setdefault(each.counted, [])
        known += each.levels[len(known) : each.level + 1]
    if not levels:
        return ""
    return f'<{LISTS_TAG} of="{escape(json.dumps(levels, ensure_ascii=False))}"></{LISTS_TAG}>'
