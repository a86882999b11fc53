"""Brings PLACEHOLDER and PAGE up to flow level.

Paragraphs and inline markup end before a cut and go on after it, so that a panel can stand in its
place; what that leaves empty goes away.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.core.documents import PAGE, PLACEHOLDER
from gateway.formats.fragments import FLOW, Piece, pieces, without_attribute

PAGE_BREAK = '<hr class="pagebreak">'
_STOPS = re.compile(f"([{PLACEHOLDER}{PAGE}])")


def cut(html: str) -> str:
    """Return sanitised HTML with each PLACEHOLDER between blocks and each PAGE as a rule."""
    if PLACEHOLDER not in html and PAGE not in html:
        return html
    cutter = _Cutter()
    for piece in pieces(html):
        cutter.write(piece)
    return "".join(cutter.out)


@dataclass(slots=True)
class _Open:
    """An element that is open: its tag, and the place of that in the output."""

    name: str
    tag: str
    start: int
    torn: bool = False  # by a stop, at its end or at its beginning
    shows: bool = False  # something that can be seen


class _Cutter:
    """Copies pieces and tears what is open wherever a stop stands."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.stack: list[_Open] = []

    def write(self, piece: Piece) -> None:
        if piece.opens:
            self._open(piece.name, piece.raw)
        elif piece.closes:
            self._close()
        elif piece.name:
            self._void(piece)
        else:
            for part in _STOPS.split(piece.raw):
                if part in (PLACEHOLDER, PAGE):
                    self._stop(part)
                else:
                    self._text(part)

    def _open(self, name: str, tag: str, *, torn: bool = False) -> None:
        self.stack.append(_Open(name, tag, len(self.out), torn))
        self.out.append(tag)

    def _close(self) -> None:
        element = self.stack.pop()
        if element.torn and not element.shows:
            del self.out[element.start :]
            return
        self.out.append(f"</{element.name}>")
        if self.stack:
            self.stack[-1].shows |= element.shows

    def _void(self, piece: Piece) -> None:
        if piece.name == "br" and self._nothing_yet():
            return
        self.out.append(piece.raw)
        if self.stack and piece.name in ("img", "hr"):
            self.stack[-1].shows = True

    def _text(self, text: str) -> None:
        if self._nothing_yet():
            in_pre = any(element.name == "pre" for element in self.stack)
            text = text.lstrip("\n" if in_pre else " \t\n")
        if not text:
            return
        self.out.append(text)
        if self.stack and not text.isspace():
            self.stack[-1].shows = True

    def _nothing_yet(self) -> bool:
        """Return whether nothing shows since the stop that tore this paragraph."""
        return bool(self.stack) and self.stack[-1].torn and not self.stack[-1].shows

    def _stop(self, stop: str) -> None:
        depth = len(self.stack)
        while depth and self.stack[depth - 1].name not in FLOW:
            depth -= 1
        torn = self.stack[depth:]
        if torn:
            self._end(torn, fades=stop == PLACEHOLDER)
        self.out.append(PLACEHOLDER if stop == PLACEHOLDER else PAGE_BREAK)
        if depth:
            self.stack[depth - 1].shows = True
        for element in torn:
            self._open(element.name, without_attribute(element.tag, "id"), torn=True)

    def _end(self, torn: list[_Open], *, fades: bool) -> None:
        """Close the elements of a paragraph that a stop tears."""
        self._trim()
        paragraph = torn[0]
        for element in torn:
            element.torn = True
        for _ in torn:
            self._close()
        stays = paragraph.start < len(self.out)
        if fades and stays and paragraph.tag == "<p>":
            self.out[paragraph.start] = '<p class="cut">'

    def _trim(self) -> None:
        """Take white space and line breaks off the end."""
        while self.out and (self.out[-1] == "<br>" or self.out[-1].isspace()):
            self.out.pop()
        if self.out and not self.out[-1].startswith("<"):
            self.out[-1] = self.out[-1].rstrip(" \t\n")
