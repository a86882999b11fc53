"""Kinds of files that are no documents here: what each is, and what its owner can do.

By the end of a name before anything is sent; by the first bytes for what has a wrong name.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from gateway.core.errors import GatewayError, Refused, Unsupported
from gateway.formats import docx
from gateway.web.studio.words import N_

WORD = frozenset(docx.suffixes)
DIRECTORY = 64 << 10  # bytes at the end of an archive in which its names are looked for

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"
_SAVE = N_("Open it in the program that made it, save it as Word document (.docx), and send that.")


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file, in messages of the interface's catalogue."""

    what: str
    how: str
    suffixes: tuple[str, ...] = ()
    begins: tuple[bytes, ...] = ()


OTHER = FileKind(N_("Files of this kind cannot be read."), _SAVE)
NAMELESS = FileKind(
    N_("The file’s name does not say what kind it is."),
    N_("Give it a name that ends in .docx, .md, .html or .txt."),
    ("",),
)
_RENAMED = FileKind(
    N_("This is a Word document, though its name says otherwise."),
    N_("Give it a name that ends in .docx, and send it again."),
)

KINDS = (
    # Where pictures are sent together with their document, this kind leaves the table.
    FileKind(
        N_("This is a picture."),
        N_(
            "A picture belongs to a document and is sent with it. Publish the document that shows"
            " it."
        ),
        (".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".svg", ".bmp", ".heic", ".tif"),
        (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"RIFF"),
    ),
    FileKind(
        N_("This is a PDF: printed pages, of which no text can be divided."),
        N_("Send the file that it was made from, such as the Word document."),
        (".pdf",),
        (b"%PDF-",),
    ),
    FileKind(
        N_("This is a table."),
        N_("Copy it into a Word document, or save it as HTML, and send that."),
        (".xls", ".xlsx", ".xlsm", ".csv", ".tsv", ".et", ".ods", ".numbers"),
    ),
    FileKind(
        N_("These are slides."),
        N_("Copy their text into a Word document, and send that."),
        (".ppt", ".pptx", ".pps", ".ppsx", ".dps", ".odp", ".key"),
    ),
    FileKind(
        N_("This is a document of a kind that is not read here."),
        _SAVE,
        (".rtf", ".odt", ".pages", ".docm", ".dotx", ".dot", ".wpt", ".wpd", ".hwp", ".tex"),
        (b"{\\rtf",),
    ),
    FileKind(
        N_("This is a document of an older Word or of WPS, which is not read here."),
        N_("Open it in Word, WPS or LibreOffice, save it as Word document (.docx), and send that."),
        (".doc", ".wps"),
        (_OLE,),
    ),
    FileKind(
        N_("This is an archive."),
        N_("Unpack it, and send the files that are in it."),
        (".zip", ".rar", ".7z", ".gz", ".tgz", ".tar", ".bz2", ".xz"),
        (_ZIP, b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b"),
    ),
    FileKind(
        N_("This is an e-book, and no single text."),
        N_("Send the text that it was made from, a chapter a document."),
        (".epub", ".mobi", ".azw3"),
    ),
    FileKind(
        N_("This is a sound or a film."),
        N_("Send a text, and link to it from there."),
        (".mp3", ".m4a", ".wav", ".flac", ".ogg", ".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm"),
    ),
    NAMELESS,
)


def of_name(file_name: str) -> FileKind:
    """Return the kind of a file that no format reads, by its name."""
    suffix = PurePosixPath(file_name.replace("\\", "/")).suffix.lower()
    return next((kind for kind in KINDS if suffix in kind.suffixes), OTHER)


def of_content(file_name: str, body: bytes) -> FileKind | None:
    """Return what a file is in truth, None where it is what its name says or nobody can tell."""
    if PurePosixPath(file_name).suffix.lower() in WORD and body.startswith((_ZIP, _OLE)):
        return None
    if body.startswith(_ZIP) and b"word/" in body[-DIRECTORY:]:
        return _RENAMED
    return next((kind for kind in KINDS if body.startswith(kind.begins)), None)


def of_refused(file_name: str, body: bytes, error: GatewayError | None) -> FileKind | None:
    """Return what a file is that no format reads, None for one that a format refuses."""
    if isinstance(error, Unsupported):
        return of_name(file_name)
    return of_content(file_name, body) if isinstance(error, Refused) else None
