"""HTML: a whole page or a part of one. Only what stands in its body is read."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from html import unescape

from gateway.core.documents import (
    MAX_TITLE,
    NOTHING_SHARED,
    PAGE,
    PLACEHOLDER,
    SEAM,
    Beside,
    Rendering,
    Shared,
    is_language,
)
from gateway.core.findings import Finding, FindingCode, warning
from gateway.core.grammar import Marker
from gateway.formats import contexts, decoding
from gateway.formats import losses as lost
from gateway.formats.articles import finish
from gateway.formats.fragments import HEADINGS, collapse
from gateway.formats.hiding import hidden_in
from gateway.formats.sanitising import PAID
from gateway.formats.shortcodes import shortcodes, without_shortcodes
from gateway.formats.tokeniser import tokens, values
from gateway.ports import Decoded

name = "html"
names: Mapping[str, str] = {"en": "HTML", "zh-CN": "HTML"}
media_types: tuple[str, ...] = ("text/html",)
suffixes: tuple[str, ...] = (".html", ".htm")
_GAP = r"\s|&nbsp;|&#160;|<br\s*/?>|</?(?:span|b|strong|em|i|u|font)(?:\s[^<>]*)?>"
is_text = True
seam = re.compile(rf"<p(?:\s[^<>]*)?>(?:{_GAP})*{SEAM}(?:{_GAP}|{SEAM})*</p\s*>\n?", re.IGNORECASE)
"""The paragraph that holds nothing else."""

_STOP = re.compile(f"[{PLACEHOLDER}{PAGE}]")


def decode(body: bytes, charset: str | None) -> Decoded:
    """Return the text of a source. Raises Refused, Unsupported."""
    return Decoded(decoding.decode(body, charset, is_html=True))


def seen(text: str) -> str:
    """Return the text itself."""
    return text


def misplaced(text: str, markers: Sequence[Marker]) -> Sequence[Marker]:
    """Return the markers that stand in a tag, in raw text or between the cells of a table."""
    if not markers:
        return ()
    return contexts.misplaced(contexts.marked(text, markers), markers)


def in_code(text: str, places: Sequence[int]) -> Collection[int]:
    """Return the places in <pre> or <code>."""
    return contexts.in_code(contexts.pinned(text, places), places)


def render(text: str, title: str = "", shared: Shared = NOTHING_SHARED) -> Rendering:
    """Return the body of the page sanitised; its title is <title>, else its first heading."""
    declared, language = _declared(text)
    marked = stamped(text, shared) if shared.paid else text
    rendering = finish(without_shortcodes(marked), title or declared or None, shared)
    return replace(rendering, language=language, warnings=lost.first(_losses(text, shared.beside)))


def _losses(text: str, beside: Beside) -> Iterator[Finding]:
    yield from lost.of_html(text, hidden_in(text), beside=beside)
    line, at = 1, 0
    for each in shortcodes(text):
        line += text.count("\n", at, each.start)
        at = each.start
        if not each.closes:
            yield warning(FindingCode.LEFT_OUT, line, name=f"[{each.name}]")


def _declared(text: str) -> tuple[str, str]:
    """Return what <title> says, up to a cut, and what <html lang> says."""
    language = ""
    for token in tokens(text):
        if token.name == "html" and token.tag and not language:
            said = values(token.tag).get("lang", "").replace("_", "-")
            language = said if is_language(said) else ""
        if token.name == "title" and token.text:
            title = collapse(_STOP.split(unescape(token.text))[0])
            return (title if len(title) <= MAX_TITLE else ""), language
        if token.name in ("body", "svg") or (not token.name and token.text.strip()):
            break
    return "", language


def stamped(text: str, shared: Shared) -> str:
    """Return the text with a sign in each heading that is paid."""
    out: list[str] = []
    at = 0
    for token in tokens(text):
        if token.name in HEADINGS and not token.closes and shared.is_paid(token.start):
            end = token.start + token.tag.lower().index(token.name) + len(token.name)
            out += text[at:end], f' {PAID}=""'
            at = end
    return "".join(out) + text[at:]
