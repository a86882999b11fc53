"""Markdown: CommonMark, tables, strikethrough, footnotes, task lists, formulas, bare addresses.

Raw HTML goes through to the sanitiser, which decides.
"""

# ruff: noqa: ARG001 - what the parser calls has the arguments that it gives

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any
from unicodedata import east_asian_width

from markdown_it import MarkdownIt
from markdown_it.common.normalize_url import normalizeLinkText
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore, block, normalize
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from msgspec import structs

from gateway.core.documents import (
    LINE,
    NOTHING_SHARED,
    PLACEHOLDER,
    SEAM,
    Beside,
    Rendering,
    Shared,
)
from gateway.core.errors import Refused
from gateway.core.findings import Finding
from gateway.core.grammar import Marker
from gateway.formats import contexts, decoding
from gateway.formats import losses as lost
from gateway.formats.addresses import addresses
from gateway.formats.articles import finish
from gateway.formats.decoding import FORBIDDEN
from gateway.formats.emphasis import CjkInline
from gateway.formats.formulas import formulas
from gateway.formats.hiding import Hidden, hidden_in
from gateway.formats.notes import footnotes
from gateway.formats.references import CUT, references
from gateway.formats.sanitising import PAID
from gateway.ports import Decoded

name = "markdown"
names: Mapping[str, str] = {"en": "Markdown", "zh-CN": "Markdown"}
media_types: tuple[str, ...] = ("text/markdown",)
suffixes: tuple[str, ...] = (".md", ".markdown")
is_text = True
seam = re.compile(LINE.replace(SEAM, f"(?:>[^\\S\\r\\n]*+)*{SEAM}", 1))
"""Its line, where that holds nothing else, in a quotation too."""

_MAX_NESTING = 50
_LINE_END = re.compile(r"\r\n?|\n")
_HTML_HEADING = re.compile(r"<h[1-6](?=[\s/>])", re.IGNORECASE)
_TASK = re.compile(r"\A\[([ xX])\](?=[ \t\u3000]+\S)")
_BUSY = re.compile(r"[!$&*:<>@\[\\\]^_`~]")  # what all markup within a paragraph has some of
_BOXES = {" ": "☐", "x": "☑", "X": "☑"}


def decode(body: bytes, charset: str | None) -> Decoded:
    """Return the text of a source. Raises Refused, Unsupported."""
    return Decoded(decoding.decode(body, charset))


def seen(text: str) -> str:
    """Return the text itself."""
    return text


def misplaced(text: str, markers: Sequence[Marker]) -> Sequence[Marker]:
    """Return the markers that the HTML of the text does not show as text."""
    if not markers:
        return ()
    text = contexts.marked(text, markers)
    if _are_plain(text, len(markers)):
        return ()
    tokens, html = _parsed(text)
    with _unplaced():
        return contexts.misplaced(html, markers, _autolinks(tokens))


def _are_plain(text: str, count: int) -> bool:
    """Return whether all sentinels stand in paragraphs of the body that are nothing but words.

    That tells most markers to be in place, for less than it takes to parse the whole.
    """
    if "<" in text:  # HTML reaches over any paragraph
        return False
    state = StateCore(text, _PARSER, {})
    normalize(state)
    block(state)
    paragraphs = (
        token.content
        for opening, token in pairwise(state.tokens)
        if opening.type == "paragraph_open" and opening.level == 0
    )
    return count == sum(contexts.count(each) for each in paragraphs if not _BUSY.search(each))


def in_code(text: str, places: Sequence[int]) -> Collection[int]:
    """Return the places in a fence, an indented block or a code span."""
    _, html = _parsed(contexts.pinned(text, places))
    with _unplaced():
        return contexts.in_code(html, places)


def _autolinks(tokens: Sequence[Token]) -> Iterator[str]:
    """Yield the texts of links that are their addresses too."""
    for token in tokens:
        for link, text in pairwise(token.children or ()):
            if link.type == "link_open" and link.info == "auto":
                yield text.content


def render(text: str, title: str = "", shared: Shared = NOTHING_SHARED) -> Rendering:
    """Return Markdown rendered."""
    tokens, html = _parsed(text, shared)
    with _unplaced():
        rendering = finish(html, title or None, shared)
    return replace(rendering, warnings=lost.first(_losses(tokens, hidden_in(html), shared.beside)))


