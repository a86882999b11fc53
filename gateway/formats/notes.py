"""Footnotes: those that the text shown refers to, and those that these refer to, in that order."""

# ruff: noqa: ARG001 - what the parser calls has the arguments that it gives

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.footnote import footnote_plugin


def footnotes(parser: MarkdownIt) -> None:
    """Teach a parser footnotes."""
    parser.use(footnote_plugin, inline=False)  # inline ones nest without bound
    parser.core.ruler.at("footnote_tail", _gather)
    parser.add_render_rule("footnote_anchor_name", _anchor)
    parser.add_render_rule("footnote_caption", _caption)


def _gather(state: StateCore) -> None:
    """Move the notes that are shown to the end, and drop the others."""
    body, notes = _apart(state.tokens)
    state.tokens = body
    order: list[str] = []
    counts: Counter[str] = Counter()
    _number(body, order, counts)
    for label in order:  # grows: notes may refer to further ones
        _number(notes[label], order, counts)
    if not order:
        return
    state.tokens = [*body, *_block(order, notes, counts)]
    numbers = {label: number for number, label in enumerate(order)}
    for token in state.tokens:
        for each in (token, *(token.children or ())):
            if each.type.startswith("footnote_") and "label" in each.meta:
                each.meta["id"] = numbers[each.meta["label"]]


def _apart(tokens: Iterable[Token]) -> tuple[list[Token], dict[str, list[Token]]]:
    """Return the tokens outside notes, and those of each note; of like-named notes the first."""
    open_: list[tuple[str, list[Token]]] = [("", [])]
    notes: dict[str, list[Token]] = {}
    for token in tokens:
        if token.type == "footnote_reference_open":
            open_.append((token.meta["label"], []))
        elif token.type == "footnote_reference_close":
            notes.setdefault(*open_.pop())
        else:
            open_[-1][1].append(token)
    return open_[0][1], notes


def _number(tokens: Iterable[Token], order: list[str], counts: Counter[str]) -> None:
    """Count the references among tokens, and put each label where it is first met."""
    for token in tokens:
        for child in token.children or ():
            if child.type == "footnote_ref":
                label = child.meta["label"]
                if label not in counts:
                    order.append(label)
                child.meta["subId"] = counts[label]
                counts[label] += 1


def _block(
    order: Sequence[str], notes: Mapping[str, Sequence[Token]], counts: Mapping[str, int]
) -> Iterator[Token]:
    """Yield the notes in their order, each with a way back to every reference."""
    yield Token("footnote_block_open", "", 1)
    for label in order:
        yield Token("footnote_open", "", 1, meta={"label": label})
        *before, last = notes[label] or [Token("text", "", 0)]
        yield from before
        ends_in_text = last.type == "paragraph_close"
        if not ends_in_text:
            yield last
        for which in range(counts[label]):
            yield Token("footnote_anchor", "", 0, meta={"label": label, "subId": which})
        if ends_in_text:
            yield last
        yield Token("footnote_close", "", -1)
    yield Token("footnote_block_close", "", -1)


def _anchor(
    renderer: RendererHTML, tokens: Sequence[Token], place: int, options: OptionsDict, env: EnvType
) -> str:
    """Return the end of a note's id; no heading has such a one."""
    return f":{tokens[place].meta['id'] + 1}"


def _caption(
    renderer: RendererHTML, tokens: Sequence[Token], place: int, options: OptionsDict, env: EnvType
) -> str:
    return f"[{tokens[place].meta['id'] + 1}]"
