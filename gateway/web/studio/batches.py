"""Batches: several files at once, each by itself, whatever becomes of the others."""

from __future__ import annotations

from collections.abc import Sequence

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.errors import Expired, GatewayError, Malformed, Unauthenticated
from gateway.ports import Formats
from gateway.usecases.publishing import Publishing
from gateway.web.http.sending import see_other
from gateway.web.studio.desk import HOME, StudioPages
from gateway.web.studio.drafts import Draft
from gateway.web.studio.intake import Intake
from gateway.web.studio.kinds import KINDS, OTHER
from gateway.web.studio.rows import FileRow, FileState, keeping, rows_of
from gateway.web.studio.sessions import Session, Sessions
from gateway.web.studio.uploads import MAX_FILES, STAND_BACK, SentForm, read_batch

ROOM = 4  # times as much as one document may have, for all files of a form


class BatchPage:
    """The page where several files are published at once.

    Its script sends one file at a time, and takes its row out of the page that comes back.
    """

    def __init__(
        self,
        desk: StudioPages,
        sessions: Sessions,
        publishing: Publishing,
        formats: Formats,
        max_upload: int,
    ) -> None:
        self._desk = desk
        self._sessions = sessions
        self._intake = Intake(publishing, formats, max_upload)
        self._max_upload = max_upload

    def routes(self) -> list[Route]:
        """Return the route of this page."""
        return [
            self._desk.route(
                "/upload", self.upload, "GET", "POST", turn_away=self._keep, limit=STAND_BACK
            )
        ]

    async def upload(self, request: Request, session: Session) -> Response:
        """Take files in, and tell of each what came of it."""
        if request.method != "POST":
            return await self._page(request, session, ())
        batch = await read_batch(request, ROOM * self._max_upload)
        rows = rows_of(batch)
        try:
            _require_whole(batch, rows, session)
        except GatewayError as error:
            return await self._page(request, session, rows, error, batch=batch)
        told = await self._told(session, batch, rows)
        return await self._page(request, session, told, batch=batch)

    async def _told(
        self, session: Session, batch: SentForm, rows: Sequence[FileRow]
    ) -> list[FileRow]:
        is_publishing = batch.fields.get("action") == "publish"
        taken = {row.draft.slug for row in rows} | set(batch.fields.get("others", "").split())
        told: list[FileRow] = []
        for row in rows:
            outcome = await self._intake.told(
                session.publisher, row, taken, is_publishing=is_publishing
            )
            taken.add(outcome.draft.slug)
            told.append(outcome)
        return told

    async def _keep(self, request: Request, error: Unauthenticated) -> Response:
        """Turn away whoever has no session; files that came after its end are handed back."""
        if request.method != "POST":
            return see_other(HOME)
        if not isinstance(error, Expired):
            return self._desk.sign_in(request, error)
        batch = await read_batch(request, ROOM * self._max_upload)
        guest = self._sessions.guest(request)
        return await self._page(request, guest, rows_of(batch), error, batch=batch)

    async def _page(
        self,
        request: Request,
        session: Session,
        rows: Sequence[FileRow],
        error: GatewayError | None = None,
        batch: SentForm | None = None,
    ) -> Response:
        by_script = batch is not None and "script" in batch.fields
        kept = rows if by_script else await to_thread.run_sync(lambda: [*keeping(rows)])
        return self._desk.page(
            request,
            session,
            "upload.html",
            error,
            confirmed=all(row.state is not FileState.RECORDED for row in rows),
            rows=kept,
            fresh=FileRow(0, Draft()),
            by_script=by_script,
            kinds=KINDS,
            other_kind=OTHER,
            max_upload=self._max_upload,
            max_files=MAX_FILES,
        )


def _require_whole(batch: SentForm, rows: Sequence[FileRow], session: Session) -> None:
    if batch.error:  # before all else: the token may be in what was not read
        raise batch.error
    session.require_csrf_token(batch.fields.get("csrf_token", ""))
    if not rows:
        raise Malformed("No file was chosen.", where="files")
    if len(rows) > MAX_FILES:
        raise Malformed("These are too many files.", where="too-many-files")
