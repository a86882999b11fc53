"""The last steps of every rendering: sanitise, name headings, take the title off, cut, read out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

from gateway.core.documents import (
    MAX_TITLE,
    NOTHING_SHARED,
    PAGE,
    PLACEHOLDER,
    Rendering,
    Shared,
)
from gateway.core.grammar import shown
from gateway.formats.anchors import linked, named
from gateway.formats.companions import placed
from gateway.formats.cutting import cut
from gateway.formats.fragments import BLOCKS, HEADINGS, Piece, collapse, join, pieces
from gateway.formats.sanitising import sanitise
from gateway.formats.textual import markdown_of, text_of

_STOP = re.compile(f"[{PLACEHOLDER}{PAGE}]")
_BLANK = re.compile(r"\n[ \t]*\n\s*")
_P, _END_P, _BREAK = Piece("<p>", "p"), Piece("</p>", "p", closes=True), Piece("<br>", "br")


class Block(NamedTuple):
    """A heading or a paragraph: its element, its place among the pieces, what it says."""

    name: str
    start: int
    end: int
    text: str


def finish(html: str, title: str | None = None, shared: Shared = NOTHING_SHARED) -> Rendering:
    """Return any HTML as a Rendering, by default with its first heading or line as its title."""
    read = pieces(shown(sanitise(html), escape))
    parts, ids = named(_paragraphs([*placed(read, shared.beside)]), shared)
    blocks = list(_blocks(parts))
    title = _title(blocks) if title is None else shown(title)
    parts = _untitled(parts, blocks, title)
    body = cut(join(linked(list(_levelled(parts))))).strip()
    written = list(pieces(body))
    return Rendering(
        html=body,
        markdown=markdown_of(written),
        text=text_of(written),
        title=title,
        ids=ids,
    )


# --- bare text ---------------------------------------------------------------------------------


def _paragraphs(parts: Sequence[Piece]) -> list[Piece]:
    """Return the pieces with each run of bare text at body level in a paragraph."""
    out: list[Piece] = []
    run: list[Piece] = []
    depth = 0
    for piece in parts:
        if depth == 0 and piece.name in BLOCKS and not piece.closes:
            out += _wrapped(run)
            run = []
        (run if run or (depth == 0 and piece.name not in BLOCKS) else out).append(piece)
        depth += piece.opens - piece.closes
    return out + _wrapped(run)


def _wrapped(run: list[Piece]) -> list[Piece]:
    shows = any(piece.name == "img" or piece.text.strip() for piece in run)
    if not shows or any(piece.name in BLOCKS for piece in run):
        return run
    groups = _apart(run)
    if len(groups) > 1:
        groups = [list(_broken(group)) for group in groups]
    return [piece for group in groups for piece in (_P, *group, _END_P)]


def _apart(run: Sequence[Piece]) -> list[list[Piece]]:
    """Return bare text as the paragraphs that blank lines make of it, as WordPress keeps it."""
    groups: list[list[Piece]] = [[]]
    depth = 0
    for piece in run:
        depth += piece.opens - piece.closes
        if depth or piece.name:
            groups[-1].append(piece)
            continue
        first, *others = _BLANK.split(piece.raw)
        groups[-1].append(Piece(first.rstrip() if others else first))
        groups += [[Piece(each)] for each in others]
    return [group for group in groups if any(each.name or each.raw.strip() for each in group)]


def _broken(group: Sequence[Piece]) -> Iterator[Piece]:
    """Yield a paragraph of such text: its lines stay lines."""
    breaks = shown = False  # since the last break
    for piece in group:
        for number, line in enumerate([piece.raw] if piece.name else piece.raw.split("\n")):
            breaks = breaks or (number > 0 and shown)
            says = bool(line.strip()) and not piece.closes
            if breaks and says and piece.name != "br":
                yield _BREAK
            if says:
                breaks, shown = False, piece.name != "br"
            yield Piece(line, piece.name, piece.closes)


# --- title -------------------------------------------------------------------------------------


def _blocks(parts: Sequence[Piece]) -> Iterator[Block]:
    """Yield headings and paragraphs, and other text that shows as a block without a name."""
    start = 0
    name = ""
    said: list[str] = []
    for place, piece in enumerate(parts):
        if name:
            said.append("\n" if piece.name == "br" else piece.text)
            if piece.closes and piece.name == name:
                yield Block(name, start, place + 1, "".join(said))
                name = ""
        elif piece.opens and (piece.name in HEADINGS or piece.name == "p"):
            name, start, said = piece.name, place, []
        elif piece.text.strip():
            yield Block("", place, place + 1, piece.text)


def _title(blocks: Sequence[Block]) -> str:
    """Return the first h1, else the first heading, else the first line; of its free beginning."""
    for names in ({"h1"}, HEADINGS):
        for block in blocks:
            if block.name in names and (title := collapse(_STOP.split(block.text)[0])):
                return title if len(title) <= MAX_TITLE else ""
    for block in blocks:
        if block.name and (line := _first_line(_STOP.split(block.text)[0])):
            return line if len(line) <= MAX_TITLE else ""
    return ""


def _first_line(text: str) -> str:
    return next((line for line in map(collapse, text.split("\n")) if line), "")


def _untitled(parts: list[Piece], blocks: Sequence[Block], title: str) -> list[Piece]:
    """Return the pieces without their first block where it says just the title."""
    first = next((block for block in blocks if block.text.strip()), None)
    if first and first.name and collapse(first.text) == title:
        return parts[: first.start] + parts[first.end :]
    return parts


# --- levels ------------------------------------------------------------------------------------


def _levelled(parts: Sequence[Piece]) -> Iterator[Piece]:
    """Yield the pieces with headings that begin at h2."""
    levels = [int(piece.name[1]) for piece in parts if piece.name in HEADINGS]
    shift = 2 - min(levels, default=2)
    for piece in parts:
        if shift and piece.name in HEADINGS:
            name = f"h{min(int(piece.name[1]) + shift, 6)}"
            slash = "</" if piece.closes else "<"
            yield Piece(slash + name + piece.raw[len(slash) + 2 :], name, piece.closes)
        else:
            yield piece
