"""The fields that a publisher declares at the very start of a source.

YAML between lines of `---`, in which every value is text, or TOML between lines of `+++`. Unknown
fields are left alone: other publishing tools have many. A finding never quotes a value.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple

import yaml

from gateway.core.documents import MAX_LANGUAGE, MAX_TITLE, Meta, Offer, is_language, is_name
from gateway.core.errors import Refused
from gateway.core.findings import Code, Finding
from gateway.formats.decoding import FORBIDDEN

MAX_FRONT_MATTER = 65_536  # characters
MAX_DEPTH = 20
MAX_OFFERS = 20

_FENCE = re.compile(r"(---|\+\+\+)[ \t]*\n")
_SKIPPED = r"(?:[ \t]*(?:#[^\n]*)?\n)*"
_KEY = r"[\"']?[A-Za-z_][\w.-]*[\"']?[ \t]*"
_FIRST = {
    "---": re.compile(rf"{_SKIPPED}{_KEY}:(?=[ \t\n])"),
    "+++": re.compile(rf"{_SKIPPED}(?:\[|{_KEY}=)"),
}
_LAST = {
    "---": re.compile(r"^---[ \t]*(?:\n|\Z)", re.MULTILINE),
    "+++": re.compile(r"^\+\+\+[ \t]*(?:\n|\Z)", re.MULTILINE),
}


class Split(NamedTuple):
    """A text in two: its front matter as written, what that declares, the rest and its line."""

    front: str
    meta: Meta
    rest: str
    line: int


def split(text: str) -> Split:
    """Return text with its front matter taken off. Raises Refused with the findings."""
    fence = _FENCE.match(text)
    if not fence:
        return Split("", Meta(), text, 1)
    start, mark = fence.end(), fence[1]
    last = _LAST[mark].search(text, start)
    is_empty = last is not None and not text[start : last.start()].strip()
    if not is_empty and not _FIRST[mark].match(text, start):
        return Split("", Meta(), text, 1)
    if last is None:
        raise _refused(1, 1, Code.UNCLOSED, "The front matter is not closed.", _close(mark))
    front = text[start : last.start()]
    if len(front) > MAX_FRONT_MATTER:
        raise _too_large("The front matter", 1, MAX_FRONT_MATTER)
    line = text.count("\n", 0, last.end()) + 1
    fields = _yaml(front) if mark == "---" else _toml(front)
    return Split(front, _meta(fields), text[last.end() :], line)


def _close(mark: str) -> str:
    return f"Put a line of {mark} after the last field."


def _refused(line: int, column: int | None, code: Code, message: str, hint: str) -> Refused:
    return Refused((Finding(line, column, code, message, hint),))


def _too_large(what: str, line: int, limit: int) -> Refused:
    hint = f"Use at most {limit}."
    return _refused(line, 1, Code.TOO_LARGE, f"{what} is too long.", hint)


def _unreadable(line: int, message: str, hint: str) -> Refused:
    return _refused(line, 1, Code.UNDECODABLE, message, hint)


# --- YAML and TOML to nodes --------------------------------------------------------------------


class Node(NamedTuple):
    """A value and the line that it stands on."""

    line: int
    value: str | list[Node] | dict[str, Node]


def _yaml(front: str) -> dict[str, Node]:
    try:
        _check_events(front)
        root = yaml.compose(front, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        raise _unreadable(_line(error.problem_mark), "This is not YAML.", _QUOTE) from None
    except (yaml.YAMLError, ValueError, OverflowError):
        raise _unreadable(2, "This is not YAML.", _QUOTE) from None
    if root is None:
        return {}
    node = _from_yaml(root)
    if not isinstance(node.value, dict):
        raise _unreadable(node.line, "The front matter is no list of fields.", _FIELDS)
    return node.value


_QUOTE = "Write each field as `name: value`; put values with special signs in quotes."
_FIELDS = "Write each field as `name: value`."


def _check_events(front: str) -> None:
    """Refuse what makes small YAML large or gives it types, before any tree is made."""
    depth = 0
    for event in yaml.parse(front, Loader=yaml.BaseLoader):
        line = _line(event.start_mark)
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            raise _unreadable(line, "Anchors and aliases are not read.", "Write the value out.")
        if getattr(event, "tag", None) is not None:
            raise _unreadable(line, "Tags are not read.", "Leave the tag out.")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise _too_large("The nesting", line, MAX_DEPTH)


def _line(mark: Any) -> int:
    """Return the line in the source: the fence is its first, and marks count from 0."""
    return int(mark.line) + 2 if mark else 2


def _from_yaml(node: yaml.Node) -> Node:
    line = _line(node.start_mark)
    if isinstance(node, yaml.SequenceNode):
        return Node(line, [_from_yaml(each) for each in node.value])
    if not isinstance(node, yaml.MappingNode):
        return Node(line, str(node.value))
    fields: dict[str, Node] = {}
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode):
            name = str(key.value)
            if name in fields:
                raise _unreadable(_line(key.start_mark), "This field is here twice.", "Keep one.")
            fields[name] = Node(_line(key.start_mark), _from_yaml(value).value)
    return Node(line, fields)


def _toml(front: str) -> dict[str, Node]:
    try:
        table = tomllib.loads(front)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+)", str(error))
        line = int(place[1]) + 1 if place else front.count("\n") + 1
        hint = 'Write each field as `name = "value"`.'
        raise _unreadable(line, "This is not TOML.", hint) from None
    except RecursionError:
        raise _too_large("The nesting", 2, MAX_DEPTH) from None
    return {name: _from_toml(value, _line_of(name, front)) for name, value in table.items()}


def _line_of(name: str, front: str) -> int:
    """Return the line of a field: TOML values come without theirs."""
    key = re.compile(rf"^[ \t]*(?:\[\[?[ \t]*)?[\"']?{re.escape(name)}\b", re.MULTILINE)
    match = key.search(front)
    return front.count("\n", 0, match.start()) + 2 if match else 2


def _from_toml(value: object, line: int) -> Node:
    if isinstance(value, list):
        return Node(line, [_from_toml(each, line) for each in value])
    if isinstance(value, dict):
        return Node(line, {name: _from_toml(each, line) for name, each in value.items()})
    return Node(line, value.isoformat() if isinstance(value, date) else str(value))


# --- nodes to fields ---------------------------------------------------------------------------

_URL = re.compile(r"https?://[^\s\"'<>\\]+|/(?![/\\])[^\s\"'<>\\]*", re.IGNORECASE)
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[Tt ]\s*\d.*)?")


class _Fields:
    """Reads the fields that we know and gathers what is wrong with them."""

    def __init__(self, fields: dict[str, Node], place: str = "") -> None:
        self.fields = fields
        self.place = place
        self.findings: list[Finding] = []

    def text(self, name: str, limit: int, fits: Callable[[str], object] | None = None) -> str:
        """Return a field of at most limit characters that fits, "" where there is none."""
        node = self.fields.get(name)
        if node is None:
            return ""
        value = _one_line(node)
        if value is None or FORBIDDEN.search(value):
            self._wrong(name, node, Code.UNDECODABLE, "is not one line of text")
        elif len(value) > limit:
            self._wrong(name, node, Code.TOO_LARGE, f"is longer than {limit} characters")
        elif value and fits and not fits(value):
            self._wrong(name, node, Code.UNDECODABLE, "has a value that it cannot have")
        else:
            return value
        return ""

    def date(self, name: str) -> date | None:
        """Return a field that holds a date."""
        value = self.text(name, 60, _as_date)
        return _as_date(value)

    def offers(self, name: str) -> tuple[Offer, ...]:
        """Return a field that holds an offer or several."""
        node = self.fields.get(name)
        if node is None or node.value == "":
            return ()
        nodes = node.value if isinstance(node.value, list) else [node]
        if len(nodes) > MAX_OFFERS:
            self._wrong(name, node, Code.TOO_LARGE, f"lists more than {MAX_OFFERS}")
            return ()
        return tuple(offer for each in nodes if (offer := self._offer(name, each)))

    def _offer(self, name: str, node: Node) -> Offer | None:
        if not isinstance(node.value, dict):
            self._wrong(name, node, Code.UNDECODABLE, "is no list of name, price and url")
            return None
        parts = _Fields(node.value, f"{name}.")
        offer = Offer(
            name=parts.text("name", 100),
            price=parts.text("price", 50),
            url=parts.text("url", 2_000, _URL.fullmatch),
        )
        self.findings += parts.findings
        if not offer.name and not parts.findings:
            self._wrong(name, node, Code.UNDECODABLE, "has no name")
        return offer

    def _wrong(self, name: str, node: Node, code: Code, what: str) -> None:
        message = f"The field {self.place}{name} {what}."
        self.findings.append(Finding(node.line, 1, code, message, _HINTS.get(name, _FIELDS)))


_HINTS = {
    "date": "Write the date as 2026-01-31.",
    "collection": "Use 1 to 80 of a-z, 0-9 and hyphen.",
    "language": "Use a language tag such as zh-CN or en.",
    "url": "Use an address that begins with https:// or with /.",
    "offer": "Give each offer a name, and a price and a url if it has them.",
}


def _one_line(node: Node) -> str | None:
    """Return the text of a value, of several joined by commas; None for anything else."""
    values = node.value if isinstance(node.value, list) else [node]
    texts = [" ".join(each.value.split()) for each in values if isinstance(each.value, str)]
    return ", ".join(texts) if len(texts) == len(values) else None


def _as_date(value: str) -> date | None:
    match = _DATE.fullmatch(value)
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


def _meta(known: dict[str, Node]) -> Meta:
    """Return the fields that we know. Raises Refused with every finding."""
    fields = _Fields(known)
    meta = Meta(
        title=fields.text("title", MAX_TITLE),
        language=fields.text("language", MAX_LANGUAGE, is_language),
        summary=fields.text("summary", 1_000),
        author=fields.text("author", 200),
        date=fields.date("date"),
        collection=fields.text("collection", 80, is_name),
        offers=fields.offers("offer"),
    )
    if fields.findings:
        raise Refused(tuple(sorted(fields.findings)))
    return meta
