"""Documents of a publisher: publish, check, list, roll back, delete."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from msgspec.json import decode, encode
from starlette.requests import Request
from starlette.responses import Response

from gateway.core.documents import Address, is_language, is_name
from gateway.core.errors import Malformed, Missing, Refused
from gateway.core.findings import Finding
from gateway.core.timestamps import timestamp
from gateway.ports import Edition, Formats
from gateway.rendering.problems import MAX_FINDINGS, finding
from gateway.usecases.publishing import Published
from gateway.usecases.submissions import Submission
from gateway.usecases.use_cases import UseCases
from gateway.web.api.operations import JSON, Body, Operation
from gateway.web.api.responses import (
    asked,
    done,
    following,
    json,
    page,
)
from gateway.web.api.schemas.documents import (
    Checked,
    DocumentList,
    DocumentView,
    Editions,
    PublishedView,
    SectionView,
)
from gateway.web.api.schemas.findings import FindingView
from gateway.web.api.schemas.recorded import Recorded
from gateway.web.http.headers import CACHE_PRIVATE
from gateway.web.http.links import Links
from gateway.web.http.requests import condition, content_type, flag, read_body, sent_name
from gateway.web.http.under_way import UnderWay

PATH = "/api/documents/{slug}"
OCTETS = "application/octet-stream"  # of which the name that is sent with it tells the format
PUBLISHED = {JSON: PublishedView}


class DocumentsApi:
    """The part of the API that publishes."""

    def __init__(
        self,
        use_cases: UseCases,
        formats: Formats,
        links: Links,
        max_upload: int,
        under_way: UnderWay,
    ) -> None:
        self._publishing = use_cases.publishing
        self._erasing = use_cases.erasing
        self._idempotency = use_cases.idempotency
        self._formats = formats
        self._links = links
        self._max_upload = max_upload
        self._under_way = under_way

    def operations(self) -> Sequence[Operation]:
        """Return what can be done with documents."""
        paged = ("after", "limit")
        sources = self.sources()
        return [
            Operation(
                "GET",
                "/api/documents",
                self.list_documents,
                {200: {JSON: DocumentList}},
                query=paged,
            ),
            Operation("GET", PATH, self.read_document, {200: {JSON: DocumentView}}),
            Operation(
                "PUT",
                PATH,
                self.publish_document,
                {200: PUBLISHED, 201: PUBLISHED},
                takes=sources,
                query=("free",),
                conditional=True,
                refuses=(422,),
            ),
            Operation(
                "DELETE",
                PATH,
                self.delete_document,
                {204: None, 202: {JSON: Recorded}},
                query=("erase",),
                conditional=True,
            ),
            Operation(
                "POST",
                f"{PATH}/check",
                self.check_document,
                {200: {JSON: Checked}},
                takes=sources,
                query=("free",),
                repeatable=True,
                refuses=(422,),
            ),
            Operation("GET", f"{PATH}/source", self.read_source, {200: sources}),
            Operation(
                "GET",
                f"{PATH}/editions",
                self.list_editions,
                {200: {JSON: Editions}},
                query=paged,
            ),
            Operation(
                "POST",
                f"{PATH}/editions/{{edition}}/publish",
                self.roll_back,
                {200: PUBLISHED},
                conditional=True,
                repeatable=True,
            ),
        ]

    def sources(self) -> Body:
        """Return what a source may be sent as."""
        return {each: None for form in self._formats.all() for each in form.media_types}

    async def list_documents(self, request: Request, publisher: str) -> Response:
        """List documents by slug."""
        after, limit = page(request)
        found = await self._publishing.documents(publisher, after, limit + 1)
        shown = [self._told(request, edition) for edition in found[:limit]]
        last = found[limit - 1].address.slug if len(found) > limit else ""
        return json(DocumentList(shown, following(request, last)))

    async def read_document(self, request: Request, publisher: str) -> Response:
        """Tell about one document."""
        edition = await self._publishing.current(address_in(request, publisher))
        return json(self._told(request, edition), headers=etag(edition))

    async def publish_document(self, request: Request, publisher: str) -> Response:
        """Publish a source as the current edition."""
        submission = await self.submission(request, publisher, request.path_params["slug"])
        published = await self._publishing.publish(submission, condition(request))
        edition = published.edition
        headers = etag(edition)
        if published.created:
            headers["location"] = f"/api/documents/{edition.address.slug}"
        told = self.told_published(request, published)
        return json(told, 201 if published.created else 200, headers)

    async def delete_document(self, request: Request, publisher: str) -> Response:
        """Take a document away from everyone; it can be published again for 30 days."""
        address = address_in(request, publisher)
        is_final = flag(request, "erase")
        away = self._erasing.erase if is_final else self._publishing.delete
        return done(await away(address, condition(request)))

    async def submission(self, request: Request, publisher: str, slug: str) -> Submission:
        """Return what a request submits at a slug. Raises Malformed, TooLarge, Unsupported."""
        address = Address.of(publisher, slug)
        media_type, charset = content_type(request)
        file_name = sent_name(request) if media_type == OCTETS else ""
        if file_name:
            form = self._formats.of_suffix(PurePosixPath(file_name).suffix)
        else:
            form = self._formats.of_media_type(media_type)
        body = await read_body(request, self._max_upload)
        free = flag(request, "free")
        return Submission(address, body, form, charset, _language(request), free)

    async def check_document(self, request: Request, publisher: str) -> Response:
        """Tell the findings of a source and publish nothing."""
        submission = await self.submission(request, publisher, request.path_params["slug"])
        ask = asked(request, submission.body)
        await self._idempotency.earlier(publisher, ask)
        try:
            prepared = await self._publishing.check(submission)
            meta = prepared.document.meta
            sections = _sections(prepared.sections)
            warnings = _found(prepared.warnings)
            told = Checked(True, [], warnings, meta.title, meta.language, sections)
        except Refused as refused:
            told = Checked(False, _found(refused.findings), [])
        await self._idempotency.keep(publisher, ask, 200, b"")  # the same source, the same findings
        return json(told)

    async def read_source(self, request: Request, publisher: str) -> Response:
        """Return the current source: text in UTF-8, a Word document as it came."""
        work = partial(self._source, address_in(request, publisher))
        return self._under_way.answer(publisher, work)

    async def _source(self, address: Address) -> Response:
        edition, source = await self._publishing.source(address)
        form = self._formats.named(edition.format)
        charset = "; charset=utf-8" if form.is_text else ""
        headers = {"cache-control": CACHE_PRIVATE, "content-disposition": "attachment"}
        headers |= etag(edition) | {"content-type": f"{form.media_types[0]}{charset}"}
        return Response(source, headers=headers)

    async def list_editions(self, request: Request, publisher: str) -> Response:
        """List the history of a document, newest first."""
        after, limit = page(request)
        address = address_in(request, publisher)
        found = await self._publishing.editions(address, after, limit + 1)
        shown = [self._told(request, edition) for edition in found[:limit]]
        last = found[limit - 1].id if len(found) > limit else ""
        return json(Editions(shown, following(request, last)))

    async def roll_back(self, request: Request, publisher: str) -> Response:
        """Make an earlier edition current again."""
        address, ask = address_in(request, publisher), asked(request)
        kept = await self._idempotency.earlier(publisher, ask)
        if kept:  # not again: something newer may have been published since
            edition = await self._publishing.edition(address, request.path_params["edition"])
            told = self._facts(request, edition) | {"warnings": decode(kept.body)}
            confirmed = await self._publishing.confirm()  # it may be by now
            return json(told | {"confirmed": confirmed}, headers=etag(edition))
        published = await self._publishing.roll_back(
            address, request.path_params["edition"], condition(request)
        )
        answer = self.told_published(request, published)
        # Of the edition nothing is kept here: its own record can be erased.
        await self._idempotency.keep(publisher, ask, 200, encode(answer.warnings))
        return json(answer, headers=etag(published.edition))

    def _told(self, request: Request, edition: Edition) -> DocumentView:
        return DocumentView(**self._facts(request, edition))

    def told_published(self, request: Request, published: Published) -> PublishedView:
        """Return what was made current, as the API tells it."""
        facts = self._facts(request, published.edition)
        warnings = _found(published.warnings)
        return PublishedView(**facts, confirmed=published.confirmed, warnings=warnings)

    def _facts(self, request: Request, edition: Edition) -> dict[str, Any]:
        return dict(
            address=str(edition.address),
            slug=edition.address.slug,
            url=self._links.absolute(request, f"/documents/{edition.address}"),
            edition=edition.id,
            etag=f'"{edition.id}"',
            format=edition.format,
            title=edition.title,
            language=edition.language,
            collection=edition.collection,
            sections=_sections(edition.sections),
            published=edition.published,
            updated=edition.updated,
            made=timestamp(edition.made_at),
            digest=edition.source_digest.partition(".")[2],
        )


def address_in(request: Request, publisher: str) -> Address:
    """Return the address of the publisher's that the path names. Raises Missing."""
    slug = request.path_params["slug"]
    if not is_name(slug):
        raise Missing("document")
    return Address(publisher, slug)


def _language(request: Request) -> str:
    language = request.headers.get("content-language", "").strip()
    if language and not is_language(language):
        raise Malformed(
            "Content-Language cannot be read.",
            where="Content-Language",
            hint="Send one language tag, such as zh-CN or en.",
        )
    return language


def _sections(sections: Sequence[tuple[bool, int, int]]) -> list[SectionView]:
    return [
        SectionView("paid" if paid else "free", line, end_line) for paid, line, end_line in sections
    ]


def _found(found: Sequence[Finding]) -> list[FindingView]:
    return [FindingView(**finding(each)) for each in found[:MAX_FINDINGS]]


def etag(edition: Edition) -> dict[str, str]:
    """Return the header that names an edition."""
    return {"etag": f'"{edition.id}"'}
