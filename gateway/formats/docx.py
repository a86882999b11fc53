"""Word documents. What is shown of one is read as HTML, in which a paragraph has a line."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape, unescape

from gateway.core.documents import LINE, NOTHING_SHARED, Rendering, Shared
from gateway.core.errors import GatewayError
from gateway.core.grammar import Marker
from gateway.formats.articles import finish
from gateway.formats.fragments import HEADINGS, Piece, pieces
from gateway.formats.html import stamped
from gateway.formats.losses import is_beside
from gateway.formats.tokeniser import Token, tokens
from gateway.formats.word.converting import newer
from gateway.formats.word.numbers import Counter, Level
from gateway.formats.word.parts import SAVE, refused, too_large
from gateway.formats.word.placed import BOX_TAG, LISTS_TAG, MORE, NOTE_TAG, NUMBER_TAG, placed
from gateway.formats.word.shown import shown
from gateway.ports import Decoded
from gateway.process import Exhausted, cpu_limit

name = "docx"
names: Mapping[str, str] = {"en": "Word (.docx)", "zh-CN": "Word（.docx）"}
media_types: tuple[str, ...] = (
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/msword",
)
suffixes: tuple[str, ...] = (".docx", ".doc", ".wps")
is_text = False
seam = re.compile(LINE)

MAX_SECONDS = 10.0  # of a processor, to read one

_GOES_ON = re.compile(rf"</(p|h[1-6])><\1(?:\s[^<>]*)? {MORE}>")
_LISTS = re.compile(rf'<{LISTS_TAG} of="([^"]*)"></{LISTS_TAG}>')
_NUMBER = re.compile(rf'<{NUMBER_TAG} of="([^"]*)\.(\d)"></{NUMBER_TAG}>')
_IMG = re.compile(r'<img src="([^"]*)" alt="[^"]*">')
_TAG = re.compile(
    r"</?(?:p|h[1-6]|ul|li|table|t[rdh]|thead|tbody|strong|em|s|su[bp]|a|br|img|x-[a-z]+)"
    r"(?:[\s/][^<>]*)?>"
)
_STRUCTURES = frozenset({"table", "tr", "td", "th", "ul", NOTE_TAG, BOX_TAG})
_ENDS_AFTER = HEADINGS | {"p"}
_ENDS_BEFORE = frozenset({"li", "td", "th"})


def decode(body: bytes, charset: str | None) -> Decoded:  # noqa: ARG001
    """Return what is shown of a document, one line a paragraph. Raises Refused, Unsupported."""
    body = newer(body)
    try:
        with cpu_limit(MAX_SECONDS):
            made = shown(body)
            text = placed(made.body, made.numbers, made.places)
    except GatewayError:
        raise
    except (Exhausted, RecursionError):
        raise too_large("more in it than can be read in reasonable time") from None
    except Exception:  # whatever a reader makes of what no editor writes
        raise refused("The document cannot be read.", SAVE) from None
    return Decoded(text, made.warnings, body, made.pictures, made.declared)


def seen(text: str) -> str:
    """Return the words of each paragraph on its line."""
    return unescape(_TAG.sub("", text))


def in_code(text: str, places: Sequence[int]) -> Collection[int]:  # noqa: ARG001
    """Return no place: a Word document has no code."""
    return ()


def misplaced(text: str, markers: Sequence[Marker]) -> Sequence[Marker]:
    """Return the markers of sections that begin in one structure and end in another."""
    inside = list(_structures(text, [marker.start for marker in markers]))
    wrong: list[Marker] = []
    for place in range(len(markers) - 1):
        begin, end = markers[place : place + 2]
        if begin.opens and not end.opens and inside[place] != inside[place + 1]:
            wrong += begin, end
    return wrong


def _structures(text: str, places: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Yield for each place which cells, lists, notes and boxes it stands in."""
    waiting = iter(places)
    place = next(waiting, None)
    stack: list[int] = []
    for token in (*tokens(text), Token(start=len(text) + 1)):
        while place is not None and place < token.start:
            yield tuple(stack)
            place = next(waiting, None)
        if token.name in _STRUCTURES:
            if token.closes:
                stack.pop()
            else:
                stack.append(token.start)


