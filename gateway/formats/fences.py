"""Lines that are fields, or were meant as such, and the fences around them.

Other publishing tools read the same few forms; what an editor, a keyboard or a slip made of them
would be shown to everyone, with whatever its fields say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from gateway.core.errors import Refused
from gateway.core.findings import FindingCode
from gateway.formats.fields import key
from gateway.formats.nodes import refused

LOOKED_AT = 8_192  # characters from the start of a text

_INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060\u00ad"
_BLANK = _INVISIBLE + " \t\n\u3000"
_NAME = r"[\"'“”]?(?P<name>[A-Za-z_][\w.-]{0,40})[\"'“”]?"
_PROPER = re.compile(rf"[ \t]*{_NAME}[ \t]*:(?:[ \t]|$)")
_ROUGH = re.compile(
    rf"[ \t\u3000]*(?P<heading>\#{{1,6}}[ \t]+)?(?:\*\*)?{_NAME}(?:\*\*)?[ \t\u3000]*"
    r"(?:(?P<wide>[：︰﹕∶])|(?P<tight>:)(?![ \t]|//|$)|(?P<equal>=)|:)"
)
_GOES_ON = re.compile(r"[ \t]+\S|-(?:[ \t]|$)|#|[\]}],?[ \t]*$")
_DASHES = "-‐‑‒–—―−─━﹘﹣－ー_＿=＝*＊+＋～;"  # not ~, which fences code
_RULE = re.compile(r"<hr\b[^<>]{0,200}>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,400}>")
_UNFENCED = "it does not stand between two lines of ---"
_COLON = "a colon in it is not one with a space after it"
_FENCE = re.compile(rf"[ \t\u3000\\]*(?:[{_DASHES}][ \t\\]*)+$")


def _keys(names: str) -> frozenset[str]:
    return frozenset(map(key, names.split()))


# Names that only fields have; and names that begin a line of prose as well.
_TELLING = _keys(
    "title tags categories draft layout slug permalink published lastmod updated publish_at"
    " publishDate excerpt keywords cover coverImage thumbnail featured_image toc aliases"
    " mathjax last_modified_at redirect_from wordpress_id post_id comments abbrlink"
)
_HINTING = _keys(
    "date author authors description summary lang language category subtitle image pubDate"
    " created modified free collection offer password status visibility private"
)
# Those that a text's own first lines do not have in capitals, as Pelican writes them.
_MACHINE = _keys("date tags category categories slug draft layout permalink")
_DATED = re.compile(r"[^\d\n]{0,12}\d{4}[-/.]\d{1,2}[-/.]\d{1,2}")


class Fields(NamedTuple):
    """Fields at the head of some lines: how many, how much they look meant, what is wrong."""

    number: int
    score: int
    plain: int  # names in small letters, as programs have them
    slip: int | None  # the first line, from 0, whose colon is none
    ends: int  # the line after them


def is_field(line: str) -> bool:
    """Return whether a line is a field as YAML has them."""
    return _PROPER.match(line) is not None


def goes_on(line: str) -> bool:
    """Return whether a line goes on with the field above it, or says nothing."""
    return not line.strip() or _GOES_ON.match(line) is not None


def is_all_fields(lines: Iterable[str]) -> bool:
    """Return whether every line is a field or goes on with one."""
    return all(is_field(line) or goes_on(line) for line in lines)


def counted(lines: Iterable[str], *, fenced: bool = True) -> Fields:
    """Return the fields that stand at the head of lines, with no other line between them."""
    count = score = plain = ends = 0
    slip = None
    for number, line in enumerate(lines):
        match = _ROUGH.match(line)
        if match and not fenced and (match["equal"] or match["heading"]):
            break  # as programs and articles begin
        if match and (count == 0 or not line[:1].isspace()):
            name = match["name"]
            count += 1
            score += _score(name, line[match.end() :])
            plain += name[0].islower() and len(name) > 2
            if slip is None and (match["wide"] or match["tight"]):
                slip = number
        elif not count or not _GOES_ON.match(line):
            break
        ends = number + 1
    return Fields(count, score, plain, slip, ends)


def _score(name: str, value: str) -> int:
    """Return how much a name tells that it was meant as that of a field: two are enough."""
    compared = key(name)
    if name[0].isupper():
        is_meant = compared in _MACHINE and (compared != "date" or _DATED.match(value))
        return 1 if is_meant else 0
    return 2 if compared in _TELLING else 1 if compared in _HINTING else 0


def are_meant(fields: Fields, *, opened: bool, closed: bool) -> bool:
    """Return whether somebody meant them as front matter, between fences or not."""
    if opened and closed and fields.number > 1 and fields.plain == fields.number:
        return True
    return fields.score > 1 and (fields.number > 1 or opened or closed)


def require_none(text: str) -> None:
    """Refuse a text that begins with what almost is front matter. Raises Refused."""
    head = text[:LOOKED_AT]
    shown = head.lstrip(_BLANK)
    if shown.startswith("<"):
        if _almost_at(_without_tags(shown)) is not None:
            raise _almost(head.count("\n", 0, len(head) - len(shown)), _UNFENCED)
    elif found := _almost_at(head.split("\n")):
        raise _almost(*found)


def _almost_at(lines: list[str]) -> tuple[int, str] | None:
    """Return the line, from 0, and the fault of what almost is front matter, None for none."""
    start = _next(lines, 0)
    lines = [*lines[:start], lines[start].lstrip(_INVISIBLE), *lines[start + 1 :]]
    fenced = _FENCE.match(lines[start]) is not None
    first = _next(lines, start + 1) if fenced else start
    found = counted(lines[first:], fenced=fenced)
    closed = _FENCE.match(lines[_next(lines, first + found.ends)]) is not None
    if not are_meant(found, opened=fenced, closed=closed):
        return None
    return (start, _UNFENCED) if found.slip is None else (first + found.slip, _COLON)


def _next(lines: list[str], start: int) -> int:
    """Return the first line from start on that is not empty, or else the last."""
    numbers = range(start, len(lines))
    return next((n for n in numbers if lines[n].strip(_BLANK)), len(lines) - 1)


def _without_tags(html: str) -> list[str]:
    """Return the lines that a browser would show, so that what was made of fields is seen."""
    text = _TAG.sub("\n", _RULE.sub("\n---\n", html))
    return list(filter(str.strip, text.split("\n"))) or [""]


def slipped(block: str) -> int | None:
    """Return the first line, from 0, whose colon is full-width or close to its value."""
    for number, line in enumerate(block.split("\n")):
        match = _ROUGH.match(line)
        if match and not line[:1].isspace() and (match["wide"] or match["tight"]):
            return number
    return None


def slip(line: int) -> Refused:
    """Return the refusal of front matter whose colon is none, in a line from 0."""
    return _almost(line, _COLON)


def _almost(line: int, why: str) -> Refused:
    return refused(
        line + 1,
        1,
        FindingCode.FRONT_MATTER,
        f"This is almost front matter, and everyone would see it: {why}.",
        "Put a line of --- before and after the fields, and write each as `name: value`.",
    )
