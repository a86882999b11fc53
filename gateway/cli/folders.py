"""Source files: which files of a folder are documents, and whose."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.cli.companions import companions_of
from gateway.cli.naming import NOTES, FileName, Names
from gateway.core.companions import ATTACHMENT_SUFFIXES, PICTURE_SUFFIXES
from gateway.core.documents import Address, is_name
from gateway.core.errors import GatewayError, Refused
from gateway.core.findings import Finding, FindingCode
from gateway.formats.frontmatter import MAX_FRONT_MATTER
from gateway.formats.slugs import UNTITLED
from gateway.formats.sources import SourceFormats
from gateway.ports import Formats
from gateway.usecases.submissions import Submission

DRAFTS = "_drafts"  # where other tools keep what is not to be published
POSTS = "_posts"  # where Jekyll and Hexo keep the rest
INDEX = "index"  # the text of a page bundle, whose folder has the name
_DRAFT = ("This is a draft.", f"Move it out of {DRAFTS}, if it is to be published.")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file that holds a document."""

    path: Path
    found: bool = False  # in a folder, and not named itself
    charset: str | None = None  # as somebody says; else the file tells
    slug: str = ""  # that it has among others; else what it declares, or what its name makes

    @property
    def name(self) -> str:
        """Return what names the document: of a page bundle its folder."""
        if self.path.stem == INDEX and self.path.parent.name:
            return self.path.resolve().parent.name
        stem = self.path.stem
        return _DATED.sub("", stem) if self.path.parent.name in (DRAFTS, POSTS) else stem

    def submission(self, publisher: str, formats: Formats, *, free: bool = False) -> Submission:
        """Return what this file submits. Raises Malformed, Refused, Unsupported, OSError.

        free: it is meant to hold no paid section.
        """
        if DRAFTS in self.path.parts[:-1]:
            raise Refused((Finding(1, None, FindingCode.DRAFT, *_DRAFT),))
        form, body = formats.of_suffix(self.path.suffix), self.path.read_bytes()
        slug = self.slug or self._declared(body, form, formats) or self._made(formats)
        beside = companions_of(self.path, body) if formats.named(form).is_text else ()
        address = Address.of(publisher, slug)
        return Submission(address, body, form, self.charset, free=free, companions=beside)

    def declared(self, formats: Formats) -> str:
        """Return the slug that it declares, "" for none or where it cannot be read."""
        try:
            if not self.path.is_file():  # a pipe is read once
                return ""
            with self.path.open("rb") as file:
                if not _DECLARES.search(file.read(MAX_FRONT_MATTER)):
                    return ""
            form = formats.of_suffix(self.path.suffix)
            return self._declared(self.path.read_bytes(), form, formats)
        except (GatewayError, OSError):
            return ""

    def _made(self, formats: Formats) -> str:
        return self.name if is_name(self.name) else formats.slug(self.name) or UNTITLED

    def _declared(self, body: bytes, form: str, formats: Formats) -> str:
        if not _DECLARES.search(body, 0, MAX_FRONT_MATTER):
            return ""  # most do not, and are not read twice
        try:
            return formats.read(body, self.charset, form).slug
        except GatewayError:
            return ""  # what is wrong with it, publication tells


def publisher_of(file: SourceFile) -> str:
    """Return the publisher that the folder of a file names, "" if it cannot be one."""
    folder = file.path.resolve().parent
    if file.path.stem == INDEX:
        folder = folder.parent
    name = (folder.parent if folder.name in (DRAFTS, POSTS) else folder).name
    return name if is_name(name) else ""


def source_files(
    paths: Iterable[Path], charset: str | None = None, publisher: str = "", *, note: bool = False
) -> Iterator[SourceFile]:
    """Return the files named, and below folders every one that may be a document, in order.

    Each has its slug, no two of one publisher the same unless both declare it. publisher: of all;
    else of each the one that its folder names. note: what was made is noted, so that it stays.
    """
    files, formats = [*found_files(paths, charset)], SourceFormats()
    names = Names(
        FileName(file.path, file.name, publisher or publisher_of(file), file.declared(formats))
        for file in files
    )
    if note:
        with suppress(OSError):  # it stays as long as no other name makes the same
            names.note()
    for file in files:
        yield replace(file, slug=names.slugs[file.path])


def found_files(paths: Iterable[Path], charset: str | None = None) -> Iterator[SourceFile]:
    """Return the files that `source_files` does, without their addresses."""
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
    is_other = file.suffix.lower() in _OTHERS or _ABOUT.fullmatch(file.name)
    return not (is_other or file.name.startswith((".", "~$")))  # of Word while it is open


_DATED = re.compile(r"\d{4}-\d{1,2}-\d{1,2}-(?=.)")
_DECLARES = re.compile(rb"\b(?:slug|permalink|url)\b[\"']?\s*[:=]", re.IGNORECASE)
# What stands beside documents, here and in the folders of other tools.
_OTHERS = frozenset((
    *PICTURE_SUFFIXES, *ATTACHMENT_SUFFIXES, ".ico", ".tif", ".tiff", ".heic", ".css", ".scss",
    ".js", ".ts", ".map", ".json", ".yaml", ".yml", ".toml", ".xml", ".lock", ".woff", ".woff2",
    ".ttf",
))  # fmt: skip
_ABOUT = re.compile(
    r"(?:readme|licen[sc]e|changelog|contributing)(?:\..*)?|_index\..*"  # Hugo's lists
    r"|makefile|thumbs\.db|desktop\.ini",
    re.IGNORECASE,
)


def others(paths: Iterable[Path]) -> Iterator[Path]:
    """Return what below folders is left out as no document: files, and hidden folders whole."""
    for path in paths:
        for folder, folders, files in os.walk(path):
            hidden = sorted(name for name in folders if name.startswith("."))
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            left = sorted(n for n in files if n != NOTES and not is_document(Path(n)))
            yield from (Path(folder, name) for name in (*hidden, *left))
