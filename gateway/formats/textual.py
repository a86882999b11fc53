"""Sanitised HTML to plain text and to Markdown. PLACEHOLDER stays in its place.

Each element is written when it closes, from what its children wrote.
"""

# ruff: noqa: ARG001 - the writers of all elements are called alike

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum
from typing import NamedTuple

from gateway.core.documents import PLACEHOLDER
from gateway.formats.emphasis import is_cjk, is_punctuation
from gateway.formats.formulas import is_display, is_formula
from gateway.formats.fragments import BLOCKS, HEADINGS, Piece, attribute, pieces

_CODE = frozenset({"pre", "code"})
_SPACE = re.compile(r"[ \t\n\r\f]+")
_BREAK = "\v"  # a line break within a paragraph; decoding lets none into a source
_AROUND_BREAK = re.compile(" ?\v ?")
_LINE_END = re.compile("([\n\v])(?=(\n?))")


class _Kind(IntEnum):
    LINE = 0  # part of a line
    TIGHT = 1  # lines of its own
    BLOCK = 2  # set off by blank lines
    CELL = 3


class _Part(NamedTuple):
    text: str
    kind: _Kind = _Kind.LINE


_Parts = list[_Part]
_Writer = Callable[[Piece, _Parts], _Part]


def text_of(parts: Iterable[Piece]) -> str:
    """Return what is seen of sanitised HTML, a blank line between paragraphs."""
    return _write(parts, _TEXT, str).replace(_BREAK, "\n")


def prose_of(html: str) -> str:
    """Return what is seen of sanitised HTML, but for code."""
    return text_of(_outside_code(pieces(html)))


def _outside_code(parts: Iterable[Piece]) -> Iterator[Piece]:
    depth = 0
    for piece in parts:
        if piece.name in _CODE:
            depth += -1 if piece.closes else 1
            yield Piece(" ")
        elif not depth:
            yield piece


def markdown_of(parts: Iterable[Piece]) -> str:
    """Return sanitised HTML as Markdown."""
    return _write(parts, _MARKDOWN, _escape).replace(_BREAK, "\\\n")


def _write(parts: Iterable[Piece], style: dict[str, _Writer], words: Callable[[str], str]) -> str:
    stack: list[tuple[Piece, _Parts]] = [(Piece(""), [])]
    code = pre = 0  # how many are open
    for piece in parts:
        code += (piece.name == "code") * (-1 if piece.closes else 1)
        pre += (piece.name == "pre") * (-1 if piece.closes else 1)
        if piece.name == "code" and piece.opens and stack[-1][0].name == "pre":
            stack[-1] = (Piece(piece.raw, "pre"), stack[-1][1])  # whose class tells of both
        if piece.opens:
            stack.append((piece, []))
        elif piece.name:
            tag, inside = stack.pop() if piece.closes else (piece, [])
            writer = _inline if pre else style.get(tag.name, _inline)
            stack[-1][1].append(writer(tag, inside))
        else:
            stack[-1][1].extend(_run(piece.text, str if pre or code else words))
    body = _flow(stack[0][1])
    return body + "\n" if body else ""


def _run(text: str, words: Callable[[str], str]) -> _Parts:
    first, *others = text.split(PLACEHOLDER)
    parts = [_Part(words(first))]
    for run in others:
        parts += _Part(PLACEHOLDER, _Kind.BLOCK), _Part(words(run))
    return parts


# --- joining -----------------------------------------------------------------------------------


def _line(inside: _Parts) -> str:
    """Return parts as one run of text, its white space as written."""
    return "".join(part.text for part in inside)


def _flow(inside: _Parts) -> str:
    """Return parts as lines: each run of text a paragraph, blocks set off."""
    out: list[str] = []
    run: list[str] = []
    last = _Kind.BLOCK

    def put(text: str, kind: _Kind) -> None:
        nonlocal last
        if text:
            if out:
                out.append("\n\n" if _Kind.BLOCK in (kind, last) else "\n")
            out.append(text)
            last = kind

    for part in inside:
        if part.kind is _Kind.LINE:
            run.append(part.text)
        else:
            put(_paragraph("".join(run)), _Kind.TIGHT)
            run.clear()
            put(part.text, part.kind)
    put(_paragraph("".join(run)), _Kind.TIGHT)
    return "".join(out)


def _paragraph(text: str) -> str:
    return _AROUND_BREAK.sub(_BREAK, _SPACE.sub(" ", text)).strip(" " + _BREAK)


def _indented(text: str, first: str, rest: str) -> str:
    return first + _LINE_END.sub(lambda m: m[1] + (rest.rstrip() if m[2] else rest), text)


def _is_line(inside: _Parts) -> bool:
    return all(part.kind is _Kind.LINE for part in inside)


