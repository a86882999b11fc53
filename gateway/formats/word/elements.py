"""Elements of WordprocessingML: those that are looked for, and those that are made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, register_namespace

from gateway.formats.word.parts import Part, attribute, child, local

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAX_WORDS = 500  # characters that stand for a picture

register_namespace("w", W)
register_namespace("r", R)

GONE = frozenset({"del", "moveFrom", "delText", "delInstrText"})
AROUND = frozenset(
    {
        *("ins", "moveTo", "smartTag", "customXml", "fldSimple", "bdo", "dir", "sdtContent"),
        *("rubyBase",),
    }
)


def w(name: str) -> str:
    """Return a name of WordprocessingML, as the parser has it."""
    return f"{{{W}}}{name}"


def root_of(part: Part | None) -> Element | None:
    """Return the root of a part, None where there is none."""
    return part.root if part else None


def run_of(text: str, *also: str) -> Element:
    """Return a run with a text, and with elements of these names before it."""
    run = Element(w("r"))
    for name in also:
        SubElement(run, w(name))
    if text:
        say(run, text)
    return run


def say(run: Element, text: str) -> None:
    """Add a text to a run."""
    leaf = SubElement(run, w("t"))
    leaf.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    leaf.text = text


def chosen(alternatives: Element) -> Element | None:
    """Return the first of several ways to show the same."""
    choice = child(alternatives, "Choice")
    return choice if choice is not None else child(alternatives, "Fallback")


def through(parent: Element | None, name: str) -> Iterator[Element]:
    """Yield children of a name, also within what stands around them without being shown."""
    for each in parent if parent is not None else ():
        if local(each) == name:
            yield each
        elif local(each) == "sdt":
            yield from through(child(each, "sdtContent"), name)
        elif local(each) in AROUND:
            yield from through(each, name)


def outermost(parent: Element | None, name: str) -> Iterator[Element]:
    """Yield descendants of a name, none within another, and of alternatives one."""
    for each in parent if parent is not None else ():
        if local(each) == name:
            yield each
        elif local(each) == "AlternateContent":
            yield from outermost(chosen(each), name)
        elif local(each) not in GONE:
            yield from outermost(each, name)


def lines_of(content: Element) -> Iterator[Element]:
    """Yield the paragraphs of what stands apart, those of its tables too."""
    return outermost(content, "p")


def kind_of(drawing: Element) -> str:
    """Return what a drawing holds, in a word, "" for nothing that is shown."""
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


def embedded_in(drawing: Element) -> str:
    """Return the reference to the picture in a drawing."""
    for each in drawing.iter():
        if local(each) == "blip":
            return attribute(each, "embed")
        if local(each) == "imagedata":
            return attribute(each, "id")
    return ""


def description_of(drawing: Element) -> str:
    """Return the words that stand for a drawing, on one line."""
    told = (attribute(each, "descr") for each in drawing.iter() if local(each) == "docPr")
    return " ".join(next(told, "").split())[:MAX_WORDS]
