"""Sending a form: negotiation of its coding, conditions, HEAD.

The answers that a form can give are made when they are first asked for, and stay with it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import lru_cache

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.core.bundles import IDENTITY, LONG, Form
from gateway.core.errors import GatewayError
from gateway.web.headers import CACHE_PRIVATE, CACHE_PUBLIC, secured
from gateway.web.ready import Answer, Ask, Common

PREFERENCE = ("br", "zstd", "gzip")  # smallest first
LONGEST = 200  # letters of a header whose meaning is worth remembering

Check = Callable[[], Awaitable[None]]  # raises where what is being sent may be sent no more


def send_public(request: Request, form: Form, cache: str = CACHE_PUBLIC) -> Response:
    """Answer with a public form: the coding that the client takes, 304 if it has it."""
    return _response(public_answer(_ask(request), form, cache))


def send_private(request: Request, form: Form, status: int = 200) -> Response:
    """Answer with a form that is for this reader alone: never compressed, never stored."""
    return _response(private_answer(_ask(request), form, status))


def send_checked(request: Request, form: Form, check: Check) -> Response:
    """Answer like send_private; a long body in chunks, and check whether it may be before each."""
    answer = private_answer(_ask(request), form)
    return _response(answer) if len(answer.body) <= LONG else _Checked(answer, check)


class _Checked(Response):
    """A long body. What was sent stays sent; the rest is not, once it may not be."""

    def __init__(self, answer: Answer, check: Check) -> None:
        super().__init__(status_code=answer.status)
        self.raw_headers = list(answer.headers)
        self._whole = answer.body
        self._check = check

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        for at in range(0, len(self._whole), LONG):
            if at:
                # A server waits for a slow client before it sends: first wait, and then check.
                await send({"type": "http.response.body", "body": b"", "more_body": True})
                try:
                    await self._check()
                except GatewayError:
                    return  # shorter than its length says: the server closes the connection
            chunk, more = self._whole[at : at + LONG], at + LONG < len(self._whole)
            await send({"type": "http.response.body", "body": chunk, "more_body": more})


def public_answer(ask: Ask, form: Form, cache: str = CACHE_PUBLIC) -> Answer:
    """Return the answer of a public form: the coding that the client takes, 304 if it has it."""
    coding = choose_coding(ask.headers.get(b"accept-encoding", b""), form)
    etag = form.etag if coding == IDENTITY else f'{form.etag[:-1]}-{coding}"'
    has = ask.headers.get(b"if-none-match", b"").decode("latin-1")
    status = 304 if has and (has == etag or _has(has, etag)) else 200
    key = (cache, coding, status, ask.is_head, ask.is_https)
    answer: Answer | None = form.answers.get(key)
    if answer is None:
        answer = form.answers[key] = _made(ask, form, cache, coding, status, etag)
    return answer


def private_answer(ask: Ask, form: Form, status: int = 200) -> Answer:
    """Return the answer of a form for one reader alone: never compressed, never stored."""
    key = (CACHE_PRIVATE, IDENTITY, status, ask.is_head, ask.is_https)
    answer: Answer | None = form.answers.get(key)
    if answer is None:
        answer = form.answers[key] = _made(ask, form, CACHE_PRIVATE, IDENTITY, status)
    return answer


def _made(ask: Ask, form: Form, cache: str, coding: str, status: int, etag: str = "") -> Answer:
    own = b"etag: %b\r\n" % etag.encode("latin-1") if etag else b""
    if status == 304:
        return Answer(status, own, _common(cache, IDENTITY, "", ask.is_https), b"")
    body = form.bodies[coding]
    common = _common(cache, coding, form.media_type, ask.is_https)
    own += b"content-length: %d\r\n" % len(body)
    return Answer(status, own, common, b"" if ask.is_head else body)


@lru_cache(maxsize=256)
def _common(cache: str, coding: str, media_type: str, is_https: bool) -> Common:
    headers = {"cache-control": cache}
    if cache != CACHE_PRIVATE:
        headers["vary"] = "Accept-Encoding"
    if coding != IDENTITY:
        headers["content-encoding"] = coding
    if media_type:
        headers["content-type"] = media_type
    pairs = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    return Common.of(secured(pairs, is_https=is_https))


def _ask(request: Request) -> Ask:
    headers: dict[bytes, bytes] = {}
    for name, value in request.headers.raw:
        headers[name] = headers[name] + b", " + value if name in headers else value
    is_https = request.scope.get("scheme") == "https"
    return Ask(b"", headers, request.method == "HEAD", is_https)


def _response(answer: Answer) -> Response:
    response = Response(answer.body, answer.status)
    response.raw_headers = list(answer.headers)
    return response


# --- negotiation -------------------------------------------------------------------------------


def choose_coding(accepted: bytes, form: Form) -> str:
    """Return the coding to send, by RFC 9110 section 12.5.3; identity where none is taken."""
    is_short = len(accepted) <= LONGEST
    for coding in _ranked(accepted) if is_short else _ranked.__wrapped__(accepted):
        if coding in form.bodies:
            return coding
    return IDENTITY


@lru_cache(maxsize=512)
def _ranked(accepted: bytes) -> tuple[str, ...]:
    """Return the codings that a client takes, the most wanted first."""
    weights: dict[str, float] = {}
    for item in accepted.decode("latin-1").lower().split(","):
        name, _, parameter = item.partition(";")
        quality = parameter.strip().removeprefix("q=")
        try:
            weights[name.strip()] = float(quality) if quality else 1.0
        except ValueError:
            weights[name.strip()] = 0.0
    anything = weights.get("*", 0.0)
    weighed = [(weights.get(coding, anything), coding) for coding in PREFERENCE]
    taken = [pair for pair in weighed if pair[0] > 0]
    return tuple(coding for _, coding in sorted(taken, key=lambda pair: -pair[0]))


def _has(if_none_match: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or if_none_match.strip() == "*"
