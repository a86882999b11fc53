"""Takes out the elements inside which HTML is read by other rules, before any parser sees them.

None of them has a place in an article, and without them all parsers agree on the rest.
"""

from __future__ import annotations

import re

from gateway.formats.fragments import names
from gateway.formats.tokeniser import Token, tokens

PRUNED = names("svg math select template object applet video audio canvas datalist")

_GAP = "<!---->"  # keeps what stood on either side from growing together
_ANY = re.compile(rf"</?(?:{'|'.join(sorted(PRUNED))})[\s/>]", re.IGNORECASE)
_TAGS = {name: re.compile(rf"<(/?){name}(?=[\s/>])[^>]*>?", re.IGNORECASE) for name in PRUNED}


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
        if not token.closes and token.name not in unbalanced:
            end = _end(html, token)
            if end:
                at = end
            else:
                unbalanced.add(token.name)
    return "".join(out) + html[at:]


def _next(html: str, at: int) -> Token | None:
    return next((t for t in tokens(html, at) if t.tag and t.name in PRUNED), None)


def _end(html: str, token: Token) -> int:
    """Return where an element ends that begins with token, 0 where it does not."""
    depth = 0
    for match in _TAGS[token.name].finditer(html, token.start):
        depth += -1 if match[1] else 1
        if depth == 0:
            return match.end()
    return 0
