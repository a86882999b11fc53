"""Pictures and attachments beside a document of a publisher: put, list, read, take away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response

from gateway.core.bundles import IDENTITY
from gateway.core.companions import (
    ATTACHMENTS,
    PICTURE_TYPES,
    PICTURES,
    WHOLE_FORM,
    Companion,
)
from gateway.core.documents import Address
from gateway.rendering.attachments import ATTACHMENT_TYPES
from gateway.usecases.picturing import Picturing
from gateway.web.api.documents import PATH, address_in
from gateway.web.api.operations import JSON, Body, Operation
from gateway.web.api.responses import json
from gateway.web.api.schemas.companions import CompanionList, CompanionView
from gateway.web.http.headers import CACHE_PRIVATE
from gateway.web.http.requests import read_body

OCTETS = "application/octet-stream"  # the content tells the type, whatever is declared
_VIEW: Body = {JSON: CompanionView}
_LIST: Body = {JSON: CompanionList}

Work = Callable[[Request, str], Awaitable[Response]]


class CompanionsApi:
    """The part of the API that takes what stands beside documents."""

    def __init__(self, picturing: Picturing, max_upload: int) -> None:
        self._picturing = picturing
        self._max_upload = max_upload

    def operations(self) -> Sequence[Operation]:
        """Return what can be done with pictures and with attachments."""
        return [
            *_operations(
                PICTURES,
                (self.list_pictures, self.put_picture, self.read_picture, self.delete_picture),
                PICTURE_TYPES,
            ),
            *_operations(
                ATTACHMENTS,
                (
                    self.list_attachments,
                    self.put_attachment,
                    self.read_attachment,
                    self.delete_attachment,
                ),
                ATTACHMENT_TYPES,
            ),
        ]

    async def list_pictures(self, request: Request, publisher: str) -> Response:
        """List the pictures beside a document."""
        return await self._list(request, publisher, PICTURES)

    async def put_picture(self, request: Request, publisher: str) -> Response:
        """Keep a picture that the source names; the next edition shows it."""
        return await self._put(request, publisher, PICTURES)

    async def read_picture(self, request: Request, publisher: str) -> Response:
        """Return a picture as it will be shown."""
        return await self._read(request, publisher, PICTURES)

    async def delete_picture(self, request: Request, publisher: str) -> Response:
        """Take a picture away; editions that show it go on to."""
        return await self._delete(request, publisher, PICTURES)

    async def list_attachments(self, request: Request, publisher: str) -> Response:
        """List the attachments beside a document."""
        return await self._list(request, publisher, ATTACHMENTS)

    async def put_attachment(self, request: Request, publisher: str) -> Response:
        """Keep an attachment that the source links; the next edition links it."""
        return await self._put(request, publisher, ATTACHMENTS)

    async def read_attachment(self, request: Request, publisher: str) -> Response:
        """Return an attachment."""
        return await self._read(request, publisher, ATTACHMENTS)

    async def delete_attachment(self, request: Request, publisher: str) -> Response:
        """Take an attachment away; editions that link it go on to."""
        return await self._delete(request, publisher, ATTACHMENTS)

    async def _list(self, request: Request, publisher: str, kind: str) -> Response:
        found = await self._picturing.all(address_in(request, publisher))
        return json(CompanionList([_view(each) for each in found if each.kind == kind]))

    async def _put(self, request: Request, publisher: str, kind: str) -> Response:
        address = Address.of(publisher, request.path_params["slug"])
        body = await read_body(request, self._max_upload)
        companion, is_new = await self._picturing.put(
            address, request.path_params["name"], body, kind
        )
        return json(_view(companion), 201 if is_new else 200)

    async def _read(self, request: Request, publisher: str, kind: str) -> Response:
        address = address_in(request, publisher)
        found = await self._picturing.get(address, request.path_params["name"], kind)
        form = found.forms[WHOLE_FORM]
        headers = {"cache-control": CACHE_PRIVATE, "content-disposition": "attachment"}
        headers |= {"content-type": form.media_type, "etag": form.etag}
        return Response(form.bodies[IDENTITY], headers=headers)

    async def _delete(self, request: Request, publisher: str, kind: str) -> Response:
        address, name = address_in(request, publisher), request.path_params["name"]
        await self._picturing.remove(address, name, kind)
        return Response(status_code=204, headers={"cache-control": CACHE_PRIVATE})


def _operations(
    kind: str, works: tuple[Work, Work, Work, Work], types: Sequence[str]
) -> Sequence[Operation]:
    """Return the four operations on what is of one kind."""
    listing, put, read, delete = works
    takes = dict.fromkeys((*types, OCTETS))
    at = f"{PATH}/{kind}/{{name}}"
    return [
        Operation("GET", f"{PATH}/{kind}", listing, {200: _LIST}),
        Operation("PUT", at, put, {200: _VIEW, 201: _VIEW}, takes=takes, refuses=(409, 422)),
        Operation("GET", at, read, {200: dict.fromkeys(types)}),
        Operation("DELETE", at, delete, {204: None}),
    ]


def _view(each: Companion) -> CompanionView:
    told = CompanionView(
        name=each.name, etag=f'"{each.digest}"', media_type=each.media_type, size=each.size
    )
    if each.is_picture:
        told.width, told.height = each.width, each.height
    return told
