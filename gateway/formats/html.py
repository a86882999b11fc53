"""HTML: a whole page or a part of one. Only what stands in its body is read."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from html import unescape

from gateway.core.documents import MAX_TITLE, PAGE, PLACEHOLDER, SEAM, Rendering
from gateway.core.markers import Marker
from gateway.formats import contexts
from gateway.formats.articles import finish
from gateway.formats.fragments import collapse
from gateway.formats.tokeniser import tokens

name = "html"
media_type = "text/html"
suffixes: tuple[str, ...] = (".html", ".htm")
_GAP = r"\s|&nbsp;|&#160;|<br\s*/?>|</?(?:span|b|strong|em|i|u|font)(?:\s[^<>]*)?>"
seam = re.compile(
    rf"<p(?:\s[^<>]*)?>(?:{_GAP})*+{SEAM}(?:{_GAP}|{SEAM})*+</p\s*>\n?", re.IGNORECASE
)
"""The paragraph that holds nothing else."""

_STOP = re.compile(f"[{PLACEHOLDER}{PAGE}]")


def misplaced(text: str, markers: Sequence[Marker]) -> Sequence[Marker]:
    """Return the markers that stand in a tag, in raw text or between the cells of a table."""
    if not markers:
        return ()
    return contexts.misplaced(contexts.marked(text, markers), markers)


def in_code(text: str, places: Sequence[int]) -> Collection[int]:
    """Return the places in <pre> or <code>."""
    return contexts.in_code(contexts.pinned(text, places), places)


def render(text: str, title: str = "") -> Rendering:
    """Return the body of the page sanitised; its title is <title>, else its first heading."""
    return finish(text, title or _declared(text) or None)


def _declared(text: str) -> str:
    """Return what <title> says, up to a cut."""
    for token in tokens(text):
        if token.name == "title" and token.text:
            title = collapse(_STOP.split(unescape(token.text))[0])
            return title if len(title) <= MAX_TITLE else ""
        if token.name in ("body", "svg") or (not token.name and token.text.strip()):
            break
    return ""
