"""Query parameters of the API: what each means and may be, told and checked from one place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import QueryParams

from gateway.core.documents import NAME
from gateway.core.errors import Malformed, require_none
from gateway.core.rights import Standing
from gateway.core.terms import MAX_WORDS, WORDS
from gateway.web.api.operations import Operation
from gateway.web.api.schemas.fields import SCOPE

_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Query:
    """A parameter, with the JSON schema of its values; an empty value says nothing."""

    description: str
    example: Any
    schema: Mapping[str, Any] = field(default_factory=dict)

    def takes(self, value: str) -> bool:
        """Return whether the schema has room for a value as it is written in a query."""
        schema = self.schema
        if not value:
            return True
        if schema["type"] == "integer":
            is_number = value.isascii() and value.isdecimal() and len(value) < 10
            return is_number and schema["minimum"] <= int(value) <= schema["maximum"]
        if schema["type"] == "boolean":
            return value in ("true", "false")
        if "enum" in schema:
            return value in schema["enum"]
        is_short = len(value) <= schema.get("maxLength", len(value))
        return is_short and re.fullmatch(schema["pattern"], value) is not None


def _text(pattern: str, longest: int) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^(?:{pattern})?$", "maxLength": longest}


_WORDS = _text(WORDS, MAX_WORDS)

QUERIES = {
    "after": Query(
        "Where the list goes on: the key of the last one seen.", "a-first-text", _text(NAME, 80)
    ),
    "limit": Query(
        "How many to list, 100 at most.", 20, {"type": "integer", "minimum": 1, "maximum": 100}
    ),
    "free": Query(
        "Whether the document is meant to hold no paid section, which is refused otherwise.",
        False,
        {"type": "boolean"},
    ),
    "erase": Query(
        "Whether source, editions and previews go at once, and not after 30 days.",
        False,
        {"type": "boolean"},
    ),
    "scope": Query("document:<slug>, collection:<name> or all.", "all", _text(SCOPE, 91)),
    "subject": Query("Your own name for a person.", "reader-7", _WORDS),
    "document": Query(
        "The slug of a document, or publisher/slug.",
        "a-first-text",
        _text(f"(?:{NAME}/)?{NAME}", 161),
    ),
    "token": Query("The token of a grant.", "pg1.k1.x.y", _text(r"[!-~]*", 4096)),
    "source": Query("Where a grant came from.", "shop", _text("[a-z0-9 -]{1,80}", 80)),
    "source_ref": Query("What the source calls it.", "order-7", _WORDS),
    "standing": Query(
        "How a grant stands now.", "stands", {"type": "string", "enum": [*map(str, Standing)]}
    ),
}


def require_query(operation: Operation, asked: QueryParams) -> None:
    """Raise Malformed, with all that is wrong, unless a query is one that an operation knows."""
    require_none([*_problems(operation, asked)])


def _problems(operation: Operation, asked: QueryParams) -> Iterator[Malformed]:
    known = ", ".join(operation.query) or "none"
    for name in asked:
        if name not in operation.query:
            shown = name if _PLAIN.fullmatch(name) else ""
            hint = f"Known here: {known}."
            yield Malformed("This query parameter is not known here.", where=shown, hint=hint)
        elif len(asked.getlist(name)) > 1:
            yield Malformed("This query parameter stands there twice.", where=name, hint="Once.")
        elif not QUERIES[name].takes(asked[name]):
            yield Malformed(f"This is not a valid {name}.", where=name, hint=hint_of(name))
    for name in operation.required:
        if not asked.get(name):
            yield Malformed(f"There is no {name} in the query.", where=name, hint=hint_of(name))
    either = [name for name in operation.one_of if name in operation.query]
    if either and len([name for name in either if asked.get(name)]) != 1:
        hint = f"Name one of them: {' or '.join(either)}."
        yield Malformed("It is not clear for whom.", where=either[0], hint=hint)


def hint_of(name: str) -> str:
    """Return what a parameter may be, in words."""
    query = QUERIES[name]
    if "enum" in query.schema:
        return f"{query.description} Use one of: {', '.join(query.schema['enum'])}."
    return query.description
