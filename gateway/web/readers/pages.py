"""The pages of the reader surface, each set for one reader."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from gateway.rendering.encodings import private_representation
from gateway.rendering.pages import Pages
from gateway.rendering.representations import HTML
from gateway.web.http.accept import negotiate
from gateway.web.http.sending import send_private


class ReaderPages:
    """Sets a page in the language of whoever asks."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def page(self, request: Request, name: str, status: int = 200, **context: object) -> Response:
        """Answer with a page, which is for nobody's cache."""
        language = negotiate(request.headers.get("accept-language"))
        body = self._pages.render(name, language, **context)
        return send_private(request, private_representation(HTML, body), status)
