"""Source files: which files of a folder are documents, and whose."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.cli.companions import companions_of
from gateway.core.companions import ATTACHMENT_SUFFIXES, PICTURE_SUFFIXES
from gateway.core.documents import Address, is_name
from gateway.core.errors import GatewayError, Malformed, Refused
from gateway.core.findings import Finding, FindingCode
from gateway.formats.frontmatter import MAX_FRONT_MATTER
from gateway.formats.slugs import other_than, slug_of
from gateway.ports import Formats
from gateway.usecases.composing import Submission

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
    slug: str = ""  # made of its name, where that cannot be one

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
        slug = self._declared(body, form, formats) or self.slug or self._made(formats)
        if not is_name(slug):
            raise Malformed(
                f"{self.path}: nothing of the file's name can stand in an address.",
                where="slug",
                hint="Name it with letters or digits, or declare a slug in its front matter.",
            )
        beside = companions_of(self.path, body) if formats.named(form).is_text else ()
        address = Address.of(publisher, slug)
        return Submission(address, body, form, self.charset, free=free, companions=beside)

    def _made(self, formats: Formats) -> str:
        return self.name if is_name(self.name) else formats.slug(self.name)

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


def source_files(paths: Iterable[Path], charset: str | None = None) -> Iterator[SourceFile]:
    """Return the files named, and below folders every one that may be a document, in order.

    Each has a slug made of its name, no two of one folder the same.
    """
    files = [*_found(paths, charset)]
    taken = defaultdict[str, set[str]](set)
    for file in files:
        if is_name(file.name):
            taken[publisher_of(file)].add(file.name)
    for file in files:
        yield file if is_name(file.name) else _named(file, taken[publisher_of(file)])


def _named(file: SourceFile, taken: set[str]) -> SourceFile:
    slug = slug_of(file.name)
    if slug:
        slug = other_than(slug, taken)
        taken.add(slug)
    return replace(file, slug=slug)


def _found(paths: Iterable[Path], charset: str | None) -> Iterator[SourceFile]:
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
    is_other = file.suffix.lower() in _COMPANIONS or _ABOUT.fullmatch(file.name)
    return not (is_other or file.name.startswith((".", "~$")))  # of Word while it is open


_DATED = re.compile(r"\d{4}-\d{1,2}-\d{1,2}-(?=.)")
_DECLARES = re.compile(rb"\b(?:slug|permalink|url)\b[\"']?\s*[:=]", re.IGNORECASE)
_COMPANIONS = (*PICTURE_SUFFIXES, *ATTACHMENT_SUFFIXES)
_ABOUT = re.compile(r"(?:readme|licen[sc]e)(?:\..*)?|thumbs\.db|desktop\.ini", re.IGNORECASE)


def others(paths: Iterable[Path]) -> Iterator[Path]:
    """Return what below folders is left out as no document: files, and hidden folders whole."""
    for path in paths:
        for folder, folders, files in os.walk(path):
            hidden = sorted(name for name in folders if name.startswith("."))
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            left = sorted(name for name in files if not is_document(Path(name)))
            yield from (Path(folder, name) for name in (*hidden, *left))
