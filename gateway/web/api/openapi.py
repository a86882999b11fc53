"""The OpenAPI 3.1 description of the API, made from its operations and their types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from gateway.core.companions import MAX_COMPANION_NAME
from gateway.core.documents import NAME
from gateway.rendering.problems import PROBLEM
from gateway.web.api.operations import Body, Operation
from gateway.web.api.queries import QUERIES
from gateway.web.api.schemas.problems import Problem

_AT = "#/components/schemas/{name}"
_PATH = re.compile(r"\{(\w+)\}")

_TAG = '(?:W/)?"[!#-+\\--~]+"'
_TAGS = {"type": "string", "pattern": f"^(?:[*]|{_TAG}(?:, ?{_TAG})*)$", "maxLength": 2000}
_HEADERS = {
    "If-Match": ("The ETag that the current edition must have, or * for any.", _TAGS),
    "If-None-Match": ("An ETag that the current edition must not have, or * for any.", _TAGS),
    "Idempotency-Key": (
        "Of your choice: the same request with the same key is done once.",
        {"type": "string", "pattern": "^[!-~](?:[ -~]*[!-~])?$", "maxLength": 200},
    ),
}

_ID = {"type": "string", "pattern": "^[a-z0-9]{1,64}$", "maxLength": 64}
_PATHS = {
    "slug": {"type": "string", "pattern": f"^{NAME}$", "maxLength": 80},
    "name": {
        "type": "string",
        "pattern": "^[A-Za-z0-9_-][A-Za-z0-9._-]*$",
        "maxLength": MAX_COMPANION_NAME,
        "description": "As the source calls it; any letters will do, and folders, as in img/a.png.",
    },
}

_STATUSES = {
    200: "Done.",
    201: "Made.",
    202: "Recorded, and not confirmed by every worker yet.",
    204: "Done; no worker serves from before any more.",
}

_REFUSALS = {
    400: "The request cannot be understood; `where` and `problems` say what of it.",
    401: "No valid credential.",
    403: "Understood, and not allowed.",
    404: "No such thing, or not yours.",
    409: "In conflict with what is there.",
    412: "A precondition does not hold.",
    413: "Larger than the limit.",
    415: "Of a kind that is not read here.",
    422: "The document is refused; `findings` say where and how to mend it.",
    429: "Too many tries, or too much at once; see `Retry-After`.",
    503: "A part that must answer did not; see `Retry-After`.",
}
_SURROGATES = r"\ud800-\udfff"


def describe(operations: Iterable[Operation]) -> dict[str, Any]:
    """Return the description of operations, as JSON knows it."""
    operations = list(operations)
    kinds = [Problem, *(kind for each in operations for kind in _kinds(each))]
    _, components = msgspec.json.schema_components(dict.fromkeys(kinds), ref_template=_AT)
    components = _portable(components)
    paths: dict[str, dict[str, Any]] = {}
    for each in operations:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Paidgate",
            "version": "1",
            "summary": "Publish documents with paid sections, and give rights to them.",
        },
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An API key."}
            },
            "schemas": components,
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": list(_parameters(operation)),
        "responses": {
            **{str(s): _response(_STATUSES[s], body) for s, body in operation.gives.items()},
            **{str(s): _response(_REFUSALS[s], {PROBLEM: Problem}) for s in operation.refusals},
        },
    }
    if operation.is_open:
        told["security"] = []
    if operation.one_of:
        told["x-exactly-one-of"] = list(operation.one_of)
    if operation.takes is not None:
        told["requestBody"] = {"required": True, "content": _content(operation.takes)}
    return told


def _parameters(operation: Operation) -> Iterator[dict[str, Any]]:
    for name in _PATH.findall(operation.path):
        yield {"name": name, "in": "path", "required": True, "schema": _PATHS.get(name, _ID)}
    for name in operation.query:
        query = QUERIES[name]
        told = {"name": name, "in": "query", "required": name in operation.required}
        about = {"description": query.description, "example": query.example}
        yield told | about | {"schema": _portable(query.schema)}
    headers = ["If-Match", "If-None-Match"] if operation.conditional else []
    headers += ["Idempotency-Key"] if operation.repeatable else []
    for name in headers:
        description, schema = _HEADERS[name]
        yield {"name": name, "in": "header", "description": description, "schema": schema}


def _portable(told: Any) -> Any:
    """Return schemas without the surrogates that Python's expressions exclude.

    Other languages know them as no characters, and some refuse an expression that names them.
    """
    if isinstance(told, Mapping):
        return {name: _portable(value) for name, value in told.items()}
    if isinstance(told, list):
        return [_portable(value) for value in told]
    return told.replace(_SURROGATES, "") if isinstance(told, str) else told


def _response(description: str, body: Body | None) -> dict[str, Any]:
    content = {"content": _content(body)} if body else {}
    return {"description": description} | content


def _content(body: Body) -> dict[str, Any]:
    return {media_type: {"schema": _schema(media_type, kind)} for media_type, kind in body.items()}


def _schema(media_type: str, kind: Any) -> Mapping[str, Any]:
    if kind:
        return {"$ref": _AT.format(name=kind.__name__)}
    is_text = media_type.startswith("text/")
    return {"type": "string"} if is_text else {"type": "string", "format": "binary"}


def _kinds(operation: Operation) -> Iterator[Any]:
    for body in (operation.takes, *operation.gives.values()):
        yield from (kind for kind in (body or {}).values() if kind)
