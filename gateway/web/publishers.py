"""The publisher surface: JSON in and out, and each publisher sees only its own things."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.documents import Address, is_name, valid_name
from gateway.core.errors import BadKey, Malformed, Missing, Refused
from gateway.core.rights import Grant
from gateway.granting import Granting, Wish
from gateway.ports import Edition, Formats
from gateway.publishing import Prepared, Publishing, Submission
from gateway.web.errors import finding
from gateway.web.headers import CACHE_PRIVATE
from gateway.web.links import Links
from gateway.web.requests import bearer, condition, content_type, count, read_body

MAX_JSON = 64 << 10
LISTED = 100

Sections = tuple[tuple[bool, int, int], ...]


class GrantWish(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /api/grants."""

    scope: str
    subject: str = ""
    term: str = ""
    devices: int = 5
    note: str = ""


class Publishers:
    """The JSON API of documents and grants."""

    def __init__(
        self,
        publishing: Publishing,
        granting: Granting,
        formats: Formats,
        links: Links,
        max_upload: int,
    ) -> None:
        self._publishing = publishing
        self._granting = granting
        self._formats = formats
        self._links = links
        self._max_upload = max_upload

    def routes(self) -> list[Route]:
        """Return the routes of this surface."""
        document = "/api/documents/{slug}"
        return [
            Route("/api/documents", self.documents),
            Route(document, self.document, methods=["GET", "PUT", "DELETE"]),
            Route(f"{document}/check", self.check, methods=["POST"]),
            Route(f"{document}/source", self.source),
            Route(f"{document}/editions", self.editions),
            Route(f"{document}/editions/{{edition}}/publish", self.roll_back, methods=["POST"]),
            Route("/api/grants", self.grants, methods=["GET", "POST"]),
            Route("/api/grants/{grant}", self.one_grant, methods=["GET", "DELETE"]),
        ]

    async def _publisher(self, request: Request) -> str:
        key = bearer(request)
        if not key:
            raise BadKey
        return await self._granting.publisher(key)

    # --- documents ---

    async def documents(self, request: Request) -> Response:
        """List documents by slug."""
        publisher = await self._publisher(request)
        limit = count(request, "limit", LISTED, LISTED)
        found = await self._publishing.documents(publisher, _after(request), limit + 1)
        shown = [self._edition(request, e) for e in found[:limit]]
        last = found[limit - 1].address.slug if len(found) > limit else ""
        return _json({"documents": shown, "next": _next(request, last)})

    async def document(self, request: Request) -> Response:
        """Tell about, publish or delete one document."""
        publisher = await self._publisher(request)
        if request.method == "PUT":
            return await self._publish(request, publisher)
        address = _address(request, publisher)
        if request.method == "DELETE":
            return _done(await self._publishing.delete(address, condition(request)))
        edition = await self._publishing.current(address)
        return _json(self._edition(request, edition), headers=_etag(edition))

    async def _publish(self, request: Request, publisher: str) -> Response:
        submission = await self._submission(request, publisher)
        published = await self._publishing.publish(submission, condition(request))
        edition = published.edition
        told = self._edition(request, edition)
        headers = _etag(edition)
        if published.created:
            headers["location"] = f"/api/documents/{edition.address.slug}"
        return _json(told, 201 if published.created else 200, headers)

    async def _submission(self, request: Request, publisher: str) -> Submission:
        address = Address.of(publisher, request.path_params["slug"])
        media_type, charset = content_type(request)
        form = self._formats.of_media_type(media_type)
        body = await read_body(request, self._max_upload)
        return Submission(address, body, form, charset, _language(request))

    async def check(self, request: Request) -> Response:
        """Tell the findings of a source and publish nothing."""
        publisher = await self._publisher(request)
        submission = await self._submission(request, publisher)
        try:
            prepared: Prepared | None = await self._publishing.check(submission)
            findings = []
        except Refused as refused:
            prepared = None
            findings = [finding(f) for f in refused.findings]
        told: dict[str, Any] = {"ok": not findings, "findings": findings}
        if prepared:
            told["title"] = prepared.document.meta.title
            told["language"] = prepared.document.meta.language
            told["sections"] = _sections(prepared.sections)
        return _json(told)

    async def source(self, request: Request) -> Response:
        """Return the current source, in UTF-8."""
        publisher = await self._publisher(request)
        edition, source = await self._publishing.source(_address(request, publisher))
        media_type = self._formats.named(edition.format).media_type
        headers = {"cache-control": CACHE_PRIVATE, "content-disposition": "attachment"}
        headers |= _etag(edition) | {"content-type": f"{media_type}; charset=utf-8"}
        return Response(source, headers=headers)

    async def editions(self, request: Request) -> Response:
        """List the history of a document, newest first."""
        publisher = await self._publisher(request)
        address = _address(request, publisher)
        limit = count(request, "limit", LISTED, LISTED)
        found = await self._publishing.editions(address, _after(request), limit + 1)
        shown = [self._edition(request, e) for e in found[:limit]]
        last = found[limit - 1].id if len(found) > limit else ""
        return _json({"editions": shown, "next": _next(request, last)})

    async def roll_back(self, request: Request) -> Response:
        """Make an earlier edition current again."""
        publisher = await self._publisher(request)
        edition = await self._publishing.roll_back(
            _address(request, publisher), request.path_params["edition"], condition(request)
        )
        return _json(self._edition(request, edition), headers=_etag(edition))

    def _edition(self, request: Request, edition: Edition) -> dict[str, Any]:
        return {
            "address": str(edition.address),
            "slug": edition.address.slug,
            "url": self._links.absolute(request, f"/documents/{edition.address}"),
            "edition": edition.id,
            "etag": f'"{edition.id}"',
            "format": edition.format,
            "title": edition.title,
            "language": edition.language,
            "collection": edition.collection,
            "sections": _sections(edition.sections),
            "published": edition.published,
            "updated": edition.updated,
            "made": _time(edition.made_at),
        }

    # --- grants ---

    async def grants(self, request: Request) -> Response:
        """List grants by id, or make one."""
        publisher = await self._publisher(request)
        if request.method == "POST":
            return await self._grant(request, publisher)
        limit = count(request, "limit", LISTED, LISTED)
        found = await self._granting.grants(
            publisher,
            subject=request.query_params.get("subject", ""),
            scope=request.query_params.get("scope", ""),
            after=_after(request),
            limit=limit + 1,
        )
        shown = [_grant(grant) for grant in found[:limit]]
        last = found[limit - 1].id if len(found) > limit else ""
        return _json({"grants": shown, "next": _next(request, last)})

    async def _grant(self, request: Request, publisher: str) -> Response:
        body = await read_body(request, MAX_JSON)
        wish = _decode(body, GrantWish)
        grant = await self._granting.grant(
            publisher,
            Wish(wish.scope, wish.subject, wish.term, wish.devices, wish.note),
            once=_idempotency_key(request),
            fingerprint=hashlib.sha256(body).hexdigest(),
        )
        token = await self._granting.token(grant)
        told = _grant(grant) | {
            "token": token,
            "unlock_url": self._links.absolute(request, f"/unlock?token={quote(token)}"),
        }
        return _json(told, 201, {"location": f"/api/grants/{grant.id}"})

    async def one_grant(self, request: Request) -> Response:
        """Tell about one grant, or take it back."""
        publisher = await self._publisher(request)
        grant = request.path_params["grant"]
        if request.method == "DELETE":
            return _done(await self._granting.revoke(publisher, grant))
        return _json(_grant(await self._granting.own(publisher, grant)))


