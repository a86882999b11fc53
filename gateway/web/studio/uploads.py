"""A form with a file, read with bounds and strictly; nothing of it stays on disk."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from gateway.core.errors import Malformed, Unsupported
from gateway.web.http.requests import bounded_body, content_type

MAX_FIELDS = 20
CAPACITY = 256 << 10  # bytes for the small fields and for what multipart adds

# read_upload has the limit and answers with a page; the limit of the application, which answers
# with three bare words, stands back where forms with files are taken.
STAND_BACK = sys.maxsize

_MULTIPART = "multipart/form-data"
_UTF_8 = ("utf-8", "utf8")


@dataclass(frozen=True, slots=True)
class Upload:
    """The fields of a form and its one file; file is None where none was chosen."""

    fields: Mapping[str, str]
    file_name: str = ""
    file: bytes | None = None


async def read_upload(request: Request, limit: int) -> Upload:
    """Return a multipart form of about limit bytes. Raises TooLarge, Unsupported, Malformed."""
    media_type, charset = content_type(request)
    if media_type != _MULTIPART:
        raise Unsupported("Content-Type", media_type, (_MULTIPART,))
    if charset and charset.lower() not in _UTF_8:
        raise Unsupported("charset", charset, _UTF_8[:1])
    # Told UTF-8, the parser reads bytes that are not as something else and does not say so. As
    # Latin-1 it hands over each byte as it came, and they are decoded here.
    declared = f"{request.headers['content-type']}; charset=latin-1"
    parser = MultiPartParser(
        Headers({"content-type": declared}),
        bounded_body(request, limit + CAPACITY),
        max_files=1,
        max_fields=MAX_FIELDS,
        max_part_size=limit + CAPACITY,
    )
    try:
        form = await parser.parse()
    except MultiPartException:
        raise Malformed("The form cannot be read.", hint="Send one file at most.") from None
    try:
        return await _upload(form)
    finally:
        await form.close()


async def _upload(form: FormData) -> Upload:
    fields: dict[str, str] = {}
    file_name, file = "", None
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            file_name = _decoded(value.filename or "")
            body = await value.read()
            # A field for a file that was left alone comes as a nameless, empty one.
            file = body if file_name or body else None
        elif name in fields:
            raise Malformed("A field stands twice in the form.")
        else:
            fields[name] = _decoded(value)
    return Upload(fields, file_name, file)


def _decoded(text: str) -> str:
    try:
        return text.encode("latin-1").decode()
    except ValueError:
        raise Malformed("The form cannot be read.", hint="Send it in UTF-8.") from None
