"""How deep HTML nests and how much one tag holds, told before any parser builds a tree of it.

Parsers take time in the square of either, and cutting repeats what is open. So the stack of open
elements is followed here as the HTML standard has it, never far below, and has a limit.
"""

from __future__ import annotations

from gateway.core.errors import Refused
from gateway.core.findings import Finding, FindingCode
from gateway.formats.fragments import HEADINGS, names
from gateway.formats.tokeniser import Token, attributes, tokens

MAX_DEPTH = 256
MAX_ATTRIBUTES = 256  # of one tag; real ones have a dozen

VOID = names(
    "area base basefont bgsound br col embed frame hr img input keygen link meta param source "
    "track wbr html head body"
)
_FORMATTING = names("a b big code em font i nobr s small strike strong tt u")
_CELLS = names("td th caption")
_ROWS = names("tbody thead tfoot")
_TABLE_PARTS = _CELLS | _ROWS | names("tr colgroup")
_BLOCKS = names(
    "address article aside blockquote center dd details dialog dir div dl dt fieldset figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 header hgroup li listing main menu nav ol p plaintext "
    "pre search section summary table ul xmp"
)
# What tags inside cannot close from there.
_WALLS = _CELLS | names("applet marquee object table template select svg math")
_SPECIAL = (
    _BLOCKS | _WALLS | _TABLE_PARTS | names("button iframe noembed noframes noscript textarea")
)
_LIST_WALLS = _SPECIAL - names("address div p")
_TABLE_WALLS = _WALLS - _CELLS
# What the start of an element closes, and what that does not reach past.
_STARTED = {
    "li": (names("li"), _LIST_WALLS),
    "dd": (names("dd dt"), _LIST_WALLS),
    "dt": (names("dd dt"), _LIST_WALLS),
    "td": (names("td th"), _TABLE_WALLS),
    "th": (names("td th"), _TABLE_WALLS),
    "button": (names("button"), _WALLS),
    "tr": (names("tr"), _TABLE_WALLS),
    **dict.fromkeys(_ROWS, (_ROWS, _TABLE_WALLS)),
}
# The same for end tags that are not like the others.
_ENDED = {
    **dict.fromkeys(HEADINGS, (HEADINGS, _WALLS)),
    "li": (names("li"), _WALLS | names("ul ol")),
    "p": (names("p"), _WALLS | names("button")),
    "table": (names("table"), frozenset[str]()),
}
_SAME = 3  # times that the parser opens like elements again


def check(html: str) -> None:
    """Raise Refused where html nests deeper than MAX_DEPTH, or a tag exceeds MAX_ATTRIBUTES."""
    stack = Stack()
    merged = 0
    may_be_deep = html.count("<") > MAX_DEPTH  # a tag opens one element at most
    for token in tokens(html):
        if may_be_deep:
            stack.read(token)
        if stack.depth > MAX_DEPTH:
            raise _refused(html, token.start, *_TOO_DEEP)
        if token.name == "html":
            # All of these tags are one element, which is looked through for each of them.
            merged += 1 + attributes(token.tag)
        if merged > MAX_ATTRIBUTES or _is_crowded(token.tag):
            raise _refused(html, token.start, *_CROWDED)


def _is_crowded(tag: str) -> bool:
    return len(tag) > MAX_ATTRIBUTES and attributes(tag) > MAX_ATTRIBUTES


_TOO_DEEP = f"Elements nest deeper than {MAX_DEPTH}.", "Close each element where it ends."
_CROWDED = (
    f"A tag has more than {MAX_ATTRIBUTES} attributes.",
    "Leave out the attributes: an article keeps few of them.",
)


def _refused(html: str, at: int, message: str, hint: str) -> Refused:
    line = html.count("\n", 0, at) + 1
    column = at - html.rfind("\n", 0, at)
    return Refused((Finding(line, column, FindingCode.TOO_LARGE, message, hint),))


class Stack:
    """The open elements, and inline ones that were closed from outside and will open again."""

    def __init__(self) -> None:
        self._open: list[tuple[str, str]] = []  # name and tag as written
        self._again: list[tuple[str, str]] = []

    @property
    def depth(self) -> int:
        return len(self._open) + len(self._again)

    def read(self, token: Token) -> None:
        """Follow one token."""
        if not token.tag:
            self._reopen()
        elif token.closes:
            self._end(token.name)
        elif token.name not in VOID:
            self._start(token.name, token.tag)

    def _start(self, name: str, tag: str) -> None:
        if name in _TABLE_PARTS and not any(each in _WALLS for each, _ in self._open):
            return  # not there outside a table
        if name in _STARTED:
            self._close(*_STARTED[name])
        if name in ("a", "nobr"):
            self._end_formatting(name)
        if name in HEADINGS and self._open and self._open[-1][0] in HEADINGS:
            self._open.pop()
        if name in _BLOCKS:
            self._close(names("p"), _WALLS | {"button"})
        elif name not in _TABLE_PARTS:
            self._reopen()
        if not (name == "option" and self._open and self._open[-1][0] == name):
            self._open.append((name, tag))

    def _end(self, name: str) -> None:
        if name in _FORMATTING:
            self._end_formatting(name)
        elif name == "form":
            self._remove(name, _WALLS)
        elif name in _ENDED:
            self._close(*_ENDED[name])
        elif name in _SPECIAL:
            self._close(frozenset({name}), _WALLS - {name})
        else:
            self._close(frozenset({name}), _SPECIAL)

    def _reopen(self) -> None:
        self._open += self._again
        self._again = []

    def _close(self, closed: frozenset[str], walls: frozenset[str]) -> None:
        """Close the innermost of some elements and all inside it, unless a wall stands before."""
        place = self._find(closed, walls)
        if place is None:
            return
        cell = max(
            (at for at in range(place, len(self._open)) if self._open[at][0] in _CELLS),
            default=len(self._open),
        )
        for name, tag in self._open[place:cell]:
            if name in _FORMATTING and self._again.count((name, tag)) < _SAME:
                self._again.append((name, tag))
        del self._open[place:]

    def _find(self, wanted: frozenset[str], walls: frozenset[str]) -> int | None:
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place][0] in wanted:
                return place
            if self._open[place][0] in walls:
                return None
        return None

    def _remove(self, name: str, walls: frozenset[str]) -> bool:
        place = self._find(frozenset({name}), walls)
        if place is not None:
            del self._open[place]
        return place is not None

    def _end_formatting(self, name: str) -> None:
        if not self._remove(name, _WALLS):
            for place in range(len(self._again) - 1, -1, -1):
                if self._again[place][0] == name:
                    del self._again[place]
                    return
