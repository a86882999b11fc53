"""Markdown: CommonMark, tables, strikethrough and footnotes.

Raw HTML goes through to the sanitiser, which decides.
"""

# ruff: noqa: ARG001 - what the parser calls has the arguments that it gives

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any
from unicodedata import east_asian_width

from markdown_it import MarkdownIt
from markdown_it.common.normalize_url import normalizeLinkText
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.footnote import footnote_plugin
from msgspec import structs

from gateway.core.documents import LINE, PAGE, SEAM, Rendering
from gateway.core.errors import Refused
from gateway.core.markers import Marker
from gateway.formats import contexts
from gateway.formats.articles import finish
from gateway.formats.decoding import FORBIDDEN
from gateway.formats.emphasis import CjkInline
from gateway.formats.fragments import collapse
from gateway.formats.sanitising import is_safe

name = "markdown"
media_type = "text/markdown"
suffixes: tuple[str, ...] = (".md", ".markdown")
seam = re.compile(LINE.replace(SEAM, f"(?:>[^\\S\\r\\n]*+)*+{SEAM}", 1))
"""Its line, where that holds nothing else, in a quotation too."""

_MAX_NESTING = 50


def misplaced(text: str, markers: Sequence[Marker]) -> Sequence[Marker]:
    """Return the markers that the HTML of the text does not show as text."""
    if not markers:
        return ()
    tokens, html = _parsed(contexts.marked(text, markers))
    with _unplaced():
        return contexts.misplaced(html, markers, _autolinks(tokens))


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


def render(text: str, title: str = "") -> Rendering:
    """Return Markdown rendered; its own Markdown is the text, or as safe as its HTML."""
    tokens, html = _parsed(text)

    def own(title: str) -> str:
        return _untitled(text, tokens, title).replace(PAGE, "\n\n* * *\n\n")

    with _unplaced():
        return finish(html, title or None, own if _is_safe(tokens) else None)


@contextmanager
def _unplaced() -> Iterator[None]:
    """Take the place out of findings: it is one in the HTML, not in the text."""
    try:
        yield
    except Refused as refused:
        findings = (structs.replace(each, line=1, column=None) for each in refused.findings)
        raise Refused(tuple(findings)) from None


def _parsed(text: str) -> tuple[list[Token], str]:
    env: dict[str, Any] = {}
    tokens = _PARSER.parse(text, env)
    html: str = _PARSER.renderer.render(tokens, _PARSER.options, env)
    return tokens, html


# --- the text as its own Markdown --------------------------------------------------------------


def _is_safe(tokens: Sequence[Token]) -> bool:
    """Tell whether the text can be handed on as it is: no raw HTML, no address that could act."""
    for token in tokens:
        address = token.attrs.get("href") or token.attrs.get("src") or ""
        if token.type in ("html_block", "html_inline") or not is_safe(str(address)):
            return False
        if token.children and not _is_safe(token.children):
            return False
    return True


def _untitled(text: str, tokens: Sequence[Token], title: str) -> str:
    """Return the text without its first block where that says just the title."""
    if len(tokens) < 2 or tokens[0].type not in ("heading_open", "paragraph_open"):
        return text
    said = "".join(child.content or " " for child in tokens[1].children or ())
    if not title or collapse(said) != title or tokens[0].map is None:
        return text
    return "\n".join(text.split("\n")[tokens[0].map[1] :]).lstrip("\n")


# --- the parser --------------------------------------------------------------------------------


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark")
    parser.inline = CjkInline()
    options = {"maxNesting": _MAX_NESTING, "xhtmlOut": False}
    parser.configure("commonmark", options_update=options)
    parser.enable(["table", "strikethrough"])
    parser.use(footnote_plugin, inline=False)  # inline ones nest without bound
    parser.add_render_rule("softbreak", _soft_break)
    parser.add_render_rule("td_open", _cell)
    parser.add_render_rule("th_open", _cell)
    # The sanitiser judges addresses; here they all become links so that it sees them.
    parser.validateLink = _any_link  # type: ignore[method-assign]
    parser.normalizeLinkText = _link_text  # type: ignore[method-assign]
    return parser


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
