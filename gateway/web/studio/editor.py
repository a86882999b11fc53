"""The editor: a draft is checked and looked at, then published. A refusal loses nothing of it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.documents import Projection
from gateway.core.errors import (
    Expired,
    GatewayError,
    NewlyPublic,
    Stale,
    Unauthenticated,
)
from gateway.ports import Formats
from gateway.rendering.press import PagePress
from gateway.usecases.composing import Prepared
from gateway.usecases.profiles import Profiles
from gateway.usecases.publishing import Publishing
from gateway.usecases.submissions import Submission
from gateway.web.http.sending import see_other
from gateway.web.studio.addresses import Addresses
from gateway.web.studio.desk import HOME, StudioPages, done_at, own_address
from gateway.web.studio.drafts import Draft, fitting
from gateway.web.studio.excerpts import text_in
from gateway.web.studio.kinds import of_refused
from gateway.web.studio.looking import Looking
from gateway.web.studio.sessions import Session, Sessions
from gateway.web.studio.uploads import STAND_BACK, read_upload


class Editor:
    """The page where a document is made or changed."""

    def __init__(
        self,
        desk: StudioPages,
        sessions: Sessions,
        publishing: Publishing,
        profiles: Profiles,
        formats: Formats,
        press: PagePress,
        max_upload: int,
    ) -> None:
        self._desk = desk
        self._sessions = sessions
        self._publishing = publishing
        self._profiles = profiles
        self._formats = formats
        self._press = press
        self._max_upload = max_upload
        self._looking = Looking(formats)
        self._addresses = Addresses(publishing, formats, max_upload)

    def routes(self) -> list[Route]:
        """Return the routes of the editor."""
        return [
            self._desk.route(path, self.edit, "GET", "POST", turn_away=self._keep, limit=STAND_BACK)
            for path in ("/new", "/documents/{slug}/edit")
        ]

    async def edit(self, request: Request, session: Session) -> Response:
        """Show a draft to work on, or check or publish what comes back."""
        if request.method == "POST":
            return await self._take(request, session)
        if "slug" not in request.path_params:
            return await self._page(request, session, Draft())
        found = await self._publishing.source(own_address(request, session))
        return await self._page(request, session, Draft.of_edition(*found))

    async def _take(self, request: Request, session: Session) -> Response:
        upload = await read_upload(request, self._max_upload)
        draft = Draft.of_upload(upload, request.path_params.get("slug", ""))
        try:
            session.require_csrf_token(upload.fields.get("csrf_token", ""))
            if not draft.slug:
                draft = (await self._addresses.made(session.publisher, draft)).draft
            submission = self._addresses.submission(session.publisher, draft)
            if upload.fields.get("action") == "publish":
                return await self._publish(submission, draft)
            prepared = await self._publishing.check(submission)
        except NewlyPublic as error:
            prepared = await self._publishing.check(submission)
            return await self._checked(request, session, draft, prepared, error)
        except Stale as error:
            return await self._stale(request, session, draft, error)
        except GatewayError as error:
            return await self._page(request, session, draft, error)
        return await self._checked(request, session, draft, prepared)

    async def _publish(self, submission: Submission, draft: Draft) -> Response:
        place = f"{HOME}/documents/{submission.address.slug}"
        try:
            published = await self._publishing.publish(
                submission, draft.condition, partial(self._looking.is_agreed, draft)
            )
        except Stale:
            # A form that was sent twice finds its own work done.
            if not await self._is_current(submission):
                raise
            return done_at(place, "published", confirmed=await self._publishing.confirm())
        done = "unchanged" if published.edition.id == draft.edition else "published"
        return done_at(place, done, confirmed=published.confirmed)

    async def _is_current(self, submission: Submission) -> bool:
        edition = await self._addresses.current(submission.address)
        return edition is not None and self._publishing.is_of(edition, submission)

    async def _checked(
        self,
        request: Request,
        session: Session,
        draft: Draft,
        prepared: Prepared,
        error: NewlyPublic | None = None,
    ) -> Response:
        before = await self._addresses.current(prepared.document.address)
        document = prepared.document
        projection = Projection(
            document.address,
            document.meta,
            prepared.preview,
            document.cuts,
            before.published if before else "",
            before.updated if before and before.updated != before.published else "",
        )
        press = self._press.said(await self._profiles.of(session.publisher))
        return await self._page(
            request,
            session,
            draft,
            error,
            prepared=prepared,
            article=press.article(projection),
        )

    async def _stale(
        self, request: Request, session: Session, draft: Draft, error: Stale
    ) -> Response:
        """Show both texts; sent again, the draft of an edit follows the edition shown."""
        if "slug" not in request.path_params:
            return await self._page(request, session, draft, error)
        edition = await self._addresses.current(own_address(request, session))
        if edition is None:
            return await self._page(request, session, replace(draft, edition=""), error)
        edition, source = await self._publishing.source(edition.address)
        draft = replace(draft, edition=edition.id)
        return await self._page(request, session, draft, error, theirs=fitting(text_in(source)))

    async def _keep(self, request: Request, error: Unauthenticated) -> Response:
        """Turn away whoever has no session; a text that came after its end is handed back."""
        if request.method != "POST":
            return see_other(HOME)
        if not isinstance(error, Expired):
            return self._desk.sign_in(request, error)
        upload = await read_upload(request, self._max_upload)
        draft = Draft.of_upload(upload, request.path_params.get("slug", ""))
        return await self._page(request, self._sessions.guest(request), draft, error)

    async def _page(
        self,
        request: Request,
        session: Session,
        draft: Draft,
        error: GatewayError | None = None,
        *,
        prepared: Prepared | None = None,
        article: str = "",
        theirs: str | None = None,
    ) -> Response:
        warnings = prepared.warnings if prepared else ()
        typed, found, warned = await self._looking.into(draft, error, warnings)
        if prepared and draft.file and typed.text == draft.text:
            # What was looked at is a file that has to be chosen again, and no other text.
            typed = replace(typed, text="")
        return self._desk.page(
            request,
            session,
            "edit.html",
            error,
            draft=typed,
            is_new="slug" not in request.path_params,
            found=found,
            warned=warned,
            prepared=prepared,
            article=article,
            theirs=theirs,
            kind=of_refused(draft.file_name, draft.file, error) if draft.file else None,
            is_whole=draft.is_whole(self._formats),
            max_upload=self._max_upload,
        )
