"""Sending a form that is ready: negotiation of its coding, conditions, HEAD."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from gateway.core.bundles import IDENTITY, Form
from gateway.web.headers import CACHE_PRIVATE, CACHE_PUBLIC

PREFERENCE = ("br", "zstd", "gzip")  # smallest first


def send_public(request: Request, form: Form, cache: str = CACHE_PUBLIC) -> Response:
    """Answer with a public form: the coding that the client takes, 304 if it has it."""
    coding = choose_coding(request.headers.get("accept-encoding", ""), form)
    etag = form.etag if coding == IDENTITY else f'{form.etag[:-1]}-{coding}"'
    headers = {"cache-control": cache, "etag": etag, "vary": "Accept-Encoding"}
    if _has(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    if coding != IDENTITY:
        headers["content-encoding"] = coding
    return _body(request, form, coding, headers, 200)


def send_private(request: Request, form: Form, status: int = 200) -> Response:
    """Answer with a form that is for this reader alone: never compressed, never stored."""
    headers = {"cache-control": CACHE_PRIVATE, "referrer-policy": "no-referrer"}
    return _body(request, form, IDENTITY, headers, status)


def _body(
    request: Request, form: Form, coding: str, headers: dict[str, str], status: int
) -> Response:
    body = form.bodies[coding]
    headers["content-length"] = str(len(body))
    headers["content-type"] = form.media_type
    return Response(b"" if request.method == "HEAD" else body, status, headers)


def choose_coding(accepted: str, form: Form) -> str:
    """Return the coding to send, by RFC 9110 section 12.5.3; identity where none is taken."""
    weights: dict[str, float] = {}
    for item in accepted.lower().split(","):
        name, _, parameter = item.partition(";")
        quality = parameter.strip().removeprefix("q=")
        try:
            weights[name.strip()] = float(quality) if quality else 1.0
        except ValueError:
            weights[name.strip()] = 0.0
    anything = weights.get("*", 0.0)
    best, best_weight = IDENTITY, 0.0
    for coding in PREFERENCE:
        weight = weights.get(coding, anything)
        if coding in form.bodies and weight > best_weight:
            best, best_weight = coding, weight
    return best


def _has(if_none_match: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or if_none_match.strip() == "*"
