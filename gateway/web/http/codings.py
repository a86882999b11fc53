"""Content codings of what is sent to us: undone in small steps, and never beyond a bound."""

from __future__ import annotations

import sys
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Protocol

import brotli

from gateway.core.bundles import IDENTITY
from gateway.core.errors import Malformed, Unsupported

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

STEP = 256 << 10  # bytes that one step may give
WINDOW = 23  # log2 of the bytes that zstd may look back over, by RFC 9659

_FAULTS = (zlib.error, brotli.error, zstd.ZstdError, EOFError)


class Decoder(Protocol):
    """Undoes one coding."""

    @property
    def is_over(self) -> bool:
        """Return whether what was fed ends where the coding does."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what data becomes, about STEP bytes at a time."""


async def decoded(coding: str, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield a body without its coding, in small pieces. Raises Unsupported, Malformed."""
    if coding in ("", IDENTITY):
        async for part in parts:
            yield part
        return
    if coding not in CODINGS:
        raise Unsupported("Content-Encoding", coding, (*CODINGS, IDENTITY))
    decoder = CODINGS[coding]()
    try:
        async for part in parts:
            for piece in decoder.feed(part):
                yield piece
    except _FAULTS:
        raise _broken(coding) from None
    if not decoder.is_over:
        raise _broken(coding)


def _broken(coding: str) -> Malformed:
    return Malformed(
        f"The body is not whole {coding}.",
        where="Content-Encoding",
        hint="Compress it again, or send it as it is, without Content-Encoding.",
    )


class _Zlib:
    """gzip, whose members may follow one another, and deflate, which is one zlib stream."""

    def __init__(self, bits: int, *, is_one: bool) -> None:
        self._bits = bits
        self._is_one = is_one
        self._stream = zlib.decompressobj(bits)
        self._is_begun = False

    @property
    def is_over(self) -> bool:
        return self._is_begun and self._stream.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._stream.eof:
                if self._is_one:
                    raise EOFError
                self._stream = zlib.decompressobj(self._bits)
            self._is_begun = True
            yield self._stream.decompress(data, STEP)
            data = self._stream.unconsumed_tail or self._stream.unused_data


class _Brotli:
    def __init__(self) -> None:
        self._stream = brotli.Decompressor()

    @property
    def is_over(self) -> bool:
        return bool(self._stream.is_finished())

    def feed(self, data: bytes) -> Iterator[bytes]:
        yield self._stream.process(data, output_buffer_limit=STEP)
        while not self._stream.can_accept_more_data():
            yield self._stream.process(b"", output_buffer_limit=STEP)


class _Zstd:
    """Frames may follow one another."""

    def __init__(self) -> None:
        self._stream = self._fresh()
        self._is_begun = False

    @property
    def is_over(self) -> bool:
        return self._is_begun and self._stream.eof

    def _fresh(self) -> zstd.ZstdDecompressor:
        options = {int(zstd.DecompressionParameter.window_log_max): WINDOW}
        return zstd.ZstdDecompressor(options=options)

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._stream.eof:
                self._stream = self._fresh()
            self._is_begun = True
            yield self._stream.decompress(data, STEP)
            while not (self._stream.eof or self._stream.needs_input):
                yield self._stream.decompress(b"", STEP)
            data = self._stream.unused_data if self._stream.eof else b""


CODINGS: dict[str, Callable[[], Decoder]] = {
    "gzip": lambda: _Zlib(16 + zlib.MAX_WBITS, is_one=False),
    "br": _Brotli,
    "zstd": _Zstd,
    "deflate": lambda: _Zlib(zlib.MAX_WBITS, is_one=True),
}
