"""The studio's session: on record, named by a signed cookie; in every form a token bound to it.

Whoever asks for the sign-in page is a guest: that form has its token too, bound to a cookie of
chance, so that nobody can be signed in to the house of someone else.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from gateway.core.api_keys import ApiKey
from gateway.core.errors import CrossSite
from gateway.usecases.api_keys import ApiKeys
from gateway.web.http.credentials import cookie
from gateway.web.http.requests import require_same_origin

LIFE = 12 * 3_600  # seconds
_KEPT = 2 * LIFE  # a cookie outlives its session, so that an ended session can be told from none
_SALT = b"paidgate studio form"


@dataclass(frozen=True, slots=True)
class Session:
    """Who is in the studio: a publisher, with the key it came with; or "" for a guest."""

    publisher: str
    secret: str = field(repr=False)
    key: ApiKey | None = None

    @property
    def csrf_token(self) -> str:
        """Return what each form of this session carries."""
        return hmac.new(self.secret.encode(), _SALT, hashlib.sha256).hexdigest()

    def require_csrf_token(self, token: str) -> None:
        """Raise CrossSite unless a form was made for this session."""
        if not hmac.compare_digest(token.encode(), self.csrf_token.encode()):
            raise CrossSite


class Sessions:
    """Begins, finds and ends sessions."""

    def __init__(self, api_keys: ApiKeys, *, is_https: bool) -> None:
        self._api_keys = api_keys
        self._is_https = is_https

    async def of(self, request: Request) -> Session:
        """Return the session of a publisher. Raises BadToken, Expired; CrossSite for a form."""
        secret = cookie(request, self._name(request))
        is_post = request.method == "POST"
        if is_post and not secret:
            # Signed out in another tab: what is sent from this one is told from a stranger's.
            secret = cookie(request, self._name(request, "_ended"))
        key = await self._api_keys.of_session(secret)
        if is_post:
            require_same_origin(request)
        return Session(key.publisher, secret, key)

    def guest(self, request: Request) -> Session:
        """Return the session of a guest, a new one if need be."""
        known = cookie(request, self._name(request, "_guest"))
        return Session("", known or secrets.token_urlsafe(24))

    def welcome(self, request: Request, response: Response, guest: Session) -> None:
        """Let the browser of a guest keep its cookie of chance."""
        self._set(request, response, "_guest", guest.secret, None)

    async def begin(self, request: Request, response: Response, key: ApiKey) -> None:
        """Begin a session with a key: always a new one, whatever the browser had."""
        secret = await self._api_keys.begin_session(key, LIFE)
        self._set(request, response, "", secret, _KEPT)
        self._set(request, response, "_guest", "", 0)

    async def end(self, request: Request, response: Response, session: Session) -> None:
        """End a session, in this browser and in every copy of its cookie."""
        await self._api_keys.end_session(session.secret)
        self._set(request, response, "", "", 0)
        self._set(request, response, "_ended", session.secret, _KEPT)

    def _set(
        self, request: Request, response: Response, suffix: str, value: str, life: int | None
    ) -> None:
        response.set_cookie(
            self._name(request, suffix),
            value,
            max_age=life,
            path="/",
            secure=self._secure(request),
            httponly=True,
            samesite="strict",
        )

    def _name(self, request: Request, suffix: str = "") -> str:
        return ("__Host-" if self._secure(request) else "") + "paidgate_studio" + suffix

    def _secure(self, request: Request) -> bool:
        return self._is_https or request.scope.get("scheme") == "https"
