"""The disclosure register as the only mask: what it declares is hidden, all else compared."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import brotli
import zstandard

from tests.support.answers import Answer

REGISTER: list[dict[str, Any]] = json.loads(
    files("gateway.core").joinpath("disclosures.json").read_text()
)

# Derived from the bytes that are masked, and from nothing else: P-NI compares them unmasked too.
_DERIVED = ("etag", "content-length")
_LINE = re.compile(r"(?m)^(\[(?:付费内容|Paid section) · )(?:.*? · )?(?=解锁：|unlock: )")
_SIZE = re.compile(r'(<span class="paywall-size">).*?(</span>)', re.DOTALL)


def pointers(identity: str) -> list[str]:
    """Return the pointers of one entry."""
    return [p for entry in REGISTER if entry["id"] == identity for p in entry["pointer"]]


def _lines(text: str) -> str:
    return _LINE.sub(r"\1", text)


def _json_sizes(text: str) -> str:
    told = json.loads(text)
    for section in told.get("sections", ()) if isinstance(told, dict) else ():
        section.pop("size_at_least", None)
    return json.dumps(told)


_MASKS: dict[str, tuple[str, Callable[[str], str]]] = {
    "html:.paywall-size": ("text/html", lambda text: _SIZE.sub(r"\1?\2", text)),
    "md:paywall-size": ("text/markdown", _lines),
    "txt:paywall-size": ("text/plain", _lines),
    "json:/sections/*/size_at_least": ("application/json", _json_sizes),
}


def text_of(answer: Answer) -> str:
    """Return the body of an answer, its content coding undone."""
    coding, body = answer.header("content-encoding"), answer.body
    if not body:
        return ""
    if coding == "br":
        body = brotli.decompress(body)
    elif coding == "gzip":
        body = gzip.decompress(body)
    elif coding == "zstd":
        body = zstandard.ZstdDecompressor().decompress(body)
    return body.decode("utf-8", "surrogateescape")  # a picture is no text


def masked(answer: Answer, identity: str = "DR-SIZE") -> object:
    """Return an answer without what the register declares under identity."""
    media_type = answer.header("content-type").partition(";")[0]
    text = text_of(answer)
    for pointer in pointers(identity):
        applies_to, mask = _MASKS[pointer]
        if applies_to == media_type and text:
            text = mask(text)
    headers = tuple((name, value) for name, value in answer.headers if name not in _DERIVED)
    return answer.status, headers, text
