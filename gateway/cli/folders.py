"""Source files: which files of a folder are documents, and whose."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway.core.documents import Address, is_name
from gateway.core.errors import Malformed, Refused
from gateway.core.findings import Code, Finding
from gateway.ports import Formats
from gateway.usecases.composing import Submission

DRAFTS = "_drafts"  # where other tools keep what is not to be published
_DRAFT = ("This is a draft.", f"Move it out of {DRAFTS}, if it is to be published.")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file that holds a document."""

    path: Path
    found: bool = False  # in a folder, and not named itself
    charset: str | None = None  # as somebody says; else the file tells

    def submission(self, publisher: str, formats: Formats, *, free: bool = False) -> Submission:
        """Return what this file submits. Raises Malformed, Refused, Unsupported, OSError.

        free: it is meant to hold no paid section.
        """
        if DRAFTS in self.path.parts[:-1]:
            raise Refused((Finding(1, None, Code.DRAFT, *_DRAFT),))
        slug = self.path.stem
        if not is_name(slug):
            raise Malformed(
                f"{self.path}: the file's name cannot be a slug.",
                where="slug",
                hint="Name the file with 1 to 80 of a-z, 0-9 and hyphen.",
            )
        form = formats.of_suffix(self.path.suffix)
        body, address = self.path.read_bytes(), Address.of(publisher, slug)
        return Submission(address, body, form, self.charset, free=free)


def publisher_of(file: SourceFile) -> str:
    """Return the publisher that the folder of a file names, "" if it cannot be one."""
    folder = file.path.resolve().parent
    name = (folder.parent if folder.name == DRAFTS else folder).name
    return name if is_name(name) else ""


def source_files(paths: Iterable[Path], charset: str | None = None) -> Iterator[SourceFile]:
    """Return the files named, and below folders every one that may be a document, in order."""
    for path in paths:
        if path.is_dir():
            found = (p for p in path.rglob("*") if p.is_file() and is_document(p))
            for file in sorted(found):
                if not any(part.startswith(".") for part in file.relative_to(path).parts):
                    yield SourceFile(file, found=True, charset=charset)
        else:
            yield SourceFile(path, charset=charset)


def is_document(file: Path) -> bool:
    """Return whether a file may be meant as a document: no picture, README or hidden file is."""
    is_other = file.suffix.lower() in _PICTURES or _ABOUT.fullmatch(file.name)
    return not (is_other or file.name.startswith((".", "~$")))  # of Word while it is open


_PICTURES = frozenset((".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".svg", ".bmp", ".ico"))
_ABOUT = re.compile(r"(?:readme|licen[sc]e)(?:\..*)?|thumbs\.db|desktop\.ini", re.IGNORECASE)


def others(paths: Iterable[Path]) -> Iterator[Path]:
    """Return what below folders is left out as no document: files, and hidden folders whole."""
    for path in paths:
        for folder, folders, files in os.walk(path):
            hidden = sorted(name for name in folders if name.startswith("."))
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            left = sorted(name for name in files if not is_document(Path(name)))
            yield from (Path(folder, name) for name in (*hidden, *left))
