"""P-CANARY: unique words in paid text, and a scan for them in every disguise.

A detector that finds nothing proves something only if it finds all there is: each scan has its
positive control.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import random
import unicodedata
from collections.abc import Callable, Iterator
from urllib.parse import quote

import brotli
import zstandard

_HAN = "龘靐齉爩麤鱻厵灪癵籱饢驫鸞麣纞虋讟钃鸜麷"


def canaries(seed: int) -> list[str]:
    """Return words that stand nowhere else: Latin, Han, number, address, heading."""
    chance = random.Random(seed)
    word = "".join(chance.choices("bcdfghjklmnpqrstvwxz", k=14))
    han = "".join(chance.choices(_HAN, k=6))
    number = str(chance.randrange(10**13, 10**14))
    return [word, han, number, f"{word[:8]}@canary.example", f"https://canary.example/{word[6:]}"]


def paid_with(words: list[str]) -> str:
    """Return a paid text that holds every word, in several kinds of markup."""
    return f"{words[0]} 与 {words[1]}，{words[2]}。\n\n## {words[1]}{words[0]}\n\n" + "\n\n".join(
        words
    )


_DISGUISES: dict[str, Callable[[str], list[bytes]]] = {
    "as it is": lambda w: [w.encode()],
    "upper case": lambda w: [w.upper().encode()],
    "decomposed": lambda w: [unicodedata.normalize("NFKD", w).encode()],
    "escaped for HTML": lambda w: [html.escape(w).encode(), _entities(w)],
    "percent-encoded": lambda w: [quote(w, safe="").encode(), quote(quote(w, safe="")).encode()],
    "JSON": lambda w: [json.dumps(w).strip('"').encode()],
    "base64": lambda w: [_base64(w, shift) for shift in range(3)],
    "base32": lambda w: [base64.b32encode(w.encode())[:-8]],
    "hex": lambda w: [w.encode().hex().encode()],
    "UTF-16": lambda w: [w.encode("utf-16-le"), w.encode("utf-16-be")],
    "GB18030": lambda w: [w.encode("gb18030")],
    "reversed": lambda w: [w[::-1].encode()],
    "digest": lambda w: [
        getattr(hashlib, name)(w.encode()).hexdigest().encode()
        for name in ("md5", "sha1", "sha256")
    ],
}


def _entities(word: str) -> bytes:
    return "".join(f"&#{ord(c)};" for c in word).encode()


def _base64(word: str, shift: int) -> bytes:
    # Away from the edges, base64 of a text does not depend on what stands around it.
    return base64.b64encode(b"\0" * shift + word.encode())[4:-4]


def needles(words: list[str]) -> dict[bytes, str]:
    """Return every disguise of every word, with its name."""
    found = {}
    for word in words:
        for name, disguise in _DISGUISES.items():
            for needle in disguise(word):
                if len(needle) >= 6:
                    found[needle] = f"{name} of {word!r}"
    return found


def _undone(stream: bytes) -> Iterator[bytes]:
    yield stream
    yield stream.lower()
    for undo in (gzip.decompress, brotli.decompress, zstandard.ZstdDecompressor().decompress):
        try:
            yield undo(stream)
        except Exception:  # not of this coding
            continue


def found_in(stream: bytes, searched: dict[bytes, str]) -> list[str]:
    """Return which disguises stand in a stream, its content codings undone."""
    # One needle after the other: that is faster than one pattern of all.
    return sorted(
        {name for each in _undone(stream) for needle, name in searched.items() if needle in each}
    )