# --- plain text --------------------------------------------------------------------------------


def _inline(tag: Piece, inside: _Parts) -> _Part:
    return _Part(_line(inside)) if _is_line(inside) else _block(tag, inside)


def _block(tag: Piece, inside: _Parts) -> _Part:
    return _Part(_flow(inside), _Kind.BLOCK)


def _tight(tag: Piece, inside: _Parts) -> _Part:
    return _Part(_flow(inside), _Kind.TIGHT)


def _pre(tag: Piece, inside: _Parts) -> _Part:
    return _Part(_line(inside).strip("\n"), _Kind.BLOCK)


def _break(tag: Piece, inside: _Parts) -> _Part:
    return _Part(_BREAK)


def _rule(tag: Piece, inside: _Parts) -> _Part:
    return _Part("* * *", _Kind.BLOCK)


def _quotation(tag: Piece, inside: _Parts) -> _Part:
    return _Part(_indented(_flow(inside), "    ", "    "), _Kind.BLOCK)


def _unordered(tag: Piece, inside: _Parts) -> _Part:
    return _list(inside, lambda _: "- ")


def _ordered(tag: Piece, inside: _Parts) -> _Part:
    start = int(attribute(tag, "start") or 1)
    return _list(inside, lambda place: f"{start + place}. ")


def _list(inside: _Parts, bullet: Callable[[int], str]) -> _Part:
    items: _Parts = []
    for part in inside:
        if part.text.strip():
            mark = bullet(len(items))
            items.append(_Part(_indented(part.text, mark, " " * len(mark)), _Kind.TIGHT))
    return _Part(_flow(items), _Kind.BLOCK)


def _cell(tag: Piece, inside: _Parts) -> _Part:
    return _Part(re.sub("[\n\v]+", " ", _flow(inside)), _Kind.CELL)


def _cells(inside: _Parts) -> list[str]:
    return [part.text for part in inside if part.kind is _Kind.CELL]


def _row(tag: Piece, inside: _Parts) -> _Part:
    return _Part("\t".join(_cells(inside)), _Kind.TIGHT)


def _signs(tag: Piece, inside: _Parts) -> _Part:
    """Return what stands around a reading, without words: browsers do not show it."""
    text = _line(inside)
    return _Part("" if any(map(str.isalnum, text)) else text)


_TEXT: dict[str, _Writer] = {
    **dict.fromkeys(BLOCKS, _block),
    **dict.fromkeys(("li", "dt", "dd", "summary", "thead", "tbody", "tfoot"), _tight),
    **dict.fromkeys(("td", "th"), _cell),
    "pre": _pre,
    "br": _break,
    "hr": _rule,
    "rp": _signs,
    "blockquote": _quotation,
    "ul": _unordered,
    "ol": _ordered,
    "tr": _row,
}

# --- Markdown ----------------------------------------------------------------------------------

_SPECIAL = re.compile(r"[\\`*_\[\]<>~|]|&(?=#?\w+;)|^\s*[#+=-]")
_NUMBER = re.compile(r"^(\s*\d{1,9})(?=[.)])")
_PIPE = re.compile(r"(?<!\\)\|")
_ESCAPED = re.compile(r"\\(.)")
_WHOLE = re.compile("https?://")
_TAG = re.compile(r"<[A-Za-z!/?]")
_NOTE_SIGN = re.compile(r"\[\\\[(\d+)\\\]\]\([^()]*\)")
_BOXES = {"☐ ": "[ ] ", "☑ ": "[x] "}
_URL_SPECIAL = re.compile(r"[\s<>()\\]")


def _escape(text: str) -> str:
    """Return text with all that Markdown would read as markup escaped."""
    text = _SPECIAL.sub(lambda m: m[0][:-1] + "\\" + m[0][-1], text)
    return _NUMBER.sub(r"\1\\", text)


def _heading(tag: Piece, inside: _Parts) -> _Part:
    if not _is_line(inside):
        return _block(tag, inside)
    text = _flow(inside).replace(_BREAK, " ")
    return _Part("#" * int(tag.name[1]) + " " + text if text else "", _Kind.BLOCK)


def _around(mark: str) -> _Writer:
    def write(tag: Piece, inside: _Parts) -> _Part:
        text = _line(inside)
        core = text.strip(" \t\n" + _BREAK)
        if not core or not _is_line(inside) or not (_holds(core[0]) and _holds(core[-1])):
            return _inline(tag, inside)
        before, _, after = text.partition(core)
        return _Part(f"{before}{mark}{core}{mark}{after}")

    return write


def _holds(character: str) -> bool:
    """Return whether a mark next to a character is one whatever stands on its other side."""
    return is_cjk(character) or not is_punctuation(character)


