"""The cookies of readers: one names the reader, one knows a form that is sent again."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from gateway.usecases.redeeming import COOKIE_LIFE, ONCE_LIFE
from gateway.web.http.credentials import cookie, cookie_in
from gateway.web.http.fast_path import PlainRequest

_ONCE = "_once"


class ReaderCookies:
    """Reads and sets the cookies of readers."""

    def __init__(self, *, is_https: bool) -> None:
        self._is_https = is_https

    def reader_in(self, ask: PlainRequest) -> str | None:
        """Return the cookie of the reader, "" for none, None for no cookies at all."""
        shown = ask.headers.get(b"cookie")
        return None if shown is None else cookie_in(shown, _name(ask.is_https or self._is_https))

    def reader(self, request: Request) -> str:
        """Return the cookie of the reader, "" for none."""
        return cookie(request, _name(self._secure(request)))

    def once(self, request: Request) -> str:
        """Return the cookie that knows a form again, "" for none."""
        return cookie(request, _name(self._secure(request), _ONCE))

    def set_reader(self, request: Request, response: Response, value: str) -> None:
        """Have a browser keep the cookie of a reader."""
        self._set(request, response, value, COOKIE_LIFE)

    def end_reader(self, request: Request, response: Response) -> None:
        """Have a browser forget its reader."""
        self._set(request, response, "", 0)

    def set_once(self, request: Request, response: Response, value: str) -> None:
        """Have a browser keep what a form is known again by."""
        self._set(request, response, value, ONCE_LIFE, _ONCE)

    def _secure(self, request: Request) -> bool:
        return self._is_https or request.scope.get("scheme") == "https"

    def _set(
        self, request: Request, response: Response, value: str, life: int, suffix: str = ""
    ) -> None:
        response.set_cookie(
            _name(self._secure(request), suffix),
            value,
            max_age=life,
            path="/",
            secure=self._secure(request),
            httponly=True,
            samesite="lax",
        )


def _name(is_https: bool, suffix: str = "") -> str:
    return ("__Host-paidgate" if is_https else "paidgate") + suffix
