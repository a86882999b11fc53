"""Fields as written, to nodes: YAML, in which every value is text, TOML and JSON.

A finding never quotes a value.
"""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date
from typing import Any, NamedTuple

import yaml

from gateway.core.errors import Refused
from gateway.core.findings import Finding, FindingCode

MAX_DEPTH = 20

_YAML = "Write each field as `name: value`; put values with special signs in quotes."
_TOML = 'Write each field as `name = "value"`.'
_JSON = 'Write each field as `"name": "value"`, with commas between them.'
FIELDS = "Write each field as `name: value`."


class Node(NamedTuple):
    """A value and the line that it stands on."""

    line: int
    value: str | list[Node] | dict[str, Node]


Nodes = dict[str, Node]


def refused(line: int, column: int | None, code: FindingCode, message: str, hint: str) -> Refused:
    """Return a refusal with one finding."""
    return Refused((Finding(line, column, code, message, hint),))


def too_large(what: str, line: int, limit: int) -> Refused:
    """Return the refusal of what is longer or deeper than limit."""
    return refused(line, 1, FindingCode.TOO_LARGE, f"{what} is too long.", f"Use at most {limit}.")


def _first(text: str) -> int:
    """Return the first line that is not empty."""
    return len(text) - len(text.lstrip("\n")) + 1


def _unreadable(line: int, message: str, hint: str) -> Refused:
    return refused(line, 1, FindingCode.UNDECODABLE, message, hint)


# --- YAML --------------------------------------------------------------------------------------


def from_yaml(text: str) -> Nodes:
    """Return the fields in a text, by name. Raises Refused."""
    try:
        root = yaml.compose(text, Loader=_Checking)
    except yaml.MarkedYAMLError as error:
        raise _unreadable(_line(error.problem_mark), "This is not YAML.", _YAML) from None
    except (yaml.YAMLError, ValueError, OverflowError):
        raise _unreadable(_first(text), "This is not YAML.", _YAML) from None
    if root is None:
        return {}
    node = _of_yaml(root)
    if not isinstance(node.value, dict):
        raise _unreadable(node.line, "The front matter is no list of fields.", FIELDS)
    return node.value


class _Checking(yaml.BaseLoader):
    """Refuses what makes small YAML large or gives it types, as it comes."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def get_event(self) -> yaml.Event | None:
        event: yaml.Event | None = super().get_event()  # type: ignore[no-untyped-call]
        line = _line(getattr(event, "start_mark", None))
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            raise _unreadable(line, "Anchors and aliases are not read.", "Write the value out.")
        if getattr(event, "tag", None) is not None:
            raise _unreadable(line, "Tags are not read.", "Leave the tag out.")
        if isinstance(event, yaml.CollectionStartEvent):
            self._depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            self._depth -= 1
        if self._depth > MAX_DEPTH:
            raise too_large("The nesting", line, MAX_DEPTH)
        return event


def _line(mark: Any) -> int:
    return int(mark.line) + 1 if mark else 1


def _of_yaml(node: yaml.Node) -> Node:
    line = _line(node.start_mark)
    if isinstance(node, yaml.SequenceNode):
        return Node(line, [_of_yaml(each) for each in node.value])
    if not isinstance(node, yaml.MappingNode):
        is_plain = isinstance(node, yaml.ScalarNode) and node.style is None
        is_null = is_plain and node.value.lower() in ("null", "~")
        return Node(line, "" if is_null else str(node.value))
    fields, place = Nodes(), line
    for key, value in node.value:
        line = _line(key.start_mark)
        if not isinstance(key, yaml.ScalarNode):
            raise _unreadable(line, "The name of a field is no text.", _YAML)
        name = str(key.value)
        if name in fields:
            raise _unreadable(line, "This field is here twice.", "Keep one.")
        fields[name] = Node(line, _of_yaml(value).value)
    return Node(place, fields)


# --- TOML and JSON -----------------------------------------------------------------------------


def from_toml(text: str) -> Nodes:
    """Return the fields in a text, by name. Raises Refused."""
    try:
        return _of_table(tomllib.loads(text), text)
    except ValueError as error:
        place = re.search(r"at line (\d+)", str(error))
        line = int(place[1]) if place else text.count("\n") + 1
        raise _unreadable(line, "This is not TOML.", _TOML) from None
    except RecursionError:
        raise too_large("The nesting", _first(text), MAX_DEPTH) from None


def from_json(text: str) -> Nodes:
    """Return the fields in a text, by name. Raises Refused."""
    try:
        return _of_table(json.loads(text), text)
    except ValueError as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else _first(text)
        raise _unreadable(line, "This is not JSON.", _JSON) from None
    except RecursionError:
        raise too_large("The nesting", _first(text), MAX_DEPTH) from None


def _of_table(table: dict[str, Any], text: str) -> Nodes:
    return {name: _of_value(value, _line_of(name, text)) for name, value in table.items()}


def _line_of(name: str, text: str) -> int:
    """Return the line of a field: these values come without theirs."""
    key = rf"^[ \t]*(?:\[\[?[ \t]*)?[\"']?{re.escape(name)}\b|[{{,][ \t]*\"{re.escape(name)}\""
    match = re.compile(key, re.MULTILINE).search(text)
    return text.count("\n", 0, match.start()) + 1 if match else _first(text)


def _of_value(value: object, line: int) -> Node:
    if isinstance(value, list):
        return Node(line, [_of_value(each, line) for each in value])
    if isinstance(value, dict):
        return Node(line, {name: _of_value(each, line) for name, each in value.items()})
    if value is None:
        return Node(line, "")
    return Node(line, value.isoformat() if isinstance(value, date) else str(value))
