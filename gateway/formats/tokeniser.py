"""HTML as a run of tokens, without a tree.

A second, independent reading beside the sanitiser's parser. One pass, no way back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple

from gateway.formats.fragments import names


class Token(NamedTuple):
    """A run of text, a tag, or the raw text of an element (text and name both)."""

    text: str = ""
    name: str = ""
    closes: bool = False
    start: int = 0  # where it begins in the HTML
    tag: str = ""  # as written


# White space is that of HTML, no other: a parser takes U+3000 for a part of a name or of a value.
_NAME = re.compile(r"</?([a-zA-Z][^\s/>]*)", re.ASCII)
_ATTRIBUTE = re.compile(
    r"[\s/]+|=?[^\s/>=]+(?:\s*=\s*(?:\"[^\"]*(?:\"|\Z)|'[^']*(?:'|\Z)|[^\s\"'>][^\s>]*)?)?|=",
    re.ASCII,
)
_PAIR = re.compile(r"(=?[^\s/>=]+)(?:\s*=\s*(.*))?", re.ASCII | re.DOTALL)
_ENTITY = re.compile(r"&#?\w+;|&#\w+", re.ASCII)  # in a value, `&copy=` is none
_GAP = " \t\n\r\f/"
_COMMENT_END = re.compile("--!?>")
_RAW = names("script style title textarea xmp iframe noembed noframes plaintext")
_RAW_END = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE | re.ASCII) for name in _RAW}


def tokens(html: str, at: int = 0) -> Iterator[Token]:
    """Yield the text and the tags of HTML from a place on; comments are left out."""
    end = at
    while (start := html.find("<", end)) >= 0:
        if start > end:
            yield Token(html[end:start], start=end)
        if name := _NAME.match(html, start):
            tag = name[1].lower()
            closes = html[start + 1] == "/"
            end = _tag_end(html, name.end())
            yield Token("", tag, closes, start, html[start:end])
            if tag in _RAW and not closes:
                start, end = end, _raw_end(html, end, tag)
                yield Token(html[start:end], tag, start=start)
        elif html.startswith(("<!", "<?", "</"), start):
            end = _comment_end(html, start)
        else:
            yield Token("<", start=start)
            end = start + 1
    if end < len(html):
        yield Token(html[end:], start=end)


def attributes(tag: str) -> int:
    """Return how many attributes a tag has, repeated ones too."""
    name = _NAME.match(tag)
    parts = _ATTRIBUTE.finditer(tag, name.end() if name else 0)
    return sum(part[0][0] not in _GAP for part in parts)


def values(tag: str) -> dict[str, str]:
    """Return the attributes of a tag by name; of repeated ones the first."""
    name = _NAME.match(tag)
    found: dict[str, str] = {}
    for part in _ATTRIBUTE.finditer(tag, name.end() if name else 0):
        if pair := _PAIR.match(part[0]):
            value = pair[2] or ""
            value = value.strip(value[0]) if value[:1] in ("'", '"') else value
            found.setdefault(pair[1].lower(), _ENTITY.sub(lambda m: unescape(m[0]), value))
    return found


def _tag_end(html: str, at: int) -> int:
    while at < len(html) and html[at] != ">":
        match = _ATTRIBUTE.match(html, at)
        at = match.end() if match else at + 1
    return at + 1


def _raw_end(html: str, at: int, tag: str) -> int:
    match = None if tag == "plaintext" else _RAW_END[tag].search(html, at)
    return match.start() if match else len(html)


def _comment_end(html: str, start: int) -> int:
    if html.startswith("<!--", start):
        match = _COMMENT_END.search(html, start + 2)
        return match.end() if match else len(html)
    end = html.find(">", start)
    return end + 1 if end >= 0 else len(html)
