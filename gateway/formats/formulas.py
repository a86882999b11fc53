r"""Formulas in Markdown: `$…$`, `$$…$$`, `\(…\)` and `\[…\]`, kept letter for letter as code.

Between dollars pandoc's rules hold, so that prices are none. Converters escape brackets that are
no formula's, so between backslashes it must look like one.
"""

# ruff: noqa: ARG001 - what the parser calls has the arguments that it gives

from __future__ import annotations

import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

# Each ends at the first delimiter of its kind, be it the right one or not: no text is read twice.
_INLINE = re.compile(
    r"""
      \$\$ (?![\s$]) (?: [^$\\] | \\. | \$(?!\$) )+ \$\$
    | \$   (?![\s$]) (?: [^$\\] | \\. )+ (?<!\s) \$ (?!\d)
    | \\\( (?P<round>  (?: [^\\] | \\[^()] )+ ) \\\)
    | \\\[ (?P<square> (?: [^\\] | \\[^\[\]] )+ ) \\\]
    """,
    re.DOTALL | re.VERBOSE,
)
_DISPLAY = re.compile(r"\$\$(?:[^$\\]|\\.)+\$\$|\\\[(?:[^\\]|\\[^\[\]])+\\\]", re.DOTALL)
_TELLING = re.compile(r"[\^_=+<>{}]|\\[A-Za-z]")
_LETTER = re.compile(r"\s*[A-Za-z]\s*")
_COMMAND = re.compile(r"\\[A-Za-z]")
_NO_TEX = re.compile(r"\\[_*#`\[\]]")  # what an editor has escaped
_WIDE = re.compile("[\u2e80-\uffef]")
_FENCES = {"$$": "$$", "\\[": "\\]"}


def formulas(parser: MarkdownIt) -> None:
    """Teach a parser formulas."""
    alternatives: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    parser.block.ruler.before("fence", "formula", _block, alternatives)
    parser.inline.ruler.before("escape", "formula", _inline)
    parser.add_render_rule("formula_block", _listing)
    parser.add_render_rule("formula", _code)


def is_formula(text: str) -> bool:
    """Return whether a text is one formula with its delimiters, amid a line."""
    return _INLINE.fullmatch(text) is not None


def is_display(text: str) -> bool:
    """Return whether a text is one formula with its delimiters, on lines of its own."""
    return _DISPLAY.fullmatch(text) is not None


def _inline(state: StateInline, silent: bool) -> bool:
    start = state.pos
    if state.src[start] not in "$\\" or state.src[start - 1 : start] == "$":
        return False
    found = _INLINE.match(state.src, start, state.posMax)
    if not found or not _is_sound(found):
        return False
    if not silent:
        state.push("formula", "code", 0).content = found[0]
    state.pos = found.end()
    return True


def _is_sound(found: re.Match[str]) -> bool:
    """Return whether what stands between backslashes looks like a formula."""
    round_, square = found["round"], found["square"]
    inside = round_ or square
    if inside is None:
        return True
    return _looks_like_one(inside) or bool(round_ and _LETTER.fullmatch(round_))


def _looks_like_one(inside: str) -> bool:
    if _NO_TEX.search(inside) or (_WIDE.search(inside) and not _COMMAND.search(inside)):
        return False
    return _TELLING.search(inside) is not None


def _block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a formula on lines of its own, up to its end or to a blank line."""
    if state.is_code_block(start):
        return False
    first = _line(state, start)
    closing = _FENCES.get(first[:2])
    if not closing:
        return False
    rest, line = first[2:], start
    while closing not in rest:
        line += 1
        if line >= end or state.isEmpty(line) or state.sCount[line] < state.blkIndent:
            return False
        rest = _line(state, line)
        if closing != first[:2] and first[:2] in rest:
            return False
    content = state.getLines(start, line + 1, state.blkIndent, False).strip()
    inside = content[2:-2]
    if not rest.rstrip().endswith(closing) or rest.count(closing) > 1 or not inside.strip():
        return False
    if closing != "$$" and not _looks_like_one(inside):
        return False
    if silent:
        return True
    token = state.push("formula_block", "code", 0)
    token.content = content
    token.map = [start, line + 1]
    state.line = line + 1
    return True


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def _code(
    renderer: RendererHTML, tokens: Sequence[Token], place: int, options: OptionsDict, env: EnvType
) -> str:
    return f'<code class="math">{escapeHtml(tokens[place].content)}</code>'


def _listing(
    renderer: RendererHTML, tokens: Sequence[Token], place: int, options: OptionsDict, env: EnvType
) -> str:
    return f"<pre>{_code(renderer, tokens, place, options, env)}</pre>\n"