def render(text: str, title: str = "", shared: Shared = NOTHING_SHARED) -> Rendering:
    """Return what is shown of a document; its title is its first heading."""
    marked = stamped(text, shared) if shared.paid else text
    whole = _numbered(_GOES_ON.sub("", marked))
    # Of one that cannot be made there are no words either: they were never said.
    whole = _IMG.sub(lambda img: img[0] if is_beside(img[1], shared.beside) else "", whole)
    return finish("".join(_Lifting().lifted(pieces(whole))), title or None, shared)


def _numbered(text: str) -> str:
    """Return the text with the numbers of its paragraphs, counted in it alone."""
    lists: dict[str, list[Level]] = {}
    if found := _LISTS.search(text):
        told = json.loads(unescape(found[1]))
        lists = {of: [Level(*level) for level in levels] for of, levels in told.items()}
    counter = Counter()

    def label(match: re.Match[str]) -> str:
        of = unescape(match[1])
        return escape(counter.label(of, int(match[2]), lists[of]))

    return _NUMBER.sub(label, _LISTS.sub("", text))


class _Lifting:
    """Moves text boxes behind their paragraphs, and notes to the end."""

    def __init__(self) -> None:
        self._out: list[list[str]] = [[]]  # of what is open: the text, and floats in it
        self._boxes: list[str] = []
        self._notes: dict[str, _Note] = {}  # by which they are, in the order of their numbers
        self._open: list[str] = []

    def lifted(self, parts: Iterable[Piece]) -> Iterator[str]:
        """Yield the text, then its notes."""
        for piece in self._once(parts):
            if piece.name in (NOTE_TAG, BOX_TAG):
                self._float(piece)
                continue
            if piece.closes and piece.name in _ENDS_BEFORE:
                self._put_boxes()
            self._out[-1].append(piece.raw)
            if piece.closes and piece.name in _ENDS_AFTER:
                self._put_boxes()
        self._put_boxes()
        yield from self._out[0]
        if self._notes:
            yield '<hr class="footnotes-sep"><section class="footnotes"><ol class="footnotes-list">'
            yield from map(_Note.html, self._notes.values())
            yield "</ol></section>"

    def _once(self, parts: Iterable[Piece]) -> Iterator[Piece]:
        """Yield the pieces; where a note comes again, its reference alone."""
        depth = 0  # of notes, in one that comes again
        for piece in parts:
            if piece.name == NOTE_TAG and (depth or (piece.opens and piece.raw in self._notes)):
                if not depth:
                    self._out[-1].append(self._notes[piece.raw].reference())
                depth += 1 if piece.opens else -1
            elif not depth:
                yield piece

    def _float(self, piece: Piece) -> None:
        if not piece.closes:
            self._out.append([])
            if piece.name == NOTE_TAG:
                self._open.append(piece.raw)
            return
        content = "".join(self._out.pop())
        if piece.name == BOX_TAG:
            self._boxes.append(f"<p>{content}</p>")
        else:
            note = _Note(len(self._notes) + 1, content)
            self._notes[self._open.pop()] = note
            self._out[-1].append(note.reference())

    def _put_boxes(self) -> None:
        if len(self._out) == 1:
            self._out[0] += self._boxes
            self._boxes.clear()


@dataclass
class _Note:
    """A note with its number, and how often it is referred to."""

    number: int
    content: str
    references: int = 0

    def reference(self) -> str:
        """Return the next reference."""
        self.references += 1
        where = self._where(self.references)
        to = f'<a href="#fn:{self.number}" id="{where}">[{self.number}]</a>'
        return f'<sup class="footnote-ref">{to}</sup>'

    def html(self) -> str:
        """Return the note, with a way back to each reference."""
        wheres = map(self._where, range(1, self.references + 1))
        back = " ".join(
            f'<a href="#{where}" class="footnote-backref">\u21a9\ufe0e</a>' for where in wheres
        )
        return f'<li id="fn:{self.number}" class="footnote-item"><p>{self.content} {back}</p></li>'

    def _where(self, which: int) -> str:
        return f"fnref:{self.number}" + (f":{which - 1}" if which > 1 else "")
