"""Sending a representation: negotiation of its coding, conditions, HEAD.

The answer made last of a variant stays with it. A long body is sent from the one copy that there is
of it, as fast as the client takes it: what waits for a slow one is a chunk and no more.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from gateway.core.bundles import IDENTITY, LONG, Representation, Variant
from gateway.core.errors import GatewayError
from gateway.web.http.accept import liked_coding
from gateway.web.http.fast_path import Common, Kind, PlainRequest, PreparedResponse
from gateway.web.http.headers import (
    CACHE_PRIVATE,
    CACHE_PUBLIC,
    FOR_EVERY_SITE,
    PUBLIC_REFERRER,
    secured,
)

CHUNK = 64 << 10  # bytes of a body that are copied for a client
UNCHECKED = 256 << 10  # bytes of a long body that are sent from one check to the next

Check = Callable[[], Awaitable[None]]  # raises where what is being sent may be sent no more


def send_public(request: Request, public: Representation, cache: str = CACHE_PUBLIC) -> Response:
    """Answer with what is public: in the coding that the client takes, 304 if it has it."""
    ask = PlainRequest.of(request)
    variant = public.variant(coding_for(ask))
    return response_of(public_answer(ask, variant, cache), variant)


def send_private(request: Request, private: Representation, status: int = 200) -> Response:
    """Answer with what is for this reader alone: never compressed, never stored."""
    variant = private.variant(IDENTITY)
    return response_of(private_answer(PlainRequest.of(request), variant, status), variant)


def see_other(location: str) -> Response:
    """Return the way to another page of ours."""
    headers = {"location": location, "cache-control": CACHE_PRIVATE}
    return Response(status_code=303, headers=headers)


def in_chunks(send: Send) -> Send:
    """Return a way to send on which no more waits for a slow client than a chunk."""

    async def send_chunks(message: Message) -> None:
        body = message.get("body", b"")
        at = 0
        while len(body) - at > CHUNK:
            await send({**message, "body": body[at : at + CHUNK], "more_body": True})
            at += CHUNK
        await send({**message, "body": body[at:]} if at else message)

    return send_chunks


def public_answer(
    ask: PlainRequest, variant: Variant, cache: str = CACHE_PUBLIC
) -> PreparedResponse:
    """Return the answer that everyone may have, 304 if the client has it."""
    has = ask.headers.get(b"if-none-match")
    if has and (has == variant.etag or has_tag(has, variant.etag)):
        return _answer(ask, variant, cache, 304)
    return _answer(ask, variant, cache, 200)


def private_answer(ask: PlainRequest, variant: Variant, status: int = 200) -> PreparedResponse:
    """Return the answer for one reader alone: never stored."""
    return _answer(ask, variant, CACHE_PRIVATE, status)


def _answer(ask: PlainRequest, variant: Variant, cache: str, status: int) -> PreparedResponse:
    kind = (cache, status, ask.is_head, ask.is_https)
    answer: PreparedResponse | None = variant.answer
    if answer is None or answer.kind != kind:
        answer = variant.answer = _made(variant, _one(kind))
    return answer


@lru_cache(maxsize=64)
def _one(kind: Kind) -> Kind:
    """Return one tuple for all that are equal: every variant in memory holds one."""
    return kind


def _made(variant: Variant, kind: Kind) -> PreparedResponse:
    cache, status, is_head, is_https = kind
    if status == 304:
        head = b"%betag: %b\r\n" % (_STATUS[status], variant.etag)
        return PreparedResponse(kind, head, _common(cache, IDENTITY, "", is_https), b"")
    head, length = _STATUS[status], len(variant.body)
    if cache != CACHE_PRIVATE:
        head += variant.head
    if cache != CACHE_PRIVATE and variant.etag:
        head = b"%betag: %b\r\ncontent-length: %d\r\n" % (head, variant.etag, length)
    else:
        head = b"%bcontent-length: %d\r\n" % (head, length)
    common = _common(cache, variant.coding, variant.media_type, is_https)
    return PreparedResponse(kind, head, common, b"" if is_head else variant.body)


_STATUS = {
    int(status): b"HTTP/1.1 %d %b\r\n" % (status, status.phrase.encode()) for status in HTTPStatus
}


@lru_cache(maxsize=256)
def _common(cache: str, coding: str, media_type: str, is_https: bool) -> Common:
    headers = {"cache-control": cache}
    headers["vary"] = "Accept-Encoding"
    if cache != CACHE_PRIVATE:
        headers |= FOR_EVERY_SITE
        headers["referrer-policy"] = PUBLIC_REFERRER
    if coding != IDENTITY:
        headers["content-encoding"] = coding
    if media_type:
        headers["content-type"] = media_type
    pairs = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    return Common.of(secured(pairs, is_https=is_https))


def response_of(answer: PreparedResponse, variant: Variant, check: Check | None = None) -> Response:
    """Return what sends an answer that was made of a variant; a long one is checked as it goes."""
    is_long = len(answer.body) > LONG
    return _Long(answer, variant, check) if is_long else _Prepared(answer)


class _Prepared(Response):
    """A prepared answer, to which headers may still be added."""

    def __init__(self, answer: PreparedResponse) -> None:
        self.status_code = answer.status
        self.raw_headers = list(answer.headers)
        self.body = answer.body
        self.background = None


class _Long(_Prepared):
    """A long body. What was sent stays sent; the rest is not, once it may not be."""

    def __init__(self, answer: PreparedResponse, variant: Variant, check: Check | None) -> None:
        super().__init__(answer)
        self._variant = variant  # whoever else is sent it gets this one as long as it is held
        self._check = check

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        await send_checked(send, [memoryview(self._variant.body)], self._check)


async def send_checked(send: Send, parts: Sequence[memoryview], check: Check | None) -> None:
    """Send a body in chunks, the last of which ends it; check before each but the first."""
    steps = ((part, at) for part in parts for at in range(0, len(part), UNCHECKED))
    chunks = [part[at : at + UNCHECKED] for part, at in steps]
    for number, chunk in enumerate(chunks):
        if number and check:
            # A server waits for a slow client before it sends: first wait, and then check.
            await send({"type": "http.response.body", "body": b"", "more_body": True})
            try:
                await check()
            except GatewayError:
                return  # shorter than its length says: the server cuts the connection
        more = number + 1 < len(chunks)
        await send({"type": "http.response.body", "body": chunk, "more_body": more})
    if not chunks:
        await send({"type": "http.response.body", "body": b""})


# --- negotiation -------------------------------------------------------------------------------


def coding_for(ask: PlainRequest) -> str:
    """Return the coding to send."""
    return liked_coding(ask.headers.get(b"accept-encoding", b""))


def has_tag(if_none_match: bytes, etag: bytes) -> bool:
    """Return whether If-None-Match names an ETag."""
    tags = [tag.strip().removeprefix(b"W/") for tag in if_none_match.split(b",")]
    return etag in tags or if_none_match.strip() == b"*"
