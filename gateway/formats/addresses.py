"""Bare addresses in Markdown become links, as GitHub has it; only those of the web."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

# No letter beyond ASCII: Chinese goes on right after an address.
_ADDRESS = re.compile(r"(?<![A-Za-z0-9])https?://[A-Za-z0-9][A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*")
_TAIL = "?!.,:;*_~'"
_PAIRS = {")": "(", "]": "["}


def addresses(parser: MarkdownIt) -> None:
    """Teach a parser bare addresses."""
    parser.core.ruler.after("text_join", "addresses", _link)


def _link(state: StateCore) -> None:
    for token in state.tokens:
        if token.type == "inline" and token.children and "://" in token.content:
            token.children = list(_linked(state.md, token.children))


def _linked(parser: MarkdownIt, tokens: Sequence[Token]) -> Iterator[Token]:
    depth = 0
    for token in tokens:
        depth += token.nesting * (token.type in ("link_open", "link_close"))
        if token.type == "html_inline":
            depth += token.content[:2].lower() == "<a"
            depth -= token.content[:3].lower() == "</a"
        if token.type != "text" or depth > 0 or "://" not in token.content:
            yield token
            continue
        at = 0
        for found in _ADDRESS.finditer(token.content):
            address = _whole(found[0])
            yield _text(token.content[at : found.start()])
            yield Token(
                "link_open",
                "a",
                1,
                attrs={"href": parser.normalizeLink(address)},
                markup="linkify",
                info="auto",
            )
            yield _text(address)
            yield Token("link_close", "a", -1, markup="linkify", info="auto")
            at = found.start() + len(address)
        yield _text(token.content[at:])


def _whole(address: str) -> str:
    """Return an address without what ends the sentence around it."""
    open_ = {
        closing: address.count(closing) - address.count(opening)
        for closing, opening in _PAIRS.items()
    }
    end = len(address)
    while address[end - 1] in _TAIL or open_.get(address[end - 1], 0) > 0:
        end -= 1
        if address[end] in open_:
            open_[address[end]] -= 1
    return address[:end]


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)
