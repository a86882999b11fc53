"""Builders of pictures and attachments that say a word in every place but their pixels."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable, Mapping
from io import BytesIO

from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

ORIENTATION, DESCRIPTION = 0x0112, 0x010E
NOTHING = ""


def image(width: int = 40, height: int = 20, seed: int = 1) -> Image.Image:
    """Return pixels: the left half red, the right half of a colour that the seed tells."""
    made = Image.new("RGB", (width, height), (220, 20, 20))
    made.paste((20, 40 + seed * 7 % 200, 200), (width // 2, 0, width, height))
    return made


def _exif(word: str, orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[DESCRIPTION] = word
    exif[ORIENTATION] = orientation
    return exif


def _profile(word: str) -> bytes:
    """Return a profile that works, with a word in the place of its copyright."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile + word.encode() if word else profile


def _saved(made: Image.Image, kind: str, **options: object) -> bytes:
    out = BytesIO()
    made.save(out, kind, **options)
    return out.getvalue()


def jpeg(word: str = NOTHING, width: int = 40, height: int = 20, *, orientation: int = 1) -> bytes:
    """Return a JPEG with the word in EXIF, its thumbnail, ICC, comment, XMP and after its end."""
    thumbnail = _saved(image(16, 8), "JPEG", comment=word.encode())
    exif = _exif(word, orientation)
    more = {"icc_profile": _profile(word), "comment": word.encode(), "xmp": word.encode()}
    body = _saved(image(width, height, len(word)), "JPEG", exif=exif, quality=95, **more)
    extension = b"JFXX\0\x10" + thumbnail
    at = 4 + int.from_bytes(body[4:6], "big")  # behind JFIF
    segment = b"\xff\xe0" + struct.pack(">H", len(extension) + 2) + extension
    body = body[:at] + segment + body[at:]
    return body + word.encode()


def png(word: str = NOTHING, width: int = 40, height: int = 20, *, orientation: int = 1) -> bytes:
    """Return a PNG with the word in its text chunks, EXIF, ICC and after its end."""
    told = PngInfo()
    told.add_text("Comment", word)
    told.add_text("Zipped", word, zip=True)
    told.add_itxt("Title", word)
    exif = _exif(word, orientation)
    profile = _profile(word)
    body = _saved(
        image(width, height, len(word)), "PNG", pnginfo=told, exif=exif, icc_profile=profile
    )
    return body + word.encode()


def webp(word: str = NOTHING, width: int = 40, height: int = 20, *, orientation: int = 1) -> bytes:
    """Return a WebP with the word in EXIF, XMP, ICC and after its end."""
    exif, profile = _exif(word, orientation), _profile(word)
    more = {"icc_profile": profile, "xmp": word.encode(), "lossless": True}
    return _saved(image(width, height, len(word)), "WEBP", exif=exif, **more) + word.encode()


def avif(word: str = NOTHING, width: int = 40, height: int = 20, *, orientation: int = 1) -> bytes:
    """Return an AVIF with the word in EXIF, XMP and ICC."""
    exif, profile = _exif(word, orientation), _profile(word)
    more = {"icc_profile": profile, "xmp": word.encode(), "quality": 95}
    return _saved(image(width, height, len(word)), "AVIF", exif=exif, **more)


def gif(word: str = NOTHING, width: int = 40, height: int = 20) -> bytes:
    """Return a GIF with the word in a comment and after its end, and with a second frame."""
    second = Image.new("RGB", (width, height), (0, 255, 0))
    more = {"save_all": True, "append_images": [second], "comment": word.encode()}
    return _saved(image(width, height, len(word)), "GIF", **more) + word.encode()


def noise(width: int, height: int) -> bytes:
    """Return a PNG that nothing makes much smaller."""
    return _saved(Image.effect_noise((width, height), 90), "PNG")


KINDS: Mapping[str, Callable[..., bytes]] = {
    "image/jpeg": jpeg,
    "image/png": png,
    "image/webp": webp,
    "image/gif": gif,
    "image/avif": avif,
}
TURNED = tuple(kind for kind in KINDS if kind != "image/gif")  # what can say that it lies


def opened(body: bytes) -> Image.Image:
    """Return a picture as a browser would see it."""
    return Image.open(BytesIO(body))


def _zipped(members: Mapping[str, bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


def attachments(word: str = NOTHING) -> Mapping[str, bytes]:
    """Return an attachment of each media type, that says the word."""
    said = word.encode()
    container = {"META-INF/container.xml": said}
    sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return {
        "application/pdf": b"%PDF-1.7\n" + said + b"\n%%EOF\n",
        "application/zip": _zipped({"a.txt": said}),
        sheet: _zipped({"[Content_Types].xml": b"", "xl/workbook.xml": said}),
        "application/epub+zip": _zipped({"mimetype": b"application/epub+zip", **container}),
        "audio/mpeg": b"ID3\x03\0\0\0\0\0\0" + said,
        "video/mp4": b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + said,
    }
