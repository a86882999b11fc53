"""What of a Word document is shown, with all its changes accepted, as a plainer Word document.

Its paragraphs have one of a few styles, and every marker stands whole in one leaf, however the
runs of the original divide it. Signs tell where paragraphs, notes and text boxes begin.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement, tostring

from gateway.core.companions import MAX_COMPANIONS, is_companion_name, picture_kind
from gateway.core.findings import Finding, FindingCode, warning
from gateway.formats.word.elements import (
    AROUND,
    R,
    chosen,
    description_of,
    embedded_in,
    kind_of,
    lines_of,
    outermost,
    root_of,
    run_of,
    say,
    through,
    w,
)
from gateway.formats.word.leaves import joined
from gateway.formats.word.numbers import BULLET, Level, Numbering
from gateway.formats.word.package import packed
from gateway.formats.word.parts import Part, WordParts, attribute, child, children, local, too_large
from gateway.formats.word.properties import KIND, declared_in
from gateway.formats.word.signs import (
    BOX,
    FLOAT_END,
    NOTE,
    NUMBER,
    NUMBER_END,
    PARAGRAPH,
    PICTURE,
    PICTURE_END,
)
from gateway.formats.word.styles import Styles
from gateway.formats.word.unseen import Unseen

MAX_REPEATED = 1 << 20  # elements and characters of notes, wherever these come again
MAX_TITLE_LINE = 60  # characters of a first line that is its title for standing in the middle

_KEPT = frozenset({"tab", "noBreakHyphen", "sym", "fldChar", "instrText"})
_SIGNED_PICTURE = re.compile(f"{PICTURE}[0-9]+{PICTURE_END}")
_LINE = "textWrapping"  # the kind of a break that ends a line, not a page
_SWITCHES = ("b", "i", "strike")


class Numbered(NamedTuple):
    """The number of a paragraph: what it is counted in, its level, and how all levels look."""

    counted: str
    level: int
    levels: list[Level]


class Picture(NamedTuple):
    """A picture in its place: its name, and the words that stand for it."""

    name: str
    words: str


class Shown(NamedTuple):
    """A document made plainer, the numbers of its paragraphs, its pictures, and what is lost."""

    body: bytes
    numbers: list[Numbered]
    warnings: tuple[Finding, ...]
    places: list[Picture]
    pictures: dict[str, bytes]
    declared: dict[str, str]


def shown(body: bytes) -> Shown:
    """Return what is shown of a document. Raises Refused."""
    return _Reader(WordParts(body)).read()


class _Reader:
    """Reads one document from its beginning to its end."""

    def __init__(self, parts: WordParts) -> None:
        self._main = self._part = parts.main()
        self._declared = declared_in(root_of(parts.about(KIND)))
        self._styles = Styles(root_of(parts.beside("styles")))
        self._numbering = Numbering(root_of(parts.beside("numbering")), self._styles)
        self._notes = {
            kind: _Notes(parts.beside(f"{kind}s"), kind) for kind in ("footnote", "endnote")
        }
        comments = children(root_of(parts.beside("comments")), "comment")
        self._comments = {attribute(each, "id"): each for each in comments}
        self._unseen = Unseen()
        self._met: dict[Element, int] = {}  # which number each note has that was met
        self._open: list[Element] = []  # notes
        self._repeated = 0
        self._fields: list[bool] = []  # for each field that is open, whether its result is
        self._links: dict[str, str] = {}
        self._numbers: list[Numbered] = []
        self._places: list[Picture] = []
        self._pictures: dict[str, bytes] = {}  # what they hold, by name
        self._lost: dict[str, tuple[int, int]] = {}  # how many of a kind, and where the first
        self._paragraph = 0
        self._carried: list[Element] = []  # of a paragraph whose end was deleted
        self._paragraph_properties: Element | None = None

    def read(self) -> Shown:
        """Return what is shown."""
        document = Element(w("document"))
        body = SubElement(document, w("body"))
        # A list first: what is raised within would else be told as a TypeError.
        body.extend([*self._story(child(self._main.root, "body"))])
        self._unseen.require_no_marker()
        made = packed(tostring(document), self._links)
        warnings = tuple(self._warnings())
        return Shown(made, self._numbers, warnings, self._places, self._pictures, self._declared)

    def _warnings(self) -> Iterator[Finding]:
        last = max(1, self._paragraph)
        for kind, (count, at) in self._lost.items():
            name = f"{count} {kind}{'s' * (count > 1)}"
            yield warning(FindingCode.LEFT_OUT, min(at, last), name=name)

    # --- blocks --------------------------------------------------------------------------------

    def _story(self, parent: Iterable[Element] | None) -> Iterator[Element]:
        """Yield the blocks of what no paragraph goes on behind: the document, a cell."""
        yield from self._blocks(parent)
        if self._carried:
            runs, self._carried = self._carried, []
            self._paragraph += 1
            yield from self._whole(None, runs)

    def _blocks(self, parent: Iterable[Element] | None) -> Iterator[Element]:
        for each in parent if parent is not None else ():
            name = local(each)
            if name == "p":
                yield from self._paragraphs(each)
            elif name == "tbl":
                yield self._table(each)
            elif name == "sdt":
                yield from self._blocks(child(each, "sdtContent"))
            elif name in AROUND:
                yield from self._blocks(each)
            elif name == "AlternateContent":
                yield from self._blocks(chosen(each))
            elif name in ("altChunk", "subDoc"):
                self._lose("embedded document")
            elif name == "oMathPara":
                self._lose_formulas(each)

    def _table(self, table: Element) -> Element:
        made = Element(w("tbl"))
        for row in through(table, "tr"):
            if child(row, "trPr", "del") is not None:
                continue
            new_row = SubElement(made, w("tr"))
            for cell in through(row, "tc"):
                new_cell = SubElement(new_row, w("tc"))
                properties = SubElement(new_cell, w("tcPr"))
                for name in ("gridSpan", "vMerge"):
                    if (found := child(cell, "tcPr", name)) is not None:
                        properties.append(found)
                if _is_covered(properties):
                    self._unseen.thing(cell)
                new_cell.extend([*self._story(cell)])
        return made

    def _paragraphs(self, paragraph: Element) -> Iterator[Element]:
        properties = child(paragraph, "pPr")
        self._paragraph += 1
        self._paragraph_properties = properties
        runs = [*self._carried, *self._inline(paragraph)]
        self._carried = []
        self._unseen.end(self._paragraph, paragraph)
        ends = child(properties, "rPr")
        if child(ends, "del") is not None or child(ends, "moveFrom") is not None:
            self._carried = runs
            self._paragraph -= 1
        else:
            yield from self._whole(properties, runs)

    def _whole(self, properties: Element | None, runs: list[Element]) -> Iterator[Element]:
        """Yield a paragraph of runs, if it says anything."""
        text = joined(runs)
        if not text.strip():
            self._paragraph -= 1
            return
        made = Element(w("p"))
        style, sign = self._style(properties, _SIGNED_PICTURE.sub("", text))
        if style:
            SubElement(SubElement(made, w("pPr")), w("pStyle")).set(w("val"), style)
        made.append(run_of(PARAGRAPH + sign))
        made.extend(runs)
        yield made

    def _style(self, properties: Element | None, text: str) -> tuple[str, str]:
        """Return the style of a paragraph, and the sign of its number."""
        sign = bullet = ""
        number, level = self._styles.numbering(properties)
        if number:
            levels = self._numbering.levels(number)
            if levels[level].form == BULLET:
                bullet = f"b{level + 1}"
            else:
                counted = self._numbering.counted(number)
                sign = f"{NUMBER}{len(self._numbers)}{NUMBER_END}"
                self._numbers.append(Numbered(counted, level, levels))
        heading = self._styles.heading(properties)
        alignment = self._styles.alignment(properties)
        is_first = self._paragraph == 1 and 0 < len(text.strip()) <= MAX_TITLE_LINE
        if heading or (is_first and alignment == "center" and not number):
            return f"h{heading or 1}", sign
        return bullet or alignment, sign

    # --- runs ----------------------------------------------------------------------------------

    def _inline(self, parent: Iterable[Element] | None) -> Iterator[Element]:
        for each in parent if parent is not None else ():
            name = local(each)
            if name == "r":
                yield from self._run(each)
            elif name == "hyperlink":
                yield from self._hyperlink(each)
            elif name == "sdt":
                yield from self._inline(child(each, "sdtContent"))
            elif name in AROUND:
                yield from self._inline(each)
            elif name == "AlternateContent":
                yield from self._inline(chosen(each))
            elif name in ("oMath", "oMathPara"):
                self._lose_formulas(each)

    def _hyperlink(self, link: Element) -> Iterator[Element]:
        address = self._part.outside(attribute(link, "id"))
        runs = list(self._inline(link))
        if not address:
            yield from runs
            return
        made = Element(w("hyperlink"))
        made.set(f"{{{R}}}id", self._links.setdefault(address, f"r{len(self._links)}"))
        made.extend(runs)
        yield made

    def _run(self, run: Element) -> Iterator[Element]:
        properties = child(run, "rPr")
        is_hidden = self._styles.switch("vanish", properties, self._paragraph_properties)
        made = self._like(properties)
        for each in run:
            name = local(each)
            if name == "fldChar":
                self._follow(attribute(each, "fldCharType"))
                made.append(each)
            elif name == "instrText":
                made.append(each)
            elif is_hidden or not all(self._fields):
                self._unseen.run((each.text or "") if name == "t" else "")
            elif name == "t":
                say(made, each.text or "")
            elif name in _KEPT:
                made.append(each)
            elif name == "cr" or (name == "br" and attribute(each, "type", _LINE) == _LINE):
                made.append(Element(w("br")))
            else:
                beside = list(self._beside(name, each))
                if beside:
                    yield made
                    yield from beside
                    made = self._like(properties)
        yield made

    def _like(self, properties: Element | None) -> Element:
        """Return an empty run that looks like another."""
        made = Element(w("r"))
        new = SubElement(made, w("rPr"))
        for name in _SWITCHES:
            if self._styles.switch(name, properties):
                SubElement(new, w(name))
        if (raised := child(properties, "vertAlign")) is not None:
            new.append(raised)
        return made

    def _follow(self, kind: str) -> None:
        """Keep track of fields: what stands before their result is not shown."""
        if kind == "begin":
            self._fields.append(False)
        elif kind == "separate" and self._fields:
            self._fields[-1] = True
        elif kind == "end" and self._fields:
            self._fields.pop()

    def _beside(self, name: str, element: Element) -> Iterator[Element]:
        """Yield what a part of a run becomes that is more than text."""
        if name == "ruby":
            self._unseen.thing(child(element, "rt"))
            yield from self._inline(child(element, "rubyBase"))
        elif name in ("footnoteReference", "endnoteReference"):
            kind = name.removesuffix("Reference")
            yield from self._note(self._notes[kind], attribute(element, "id"))
        elif name == "commentReference":
            self._unseen.thing(self._comments.get(attribute(element, "id")))
            self._lose("comment")
        elif name in ("drawing", "pict", "object", "AlternateContent"):
            drawing = chosen(element) if name == "AlternateContent" else element
            boxes = list(outermost(drawing, "txbxContent"))
            for box in boxes:
                yield from self._float(BOX, box, self._part)
            if not boxes and drawing is not None:
                yield from self._drawn(drawing)

    def _note(self, notes: _Notes, name: str) -> Iterator[Element]:
        """Yield a note at each reference: who may read one of them may not read another."""
        note = notes.of(name)
        if note is None or note in self._open:  # one in itself is shown already
            return
        if note in self._met:
            self._repeated += sum(1 + len(each.text or "") for each in note.iter())
        if self._repeated > MAX_REPEATED:
            raise too_large("notes that are referred to too often")
        number = self._met.setdefault(note, len(self._met))
        self._open.append(note)
        yield from self._float(f"{NOTE}{number}{NUMBER_END}", note, notes.part)
        self._open.pop()

    def _drawn(self, drawing: Element) -> Iterator[Element]:
        """Yield a picture that can be shown; anything else that is drawn is lost."""
        kind = kind_of(drawing)
        name, body = self._part.inside(embedded_in(drawing)) if kind == "picture" else ("", b"")
        is_known = name in self._pictures
        if not (picture_kind(body) and is_companion_name(name)):
            self._unseen.thing(drawing)
            self._lose(kind)
            return
        if len(self._pictures) >= MAX_COMPANIONS and not is_known:
            # Left out it would tell, where it is free, how many the paid text has.
            raise too_large(f"more than {MAX_COMPANIONS} pictures")
        self._pictures[name] = body
        self._places.append(Picture(name, description_of(drawing)))
        yield run_of(f"{PICTURE}{len(self._places) - 1}{PICTURE_END}")

    def _float(self, sign: str, content: Element, part: Part | None) -> Iterator[Element]:
        """Yield what stands apart from the paragraph that it belongs to."""
        before, properties = self._part, self._paragraph_properties
        self._part = part or before
        yield run_of(sign)
        is_first = True
        for paragraph in lines_of(content):
            self._paragraph_properties = child(paragraph, "pPr")
            runs = list(self._inline(paragraph))
            if joined(runs).strip():
                if not is_first:
                    yield run_of("", "br")
                is_first = False
                yield from runs
        yield run_of(FLOAT_END)
        self._part, self._paragraph_properties = before, properties

    # --- what is lost --------------------------------------------------------------------------

    def _lose(self, kind: str, count: int = 1) -> None:
        if kind:
            before, at = self._lost.get(kind, (0, max(1, self._paragraph)))
            self._lost[kind] = before + count, at

    def _lose_formulas(self, element: Element) -> None:
        self._unseen.thing(element)
        inside = sum(local(each) == "oMath" for each in element.iter())
        self._lose("formula", max(1, inside))


def _is_covered(properties: Element) -> bool:
    """Return whether a cell is covered by the one above."""
    merged = child(properties, "vMerge")
    return merged is not None and attribute(merged, "val") != "restart"


class _Notes:
    """The footnotes or the endnotes of a document."""

    def __init__(self, part: Part | None, kind: str) -> None:
        self.part = part
        found = children(root_of(part), kind)
        self._by_id = {attribute(each, "id"): each for each in found if not attribute(each, "type")}

    def of(self, number: str) -> Element | None:
        """Return a note."""
        return self._by_id.get(number)
