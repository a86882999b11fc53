"""Bytes to a representation: each content coding made once, so that few requests compress.

The same bytes always give the same representation, and its ETag names nothing but those bytes.
"""

from __future__ import annotations

import gzip
import hashlib
import sys
from typing import NamedTuple

import brotli

from gateway.core.bundles import IDENTITY, Representation

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FIRST_PACKETS = 10 * 1460  # bytes; what is sent before a client has to answer (RFC 6928)
# Above this, the last percent of size costs seconds of publication.
_LARGE = 256 * 1024


class Effort(NamedTuple):
    """How hard each compressor tries, in its own levels."""

    brotli: int
    zstd: int
    gzip: int


# For what publication makes: a tenth of the time of Brotli's level 10, and one byte in fourteen.
ONCE = Effort(8, 7, 9)
# For assets: every page waits for them.
ASSET = Effort(11, 19, 9)
ONCE_LARGE = Effort(6, 9, 6)
# For what a request waits for, and every other one with it.
NOW = Effort(4, 3, 6)


def public_representation(
    media_type: str, body: bytes, effort: Effort | None = None, head: bytes = b""
) -> Representation:
    """Return the form of bytes that anyone may have, in every content coding.

    effort: what publication can afford, where none is given. head: as a representation has it.
    """
    effort = effort or (ONCE_LARGE if len(body) > _LARGE else ONCE)
    return Representation(media_type, etag_of(body), _codings(body, effort), head)


def picture_representation(body: bytes) -> Representation:
    """Return the form of a PNG that anyone may have: nothing makes it smaller."""
    return Representation("image/png", etag_of(body), {IDENTITY: body})


def private_representation(media_type: str, body: bytes) -> Representation:
    """Return the form of a reader's bytes: never compressed, for they may echo a request."""
    return Representation(media_type, "", {IDENTITY: body})


def paid_representation(media_type: str, body: bytes) -> Representation:
    """Return the form of bytes for every holder of a right: a long one in the smallest coding too.

    Nothing in it comes from a request or is a secret, so that its size tells of neither. What fits
    into the first packets of a connection comes no sooner if it is smaller.
    """
    if len(body) <= FIRST_PACKETS:
        return private_representation(media_type, body)
    effort = ONCE_LARGE if len(body) > _LARGE else ONCE
    return Representation(media_type, "", {"br": _brotli(body, effort.brotli), IDENTITY: body})


def stored_representation(media_type: str, body: bytes) -> Representation:
    """Return the form of bytes that no coding makes smaller: of a picture, of an archive."""
    return Representation(media_type, etag_of(body), {IDENTITY: body})


def etag_of(body: bytes) -> str:
    """Return the strong ETag of bytes."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _codings(body: bytes, effort: Effort) -> dict[str, bytes]:
    return {  # what is asked for most stands first
        "br": _brotli(body, effort.brotli),
        "zstd": zstd.compress(body, effort.zstd),
        "gzip": gzip.compress(body, compresslevel=effort.gzip, mtime=0),
        IDENTITY: body,
    }


def _brotli(body: bytes, quality: int) -> bytes:
    packed: bytes = brotli.compress(body, quality=quality, lgwin=_window(len(body)))
    return packed


def _window(size: int) -> int:
    """Return the window that holds so many bytes, as Brotli counts: to set up more takes time."""
    return min(max(size.bit_length(), 16), 22)