def _losses(tokens: Sequence[Token], hidden: Hidden | None, beside: Beside) -> Iterator[Finding]:
    for token in tokens:
        line = token.map[0] + 1 if token.map else 1
        if token.type == "html_block":
            yield from lost.of_html(token.content, hidden, line, beside)
        for child in token.children or ():
            if child.type == "html_inline":
                yield from lost.of_html(child.content, hidden, line, beside)
            elif child.type == "image":
                yield from lost.of_picture(str(child.attrs["src"]), line, beside)
            line += child.type in ("softbreak", "hardbreak")


@contextmanager
def _unplaced() -> Iterator[None]:
    """Take the place out of findings: it is one in the HTML, not in the text."""
    try:
        yield
    except Refused as refused:
        findings = (structs.replace(each, line=1, column=None) for each in refused.findings)
        raise Refused(tuple(findings)) from None


def _parsed(text: str, shared: Shared = NOTHING_SHARED) -> tuple[list[Token], str]:
    env: dict[str, Any] = {CUT: PLACEHOLDER in text}
    tokens = _PARSER.parse(text, env)
    if shared.paid:
        _stamp(text, tokens, shared)
    html: str = _PARSER.renderer.render(tokens, _PARSER.options, env)
    return tokens, html


def _stamp(text: str, tokens: Sequence[Token], shared: Shared) -> None:
    """Put a sign in each heading whose line begins in a paid section."""
    starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
    for token in tokens:
        if token.map is None or not shared.is_paid(starts[token.map[0]]):
            continue
        if token.type == "heading_open":
            token.attrSet(PAID, "")
        elif token.type == "html_block":
            token.content = _HTML_HEADING.sub(rf'\g<0> {PAID}=""', token.content)


# --- the parser --------------------------------------------------------------------------------


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark")
    parser.inline = CjkInline()
    options = {"maxNesting": _MAX_NESTING, "xhtmlOut": False}
    parser.configure("commonmark", options_update=options)
    parser.enable(["table", "strikethrough"])
    parser.core.ruler.after("block", "tasks", _tick)
    formulas(parser)
    footnotes(parser)
    references(parser)
    addresses(parser)
    parser.add_render_rule("softbreak", _soft_break)
    parser.add_render_rule("td_open", _cell)
    parser.add_render_rule("th_open", _cell)
    # The sanitiser judges addresses; here they all become links so that it sees them.
    parser.validateLink = _any_link  # type: ignore[method-assign]
    parser.normalizeLinkText = _link_text  # type: ignore[method-assign]
    return parser


def _tick(state: StateCore) -> None:
    """Show the items of a task list with a box that is ticked or not."""
    for item, _, words in zip(state.tokens, state.tokens[1:], state.tokens[2:], strict=False):
        if item.type == "list_item_open" and words.type == "inline":
            words.content = _TASK.sub(lambda m: _BOXES[m[1]], words.content, count=1)


def _any_link(url: str) -> bool:
    return True


def _link_text(link: str) -> str:
    """Return an address as people read it, as it stands where that holds what no text may."""
    text = normalizeLinkText(link)
    return link if FORBIDDEN.search(text) else text


def _soft_break(
    renderer: RendererHTML, tokens: Sequence[Token], place: int, options: OptionsDict, env: EnvType
) -> str:
    """Return what a line end within a paragraph becomes: nothing between CJK characters."""
    before = tokens[place - 1].content[-1:] if place else ""
    after = tokens[place + 1].content[:1] if place + 1 < len(tokens) else ""
    return "" if _is_wide(before) and _is_wide(after) else "\n"


def _is_wide(character: str) -> bool:
    return bool(character) and east_asian_width(character) in "WF"


def _cell(
    renderer: RendererHTML, tokens: Sequence[Token], place: int, options: OptionsDict, env: EnvType
) -> str:
    """Return the start tag of a table cell, its alignment as a class."""
    token = tokens[place]
    align = str(token.attrs.get("style", "")).removeprefix("text-align:")
    return f'<{token.tag} class="{align}">' if align else f"<{token.tag}>"


_PARSER = _parser()
