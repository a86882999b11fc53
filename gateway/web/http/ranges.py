"""Ranges of what is taken along (RFC 9110 section 14): one or a few; of more, all is sent.

Who may have the whole is decided before any of it is measured.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.core.bundles import Variant
from gateway.web.http.headers import CACHE_PRIVATE, FOR_EVERY_SITE, PUBLIC_REFERRER
from gateway.web.http.sending import Check, has_tag, send_checked

MOST = 8  # ranges of one request
LONGEST = 300  # letters of a header

_RANGE = re.compile(r"\d{0,18}-\d{0,18}", re.ASCII)  # one: of several a pattern backtracks


class ByteRange(NamedTuple):
    """The bytes from start up to stop."""

    start: int
    stop: int


def send_attachment(
    request: Request, variant: Variant, cache: str, check: Check | None = None
) -> Response:
    """Answer with an attachment, or what is asked for of it; 304 if the client has it.

    check: before each chunk, whether it may still be sent.
    """
    etag = variant.etag.decode()
    headers = {"cache-control": cache, "etag": etag, "accept-ranges": "bytes"}
    if cache != CACHE_PRIVATE:
        headers |= {"vary": "Accept-Encoding", "referrer-policy": PUBLIC_REFERRER}
        headers |= FOR_EVERY_SITE | _told_with(variant)
    asked = ", ".join(request.headers.getlist("if-none-match"))
    if asked and has_tag(asked.encode(), variant.etag):
        return _Parts(304, headers, [], request, check)
    headers |= {"content-type": variant.media_type, "content-disposition": "attachment"}
    parts = _asked(request, etag, len(variant.body))
    if parts is None:
        return _Parts(200, headers, [memoryview(variant.body)], request, check)
    size = len(variant.body)
    if not parts:
        headers = {"cache-control": cache, "content-range": f"bytes */{size}"}
        return _Parts(416, headers, [], request, check)
    if len(parts) == 1:
        headers["content-range"] = _told(parts[0], size)
        return _Parts(206, headers, [_bytes(variant, parts[0])], request, check)
    boundary = etag.strip('"')  # made of the bytes, and so in none of them
    headers["content-type"] = f"multipart/byteranges; boundary={boundary}"
    return _Parts(206, headers, [*_multipart(variant, parts, boundary)], request, check)


def _told_with(variant: Variant) -> dict[str, str]:
    lines = variant.head.decode("latin-1").split("\r\n")
    return {name: value for name, _, value in (line.partition(": ") for line in lines) if name}


def _asked(request: Request, etag: str, size: int) -> Sequence[ByteRange] | None:
    """Return which parts are asked for, none that can be met, None for the whole."""
    given = request.headers.getlist("range")
    if request.method not in ("GET", "HEAD") or len(given) != 1 or len(given[0]) > LONGEST:
        return None
    condition = request.headers.getlist("if-range")
    if condition and condition != [etag]:  # a date or a weak tag: we have given out neither
        return None
    unit, _, told = given[0].strip().partition("=")
    named = [each.strip() for each in told.split(",") if each.strip()]
    if unit != "bytes" or not named or len(named) > MOST or not all(map(_RANGE.fullmatch, named)):
        return None
    if "-" in named or any(map(_is_backwards, named)):
        return None
    parts = [part for part in (_part(each, size) for each in named) if part]
    # What overlaps so much that it is more than the whole is no way to save anything.
    return None if sum(stop - start for start, stop in parts) > size else parts


def _is_backwards(text: str) -> bool:
    first, _, last = text.partition("-")
    return bool(first and last) and int(first) > int(last)


def _part(text: str, size: int) -> ByteRange | None:
    first, _, last = text.partition("-")
    if first:
        start, stop = int(first), min(int(last) + 1 if last else size, size)
    else:
        start, stop = max(0, size - int(last)), size
    return ByteRange(start, stop) if start < stop else None


def _told(part: ByteRange, size: int) -> str:
    return f"bytes {part.start}-{part.stop - 1}/{size}"


def _bytes(variant: Variant, part: ByteRange) -> memoryview:
    return memoryview(variant.body)[part.start : part.stop]


def _multipart(variant: Variant, parts: Sequence[ByteRange], boundary: str) -> Iterator[memoryview]:
    for part in parts:
        told = _told(part, len(variant.body))
        head = f"--{boundary}\r\nContent-Type: {variant.media_type}\r\nContent-Range: {told}"
        yield memoryview(f"{head}\r\n\r\n".encode())
        yield _bytes(variant, part)
        yield memoryview(b"\r\n")
    yield memoryview(f"--{boundary}--\r\n".encode())


class _Parts(Response):
    """Pieces of a long body, one after another."""

    def __init__(
        self,
        status: int,
        headers: dict[str, str],
        parts: Sequence[memoryview],
        request: Request,
        check: Check | None,
    ) -> None:
        super().__init__(status_code=status)
        if status != 304:
            headers["content-length"] = str(sum(map(len, parts)))
        self.raw_headers = [(name.encode(), value.encode()) for name, value in headers.items()]
        self._parts = () if request.method == "HEAD" else parts
        self._check = check

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        await send_checked(send, self._parts, self._check)
