"""Addresses of documents: have one made, or change one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from starlette.requests import Request
from starlette.responses import Response

from gateway.core.conditions import Condition
from gateway.core.documents import Address
from gateway.core.errors import Missing, Stale
from gateway.formats.slugs import UNTITLED, other_than
from gateway.ports import Formats
from gateway.usecases.idempotency import Idempotency
from gateway.usecases.publishing import Published, Publishing
from gateway.usecases.renaming import Renaming
from gateway.usecases.submissions import Submission
from gateway.web.api.documents import PATH, PUBLISHED, DocumentsApi, address_in, etag
from gateway.web.api.operations import JSON, Operation
from gateway.web.api.responses import asked, json, read_json
from gateway.web.api.schemas.documents import RenameBody
from gateway.web.http.requests import condition, sent_name

_NEW = Condition(none_match="*")


class AddressesApi:
    """The part of the API that makes and changes addresses."""

    def __init__(
        self,
        documents: DocumentsApi,
        publishing: Publishing,
        renaming: Renaming,
        idempotency: Idempotency,
        formats: Formats,
    ) -> None:
        self._documents = documents
        self._publishing = publishing
        self._renaming = renaming
        self._idempotency = idempotency
        self._formats = formats

    def operations(self) -> Sequence[Operation]:
        """Return what can be done with addresses."""
        return [
            Operation(
                "POST",
                "/api/documents",
                self.publish_new_document,
                {201: PUBLISHED},
                takes=self._documents.sources(),
                query=("free",),
                repeatable=True,
                refuses=(422,),
            ),
            Operation(
                "POST",
                f"{PATH}/rename",
                self.rename_document,
                {200: PUBLISHED},
                takes={JSON: RenameBody},
                conditional=True,
                repeatable=True,
                refuses=(422,),
            ),
        ]

    async def publish_new_document(self, request: Request, publisher: str) -> Response:
        """Publish a source at an address that is made of its file's name or its title."""
        submission = await self._documents.submission(request, publisher, UNTITLED)
        ask = asked(request, submission.body)
        kept = await self._idempotency.earlier(publisher, ask)
        if kept:
            published = await self._now(Address(publisher, kept.body.decode()))
        else:
            slug = await self._slug(submission, sent_name(request))
            published = await self._publish(submission, slug)
            made = published.edition.address.slug.encode()
            await self._idempotency.keep(publisher, ask, 201, made)
        return self._answer(request, published, 201)

    async def _slug(self, submission: Submission, file_name: str) -> str:
        source = self._formats.read(submission.body, submission.charset, submission.format)
        name = self._formats.slug(PurePosixPath(file_name).stem)
        if source.slug or name:
            return source.slug or name
        title = (await self._publishing.check(submission)).document.meta.title
        return self._formats.slug(title) or UNTITLED

    async def _publish(self, submission: Submission, slug: str) -> Published:
        taken: set[str] = set()
        while True:
            one = other_than(slug, taken)
            taken.add(one)
            address = Address(submission.address.publisher, one)
            if await self._is_known(address):
                continue
            try:
                return await self._publishing.publish(replace(submission, address=address), _NEW)
            except Stale:  # somebody else was faster
                continue

    async def _is_known(self, address: Address) -> bool:
        """Return whether there is a document, or was: what was deleted can come back."""
        try:
            await self._publishing.editions(address, "", 1)
        except Missing:
            return False
        return True

    async def rename_document(self, request: Request, publisher: str) -> Response:
        """Give a document another address, to which its old one leads from then on."""
        wish, body = await read_json(request, RenameBody)
        address, ask = address_in(request, publisher), asked(request, body)
        if await self._idempotency.earlier(publisher, ask):  # it may have moved on since
            published = await self._now(Address(publisher, wish.slug))
        else:
            published = await self._renaming.rename(address, wish.slug, condition(request))
            await self._idempotency.keep(publisher, ask, 200, b"")
        return self._answer(request, published, 200)

    async def _now(self, address: Address) -> Published:
        current = await self._publishing.current(address)
        return Published(current, created=False, confirmed=await self._publishing.confirm())

    def _answer(self, request: Request, published: Published, status: int) -> Response:
        edition = published.edition
        location = {"location": f"/api/documents/{edition.address.slug}"}
        told = self._documents.told_published(request, published)
        return json(told, status, location | etag(edition))
