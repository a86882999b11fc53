"""A form with files, read with bounds and strictly; nothing of it goes to disk."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass

from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from gateway.core.errors import Malformed, TooLarge, Unsupported
from gateway.web.http.requests import bounded_body, content_type

MAX_FIELDS = 20
MAX_FILES = 50  # of one form
FIELDS_EACH = 6  # with each file
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


@dataclass(frozen=True, slots=True)
class File:
    """A file of a form: in which field it came, its name and its bytes."""

    field: str
    name: str
    body: bytes


@dataclass(frozen=True, slots=True)
class SentForm:
    """The fields of a form and its files, in order; error: why the rest of it was not read."""

    fields: Mapping[str, str]
    files: tuple[File, ...]
    error: TooLarge | None = None


async def read_upload(request: Request, limit: int) -> Upload:
    """Return a multipart form of about limit bytes. Raises TooLarge, Unsupported, Malformed."""
    body = bounded_body(request, limit + CAPACITY)
    batch = await _Form(request, body, 1, MAX_FIELDS).read("Send one file at most.")
    if batch.error:
        raise batch.error
    if not batch.files:
        return Upload(batch.fields)
    return Upload(batch.fields, batch.files[0].name, batch.files[0].body)


async def read_batch(request: Request, limit: int) -> SentForm:
    """Return a form with several files, as far as limit goes. Raises Unsupported, Malformed."""
    body = bounded_body(request, limit, as_declared=False)
    form = _Form(request, body, 2 * MAX_FILES, FIELDS_EACH * MAX_FILES + MAX_FIELDS)
    return await form.read(f"Send {MAX_FILES} files at most.")


class _Form:
    """Reads a form, and stops where it is larger than its limit."""

    def __init__(
        self,
        request: Request,
        body: AsyncGenerator[bytes, None],
        max_files: int,
        max_fields: int,
    ) -> None:
        _require_form(request)
        self._error: TooLarge | None = None
        # Told UTF-8, the parser reads bytes that are not as something else and does not say so. As
        # Latin-1 it hands over each byte as it came, and they are decoded here.
        declared = f"{request.headers['content-type']}; charset=latin-1"
        self._parser = MultiPartParser(
            Headers({"content-type": declared}),
            self._begun(body),
            max_files=max_files,
            max_fields=max_fields,
            max_part_size=sys.maxsize,  # a part is no larger than the body
        )
        self._parser.spool_max_size = sys.maxsize  # in memory, where it is read to

    async def _begun(self, body: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        try:
            async for part in body:
                yield part
        except TooLarge as error:
            self._error = error

    async def read(self, hint: str) -> SentForm:
        """Return what came whole. Raises Malformed, with a hint where there is too much of it."""
        try:
            form = await self._parser.parse()
        except MultiPartException:
            raise Malformed("The form cannot be read.", hint=hint) from None
        try:
            return await _batch(form, self._error)
        finally:
            await form.close()
            if self._parser._current_part.file:  # which it broke off in
                await self._parser._current_part.file.close()


def _require_form(request: Request) -> None:
    media_type, charset = content_type(request)
    if media_type != _MULTIPART:
        raise Unsupported("Content-Type", media_type, (_MULTIPART,))
    if charset and charset.lower() not in _UTF_8:
        raise Unsupported("charset", charset, _UTF_8[:1])


async def _batch(form: FormData, error: TooLarge | None) -> SentForm:
    fields: dict[str, str] = {}
    files: list[File] = []
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            file = File(_decoded(name), _decoded(value.filename or ""), await value.read())
            # A field for a file that was left alone comes as a nameless, empty one.
            if file.name or file.body:
                files.append(file)
        elif name in fields:
            raise Malformed("A field stands twice in the form.")
        else:
            fields[name] = _decoded(value)
    return SentForm(fields, tuple(files), error)


def _decoded(text: str) -> str:
    try:
        return text.encode("latin-1").decode()
    except ValueError:
        raise Malformed("The form cannot be read.", hint="Send it in UTF-8.") from None
