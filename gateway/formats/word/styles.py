"""Styles of a Word document: which paragraphs are headings, which runs are hidden, bold, italic."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from gateway.formats.word.parts import attribute, child, children

_HEADING = re.compile(r"(?:heading|标题|標題)\s*([1-9])(?:\s*(?:char|字符))?", re.IGNORECASE)
_TITLE = re.compile(r"title|标题|標題|文档标题|文章标题|大标题|主标题", re.IGNORECASE)
_OFF = frozenset({"0", "false", "off"})
_MOST = 20  # styles that one rests on
BODY = 9  # the outline level of what is no heading


class Styles:
    """The styles by id, each with those that it rests on."""

    def __init__(self, root: Element | None) -> None:
        self._by_id = {attribute(each, "styleId"): each for each in children(root, "style")}
        self._default = {
            attribute(each, "type"): each
            for each in self._by_id.values()
            if is_on(attribute(each, "default", "0"))
        }

    def heading(self, properties: Element | None) -> int:
        """Return the level of a paragraph's heading, 0 for none; a title has the first."""
        outline = child(properties, "outlineLvl")
        if outline is not None:
            return _level(attribute(outline, "val"))
        for style in self._chain(properties, "pStyle"):
            name = attribute(child(style, "name"), "val").strip()
            if _TITLE.fullmatch(name):
                return 1
            if found := _HEADING.fullmatch(name):
                return min(int(found[1]), 6)
            outline = child(style, "pPr", "outlineLvl")
            if outline is not None:
                return _level(attribute(outline, "val"))
        return 0

    def numbering(self, properties: Element | None) -> tuple[str, int]:
        """Return list and level of a paragraph, "" where it is in none."""
        number = level = ""
        for pr in (properties, *self._properties(properties)):
            found = child(pr, "numPr")
            number = number or attribute(child(found, "numId"), "val")
            level = level or attribute(child(found, "ilvl"), "val")
        return (number if number != "0" else ""), min(int(level), 8) if level.isdecimal() else 0

    def number_of(self, style: str) -> str:
        """Return the list that a style is for."""
        found = child(self._by_id.get(style), "pPr", "numPr", "numId")
        return attribute(found, "val")

    def alignment(self, properties: Element | None) -> str:
        """Return right or center where a paragraph is set so, "" for any other way."""
        for pr in (properties, *self._properties(properties)):
            found = child(pr, "jc")
            if found is not None:
                value = attribute(found, "val")
                return {"right": "right", "end": "right", "center": "center"}.get(value, "")
        return ""

    def switch(self, name: str, run: Element | None, paragraph: Element | None = None) -> bool:
        """Return whether a run is bold, hidden or the like: by itself, its style, a paragraph's."""
        own = child(run, name)
        if own is not None:
            return is_on(attribute(own, "val", "1"))
        styles = [*self._chain(run, "rStyle")]
        styles += self._chain(paragraph, "pStyle") if paragraph is not None else ()
        for style in styles:
            found = child(style, "rPr", name)
            if found is not None:
                return is_on(attribute(found, "val", "1"))
        return False

    def _properties(self, properties: Element | None) -> Iterator[Element | None]:
        for style in self._chain(properties, "pStyle"):
            yield child(style, "pPr")

    def _chain(self, properties: Element | None, kind: str) -> Iterator[Element]:
        """Yield the style that properties name, and those that it rests on."""
        style = self._by_id.get(attribute(child(properties, kind), "val"))
        if style is None and kind == "pStyle":
            style = self._default.get("paragraph")
        for _ in range(_MOST):
            if style is None:
                return
            yield style
            style = self._by_id.get(attribute(child(style, "basedOn"), "val"))


def is_on(value: str) -> bool:
    """Return whether a switch is on."""
    return value.lower() not in _OFF


def _level(outline: str) -> int:
    level = int(outline) if outline.isdecimal() else BODY
    return min(level + 1, 6) if level < BODY else 0
