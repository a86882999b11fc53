"""Leaves: the texts of a paragraph. Each marker is moved whole into the one where it begins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element

from gateway.core.grammar import PAGEBREAK, spellings
from gateway.core.suspects import near_misses
from gateway.formats.word.elements import w
from gateway.formats.word.parts import local
from gateway.formats.word.signs import GREATER, LESS, MARKER, MARKER_END

_AS_TEXT = {"sym": "\u25a1", "noBreakHyphen": "\u2011"}  # anything else is a space


def joined(runs: Iterable[Element]) -> str:
    """Return the text of runs, and move each marker in it whole into the leaf where it begins."""
    leaves = list(_leaves(runs))
    texts = [
        leaf.text or "" if leaf.tag == w("t") else _AS_TEXT.get(local(leaf), " ") for leaf in leaves
    ]
    text = "".join(texts)
    found = spellings(text)
    if len(leaves) > 1 and near_misses(text, [span[:2] for span in found]):
        # It will be refused; in one leaf it is found where it stands.
        first = next(at for at, leaf in enumerate(leaves) if leaf.tag == w("t"))
        texts = [text if at == first else "" for at in range(len(leaves))]
    else:
        texts = _marked(texts, text, found)
    for leaf, said in zip(leaves, texts, strict=True):
        if leaf.tag == w("t"):
            leaf.text = said
    return text


def _marked(texts: list[str], text: str, found: list[tuple[int, int, bool]]) -> list[str]:
    """Return the texts of leaves with each marker in the one where it begins, between signs."""
    found = found + [(at, at + len(PAGEBREAK), False) for at in _all(text, PAGEBREAK)]
    out: list[str] = []
    waiting = iter(sorted(found))
    span = next(waiting, None)
    start = 0
    gone = 0  # up to where the text is written
    for each in texts:
        end = start + len(each)
        said: list[str] = []
        at = max(start, gone)
        while span and span[0] < end:
            said += text[at : span[0]], _signed(text[span[0] : span[1]], is_real=span[2])
            at = gone = span[1]
            span = next(waiting, None)
        out.append("".join((*said, text[at:end])))
        start = end
    return out


def _signed(marker: str, *, is_real: bool) -> str:
    plain = marker.replace("<", LESS).replace(">", GREATER)
    return f"{MARKER}{plain}{MARKER_END}" if is_real else plain


def _all(text: str, part: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + len(part))


def _leaves(runs: Iterable[Element]) -> Iterator[Element]:
    for run in runs:
        if run.tag == w("hyperlink"):
            yield from _leaves(run)
        else:
            yield from (each for each in run if local(each) not in ("rPr", "fldChar", "instrText"))
