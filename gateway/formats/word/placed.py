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

import mammoth

from gateway.formats.fragments import HEADINGS, Piece, pieces
from gateway.formats.word.numbers import Level
from gateway.formats.word.shown import STYLES, Numbered
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
)

MORE = "more"  # the attribute of an element that goes on
NOTE_TAG, BOX_TAG, NUMBER_TAG, LISTS_TAG = "x-note", "x-box", "x-number", "x-lists"

_FLOATS = {NOTE: NOTE_TAG, BOX: BOX_TAG}
_TORN = HEADINGS | {"p"}
_INLINE = frozenset({"strong", "em", "s", "sup", "sub", "a"})
_SIGNED = re.compile(f"{MARKER}([^{MARKER_END}]*){MARKER_END}")
_BEGINS = re.compile(f"((?:<[a-z][^<>]*>)*){PARAGRAPH}")
_NUMBERED = re.compile(f"{NUMBER}([0-9]+){NUMBER_END}")
_FLOAT = re.compile(f"([{NOTE}{BOX}])([^{NOTE}{BOX}{FLOAT_END}]*){FLOAT_END}")
_EMPTY_INLINE = re.compile(rf"<({'|'.join(sorted(_INLINE))})(?:\s[^<>]*)?></\1>")
_EMPTY_BLOCK = re.compile(r"<(p|h[1-6])(?:\s[^<>]*)?></\1>")
_EMPTY_BEFORE = re.compile(  # a marker at the beginning of its paragraph
    r"<(p|h[1-6])((?:\s[^<>]*)?)>"
    f"({PARAGRAPH}?)((?:{NUMBER}[0-9]+{NUMBER_END})?)</\\1>"
    f"({MARKER}[^{MARKER_END}]*{MARKER_END})<\\1[^<>]* {MORE}>"
)
_WRITTEN = str.maketrans({LESS: "<", GREATER: ">", MARKER: "", MARKER_END: ""})


_STYLE_MAP = "\n".join(
    f"p[style-name='{style}'] => {to}:fresh"
    for style, to in (
        (each, " > ".join(["ul > li"] * int(each[1])) if each[0] == "b" else each)
        if each[1].isdigit()
        else (each, f"p.{each}")
        for each in STYLES
    )
)


def placed(body: bytes, numbers: Sequence[Numbered]) -> str:
    """Return the text of a plainer Word document."""
    html = mammoth.convert_to_html(
        BytesIO(body),
        style_map=_STYLE_MAP,
        include_embedded_style_map=False,
        include_default_style_map=False,
    ).value
    html = _without_empty("".join(_Tearing().torn(pieces(html))))
    html = _BEGINS.sub(r"\n\1", html).removeprefix("\n")
    html = _NUMBERED.sub(lambda match: _number(numbers[int(match[1])]), html)
    while (tagged := _FLOAT.sub(_tagged, html)) != html:
        html = tagged
    return _lists(numbers) + html.translate(_WRITTEN)


class _Tearing:
    """Ends what is open before each marker, and begins it again after it."""

    def __init__(self) -> None:
        self._blocks: list[Piece] = []
        self._inline: list[Piece] = []
        self._floats = 0  # that are open; in one, a marker stays where it is

    def torn(self, parts: Iterable[Piece]) -> Iterator[str]:
        """Yield HTML with its markers between blocks."""
        for piece in parts:
            open_ = self._inline if piece.name in _INLINE else self._blocks
            if piece.raw.endswith("/>"):
                pass
            elif piece.opens:
                open_.append(piece)
            elif piece.closes:
                open_.pop()
            elif not piece.name:
                yield from self._text(piece.raw)
                continue
            yield piece.raw

    def _text(self, text: str) -> Iterator[str]:
        first, *rest = _SIGNED.split(text)
        yield self._passed(first)
        for marker, after in zip(rest[::2], rest[1::2], strict=True):
            before = "".join(f"</{each.name}>" for each in reversed(self._inline))
            again = "".join(each.raw for each in self._inline)
            block = self._blocks[-1] if self._blocks else None
            if block and block.name in _TORN and not self._floats:
                before += f"</{block.name}>"
                again = f"{block.raw[:-1]} {MORE}>{again}"
            yield f"{before}{MARKER}{marker}{MARKER_END}{again}"
            yield self._passed(after)

    def _passed(self, text: str) -> str:
        self._floats += sum(map(text.count, _FLOATS)) - text.count(FLOAT_END)
        return text


def _without_empty(html: str) -> str:
    """Return HTML without the empty elements that tearing leaves."""
    for _ in range(len(_INLINE)):
        html = _EMPTY_INLINE.sub("", html)
    while (begun := _EMPTY_BEFORE.sub(r"\3\5<\1\2>\4", html)) != html:
        html = begun
    return _EMPTY_BLOCK.sub("", html)


def _tagged(match: re.Match[str]) -> str:
    tag = _FLOATS[match[1]]
    return f"<{tag}>{match[2]}</{tag}>"


def _number(numbered: Numbered) -> str:
    return f'<{NUMBER_TAG} of="{escape(numbered.counted)}.{numbered.level}"></{NUMBER_TAG}>'


def _lists(numbers: Iterable[Numbered]) -> str:
    """Return how the lists of a text number their paragraphs, as an element that shows nothing."""
    levels: dict[str, list[Level]] = {}
    for each in numbers:
        known = levels.setdefault(each.counted, [])
        known += each.levels[len(known) : each.level + 1]
    if not levels:
        return ""
    return f'<{LISTS_TAG} of="{escape(json.dumps(levels, ensure_ascii=False))}"></{LISTS_TAG}>'