def _address(request: Request, publisher: str) -> Address:
    slug = request.path_params["slug"]
    if not is_name(slug):
        raise Missing("document")
    return Address(publisher, slug)


def _after(request: Request) -> str:
    after = request.query_params.get("after", "")
    return valid_name(after, "after") if after else ""


def _next(request: Request, last: str) -> str | None:
    if not last:
        return None
    kept = {k: v for k, v in request.query_params.items() if k != "after"}
    query = "&".join(f"{quote(k)}={quote(v)}" for k, v in (kept | {"after": last}).items())
    return f"{request.scope['path']}?{query}"


def _language(request: Request) -> str:
    language = request.headers.get("content-language", "").strip()
    if language and not (len(language) <= 35 and language.isascii() and is_name(language.lower())):
        raise Malformed(
            "Content-Language cannot be read.",
            where="Content-Language",
            hint="Send one language tag, such as zh-CN or en.",
        )
    return language


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


def _decode(body: bytes, kind: type[GrantWish]) -> GrantWish:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        # msgspec names the field and the expected type, never the value.
        raise Malformed(f"The JSON does not fit: {error}.", where="body") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Malformed(
            "The body is not JSON.", where="body", hint="Send a JSON object in UTF-8."
        ) from None


def _grant(grant: Grant) -> dict[str, Any]:
    return {
        "id": grant.id,
        "scope": str(grant.scope),
        "subject": grant.subject,
        "note": grant.note,
        "devices": grant.devices,
        "starts": _time(grant.starts),
        "expires": None if grant.ends is None else _time(grant.ends),
        "revoked": None if grant.revoked_at is None else _time(grant.revoked_at),
        "made": _time(grant.made_at),
    }


def _sections(sections: Sections) -> list[dict[str, Any]]:
    return [
        {"kind": "paid" if paid else "free", "line": line, "end_line": end}
        for paid, line, end in sections
    ]


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _etag(edition: Edition) -> dict[str, str]:
    return {"etag": f'"{edition.id}"'}


def _done(confirmed: bool) -> Response:
    """Return 204 where no worker serves from before any more, 202 where that is not sure yet."""
    if confirmed:
        return Response(status_code=204, headers={"cache-control": CACHE_PRIVATE})
    return _json({"status": "recorded", "detail": "Not every worker has confirmed it yet."}, 202)


def _json(
    told: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    body = json.dumps(told, ensure_ascii=False).encode()
    fixed = {"content-type": "application/json", "cache-control": CACHE_PRIVATE}
    return Response(body, status, fixed | dict(headers or {}))
