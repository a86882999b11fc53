"""WordPress's shortcodes, which its classic editor keeps in the text: `[gallery ids="1,2"]`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gateway.formats.tokeniser import tokens

_NAMES = "audio|caption|embed|gallery|playlist|video|wp_caption"
_SHORTCODE = re.compile(rf"\[(/?)({_NAMES})(?:[ \t\n][^\[\]<>\ufdd0-\ufdef]*)?\]")
_LISTINGS = frozenset({"pre", "code", "kbd", "samp"})


class Shortcode(NamedTuple):
    name: str
    closes: bool
    start: int
    end: int


def shortcodes(html: str) -> Iterator[Shortcode]:
    """Yield the shortcodes in the running text of HTML."""
    if not _SHORTCODE.search(html):
        return
    depth = 0
    for token in tokens(html):
        if token.name in _LISTINGS:
            depth += -1 if token.closes else 1
        elif not token.name and depth <= 0:
            for match in _SHORTCODE.finditer(token.text):
                start = token.start + match.start()
                yield Shortcode(match[2], bool(match[1]), start, start + len(match[0]))


def without_shortcodes(html: str) -> str:
    """Return HTML without shortcodes; what stands between two of them stays."""
    out: list[str] = []
    at = 0
    for each in shortcodes(html):
        out.append(html[at : each.start])
        at = each.end
    return "".join(out) + html[at:]
