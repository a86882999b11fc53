"""Elements that a browser would not show: by attribute, by style, by a plain rule of a style sheet.

A rule is plain whose selector is one class or one id, with or without an element before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from gateway.formats.fragments import Piece
from gateway.formats.nesting import VOID
from gateway.formats.tokeniser import Token, tokens, values

ATTRIBUTES = frozenset({"hidden", "popover", "style", "open"})
"""What an element can say of it besides its class and id."""

_HINT = re.compile("hidden|popover|style|dialog", re.IGNORECASE)
_COMMENT = re.compile(r"/\*(?:[^*]|\*(?!/))*(?:\*/|\Z)")
_BRACE = re.compile("([{}])")
_SELECTOR = re.compile(r"(?:[a-z][a-z0-9-]*)?[.#][\w-]+", re.IGNORECASE)
_NOTHING = re.compile(r"0*\.?0*(?:%|[a-z]+)?")
_WHOLE_PAGE = frozenset({"html", "body"})  # hidden until a script has run


class Hidden(NamedTuple):
    """What of one HTML is hidden: the selectors of its style sheets."""

    selectors: frozenset[str]

    def holds(self, name: str, attributes: Mapping[str, str]) -> bool:
        """Return whether an element is hidden."""
        if name in _WHOLE_PAGE:
            return False
        if "hidden" in attributes or "popover" in attributes:
            return True
        if name == "dialog" and "open" not in attributes:
            return True
        if _hides(attributes.get("style", "")):
            return True
        return bool(self.selectors) and not self.selectors.isdisjoint(_named(name, attributes))


NO_RULES = Hidden(frozenset())


def hidden_in(html: str) -> Hidden | None:
    """Return what hides elements of html, None where nothing does."""
    if not _HINT.search(html):
        return None
    read = list(tokens(html))
    hidden = Hidden(_selectors("\n".join(t.text for t in read if t.name == "style")))
    return hidden if any(is_hidden(token, hidden) for token in read) else None


def is_hidden(token: Token, hidden: Hidden) -> bool:
    """Return whether a token begins a hidden element."""
    return bool(token.tag) and not token.closes and hidden.holds(token.name, values(token.tag))


def shown(parts: Iterable[Piece], hidden: Hidden) -> Iterator[Piece]:
    """Yield the pieces of well-formed HTML, whatever its elements, without the hidden ones."""
    depth = 0  # of what is open in a hidden element, itself included
    for piece in parts:
        opens = bool(piece.name) and not piece.closes and piece.name not in VOID
        if depth:
            depth += opens - piece.closes
        elif piece.name and not piece.closes and hidden.holds(piece.name, values(piece.raw)):
            depth += opens
        else:
            yield piece


def _named(name: str, attributes: Mapping[str, str]) -> Iterator[str]:
    """Yield the plain selectors that mean an element."""
    for each in attributes.get("class", "").split():
        yield f".{each}"
        yield f"{name}.{each}"
    if own := attributes.get("id"):
        yield f"#{own}"
        yield f"{name}#{own}"


def _selectors(css: str) -> frozenset[str]:
    """Return the plain selectors of what style sheets hide; a later rule undoes an earlier one."""
    found: set[str] = set()
    depth = 0
    prelude = ""
    parts = _BRACE.split(_COMMENT.sub("", css))
    for text, brace in zip(parts[::2], parts[1::2], strict=False):
        if brace == "{":
            depth += 1
            prelude = text if depth == 1 else "@"  # what is nested depends on something
        elif depth:
            depth -= 1
            plain = {each.strip() for each in prelude.rpartition(";")[2].split(",")}
            if depth == 0 and _hides(text):
                found |= {each for each in plain if _SELECTOR.fullmatch(each)}
            elif depth == 0 and _SHOWS.search(text):
                found -= plain
    return frozenset(found)


_SHOWS = re.compile(r"(?:^|;)\s*(?:display|visibility)\s*:")


def _hides(style: str) -> bool:
    """Return whether declarations hide what they are for."""
    said: dict[str, str] = {}
    forced: set[str] = set()
    for declaration in _COMMENT.sub("", style).lower().split(";"):
        name, _, value = declaration.partition(":")
        name, (value, _, force) = name.strip(), value.partition("!")
        if force or name not in forced:
            said[name] = value.strip()
        if force:
            forced.add(name)
    return (
        said.get("display") == "none"
        or said.get("visibility") in ("hidden", "collapse")
        or said.get("content-visibility") == "hidden"
        or any("0" in (v := said.get(n, "")) and _NOTHING.fullmatch(v) for n in _SIZES)
    )


_SIZES = ("opacity", "font-size")
