"""Takes out the elements inside which HTML is read by other rules, before any parser sees them.

None of them has a place in an article, and without them all parsers agree on the rest. What plays
or frames something leaves a link to that.
"""

from __future__ import annotations

import re
from html import escape

from gateway.formats.decoding import FORBIDDEN
from gateway.formats.fragments import names
from gateway.formats.tokeniser import Token, tokens, values

HOLDERS = names("iframe video audio embed object")
PRUNED = HOLDERS | names("svg math select template applet canvas datalist")

_GAP = "<!---->"  # keeps what stood on either side from growing together
_ANY = re.compile(rf"</?(?:{'|'.join(sorted(PRUNED))})[\s/>]", re.IGNORECASE)
_TAGS = {name: re.compile(rf"<(/?){name}(?=[\s/>])[^>]*>?", re.IGNORECASE) for name in PRUNED}
_ADDRESS = re.compile(r"(?:https?:)?//[^\s<>\"'\\]+", re.IGNORECASE)


def prune(html: str) -> str:
    """Return html without those elements and what they hold; only their tags where unbalanced."""
    if not _ANY.search(html):
        return html
    out: list[str] = []
    unbalanced: set[str] = set()
    at = 0
    while token := _next(html, at):
        out += html[at : token.start], _GAP
        at = token.start + len(token.tag)
        if not token.closes:
            end = _end(html, token) if token.name not in unbalanced else 0
            if not end:
                unbalanced.add(token.name)
            if token.name in HOLDERS:
                out.append(_link(token, html[at : max(at, end)]))
            at = max(at, end)
    return "".join(out) + html[at:]


def _next(html: str, at: int) -> Token | None:
    return next((t for t in tokens(html, at) if t.tag and t.name in PRUNED), None)


def _end(html: str, token: Token) -> int:
    """Return where an element ends that begins with token, 0 where it does not."""
    if token.name == "embed":
        return token.start + len(token.tag)
    depth = 0
    for match in _TAGS[token.name].finditer(html, token.start):
        depth += -1 if match[1] else 1
        if depth == 0 or (token.name == "iframe" and match[1]):
            return match.end()
    # What an iframe holds is no markup, up to the end where none closes it.
    return len(html) if token.name == "iframe" else 0


def _link(token: Token, inside: str) -> str:
    """Return a link to what an element plays or frames, "" where that has no whole address."""
    address = _source(token)
    if not address:
        address = next(filter(None, map(_source, tokens(inside))), "")
    if not _ADDRESS.fullmatch(address) or FORBIDDEN.search(address):
        return ""
    address = escape(address)
    return f'<a href="{address}">{address}</a>'


def _source(token: Token) -> str:
    if token.closes or token.name not in HOLDERS | {"source"}:
        return ""
    attributes = values(token.tag)
    return (attributes.get("src") or attributes.get("data") or "").strip()
