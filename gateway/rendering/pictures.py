"""Pictures, made anew: what is shown of one is its pixels and nothing else that was in its file.

To be called in a process that can be killed: no decoder of pictures is trusted further than that.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from typing import NamedTuple

from PIL import Image, ImageCms

from gateway.core.companions import (
    PICTURE_TYPES,
    SMALL_FORM,
    WHOLE_FORM,
    Companion,
    origin_of,
    picture_kind,
)
from gateway.core.errors import Refused, TooLarge, Unsupported
from gateway.core.findings import Finding, FindingCode
from gateway.core.profiles import MARK_TYPES, Mark
from gateway.ports import MadeCompanion
from gateway.process import Exhausted, cpu_limit
from gateway.rendering.encodings import etag_of, stored_representation

MAX_PIXELS = 50_000_000
MAX_SIDE = 30_000  # pixels
MAX_SECONDS = 10.0  # of a processor
WIDTH, SMALL_WIDTH = 1_600, 720  # pixels
TALLEST = 16_000  # pixels; WebP ends at 16,383
QUALITY = 80

_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
_WRITTEN_AS = {"JPEG": "JPEG", "PNG": "PNG", "GIF": "PNG", "WEBP": "WEBP", "AVIF": "WEBP"}
_OPTIONS: dict[str, dict[str, object]] = {
    "JPEG": {"quality": QUALITY, "optimize": True, "progressive": True},
    "PNG": {"compress_level": 9},
    "WEBP": {"quality": QUALITY, "method": 4},
}
_ORIENTATION = 0x0112  # of EXIF
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

Image.MAX_IMAGE_PIXELS = None  # we count ourselves, before anything is decoded


class _Bounds(NamedTuple):
    width: int
    height: int


_OF_MARK = _Bounds(384, 128)  # about four times as large as it is shown


def make_picture(name: str, body: bytes) -> MadeCompanion:
    """Return a picture as it will be shown, in up to two sizes.

    Raises Unsupported for what is no picture that is taken, TooLarge, Refused.
    """
    kind = picture_kind(body)
    if not kind:
        raise Unsupported("picture", _told(body), PICTURE_TYPES)
    with _bounded():
        return _made(name, body, kind)


def make_mark(body: bytes) -> Mark:
    """Return the mark of a publisher as it will be shown. Raises Unsupported, Refused."""
    kind = picture_kind(body)
    if _TYPES.get(kind) not in MARK_TYPES:
        raise Unsupported("picture", _told(body), MARK_TYPES)
    with _bounded():
        image = _within(_pixels(body, kind), _OF_MARK)
        shown = _encoded(image, kind)
    digest = etag_of(shown).strip('"')
    return Mark(_TYPES[kind], image.width, image.height, origin_of(body), digest, shown)


@contextmanager
def _bounded() -> Iterator[None]:
    """Decode within bounds. Raises TooLarge, Refused."""
    try:
        with cpu_limit(MAX_SECONDS):
            yield
    except (TooLarge, Refused):
        raise
    except (Exhausted, MemoryError):
        raise refused("The picture takes too long to read.", FindingCode.TOO_LARGE) from None
    except Exception:  # whatever a decoder makes of what no camera writes
        raise refused("The picture is damaged.", FindingCode.UNDECODABLE) from None


def refused(message: str, code: FindingCode) -> Refused:
    """Return the refusal of a picture."""
    hint = "Open it in a program for pictures, and save it anew as JPEG or PNG."
    return Refused((Finding(1, None, code, message, hint),))


def _told(body: bytes) -> str:
    beginning = body[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return "image/svg+xml" if beginning.startswith(b"<") and b"<svg" in beginning else ""


def _made(name: str, body: bytes, kind: str) -> MadeCompanion:
    written = _WRITTEN_AS[kind]
    pixels = _pixels(body, kind)
    sizes = dict(_sizes(pixels))
    forms = {
        form: stored_representation(_TYPES[written], _encoded(image, written))
        for form, image in sizes.items()
    }
    whole, small = sizes[WHOLE_FORM], sizes.get(SMALL_FORM)
    told = Companion(
        name,
        origin_of(body),
        _TYPES[written],
        forms[WHOLE_FORM].etag.strip('"'),
        forms[WHOLE_FORM].size,
        whole.width,
        whole.height,
        small.width if small else 0,
    )
    return MadeCompanion(told, forms)


def _pixels(body: bytes, kind: str) -> Image.Image:
    """Return the pixels of the first frame, the right way up, and nothing else."""
    with Image.open(BytesIO(body), formats=[kind]) as opened:
        _require_bounds(opened.size)
        opened.draft("RGB", (2 * WIDTH, 2 * WIDTH))  # a JPEG is decoded no larger than it has to be
        opened.load()
        turn = _turn(opened)
        image = _in_plain_colours(opened)
    if turn is not None:
        image = image.transpose(turn)
    clean = Image.new(image.mode, image.size)
    clean.paste(image)
    return clean


def _turn(image: Image.Image) -> Image.Transpose | None:
    """Return how a picture is to be turned to stand upright."""
    with suppress(Exception):  # what cannot be read says nothing
        return _TURNS.get(int(image.getexif().get(_ORIENTATION) or 1))
    return None


def _require_bounds(size: tuple[int, int]) -> None:
    width, height = size
    if width * height > MAX_PIXELS or max(size) > MAX_SIDE or min(size) < 1:
        message = f"The picture has {width} × {height} pixels."
        hint = f"Make it smaller: at most {MAX_PIXELS // 1_000_000} million pixels."
        raise Refused((Finding(1, None, FindingCode.TOO_LARGE, message, hint),))


def _in_plain_colours(image: Image.Image) -> Image.Image:
    """Return a picture in sRGB, with what sees through only where something does."""
    has_alpha = image.has_transparency_data
    mode = "RGBA" if has_alpha else "L" if image.mode in ("1", "L") else "RGB"
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "RGBA", "CMYK") and mode != "L":
        with suppress(Exception):  # a profile that cannot be read says nothing
            converted = ImageCms.profileToProfile(
                image,
                ImageCms.ImageCmsProfile(BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                outputMode=mode if image.mode != "CMYK" else "RGB",
            )
            if converted is not None:
                return converted
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    return image if image.mode == mode else image.convert(mode)


def _sizes(image: Image.Image) -> Iterator[tuple[str, Image.Image]]:
    yield WHOLE_FORM, _within(image, _Bounds(WIDTH, TALLEST))
    if image.width > SMALL_WIDTH * 5 // 4:
        yield SMALL_FORM, _within(image, _Bounds(SMALL_WIDTH, TALLEST))


def _within(image: Image.Image, bounds: _Bounds) -> Image.Image:
    smaller = image.copy()
    smaller.thumbnail(bounds, Image.Resampling.LANCZOS, reducing_gap=3.0)
    return smaller


def _encoded(image: Image.Image, kind: str) -> bytes:
    if kind == "JPEG" and image.mode == "RGBA":
        image = image.convert("RGB")
    out = BytesIO()
    image.save(out, kind, **_OPTIONS[kind])
    return out.getvalue()
