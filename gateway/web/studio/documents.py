"""The publisher's documents: the list, and each with its history; roll back, delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.conditions import Condition
from gateway.core.documents import Address
from gateway.core.errors import Missing, NewlyPublic, Refused, Stale
from gateway.core.findings import Finding
from gateway.core.timestamps import timestamp
from gateway.ports import Edition, Formats, PublicStore
from gateway.rendering.press import PagePress
from gateway.usecases.publishing import Publishing
from gateway.web.http.headers import CACHE_PRIVATE
from gateway.web.http.links import Links
from gateway.web.http.sending import see_other
from gateway.web.studio.desk import HOME, StudioPages, done_at, mark, own_address, read_fields
from gateway.web.studio.excerpts import NOTHING_TOLD, Told, revealed, text_in
from gateway.web.studio.sessions import Session

LISTED = 50
HISTORY = 20


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """An edition as a line of a list."""

    edition: Edition
    made: str
    is_current: bool = False

    @property
    def paid(self) -> int:
        return sum(paid for paid, _, _ in self.edition.sections)

    @property
    def free(self) -> int:
        return len(self.edition.sections) - self.paid


class DocumentPages:
    """The pages of what is published."""

    def __init__(
        self,
        desk: StudioPages,
        publishing: Publishing,
        store: PublicStore,
        links: Links,
        formats: Formats,
    ) -> None:
        self._formats = formats
        self._desk = desk
        self._publishing = publishing
        self._store = store
        self._links = links

    def routes(self) -> list[Route]:
        """Return the routes of these pages; the list itself is the studio's first page."""
        document = "/documents/{slug}"
        route = self._desk.route
        return [
            route(document, self.document),
            route(f"{document}/source", self.source),
            route(f"{document}/delete", self.delete, "GET", "POST"),
            route(f"{document}/editions/{{edition}}", self.earlier),
            route(f"{document}/editions/{{edition}}/publish", self.roll_back, "POST"),
        ]

    async def listing(self, request: Request, session: Session) -> Response:
        """Show the documents by slug."""
        after = mark(request, "after")
        found = await self._publishing.documents(session.publisher, after, LISTED + 1)
        rows = [_row(edition) for edition in found[:LISTED]]
        following = rows[-1].edition.address.slug if len(found) > LISTED else ""
        return self._desk.page(
            request, session, "documents.html", rows=rows, after=after, following=following
        )

    async def document(self, request: Request, session: Session) -> Response:
        """Show one document and its history."""
        return await self._document(request, session)

    async def _document(
        self, request: Request, session: Session, error: Stale | None = None
    ) -> Response:
        address = own_address(request, session)
        before = mark(request, "before")
        try:
            edition = await self._publishing.current(address)
        except Missing:
            return await self._gone(request, session, error)
        was_published = request.query_params.get("done") in ("published", "unchanged")
        shown = await self._store.get(address)
        found = await self._publishing.editions(address, before, HISTORY + 1)
        history = [_row(each, edition.id) for each in found[:HISTORY]]
        return self._desk.page(
            request,
            session,
            "document.html",
            error,
            row=_row(edition),
            is_shown=shown is not None and shown.edition == edition.id,
            link=self._links.absolute(request, f"/documents/{address}"),
            history=history,
            warned=await self._warned(edition) if was_published else NOTHING_TOLD,
            before=before,
            following=history[-1].edition.id if len(found) > HISTORY else "",
        )

    async def _gone(self, request: Request, session: Session, error: Stale | None) -> Response:
        """Lead to where a document has moved, or show what a deleted one was."""
        address = own_address(request, session)
        if moved := await self._publishing.moved(address):
            return see_other(f"{HOME}/documents/{moved}")
        history = [_row(each) for each in await self._publishing.editions(address, "", HISTORY)]
        slug = address.slug
        return self._desk.page(request, session, "deleted.html", error, slug=slug, history=history)

    async def source(self, request: Request, session: Session) -> Response:
        """Hand the current source back to its publisher, as the vault keeps it."""
        edition, source = await self._publishing.source(own_address(request, session))
        name = f"{edition.address.slug}{self._formats.named(edition.format).suffixes[0]}"
        headers = {"cache-control": CACHE_PRIVATE}
        headers["content-disposition"] = f'attachment; filename="{name}"'
        return Response(source, headers=headers, media_type="application/octet-stream")

    async def _warned(self, edition: Edition) -> Told:
        """Return what the publication was warned of that was just told to be done."""
        try:
            source, warnings = await self._publishing.warned(edition)
        except Refused:  # as where its time ran out
            return NOTHING_TOLD
        return await _told(warnings, source)

    async def earlier(self, request: Request, session: Session) -> Response:
        """Show an earlier edition before it is made current again."""
        return await self._earlier(request, session)

    async def _earlier(
        self, request: Request, session: Session, error: NewlyPublic | None = None
    ) -> Response:
        address = own_address(request, session)
        current = await self._current(address)
        earlier = await self._publishing.earlier(address, request.path_params["edition"])
        return self._desk.page(
            request,
            session,
            "earlier.html",
            error,
            row=_row(earlier.edition, current.id if current else ""),
            current=current,
            warned=await _told(earlier.warnings, earlier.source),
            article=PagePress.article_in(earlier.public),
        )

    async def _current(self, address: Address) -> Edition | None:
        with suppress(Missing):  # it is deleted
            return await self._publishing.current(address)
        return None

    async def roll_back(self, request: Request, session: Session) -> Response:
        """Make an earlier edition current again."""
        fields = await read_fields(request, session)
        address = own_address(request, session)
        edition = request.path_params["edition"]
        try:
            earlier = await self._publishing.earlier(address, edition)

            async def is_agreed(lines: Sequence[Finding]) -> bool:
                return fields.get("agreed") == revealed(lines, text_in(earlier.source))

            condition = _unless_changed(fields)
            published = await self._publishing.roll_back(address, edition, condition, is_agreed)
        except NewlyPublic as error:
            return await self._earlier(request, session, error)
        except Stale as error:
            return await self._document(request, session, error)
        place = f"{HOME}/documents/{address.slug}"
        return done_at(place, "rolled-back", confirmed=published.confirmed)

    async def delete(self, request: Request, session: Session) -> Response:
        """Ask once more, then take a document away."""
        address = own_address(request, session)
        if request.method != "POST":
            edition = await self._publishing.current(address)
            return self._desk.page(request, session, "delete.html", edition=edition)
        fields = await read_fields(request, session)
        try:
            confirmed = await self._publishing.delete(address, _unless_changed(fields))
        except Stale as error:
            return await self._document(request, session, error)
        return done_at(f"{HOME}/documents/{address.slug}", "deleted", confirmed=confirmed)


async def _told(warnings: Sequence[Finding], source: bytes) -> Told:
    # In a thread, because all readers wait for what is done here.
    return await to_thread.run_sync(lambda: Told.of(warnings, text_in(source)))


def _unless_changed(fields: Mapping[str, str]) -> Condition:
    """Return the condition that what a form was made for is still current, "" for nothing."""
    edition = fields.get("edition", "")
    return Condition(match=frozenset({edition})) if edition else Condition(none_match="*")


def _row(edition: Edition, current: str = "") -> DocumentRow:
    return DocumentRow(edition, timestamp(edition.made_at), edition.id == current)
