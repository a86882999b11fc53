"""The parts of a Word document: members of an archive, read with bounds."""

from __future__ import annotations

import posixpath
import zlib
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from xml.etree.ElementTree import Element, ParseError, fromstring
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from gateway.core.errors import Refused
from gateway.core.findings import Finding, FindingCode
from gateway.formats.decoding import FORBIDDEN

MAX_MEMBERS = 2_000
MAX_PART = 2 << 20  # bytes of XML
MAX_PICTURE = 16 << 20  # bytes
MAX_ALL = 64 << 20  # bytes that all members say they have
MAX_ELEMENTS = 100_000  # of all parts together; a page has about two hundred
MAX_DEPTH = 100

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # how .doc begins, and what has a password
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_DAMAGES = (BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, OSError)
_LOCAL_HEADER = 30  # bytes, without the name
_STRICT = "http://purl.oclc.org/ooxml/"
SAVE = "Open it in Word, WPS or LibreOffice and save it as .docx, without macros or a password."


class Part:
    """One part of XML, and where the references in it lead."""

    def __init__(
        self, root: Element, links: dict[str, tuple[str, bool]], read: Callable[[str], bytes]
    ) -> None:
        self.root = root
        self._links = links
        self._read = read

    def inside(self, reference: str) -> tuple[str, bytes]:
        """Return the name and the content of the member that a reference leads to, or nothing."""
        target, is_outside = self._links.get(reference, ("", True))
        return ("", b"") if is_outside else (target, self._read(target))

    def outside(self, reference: str) -> str:
        """Return the address outside that a reference leads to, "" for none."""
        target, is_outside = self._links.get(reference, ("", False))
        return target if is_outside else ""


class WordParts:
    """A Word document as the parts that its text is in."""

    def __init__(self, body: bytes) -> None:
        """Open a document. Raises Refused for what is none, and for what is too large."""
        if _ENCRYPTED in body and body.startswith(_OLE):
            raise refused("The document has a password.", SAVE)
        try:
            self._archive = ZipFile(BytesIO(body))
            self._members = _sound(self._archive)
        except (BadZipFile, ValueError, EOFError):
            raise refused("This is no Word document, or a damaged one.", SAVE) from None
        self._left = MAX_ELEMENTS
        self._main = self._main_name()
        self._links = self._links_of(self._main)

    def main(self) -> Part:
        """Return the running text."""
        return self._part(self._main)

    def beside(self, kind: str) -> Part | None:
        """Return the part of a kind that the running text names: styles, footnotes."""
        return self._first(self._links, kind)

    def about(self, kind: str) -> Part | None:
        """Return the part of a kind that the document itself names: its properties."""
        return self._first(self._links_of(""), kind)

    def _first(self, links: Mapping[str, tuple[str, str, bool]], kind: str) -> Part | None:
        for target, name, is_outside in links.values():
            if name == kind and not is_outside and target in self._members:
                return self._part(target)
        return None

    def _main_name(self) -> str:
        for target, kind, is_outside in self._links_of("").values():
            if kind == "officeDocument" and not is_outside and target in self._members:
                types = self._read("[Content_Types].xml")
                if b"macroEnabled" in types or "word/vbaProject.bin" in self._members:
                    raise refused("The document has macros in it.", SAVE)
                return target
        raise refused("This is no Word document.", SAVE)

    def _part(self, name: str) -> Part:
        links = {key: (target, out) for key, (target, _, out) in self._links_of(name).items()}
        root = self._parsed(name)
        if FORBIDDEN.search("".join((*root.itertext(), *(target for target, _ in links.values())))):
            raise refused("The document holds a character that cannot stand in a text.", SAVE)
        return Part(root, links, self._picture)

    def _picture(self, name: str) -> bytes:
        """Return a member that may be a picture, nothing for one that cannot be read."""
        info = self._members.get(name)
        if info is None or info.file_size > MAX_PICTURE:
            return b""
        try:
            with self._archive.open(info) as file:
                return file.read(MAX_PICTURE)
        except _DAMAGES:
            return b""

    def _links_of(self, name: str) -> dict[str, tuple[str, str, bool]]:
        """Return target, kind, and whether that is outside, of the references of a part."""
        folder, file = posixpath.split(name)
        listed = posixpath.join(folder, "_rels", f"{file}.rels")
        if listed not in self._members:
            return {}
        found = {}
        for each in self._parsed(listed):
            target = each.get("Target", "")
            is_outside = each.get("TargetMode") == "External"
            if not is_outside:
                target = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
            kind = each.get("Type", "").rpartition("/")[2]
            found[each.get("Id", "")] = (target, kind, is_outside)
        return found

    def _parsed(self, name: str) -> Element:
        xml = self._read(name)
        # Entities can only be declared in a DOCTYPE, and an encoding could hide one.
        if b"<!DOCTYPE" in xml or b"\0" in xml:
            raise refused("The XML of the document is of a kind that no editor writes.", SAVE)
        try:
            root = fromstring(xml.replace(_STRICT.encode(), _TRANSITIONAL))  # noqa: S314
        except (ParseError, LookupError, ValueError):
            raise refused("The XML of the document is damaged.", SAVE) from None
        self._left -= _checked(root, self._left)
        return root

    def _read(self, name: str) -> bytes:
        info = self._members.get(name)
        if info is None:
            return b""
        try:
            with self._archive.open(info) as file:
                xml = file.read(MAX_PART + 1)
        except _DAMAGES:
            raise refused("The document is damaged.", SAVE) from None
        if len(xml) > MAX_PART:
            raise too_large(f"a part of more than {MAX_PART >> 20} MiB")
        return xml


