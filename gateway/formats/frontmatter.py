"""The fields that a publisher declares at the very start of a source.

YAML between lines of `---`, in Hexo's way also without the first of them, TOML between lines of
`+++`, or JSON in braces, as Hugo has it. What almost is one of them is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from json import JSONDecodeError, JSONDecoder
from typing import NamedTuple

from gateway.core.errors import Refused
from gateway.core.findings import FindingCode
from gateway.formats import declarations, fences
from gateway.formats.declarations import Declared
from gateway.formats.fields import is_known
from gateway.formats.nodes import Nodes, from_json, from_toml, from_yaml, refused, too_large

MAX_FRONT_MATTER = 65_536  # characters

_LEAD = re.compile(r"(?:[ \t]*\n|\ufeff)*")
_FENCE = re.compile(r"(-{3,}|\+\+\+)[ \t]*\n")
_CLOSES = re.compile(r"^-{3,}[ \t]*(?:\n|\Z)", re.MULTILINE)
_SKIPPED = r"(?:[ \t]*(?:#[^\n]*)?\n)*"
_TABLE = re.compile(rf"{_SKIPPED}(?:\[{{1,2}}[\w .\"'-]+\]|[\"']?[A-Za-z_][\w.-]*[\"']?[ \t]*=)")
_COMMENTS = re.compile(_SKIPPED)
_BRACE = re.compile(r"\{\s*\"")


class Split(NamedTuple):
    """A text in two: its front matter with its fences, what that declares, the rest, its line."""

    front: str
    declared: Declared
    rest: str
    line: int


class _Block(NamedTuple):
    """Where fields stand in a text, and what reads them."""

    start: int
    end: int
    after: int  # its fence
    read: Callable[[str], Nodes]


def split(text: str) -> Split:
    """Return text with its front matter taken off. Raises Refused with the findings."""
    lead = _LEAD.match(text)
    block = _found(text, lead.end() if lead else 0)
    if block is None:
        fences.require_none(text)
        return Split("", Declared(), text, 1)
    if block.end > MAX_FRONT_MATTER:
        raise too_large("The front matter", 1, MAX_FRONT_MATTER)
    declared = declarations.read(_nodes(text, block))
    line = text.count("\n", 0, block.after) + 1
    return Split(text[: block.after], declared, text[block.after :], line)


def _nodes(text: str, block: _Block) -> Nodes:
    """Return the fields of a block, each with its line in the text."""
    fields = text[block.start : block.end]
    before = text.count("\n", 0, block.start)
    try:
        return block.read("\n" * before + fields)
    except Refused:
        if block.read is from_yaml and (slip := fences.slipped(fields)) is not None:
            raise fences.slip(before + slip) from None
        raise


def _found(text: str, at: int) -> _Block | None:
    fence = _FENCE.match(text, at)
    if fence is None:
        return _json(text, at) if _BRACE.match(text, at) else _hexo(text, at)
    return _toml(text, fence) if fence[1] == "+++" else _yaml(text, fence)


def _yaml(text: str, fence: re.Match[str]) -> _Block | None:
    start, mark = fence.end(), fence[1]
    dots = r"|\.\.\." if mark == "---" else ""
    last = _closing(rf"{mark}{dots}", text, start)
    lines = text[start : last.start() if last else start + fences.LOOKED_AT].split("\n")
    if last and not any(map(str.strip, lines)):
        return _Block(start, last.start(), last.end(), from_yaml) if mark == "---" else None
    if not fences.is_field(_first(lines)):
        return None
    found = fences.counted(_fields(lines))
    is_meant = fences.are_meant(found, opened=True, closed=last is not None)
    if last is None:
        if is_meant and found.slip is None:
            raise _unclosed(text, fence)
        return None
    if is_meant or (fences.is_all_fields(lines) and _are_fields(lines)):
        return _Block(start, last.start(), last.end(), from_yaml)
    return None


def _fields(lines: list[str]) -> list[str]:
    """Return lines without the empty ones and comments."""
    return [line for line in lines if line.strip() and not line.startswith("#")]


def _first(lines: list[str]) -> str:
    return next(iter(_fields(lines)), "")


def _are_fields(lines: list[str]) -> bool:
    """Return whether lines that have the form of fields are no talk and no remark in prose."""
    names = [line.partition(":")[0].strip(" \t\"'") for line in lines if fences.is_field(line)]
    return any(map(is_known, names)) or all(name[0].islower() for name in names)


def _closing(mark: str, text: str, start: int) -> re.Match[str] | None:
    return re.compile(rf"^(?:{mark})[ \t]*(?:\n|\Z)", re.MULTILINE).search(text, start)


def _toml(text: str, fence: re.Match[str]) -> _Block | None:
    start = fence.end()
    last = _closing(r"\+\+\+", text, start)
    is_empty = last is not None and not text[start : last.start()].strip()
    if not is_empty and not _TABLE.match(text, start):
        return None
    if last is None:
        raise _unclosed(text, fence)
    return _Block(start, last.start(), last.end(), from_toml)


def _json(text: str, at: int) -> _Block | None:
    """Return Hugo's fields in braces: a title among them tells that they are no listing."""
    try:
        fields, end = JSONDecoder().raw_decode(text[: MAX_FRONT_MATTER + 1], at)
    except (JSONDecodeError, RecursionError, ValueError):
        return None
    rest = re.compile(r"[ \t]*(?:\n|\Z)").match(text, end)
    if rest is None or "title" not in fields:
        return None
    return _Block(at, end, rest.end(), from_json)


def _hexo(text: str, at: int) -> _Block | None:
    """Return fields that no fence opens, but one closes."""
    last = _CLOSES.search(text, at, at + MAX_FRONT_MATTER)
    if last is None:
        return None
    lines = text[at : last.start()].split("\n")
    found = fences.counted(_fields(lines))
    is_meant = fences.are_meant(found, opened=False, closed=True) and found.slip is None
    if is_meant and fences.is_all_fields(lines):
        return _Block(at, last.start(), last.end(), from_yaml)
    return None


def _unclosed(text: str, fence: re.Match[str]) -> Refused:
    line = text.count("\n", 0, fence.start()) + 1
    hint = f"Put a line of {fence[1]} after the last field."
    return refused(line, 1, FindingCode.UNCLOSED, "The front matter is not closed.", hint)
