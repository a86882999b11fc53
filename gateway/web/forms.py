"""Bytes to a Form: every content coding made once, so that no request compresses anything.

The same bytes always give the same Form, and its ETag names nothing but those bytes.
"""

from __future__ import annotations

import gzip
import hashlib

import brotli
import zstandard

from gateway.core.bundles import IDENTITY, Form

# Above this, the last percent of size costs seconds of publication.
_LARGE = 256 * 1024


def public_form(media_type: str, body: bytes) -> Form:
    """Return the form of bytes that anyone may have, in every content coding."""
    return Form(media_type, etag_of(body), _codings(body))


def private_form(media_type: str, body: bytes) -> Form:
    """Return the form of a reader's bytes: never compressed, for a size can tell of the text."""
    return Form(media_type, "", {IDENTITY: body})


def etag_of(body: bytes) -> str:
    """Return the strong ETag of bytes."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _codings(body: bytes) -> dict[str, bytes]:
    large = len(body) > _LARGE
    return {  # what is asked for most stands first
        # One step below the best: half the time of a publication, and one byte in twenty.
        "br": brotli.compress(body, quality=6 if large else 10),
        "zstd": zstandard.ZstdCompressor(level=9 if large else 15).compress(body),
        "gzip": gzip.compress(body, compresslevel=6 if large else 9, mtime=0),
        IDENTITY: body,
    }
