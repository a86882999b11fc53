"""Pictures and attachments are told by their content, and of a picture only the pixels stay."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from gateway.core.bundles import IDENTITY
from gateway.core.companions import PICTURE_TYPES, SMALL_FORM, WHOLE_FORM
from gateway.core.errors import Refused, Unsupported
from gateway.ports import MadeCompanion
from gateway.rendering.attachments import ATTACHMENT_TYPES, make_attachment
from gateway.rendering.pictures import (
    MAX_PIXELS,
    SMALL_WIDTH,
    WIDTH,
    make_picture,
)
from tests.properties.canaries import canaries, found_in, needles
from tests.support import pictures

WORD = canaries(5)[0]


def bodies(made: MadeCompanion) -> list[bytes]:
    return [form.bodies[IDENTITY] for form in made.forms.values()]


def shown(made: MadeCompanion) -> Image.Image:
    return pictures.opened(made.forms[WHOLE_FORM].bodies[IDENTITY])


def test_every_type_that_is_taken_has_a_builder() -> None:
    assert tuple(pictures.KINDS) == PICTURE_TYPES
    assert tuple(pictures.attachments()) == ATTACHMENT_TYPES


@pytest.mark.parametrize("kind", PICTURE_TYPES)
def test_no_word_beside_the_pixels_of_a_picture_stays(kind: str) -> None:
    body = pictures.KINDS[kind](WORD, 2_000, 40)
    assert found_in(body, needles([WORD]))
    made = make_picture("a", body)
    assert set(made.forms) == {WHOLE_FORM, SMALL_FORM}
    for each in bodies(made):
        assert found_in(each, needles([WORD])) == []
        assert not {"exif", "icc_profile", "xmp", "comment"} & {*pictures.opened(each).info}


@pytest.mark.parametrize("kind", PICTURE_TYPES)
def test_a_picture_is_told_by_its_content_and_shows_its_first_frame(kind: str) -> None:
    made = make_picture("anything.svg", pictures.KINDS[kind]())
    picture = made.companion
    assert (picture.width, picture.height, picture.small) == (40, 20, 0)
    left, right = (shown(made).convert("RGB").getpixel((x, 10)) for x in (5, 35))
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert left[0] > 180 > right[0]
    assert right[2] > 150 > left[2]


@pytest.mark.parametrize("kind", pictures.TURNED)
def test_a_picture_that_lies_on_its_side_is_set_upright(kind: str) -> None:
    made = make_picture("a", pictures.KINDS[kind](orientation=6))  # its top is the right side
    assert (made.companion.width, made.companion.height) == (20, 40)
    top = shown(made).convert("RGB").getpixel((10, 5))
    assert isinstance(top, tuple)
    assert top[0] > 180


def test_a_large_picture_has_two_sizes_in_its_own_proportions() -> None:
    made = make_picture("a", pictures.jpeg(width=4_000, height=2_000))
    assert (made.companion.width, made.companion.height) == (WIDTH, WIDTH // 2)
    small = pictures.opened(made.forms[SMALL_FORM].bodies[IDENTITY])
    assert small.size == (SMALL_WIDTH, SMALL_WIDTH // 2)
    assert made.companion.small == SMALL_WIDTH


def test_what_sees_through_goes_on_to() -> None:
    half = Image.new("RGBA", (10, 10), (255, 0, 0, 0))
    out = BytesIO()
    half.save(out, "PNG")
    made = make_picture("a", out.getvalue())
    assert shown(made).convert("RGBA").getpixel((5, 5))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_pictures_of_all_modes_are_made(mode: str) -> None:
    out = BytesIO()
    source = Image.new(mode, (10, 10))
    source.save(out, "JPEG" if mode == "CMYK" else "PNG")
    assert make_picture("a", out.getvalue()).companion.width == 10


SVG = b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (SVG, "svg"),
        (b"\xef\xbb\xbf \n<svg/>", "svg"),
        (b"<html><body>hello", "kind that is supported"),
        (b"%PDF-1.7", "kind that is supported"),
        (b"", "kind that is supported"),
        (b"BM" + bytes(60), "kind that is supported"),
    ],
)
def test_what_is_no_picture_that_is_taken_is_refused_by_its_true_name(
    body: bytes, told: str
) -> None:
    with pytest.raises(Unsupported, match=told):
        make_picture("a.png", body)


def _chunk(kind: bytes, content: bytes) -> bytes:
    checked = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checked


def bomb(width: int, height: int) -> bytes:
    """Return a small PNG that says that it has so many pixels, and would unpack to them."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    packed = zlib.compress(bytes(min(width * height, 1 << 24)), 9)
    chunks = _chunk(b"IHDR", head) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize(("width", "height"), [(60_000, 60_000), (31_000, 2), (8_000, 7_000)])
def test_more_pixels_than_the_bound_are_refused_before_they_are_decoded(
    width: int, height: int
) -> None:
    assert width * height > MAX_PIXELS or max(width, height) > 30_000
    with pytest.raises(Refused) as refused:
        make_picture("a", bomb(width, height))
    assert f"{width} × {height}" in refused.value.findings[0].message


@pytest.mark.parametrize("kind", PICTURE_TYPES)
def test_a_damaged_picture_is_refused_and_is_no_fault_of_ours(kind: str) -> None:
    body = pictures.KINDS[kind]()
    for damaged in (body[: len(body) // 3], body[:16] + bytes(200)):
        with pytest.raises(Refused) as refused:
            make_picture("a", damaged)
        assert "damaged" in refused.value.findings[0].message


@pytest.mark.parametrize("kind", PICTURE_TYPES)
def test_what_is_a_page_as_well_as_a_picture_is_a_picture_alone(kind: str) -> None:
    page = b"<html><script>alert(1)</script></html>"
    made = make_picture("a", pictures.KINDS[kind]() + page + pictures.attachments()["audio/mpeg"])
    assert all(b"script" not in each and b"ID3" not in each for each in bodies(made))


@pytest.mark.parametrize("media_type", ATTACHMENT_TYPES)
def test_an_attachment_is_told_by_its_content_and_stays_as_it_is(media_type: str) -> None:
    body = pictures.attachments(WORD)[media_type]
    made = make_attachment("anything.exe", body)
    assert made.companion.media_type == media_type
    assert bodies(made) == [body]
    assert not made.companion.is_picture


@pytest.mark.parametrize("body", [b"MZ\x90\0", SVG, b"<html>", b"PK\x03\x04 no archive", b""])
def test_what_may_not_be_taken_along_is_refused(body: bytes) -> None:
    with pytest.raises(Unsupported):
        make_attachment("a.pdf", body)