_TRANSITIONAL = b"http://schemas.openxmlformats.org/"


def is_old(body: bytes) -> bool:
    """Return whether a document is of the kind that came before .docx, without a password."""
    return body.startswith(_OLE) and _ENCRYPTED not in body


def local(element: Element) -> str:
    """Return the name of an element without its namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def attribute(element: Element | None, name: str, default: str = "") -> str:
    """Return the value of an attribute, whatever its namespace."""
    if element is not None:
        for key, value in element.items():
            if key.rpartition("}")[2] == name:
                return value
    return default


def child(element: Element | None, *path: str) -> Element | None:
    """Return the first child of each name in turn, None where there is none."""
    for name in path:
        if element is None:
            return None
        element = next((each for each in element if local(each) == name), None)
    return element


def children(element: Element | None, name: str) -> Iterator[Element]:
    """Yield the children of a name."""
    for each in element if element is not None else ():
        if local(each) == name:
            yield each


def refused(message: str, hint: str, code: FindingCode = FindingCode.UNDECODABLE) -> Refused:
    """Return the refusal of a whole document."""
    return Refused((Finding(1, None, code, message, hint),))


def too_large(what: str) -> Refused:
    """Return the refusal of a document that is too large to read."""
    return refused(f"The document has {what}.", "Divide it.", FindingCode.TOO_LARGE)


def _sound(archive: ZipFile) -> dict[str, ZipInfo]:
    """Return the members by name. Raises Refused, and ValueError for an archive that lies."""
    infos = archive.infolist()
    if len(infos) > MAX_MEMBERS:
        raise too_large(f"more than {MAX_MEMBERS:,} members")
    if sum(each.file_size for each in infos) > MAX_ALL:
        raise too_large(f"more than {MAX_ALL >> 20} MiB in it")
    end = 0
    for each in sorted(infos, key=lambda info: info.header_offset):
        name = each.orig_filename
        is_outside = name.startswith("/") or "\\" in name or ".." in name.split("/")
        is_odd = each.flag_bits & 1 or each.compress_type not in (ZIP_STORED, ZIP_DEFLATED)
        # Deflate never makes anything much longer: what says so would be longer than it says.
        lies = each.compress_size > each.file_size + each.file_size // 100 + 1_000
        if is_outside or is_odd or lies or each.header_offset < end:
            raise ValueError
        end = each.header_offset + _LOCAL_HEADER + each.compress_size
    return {each.filename: each for each in infos}


def _checked(root: Element, most: int) -> int:
    """Return how many elements there are. Raises Refused where they are many, or nest deep."""
    count = 0
    level = [root]
    for _ in range(MAX_DEPTH):
        count += len(level)
        if count > most:
            raise too_large(f"more than {MAX_ELEMENTS:,} elements")
        level = [each for parent in level for each in parent]
        if not level:
            return count
    raise too_large(f"elements that nest deeper than {MAX_DEPTH}")
