"""Emphasis beside Chinese, Japanese and Korean characters.

CommonMark wants white space or punctuation before `**“` and after `。**`, and these languages put
none there. Here a CJK character will do; text without any is read as CommonMark says.
"""

from __future__ import annotations

from unicodedata import category, east_asian_width

from markdown_it import MarkdownIt
from markdown_it.common.utils import isMdAsciiPunct, isPunctChar, isWhiteSpace
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Scanned
from markdown_it.token import Token
from markdown_it.utils import EnvType


class CjkInline(ParserInline):
    """The inline parser with our rule for delimiters."""

    def parse(self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token]) -> list[Token]:
        state = _State(src, md, env, tokens)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        return state.tokens


class _State(StateInline):
    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:  # noqa: N802, N803
        mark = self.src[start]
        end = start
        while end < self.posMax and self.src[end] == mark:
            end += 1
        before = self.src[start - 1] if start else " "
        after = self.src[end] if end < self.posMax else " "
        left = _flanks(after, before)
        right = _flanks(before, after)
        # Chinese has no space to tell a word's middle; a single `_` joins words there too.
        splits = end - start > 1 and mark == "_"
        opens = left and (
            canSplitWord or not right or is_punctuation(before) or (splits and is_cjk(before))
        )
        closes = right and (
            canSplitWord or not left or is_punctuation(after) or (splits and is_cjk(after))
        )
        return Scanned(opens, closes, end - start)


def _flanks(inner: str, outer: str) -> bool:
    """Return whether a mark belongs to the text on its inner side."""
    if isWhiteSpace(ord(inner)):
        return False
    if not is_punctuation(inner) or is_cjk(inner):
        return True
    return isWhiteSpace(ord(outer)) or is_punctuation(outer) or is_cjk(outer)


def is_punctuation(character: str) -> bool:
    """Return whether CommonMark calls a character punctuation."""
    return isMdAsciiPunct(ord(character)) or isPunctChar(character)


def is_cjk(character: str) -> bool:
    """Return whether a character is of Chinese, Japanese or Korean, their punctuation included."""
    return east_asian_width(character) in "WFH" and category(character) != "So"
