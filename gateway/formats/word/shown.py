"""What of a Word document is shown, with all its changes accepted, as a plainer Word document.

Its paragraphs have one of a few styles, and every marker stands whole in one leaf, however the
runs of the original divide it. Signs tell where paragraphs, notes and text boxes begin.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import NamedTuple
from xml.etree.ElementTree import (
    Element,
    SubElement,
    register_namespace,
    tostring,
)
from xml.sax.saxutils import quoteattr
from zipfile import ZipFile

from gateway.core.companions import MAX_COMPANIONS, is_companion_name, picture_kind
from gateway.core.findings import Finding, FindingCode, warning
from gateway.core.grammar import PAGEBREAK, spellings
from gateway.core.suspects import near_misses
from gateway.formats.word.numbers import BULLET, Level, Numbering
from gateway.formats.word.parts import (
    Part,
    WordParts,
    attribute,
    child,
    children,
    local,
    too_large,
)
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
from gateway.formats.word.styles import Styles

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STYLES = (*(f"h{n}" for n in range(1, 7)), *(f"b{n}" for n in range(1, 10)), "right", "center")
MAX_WORDS = 500  # characters that stand for a picture
MAX_TITLE_LINE = 60  # characters of a first line that is its title for standing in the middle

register_namespace("w", W)
register_namespace("r", R)

_GONE = frozenset({"del", "moveFrom", "delText", "delInstrText"})
_AROUND = frozenset(
    {
        *("ins", "moveTo", "smartTag", "customXml", "fldSimple", "bdo", "dir", "sdtContent"),
        *("rubyBase",),
    }
)
_KEPT = frozenset({"tab", "noBreakHyphen", "sym", "fldChar", "instrText"})
_SIGNED_PICTURE = re.compile(f"{PICTURE}[0-9]+{PICTURE_END}")
_LINE = "textWrapping"  # the kind of a break that ends a line, not a page
_SWITCHES = ("b", "i", "strike")
_AS_TEXT = {"sym": "\u25a1", "noBreakHyphen": "\u2011"}  # anything else is a space


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


def shown(body: bytes) -> Shown:
    """Return what is shown of a document. Raises Refused."""
    return _Reader(WordParts(body)).read()


class _Reader:
    """Reads one document from its beginning to its end."""

    def __init__(self, parts: WordParts) -> None:
        self._main = self._part = parts.main()
        self._styles = Styles(_root(parts.beside("styles")))
        self._numbering = Numbering(_root(parts.beside("numbering")), self._styles)
        self._notes = {
            kind: _Notes(parts.beside(f"{kind}s"), kind) for kind in ("footnote", "endnote")
        }
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
        document = Element(_w("document"))
        body = SubElement(document, _w("body"))
        # A list first: what is raised within would else be told as a TypeError.
        body.extend([*self._story(child(self._main.root, "body"))])
        packed = _packed(tostring(document), self._links)
        warnings = tuple(self._warnings())
        return Shown(packed, self._numbers, warnings, self._places, self._pictures)

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
            elif name in _AROUND:
                yield from self._blocks(each)
            elif name == "AlternateContent":
                yield from self._blocks(_chosen(each))
            elif name in ("altChunk", "subDoc"):
                self._lose("embedded document")
            elif name == "oMathPara":
                self._lose_formulas(each)

    def _table(self, table: Element) -> Element:
        made = Element(_w("tbl"))
        for row in _through(table, "tr"):
            if child(row, "trPr", "del") is not None:
                continue
            new_row = SubElement(made, _w("tr"))
            for cell in _through(row, "tc"):
                new_cell = SubElement(new_row, _w("tc"))
                properties = SubElement(new_cell, _w("tcPr"))
                for name in ("gridSpan", "vMerge"):
                    if (found := child(cell, "tcPr", name)) is not None:
                        properties.append(found)
                new_cell.extend([*self._story(cell)])
        return made

    def _paragraphs(self, paragraph: Element) -> Iterator[Element]:
        properties = child(paragraph, "pPr")
        self._paragraph += 1
        self._paragraph_properties = properties
        runs = [*self._carried, *self._inline(paragraph)]
        self._carried = []
        ends = child(properties, "rPr")
        if child(ends, "del") is not None or child(ends, "moveFrom") is not None:
            self._carried = runs
            self._paragraph -= 1
        else:
            yield from self._whole(properties, runs)

    def _whole(self, properties: Element | None, runs: list[Element]) -> Iterator[Element]:
        """Yield a paragraph of runs, if it says anything."""
        text = _joined(runs)
        if not text.strip():
            self._paragraph -= 1
            return
        made = Element(_w("p"))
        style, sign = self._style(properties, _SIGNED_PICTURE.sub("", text))
        if style:
            SubElement(SubElement(made, _w("pPr")), _w("pStyle")).set(_w("val"), style)
        made.append(_run(PARAGRAPH + sign))
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
            elif name in _AROUND:
                yield from self._inline(each)
            elif name == "AlternateContent":
                yield from self._inline(_chosen(each))
            elif name in ("oMath", "oMathPara"):
                self._lose_formulas(each)

    def _hyperlink(self, link: Element) -> Iterator[Element]:
        address = self._part.outside(attribute(link, "id"))
        runs = list(self._inline(link))
        if not address:
            yield from runs
            return
        made = Element(_w("hyperlink"))
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
                continue
            elif name == "t":
                _say(made, each.text or "")
            elif name in _KEPT:
                made.append(each)
            elif name == "cr" or (name == "br" and attribute(each, "type", _LINE) == _LINE):
                made.append(Element(_w("br")))
            else:
                beside = list(self._beside(name, each))
                if beside:
                    yield made
                    yield from beside
                    made = self._like(properties)
        yield made

    def _like(self, properties: Element | None) -> Element:
        """Return an empty run that looks like another."""
        made = Element(_w("r"))
        new = SubElement(made, _w("rPr"))
        for name in _SWITCHES:
            if self._styles.switch(name, properties):
                SubElement(new, _w(name))
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
            yield from self._inline(child(element, "rubyBase"))
        elif name in ("footnoteReference", "endnoteReference"):
            kind = name.removesuffix("Reference")
            note = self._notes[kind].of(attribute(element, "id"))
            if note is not None:
                yield from self._float(NOTE, note, self._notes[kind].part)
        elif name == "commentReference":
            self._lose("comment")
        elif name in ("drawing", "pict", "object", "AlternateContent"):
            chosen = _chosen(element) if name == "AlternateContent" else element
            boxes = list(_outermost(chosen, "txbxContent"))
            for box in boxes:
                yield from self._float(BOX, box, self._part)
            if not boxes and chosen is not None:
                yield from self._drawn(chosen)

    def _drawn(self, drawing: Element) -> Iterator[Element]:
        """Yield a picture that can be shown; anything else that is drawn is lost."""
        kind = _kind_of(drawing)
        name, body = self._part.inside(_embedded(drawing)) if kind == "picture" else ("", b"")
        is_known = name in self._pictures
        if not (picture_kind(body) and is_companion_name(name)):
            self._lose(kind)
            return
        if len(self._pictures) >= MAX_COMPANIONS and not is_known:
            # Left out it would tell, where it is free, how many the paid text has.
            raise too_large(f"more than {MAX_COMPANIONS} pictures")
        self._pictures[name] = body
        self._places.append(Picture(name, _description(drawing)))
        yield _run(f"{PICTURE}{len(self._places) - 1}{PICTURE_END}")

    def _float(self, sign: str, content: Element, part: Part | None) -> Iterator[Element]:
        """Yield what stands apart from the paragraph that it belongs to."""
        before, properties = self._part, self._paragraph_properties
        self._part = part or before
        yield _run(sign)
        is_first = True
        for paragraph in _lines(content):
            self._paragraph_properties = child(paragraph, "pPr")
            runs = list(self._inline(paragraph))
            if _joined(runs).strip():
                if not is_first:
                    yield _run("", "br")
                is_first = False
                yield from runs
        yield _run(FLOAT_END)
        self._part, self._paragraph_properties = before, properties

    # --- what is lost --------------------------------------------------------------------------

    def _lose(self, kind: str, count: int = 1) -> None:
        if kind:
            before, at = self._lost.get(kind, (0, max(1, self._paragraph)))
            self._lost[kind] = before + count, at

    def _lose_formulas(self, element: Element) -> None:
        inside = sum(local(each) == "oMath" for each in element.iter())
        self._lose("formula", max(1, inside))


class _Notes:
    """The footnotes or the endnotes of a document."""

    def __init__(self, part: Part | None, kind: str) -> None:
        self.part = part
        found = children(_root(part), kind)
        self._by_id = {attribute(each, "id"): each for each in found if not attribute(each, "type")}

    def of(self, number: str) -> Element | None:
        """Return a note, once."""
        return self._by_id.pop(number, None)


# --- markers -----------------------------------------------------------------------------------


def _joined(runs: Iterable[Element]) -> str:
    """Return the text of runs, and move each marker in it whole into the leaf where it begins."""
    leaves = list(_leaves(runs))
    texts = [
        leaf.text or "" if leaf.tag == _w("t") else _AS_TEXT.get(local(leaf), " ")
        for leaf in leaves
    ]
    text = "".join(texts)
    found = spellings(text)
    if len(leaves) > 1 and near_misses(text, [span[:2] for span in found]):
        # It will be refused; in one leaf it is found where it stands.
        first = next(at for at, leaf in enumerate(leaves) if leaf.tag == _w("t"))
        texts = [text if at == first else "" for at in range(len(leaves))]
    else:
        texts = _marked(texts, text, found)
    for leaf, said in zip(leaves, texts, strict=True):
        if leaf.tag == _w("t"):
            leaf.text = said
    return text


def _marked(texts: list[str], text: str, found: list[tuple[int, int, bool]]) -> list[str]:
    """Return the texts of leaves with each marker in the one where it begins, between signs."""
    found = found + [(at, at + len(PAGEBREAK), False) for at in _all(text, PAGEBREAK)]
    out: list[str] = []
    waiting = iter(sorted(found))
    span = next(waiting, None)
    start = 0
    gone = 0  # up to where the text is written
    for each in texts:
        end = start + len(each)
        said: list[str] = []
        at = max(start, gone)
        while span and span[0] < end:
            said += text[at : span[0]], _signed(text[span[0] : span[1]], is_real=span[2])
            at = gone = span[1]
            span = next(waiting, None)
        out.append("".join((*said, text[at:end])))
        start = end
    return out


def _signed(marker: str, *, is_real: bool) -> str:
    plain = marker.replace("<", LESS).replace(">", GREATER)
    return f"{MARKER}{plain}{MARKER_END}" if is_real else plain


def _all(text: str, part: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + len(part))


def _leaves(runs: Iterable[Element]) -> Iterator[Element]:
    for run in runs:
        if run.tag == _w("hyperlink"):
            yield from _leaves(run)
        else:
            yield from (each for each in run if local(each) not in ("rPr", "fldChar", "instrText"))


# --- elements ----------------------------------------------------------------------------------


def _w(name: str) -> str:
    return f"{{{W}}}{name}"


def _root(part: Part | None) -> Element | None:
    return part.root if part else None


def _run(text: str, *also: str) -> Element:
    run = Element(_w("r"))
    for name in also:
        SubElement(run, _w(name))
    if text:
        _say(run, text)
    return run


def _say(run: Element, text: str) -> None:
    leaf = SubElement(run, _w("t"))
    leaf.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    leaf.text = text


def _chosen(alternatives: Element) -> Element | None:
    """Return the first of several ways to show the same."""
    choice = child(alternatives, "Choice")
    return choice if choice is not None else child(alternatives, "Fallback")


def _through(parent: Element | None, name: str) -> Iterator[Element]:
    """Yield children of a name, also within what stands around them without being shown."""
    for each in parent if parent is not None else ():
        if local(each) == name:
            yield each
        elif local(each) == "sdt":
            yield from _through(child(each, "sdtContent"), name)
        elif local(each) in _AROUND:
            yield from _through(each, name)


def _outermost(parent: Element | None, name: str) -> Iterator[Element]:
    """Yield descendants of a name, none within another, and of alternatives one."""
    for each in parent if parent is not None else ():
        if local(each) == name:
            yield each
        elif local(each) == "AlternateContent":
            yield from _outermost(_chosen(each), name)
        elif local(each) not in _GONE:
            yield from _outermost(each, name)


def _lines(content: Element) -> Iterator[Element]:
    """Yield the paragraphs of what stands apart, those of its tables too."""
    return _outermost(content, "p")


def _kind_of(drawing: Element) -> str:
    names = Counter(map(local, drawing.iter()))
    if names["oMath"]:
        return "formula"
    if names["OLEObject"] or names["control"]:
        return "object"
    uris = " ".join(attribute(each, "uri") for each in drawing.iter())
    for kind in ("chart", "diagram"):
        if kind in uris:
            return kind
    is_picture = names["blip"] or names["imagedata"]
    return "picture" if is_picture else "drawing" if names["docPr"] or names["shape"] else ""


def _embedded(drawing: Element) -> str:
    """Return the reference to the picture in a drawing."""
    for each in drawing.iter():
        if local(each) == "blip":
            return attribute(each, "embed")
        if local(each) == "imagedata":
            return attribute(each, "id")
    return ""


def _description(drawing: Element) -> str:
    """Return the words that stand for a drawing, on one line."""
    told = (attribute(each, "descr") for each in drawing.iter() if local(each) == "docPr")
    return " ".join(next(told, "").split())[:MAX_WORDS]


# --- the plainer document ----------------------------------------------------------------------

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = (
    f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels"'
    ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-'
    'officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_TOP = (
    f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="d"'
    f' Type="{R}/officeDocument" Target="word/document.xml"/></Relationships>'
)
_SHEET = f'{_HEAD}<w:styles xmlns:w="{W}">' + "".join(
    f'<w:style w:type="paragraph" w:styleId="{each}"><w:name w:val="{each}"/></w:style>'
    for each in STYLES
)


def _packed(document: bytes, links: dict[str, str]) -> bytes:
    relations = [f'<Relationship Id="s" Type="{R}/styles" Target="styles.xml"/>']
    relations += [
        f'<Relationship Id="{own}" Type="{R}/hyperlink" Target={quoteattr(address)}'
        ' TargetMode="External"/>'
        for address, own in links.items()
    ]
    out = BytesIO()
    with ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _TOP)
        archive.writestr("word/styles.xml", f"{_SHEET}</w:styles>")
        archive.writestr("word/document.xml", document)
        archive.writestr(
            "word/_rels/document.xml.rels",
            f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
            f"{''.join(relations)}</Relationships>",
        )
    return out.getvalue()