def _code(tag: Piece, inside: _Parts) -> _Part:
    text = _SPACE.sub(" ", _line(inside)).strip()
    if _is_math(tag, text) and is_formula(text):
        return _Part(text)
    fence = "`" * (_longest_run(text) + 1)
    pad = " " if "`" in (text[:1], text[-1:]) else ""
    return _Part(f"{fence}{pad}{text}{pad}{fence}" if text else "")


def _fenced(tag: Piece, inside: _Parts) -> _Part:
    text = _line(inside).strip("\n")
    if _is_math(tag, text) and is_display(text):
        return _Part(text, _Kind.BLOCK)
    fence = "`" * max(3, _longest_run(text) + 1)
    return _Part(f"{fence}\n{text}\n{fence}", _Kind.BLOCK)


def _is_math(tag: Piece, text: str) -> bool:
    """Return whether code was a formula, and stays one to readers of Markdown that know none."""
    return attribute(tag, "class") == "math" and "\n\n" not in text and not _TAG.search(text)


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def _link(tag: Piece, inside: _Parts) -> _Part:
    url = _address(attribute(tag, "href"))
    if not url or not _is_line(inside):
        return _inline(tag, inside)
    if attribute(tag, "class") == "footnote-backref":
        return _Part("")
    if _ESCAPED.sub(r"\1", _line(inside)) == url and _WHOLE.match(url):
        return _Part(f"<{url}>")
    return _Part(f"[{_line(inside)}]({url})")


def _note_sign(tag: Piece, inside: _Parts) -> _Part:
    number = _NOTE_SIGN.fullmatch(_line(inside))
    is_note = number and attribute(tag, "class") == "footnote-ref"
    return _Part(f"[^{number[1]}]") if number and is_note else _inline(tag, inside)


def _notes(tag: Piece, inside: _Parts) -> _Part:
    """Return footnotes as Markdown has them, from the list that they are on the page."""
    if attribute(tag, "class") != "footnotes-list" or not all(map(_is_item, inside)):
        return _ordered(tag, inside)
    notes: _Parts = []
    for part in inside:
        if part.text.strip():
            sign = f"[^{len(notes) + 1}]: "
            notes.append(_Part(_indented(part.text, sign, "    "), _Kind.BLOCK))
    return _Part(_flow(notes), _Kind.BLOCK)


def _is_item(part: _Part) -> bool:
    return part.kind is _Kind.TIGHT or not part.text.strip()


def _item(tag: Piece, inside: _Parts) -> _Part:
    """Return an item, its box as GitHub writes it."""
    text = _flow(inside)
    return _Part(_BOXES.get(text[:2], text[:2]) + text[2:], _Kind.TIGHT)


def _ruled(tag: Piece, inside: _Parts) -> _Part:
    return _Part("") if attribute(tag, "class") == "footnotes-sep" else _rule(tag, inside)


def _image(tag: Piece, inside: _Parts) -> _Part:
    url = _address(attribute(tag, "src"))
    return _Part(f"![{_escape(attribute(tag, 'alt'))}]({url})" if url else "")


def _address(url: str) -> str:
    return _URL_SPECIAL.sub(lambda match: f"%{ord(match[0]):02X}", url)


def _quoted(tag: Piece, inside: _Parts) -> _Part:
    return _Part(_indented(_flow(inside), "> ", "> "), _Kind.BLOCK)


def _pipes(tag: Piece, inside: _Parts) -> _Part:
    cells = [_PIPE.sub(r"\\|", cell) for cell in _cells(inside)]
    return _Part("| " + " | ".join(cells) + " |" if cells else "", _Kind.TIGHT)


def _table(tag: Piece, inside: _Parts) -> _Part:
    before = [part for part in inside if part.kind is _Kind.BLOCK]
    rows = _flow([part for part in inside if part.kind is _Kind.TIGHT]).split("\n")
    if (columns := len(_PIPE.findall(rows[0])) - 1) > 0:
        rows.insert(1, "|" + " --- |" * columns)
    return _Part(_flow([*before, _Part("\n".join(rows), _Kind.BLOCK)]), _Kind.BLOCK)


_MARKDOWN: dict[str, _Writer] = {
    **_TEXT,
    **dict.fromkeys(HEADINGS, _heading),
    **dict.fromkeys(("em", "i", "cite", "dfn", "var"), _around("*")),
    **dict.fromkeys(("strong", "b"), _around("**")),
    **dict.fromkeys(("s", "del"), _around("~~")),
    "a": _link,
    "img": _image,
    "code": _code,
    "pre": _fenced,
    "blockquote": _quoted,
    "li": _item,
    "ol": _notes,
    "hr": _ruled,
    "sup": _note_sign,
    "tr": _pipes,
    "table": _table,
}
