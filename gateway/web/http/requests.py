"""What a request says, read with bounds and without guessing."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from email.message import Message
from urllib.parse import parse_qsl, urlsplit

from anyio.lowlevel import checkpoint
from starlette.requests import Request

from gateway.core.companions import ATTACHMENTS
from gateway.core.conditions import Condition, Names
from gateway.core.documents import Address, is_name
from gateway.core.errors import CrossSite, Malformed, Missing, TooLarge, Unsupported
from gateway.rendering.paging import address_of, form_of
from gateway.rendering.representations import PAGE
from gateway.web.http.codings import decoded
from gateway.web.http.fast_path import document_of

MAX_FORM = 64 << 10


async def read_body(request: Request, limit: int) -> bytes:
    """Return the body, without its content coding.

    Raises TooLarge before it holds more than limit bytes; Unsupported, Malformed for its coding.
    """
    return b"".join([part async for part in bounded_body(request, limit)])


async def bounded_body(
    request: Request, limit: int, *, as_declared: bool = True
) -> AsyncGenerator[bytes, None]:
    """Yield the body as `read_body` returns it, and let others run in between.

    as_declared: one that declares to be larger is not begun.
    """
    declared = request.headers.get("content-length", "")
    if as_declared and declared.isdecimal() and int(declared) > limit:
        raise TooLarge("request body", limit)
    size = 0
    async for part in decoded(content_coding(request), _within(request.stream(), limit)):
        size += len(part)
        if size > limit:
            raise TooLarge("request body", limit)
        yield part
        await checkpoint()


async def _within(parts: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes]:
    size = 0
    async for part in parts:
        size += len(part)
        if size > limit:  # as it comes: a coding may also make it longer
            raise TooLarge("request body", limit)
        yield part


def content_coding(request: Request) -> str:
    """Return the coding that the request says its body has, "" for none."""
    return ", ".join(request.headers.getlist("content-encoding")).strip().lower()


async def read_form(request: Request) -> Mapping[str, str]:
    """Return the fields of an urlencoded form. Raises TooLarge, Unsupported, Malformed."""
    media_type, _ = content_type(request)
    if media_type != "application/x-www-form-urlencoded":
        raise Unsupported("Content-Type", media_type, ("application/x-www-form-urlencoded",))
    body = await read_body(request, MAX_FORM)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=50, errors="strict")
    except ValueError:
        raise Malformed("The form cannot be read.", hint="Send it in UTF-8.") from None
    if len({name for name, _ in pairs}) != len(pairs):
        raise Malformed("A field stands twice in the form.")
    return dict(pairs)


def content_type(request: Request) -> tuple[str, str | None]:
    """Return the media type and the charset that the request declares."""
    given = request.headers.getlist("content-type")
    if len(given) > 1:
        raise Malformed("There are several Content-Type headers.", where="Content-Type")
    media_type, _, rest = (given[0] if given else "").partition(";")
    charset = None
    for parameter in rest.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip().strip('"').strip() or None
    return media_type.strip().lower(), charset


def sent_name(request: Request) -> str:
    """Return the file name that Content-Disposition tells, "" for none."""
    disposition = Message()
    disposition["content-disposition"] = request.headers.get("content-disposition", "")
    return disposition.get_filename("")


def document_in(request: Request) -> Address:
    """Return which document the path names. Raises Missing."""
    publisher, slug = (request.path_params[each] for each in ("publisher", "slug"))
    if not (is_name(publisher) and is_name(slug)):
        raise Missing("document")
    return Address(publisher, slug)


def asked_document(request: Request) -> tuple[bytes, Address, str]:
    """Return under which path what document, in which form, is asked for. Raises Missing."""
    path = request.scope["path"].encode()
    named = None if b"?" in path else document_of(path)  # one that was escaped is no query
    if named is None:
        raise Missing("document")
    address, form = named
    number = asked_page(request) if form == PAGE.name else 1
    return address_of(path.decode(), number).encode(), address, form_of(form, number)


def asked_page(request: Request) -> int:
    """Return which page of a text the query asks for, 1 where it says nothing. Raises Missing."""
    values = request.query_params.getlist("page")
    if not values:
        return 1
    if len(values) > 1 or not _PAGE_NUMBER.fullmatch(values[0]):
        raise Missing("page")
    return int(values[0])


_PAGE_NUMBER = re.compile("[1-9][0-9]{0,2}", re.ASCII)


def document_and_attachment(request: Request) -> tuple[Address, str]:
    """Return which document, and which attachment of it, the path names. Raises Missing."""
    name = request.path_params["name"]
    if not is_name(name):
        raise Missing("page")
    return document_in(request), f"{ATTACHMENTS}/{name}"


def require_same_origin(request: Request) -> None:
    """Raise CrossSite if a browser says, or does not deny, that a form came from another site.

    A page sent with Referrer-Policy: no-referrer posts Origin: null to its own site, as a sandbox
    anywhere does: browsers that know Sec-Fetch-Site tell the two apart, of others none is believed.
    """
    sites = request.headers.getlist("sec-fetch-site")
    if not (all(site in ("same-origin", "none") for site in sites) if sites else _is_own(request)):
        raise CrossSite


def proves_same_origin(request: Request) -> bool:
    """Return whether a form cannot have come from another site, whatever the browser's age."""
    sites = request.headers.getlist("sec-fetch-site")
    return all(site == "same-origin" for site in sites) if sites else _is_own(request)


def _is_own(request: Request) -> bool:
    return all(_is_host(origin, request) for origin in request.headers.getlist("origin"))


def _is_host(origin: str, request: Request) -> bool:
    try:
        return urlsplit(origin).netloc == request.headers.get("host")
    except ValueError:  # not everything that a client calls its origin is an address
        return False


def condition(request: Request) -> Condition:
    """Return the precondition of a change. Raises Malformed.

    A weak ETag is none that If-Match takes, by RFC 9110 section 13.1.
    """
    return Condition(_tags(request, "If-Match"), _tags(request, "If-None-Match", weak=True))


def _tags(request: Request, where: str, *, weak: bool = False) -> Names:
    values = request.headers.getlist(where)
    if not values:
        return None
    text = ", ".join(values).strip()
    if text == "*":
        return "*"
    tags = [tag.strip() for tag in text.split(",")]
    found = [_TAG.fullmatch(tag) for tag in tags]
    if not all(found):
        raise Malformed(
            f"{where} cannot be read.",
            where=where,
            hint="Send the ETag as it was given, in quotes, or *.",
        )
    return frozenset(tag[2] for tag in found if tag and (weak or not tag[1]))


_TAG = re.compile(r'(W/)?"([^"]+)"')


def flag(request: Request, name: str) -> bool:
    """Return whether the query says true; false where it says nothing. Raises Malformed."""
    values = request.query_params.getlist(name)
    if values not in ([], ["true"], ["false"]):
        raise Malformed(f"This is not a valid {name}.", where=name, hint="Use true or false.")
    return values == ["true"]


def count(request: Request, name: str, default: int, most: int) -> int:
    """Return a whole number from the query, from 1 to most. Raises Malformed."""
    text = request.query_params.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= most):
        raise Malformed(f"This is not a valid {name}.", where=name, hint=f"Use 1 to {most}.")
    return int(text)
