"""Takes out the elements inside which HTML is read by other rules, before any parser sees them.

None of them has a place in an article, and without them all parsers agree on the rest. What plays
or frames something leaves a link to that. Of elements that HTML does not know the tags go away:
`<Card />` opens nothing, nor `<path>` outside a drawing, and the sanitiser would drop what follows
with them.
"""

from __future__ import annotations

import re
from html import escape

from gateway.formats.decoding import FORBIDDEN
from gateway.formats.fragments import names
from gateway.formats.hiding import NO_RULES, is_hidden
from gateway.formats.tokeniser import Token, tokens, values

HOLDERS = names("iframe video audio embed object")
PRUNED = HOLDERS | names("svg math select template applet canvas datalist")

# All that HTML knows, or did once.
KNOWN = PRUNED | names(
    "a abbr acronym address applet area article aside b base basefont bdi bdo bgsound big blink "
    "blockquote body br button caption center cite code col colgroup data dd del details dfn "
    "dialog dir div dl dt em embed fieldset figcaption figure font footer form frame frameset h1 "
    "h2 h3 h4 h5 h6 head header hgroup hr html i iframe image img input ins isindex kbd keygen "
    "label legend li link listing main map mark marquee menu menuitem meta meter multicol nav "
    "nextid nobr noembed noframes noscript ol optgroup option output p param picture plaintext "
    "pre progress q rb rp rt rtc ruby s samp script search section slot small source spacer span "
    "strike strong style sub summary sup table tbody td textarea tfoot th thead time title tr "
    "track tt u ul var wbr xmp"
)

_GAP = "<!---->"  # keeps what stood on either side from growing together
_ANY = re.compile(
    rf"</?(?:(?:{'|'.join(sorted(PRUNED))})[\s/>]|(?!(?:{'|'.join(sorted(KNOWN))})[\s/>])[a-z])",
    re.IGNORECASE | re.ASCII,
)
_MOST_UNBALANCED = 50  # names; each is looked for up to the end
_ADDRESS = re.compile(r"(?:https?:)?//[^\s<>\"'\\]+", re.IGNORECASE)


def prune(html: str) -> str:
    """Return html without those elements and what they hold; only their tags where unbalanced."""
    if not _ANY.search(html):
        return html
    out: list[str] = []
    unbalanced: set[str] = set()
    at = 0
    run = tokens(html)
    while token := next((each for each in run if each.tag and _goes(each.name)), None):
        out += html[at : token.start], _GAP
        at = token.start + len(token.tag)
        if token.closes or not _goes_whole(token):
            continue
        looks = token.name not in unbalanced and len(unbalanced) < _MOST_UNBALANCED
        end = _end(html, token) if looks else 0
        if token.name in HOLDERS:
            out.append(_link(token, html[at:end]))
        if end:
            at = end
            run = tokens(html, at)
        else:
            unbalanced.add(token.name)
    return "".join(out) + html[at:]


def _goes(name: str) -> bool:
    return name in PRUNED or name not in KNOWN


def _goes_whole(token: Token) -> bool:
    """Return whether what an element holds goes away with it; of unknown ones, what is hidden."""
    return token.name in PRUNED or is_hidden(token, NO_RULES)


def _end(html: str, token: Token) -> int:
    """Return where an element ends that begins with token, 0 where it does not."""
    if token.name == "embed":
        return token.start + len(token.tag)
    depth = 0
    for match in _tags(token.name).finditer(html, token.start):
        depth += -1 if match[1] else 1
        if depth == 0 or (token.name == "iframe" and match[1]):
            return match.end()
    # What an iframe holds is no markup, up to the end where none closes it.
    return len(html) if token.name == "iframe" else 0


def _tags(name: str) -> re.Pattern[str]:
    return re.compile(rf"<(/?){re.escape(name)}(?=[\s/>])[^>]*>?", re.IGNORECASE)


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
