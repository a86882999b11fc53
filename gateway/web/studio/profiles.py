"""The page on which a publisher says who it is. A refusal loses nothing of what was typed."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.colours import NEEDED, PAPERS
from gateway.core.conditions import Condition
from gateway.core.errors import (
    Expired,
    GatewayError,
    Malformed,
    Refused,
    Stale,
    TooLarge,
    Unauthenticated,
    Unsupported,
)
from gateway.core.profiles import FIELDS, MARK_TYPES, MAX_MARK, MOST, Profile
from gateway.usecases.profiles import Profiles
from gateway.web.http.sending import see_other
from gateway.web.studio.desk import HOME, StudioPages, done_at
from gateway.web.studio.sessions import Session, Sessions
from gateway.web.studio.uploads import STAND_BACK, SentForm, read_batch

PATH = "/publisher"
LIMIT = 3 * MAX_MARK  # bytes of a form: a picture, and one that was kept, which is longer as text
_OF_MARK = (Unsupported, Refused, TooLarge)


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form. stamp: of the profile that it is to take the place of."""

    words: Mapping[str, str]
    stamp: str = ""
    mark: bytes = field(default=b"", repr=False)
    drops_mark: bool = False

    @classmethod
    def of_profile(cls, profile: Profile) -> Typed:
        """Return a form as it begins."""
        return cls(profile.words, profile.stamp)

    @classmethod
    def of_form(cls, form: SentForm) -> Typed:
        """Return a form as it comes back: a picture that was chosen, or kept from before."""
        sent = form.fields
        mark = form.files[0].body if form.files else _kept(sent.get("kept", ""))
        words = {name: sent.get(name, "") for name in FIELDS}
        return cls(words, sent.get("stamp", ""), mark, bool(sent.get("no_mark")))

    @property
    def kept(self) -> str:
        """The picture that was chosen, for the form to hold: a browser does not keep its choice."""
        return b64encode(self.mark).decode()

    @property
    def condition(self) -> Condition:
        """What has to be on record for it to be saved."""
        return Condition(frozenset({self.stamp})) if self.stamp else Condition(None, "*")


def _kept(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


class ProfilePage:
    """Shows what a publisher says of itself, and takes something else."""

    def __init__(self, desk: StudioPages, sessions: Sessions, profiles: Profiles) -> None:
        self._desk = desk
        self._sessions = sessions
        self._profiles = profiles

    def routes(self) -> list[Route]:
        """Return the routes of this page."""
        keep = self._keep
        return [
            self._desk.route(PATH, self.profile, "GET", "POST", turn_away=keep, limit=STAND_BACK)
        ]

    async def profile(self, request: Request, session: Session) -> Response:
        """Show what is said, or have what is sent be said from now on."""
        if request.method != "POST":
            saved = await self._profiles.of(session.publisher)
            return await self._page(request, session, Typed.of_profile(saved))
        form = await read_batch(request, LIMIT)
        typed = Typed.of_form(form)
        try:
            session.require_csrf_token(form.fields.get("csrf_token", ""))
            if form.error or len(typed.mark) > MAX_MARK:
                raise TooLarge("picture", MAX_MARK)
            mark = None if typed.drops_mark else typed.mark or None
            await self._profiles.change(
                session.publisher,
                typed.words,
                mark,
                typed.condition,
                drops_mark=typed.drops_mark,
            )
        except GatewayError as error:
            return await self._page(request, session, typed, error)
        return done_at(HOME + PATH, "profile", confirmed=True)

    async def _keep(self, request: Request, error: Unauthenticated) -> Response:
        """Turn away whoever has no session; what came after its end is handed back."""
        if request.method != "POST":
            return see_other(HOME)
        if not isinstance(error, Expired):
            return self._desk.sign_in(request, error)
        typed = Typed.of_form(await read_batch(request, LIMIT))
        return await self._page(request, self._sessions.guest(request), typed, error)

    async def _page(
        self,
        request: Request,
        session: Session,
        typed: Typed,
        error: GatewayError | None = None,
    ) -> Response:
        saved = await self._profiles.of(session.publisher)
        is_of_mark = isinstance(error, _OF_MARK)
        return self._desk.page(
            request,
            session,
            "publisher.html",
            error,
            typed=typed.words,
            kept="" if is_of_mark or not error else typed.kept,
            drops_mark=typed.drops_mark,
            # Sent again after another has saved, it takes the place of that.
            stamp=saved.stamp if isinstance(error, Stale) else typed.stamp,
            saved=saved,
            shown=await self._profiles.is_shown(session.publisher),
            faults=_faults(error),
            is_of_mark=is_of_mark,
            papers=PAPERS,
            needed=NEEDED,
            most=MOST,
            mark_types=MARK_TYPES,
            max_mark=MAX_MARK,
        )


def _faults(error: GatewayError | None) -> Mapping[str, Malformed]:
    """Return what is wrong with each field, by its name."""
    if not isinstance(error, Malformed):
        return {}
    return {each.where: each for each in error.problems or (error,)}
