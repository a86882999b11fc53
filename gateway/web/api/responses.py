"""How the API is asked and how it answers: paging, keys of repeated requests, JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.core.documents import Address, is_name, valid_name
from gateway.core.errors import Malformed, Missing
from gateway.core.timestamps import timestamp
from gateway.usecases.idempotency import IdempotencyKey
from gateway.web.api.fitting import fitted
from gateway.web.api.operations import JSON
from gateway.web.api.schemas.fields import When
from gateway.web.api.schemas.recorded import Recorded
from gateway.web.http.headers import CACHE_PRIVATE
from gateway.web.http.requests import count, read_body

MAX_JSON = 64 << 10
LISTED = 100

T = TypeVar("T")


# --- asked -------------------------------------------------------------------------------------


def page(request: Request) -> tuple[str, int]:
    """Return after which key to list, and how many. Raises Malformed."""
    after = request.query_params.get("after", "")
    limit = count(request, "limit", LISTED, LISTED)
    return valid_name(after, "after") if after else "", limit


def own_document(document: str, publisher: str) -> Address:
    """Return the address of a slug, or of publisher/slug. Raises Missing for another's."""
    owner, slash, slug = document.rpartition("/")
    if not is_name(slug) or (slash and owner != publisher):
        raise Missing("document")
    return Address(publisher, slug)


def following(request: Request, last: str) -> str | None:
    """Return where a list goes on after a key, None for "": nowhere."""
    if not last:
        return None
    kept = {k: v for k, v in request.query_params.items() if k != "after"}
    query = "&".join(f"{quote(k)}={quote(v)}" for k, v in (kept | {"after": last}).items())
    return f"{request.scope['path']}?{query}"


async def read_json(request: Request, kind: type[T]) -> tuple[T, bytes]:
    """Return the body as what it should be, and as it came.

    Raises TooLarge; Malformed, with every field that is wrong.
    """
    body = await read_body(request, MAX_JSON)
    try:
        return fitted(msgspec.json.decode(body), kind), body
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Malformed(
            "The body is not JSON.", where="body", hint="Send a JSON object in UTF-8."
        ) from None


def asked(request: Request, body: bytes = b"") -> IdempotencyKey:
    """Return what tells a request that comes again from another. Raises Malformed."""
    key = _idempotency_key(request)
    if not key:
        return IdempotencyKey()
    told = hashlib.sha256(f"{request.method} {request.scope['path']}\n".encode())
    told.update(body)
    return IdempotencyKey(key, told.hexdigest())


def _idempotency_key(request: Request) -> str:
    keys = request.headers.getlist("idempotency-key")
    if not keys:
        return ""
    key = keys[0].strip()
    if len(keys) > 1 or not (1 <= len(key) <= 200 and key.isascii() and key.isprintable()):
        raise Malformed(
            "Idempotency-Key cannot be read.",
            where="Idempotency-Key",
            hint="Send one key of 1 to 200 printable ASCII characters.",
        )
    return key


def seconds(when: When) -> int | None:
    """Return a time in Unix seconds."""
    return int(when.timestamp()) if isinstance(when, datetime) else when


# --- answered ----------------------------------------------------------------------------------


def json(told: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer in JSON, which is for nobody's cache."""
    body = msgspec.json.encode(told)
    fixed = {"content-type": JSON, "cache-control": CACHE_PRIVATE}
    return Response(body, status, fixed | dict(headers or {}))


def done(confirmed: bool) -> Response:
    """Return 204 where no worker serves from before any more, 202 where that is not sure yet."""
    if confirmed:
        return Response(status_code=204, headers={"cache-control": CACHE_PRIVATE})
    return json(Recorded("recorded", "Not every worker has confirmed it yet."), 202)


def moment_if(seconds: int | None) -> str | None:
    """Return Unix seconds as RFC 3339, None for none."""
    return None if seconds is None else timestamp(seconds)
