"""JSON that should be of a shape: every field that is not is named, with what it may be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar, get_args

import msgspec
from msgspec.structs import FieldInfo

from gateway.core.errors import Malformed, require_none

T = TypeVar("T")


def fitted(told: object, kind: type[T]) -> T:
    """Return JSON as a struct. Raises Malformed with all that does not fit."""
    if not isinstance(told, dict):
        raise Malformed("The body is no JSON object.", where="body", hint="Send an object: {…}.")
    told = {name: _number(value) for name, value in told.items()}
    require_none([*_problems(told, kind)])
    return msgspec.convert(told, kind)


def _number(value: object) -> object:
    """Return a whole number as one, however it is written: JSON has one kind of number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _problems(told: dict[str, Any], kind: type[Any]) -> Iterator[Malformed]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    known = f"Known here: {', '.join(fields)}."
    for name in told.keys() - fields.keys():
        yield Malformed("This field is not known.", where=name[:80], hint=known)
    for name, field in fields.items():
        if name in told:
            yield from _misfit(name, told[name], field)
        elif field.required:
            yield Malformed("This field is missing.", where=name, hint=hint_of(field))


def _misfit(name: str, value: object, field: FieldInfo) -> Iterator[Malformed]:
    try:
        msgspec.convert(value, field.type)
    except msgspec.ValidationError as error:
        # msgspec tells the type or bound, never the value; an expression is nothing for people.
        told, expression, _ = str(error).partition(" matching regex ")
        told = f"This is not a valid {name}" if expression else told.partition(" - at ")[0]
        yield Malformed(f"{told}.", where=name, hint=hint_of(field))


def hint_of(field: FieldInfo) -> str:
    """Return what a field may be, in words."""
    for each in _annotations(field.type):
        if each.description:
            return str(each.description)
    return ""


def _annotations(kind: Any) -> Iterator[msgspec.Meta]:
    for each in (*getattr(kind, "__metadata__", ()), *get_args(kind)):
        if isinstance(each, msgspec.Meta):
            yield each
