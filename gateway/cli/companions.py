"""Companions of a document on disk: the pictures and attachments that its file names.

By relative address, and from no other place than the folder of the file: no name leads above it,
and no symbolic link is followed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from gateway.core.companions import (
    ATTACHMENT_SUFFIXES,
    PICTURE_SUFFIXES,
    Companion,
    kind_meant,
    named,
    origin_of,
)
from gateway.core.errors import GatewayError, Missing, TooLarge
from gateway.formats import FORMATS
from gateway.rendering.made import make
from gateway.usecases.submissions import Submission

MAX_SIZE = 16 << 20  # bytes of one
MOST = 2_000  # places in a text that are looked at
LONGEST = 400  # characters of a name

_SUFFIX = rf"(?:{'|'.join(map(re.escape, PICTURE_SUFFIXES + ATTACHMENT_SUFFIXES))})(?![\w.-])"
_MAY_NAME = re.compile(_SUFFIX.encode(), re.IGNORECASE)
_ENDS = re.compile(_SUFFIX, re.IGNORECASE)
_TEXTS = tuple(suffix for form in FORMATS if form.is_text for suffix in form.suffixes)
# Where a name begins: in quotes or angle brackets it may hold spaces, anywhere else it cannot.
_BEGINS = [re.compile(rf"[^{ends}]+\Z") for ends in (r"\s\"'()<>\[\]|=", r"\"\n", r"'\n", r"<\n")]


def companions_of(file: Path, body: bytes) -> tuple[Companion, ...]:
    """Return what stands beside a document on disk, of what its text names. Raises OSError."""
    found = {}
    for name in dict.fromkeys(_named_in(body)):
        path = _beside(file.parent, name)
        if path:
            is_small = path.stat().st_size <= MAX_SIZE  # else it is told, and not read
            found[name] = Companion(name, origin_of(path.read_bytes()) if is_small else "")
    return tuple(found.values())


def places_beside(file: Path) -> tuple[Path, ...]:
    """Return where what a document names may stand, whether it is there or not. Raises OSError."""
    if file.suffix.lower() not in _TEXTS or not file.is_file():  # nobody waits for a pipe
        return ()
    names = dict.fromkeys(_named_in(file.read_bytes()))
    return tuple(file.parent / each for name in names for each in _spellings(name))


def made_here(folder: Path, submission: Submission) -> Iterator[Companion]:
    """Yield the companions of a file that could be shown. Raises OSError."""
    for each in submission.companions or ():
        with suppress(GatewayError):
            body = read_beside(folder, each)
            yield make(each.name, body, kind_meant(each.name, body)).companion


def read_beside(folder: Path, companion: Companion) -> bytes:
    """Return the bytes of a companion on disk. Raises TooLarge, Missing, OSError."""
    if not companion.origin:
        raise TooLarge("file", MAX_SIZE)
    path = _beside(folder, companion.name)
    if path is None:
        raise Missing("file")
    return path.read_bytes()


def _named_in(body: bytes) -> Iterator[str]:
    if not _MAY_NAME.search(body):
        return  # most name nothing, and are not read twice
    text = _text(body)
    for end in islice(_ENDS.finditer(text), MOST):
        before = text[max(0, end.end() - LONGEST) : end.end()]
        for begins in _BEGINS:
            if (found := begins.search(before)) and (name := named(found[0])):
                yield name


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body.decode("gb18030", errors="replace")


def _spellings(name: str) -> tuple[str, ...]:
    """Return a name as some file systems keep it, and as others do."""
    return tuple(dict.fromkeys((name, unicodedata.normalize("NFD", name))))


def _beside(folder: Path, name: str) -> Path | None:
    """Return the file of a name, None where there is none, or a link leads to it."""
    for spelling in _spellings(name):
        path = folder / spelling
        if path.is_file() and path.resolve() == folder.resolve() / spelling:
            return path
    return None
