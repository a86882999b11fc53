"""Attachments: what may be taken along as it is, told by its content and never by its name."""

from __future__ import annotations

import zipfile
from contextlib import suppress
from io import BytesIO

from gateway.core.companions import WHOLE_FORM, Companion, origin_of
from gateway.core.errors import Unsupported
from gateway.ports import MadeCompanion
from gateway.rendering.encodings import stored_representation

PDF, ZIP, MP3, MP4 = "application/pdf", "application/zip", "audio/mpeg", "video/mp4"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EPUB = "application/epub+zip"
ATTACHMENT_TYPES = (PDF, ZIP, XLSX, EPUB, MP3, MP4)

_MOST_MEMBERS = 10_000  # that are looked at
_MPEG_1_OR_2 = (0xF2, 0xF3, 0xFA, 0xFB)  # the second byte of a frame of layer III
_PICTURES = (b"avif", b"avis", b"heic", b"mif1", b"msf1")  # that share a container with MP4


def make_attachment(name: str, body: bytes) -> MadeCompanion:
    """Return an attachment as it will be sent. Raises Unsupported."""
    media_type = type_of(body)
    if not media_type:
        raise Unsupported("attachment", "", ATTACHMENT_TYPES)
    form = stored_representation(media_type, body)
    told = Companion(name, origin_of(body), media_type, form.etag.strip('"'), len(body))
    return MadeCompanion(told, {WHOLE_FORM: form})


def type_of(body: bytes) -> str:
    """Return the media type of an attachment, "" for what is none."""
    if body.startswith(b"%PDF-"):
        return PDF
    if body.startswith(b"PK\x03\x04"):
        return _zipped(body)
    if body[4:8] == b"ftyp" and body[8:12] not in _PICTURES:
        return MP4
    is_frame = body[:1] == b"\xff" and body[1:2] and body[1] in _MPEG_1_OR_2
    return MP3 if body.startswith(b"ID3") or is_frame else ""


def _zipped(body: bytes) -> str:
    """Return what an archive is, by the names in it alone."""
    with suppress(zipfile.BadZipFile, ValueError, EOFError, NotImplementedError):
        with zipfile.ZipFile(BytesIO(body)) as archive:
            names = {each.filename for each in archive.infolist()[:_MOST_MEMBERS]}
        if {"[Content_Types].xml", "xl/workbook.xml"} <= names:
            return XLSX
        is_epub = {"mimetype", "META-INF/container.xml"} <= names
        return EPUB if is_epub and body[38:58] == EPUB.encode() else ZIP
    return ""
