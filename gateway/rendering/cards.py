"""Cards: the picture that other sites show beside a link, of title, publisher and day alone.

The publisher is there by its name, mark and colour; with none of them it has the gate's.

Drawn with what fonts the machine has. Words that none of them can write are left out: a card
without a title is better than one of boxes.
"""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import cast

from PIL import Image, ImageColor, ImageDraw, ImageFont, features

from gateway.core.profiles import UNSAID, Mark, Profile

SIZE = 1200, 630  # pixels; what every site that shows cards takes
FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts", "/System/Library/Fonts")
NAMES = (
    *("NotoSerifCJK-Bold.ttc", "SourceHanSerifSC-Bold.otf", "NotoSansCJK-Bold.ttc"),
    *("SourceHanSansSC-Bold.otf", "wqy-zenhei.ttc", "wqy-microhei.ttc", "PingFang.ttc"),
    *("NotoSerif-Bold.ttf", "DejaVuSerif-Bold.ttf", "NotoSans-Bold.ttf", "DejaVuSans-Bold.ttf"),
)
"""Fonts by their files, the first that can write a text goes first."""

_LEFT, _RIGHT, _TOP, _FOOT = 96, 1104, 96, 510
_LEVELS = 15  # of grey between paper and ink: with the seal as many as four bits hold
_PAPER, _INK, _SEAL = 0, _LEVELS - 1, _LEVELS
_INKED = [value * _INK // 255 for value in range(256)]
_COLOURS = (0xFB, 0xFA, 0xF7), (0x17, 0x18, 0x1B), (0xB3, 0x34, 0x1F)
_TITLES = ((72, 3), (56, 4), (44, 5))  # size in pixels, and lines that find room in it
_SMALL = 34
_MARK_WIDTH, _MARK_HEIGHT = 216, 54  # pixels; that a mark finds room in
_OPENING = "“‘（《〈「『【([{"
_CLOSING = "，。、；：？！”’）》〉」』】…,.;:?!)]}"

Font = ImageFont.FreeTypeFont


def card(title: str, publisher: str, day: str, profile: Profile = UNSAID) -> bytes:
    """Return the card of a document as a PNG. publisher: the name by which it is shown."""
    try:
        return _drawn_card(title, publisher, day, profile)
    except (OSError, RuntimeError, ValueError):  # a font that is damaged, or cannot shape a text
        return _drawn_card("", "", "", UNSAID)


def _drawn_card(title: str, publisher: str, day: str, profile: Profile) -> bytes:
    image = Image.new("L", SIZE, _PAPER)
    pen = ImageDraw.Draw(image)
    lines, font = _title(title)
    for at, line in enumerate(lines):
        pen.text((_LEFT, _TOP + at * font.size * 1.35), line, 255, font)
    small = _font(publisher + day, _SMALL)
    mark = _mark(profile.mark)
    if publisher and small:
        aside = mark.width + 22 if mark else 76 if profile == UNSAID else 34
        pen.text((_LEFT + aside, _FOOT + 6), f"{publisher} · {day}", 255, small)
    inked = _inked(image, profile)
    if mark:
        _add_mark(inked, mark)
    return _png(inked, 8 if mark else 4)


def _title(title: str) -> tuple[Sequence[str], Font]:
    """Return the title on lines, and the largest font in which there is room for it."""
    lines: list[str] = []
    font = _plain(_SMALL)
    for size, most in _TITLES:
        found = _font(title, size)
        if found is None:
            return (), font
        font, lines = found, list(islice(_lines(title, found), most + 1))
        if len(lines) <= most:
            return lines, font
    return [*lines[:-2], _cut(lines[-2], font)], font


def _lines(text: str, font: Font) -> Iterator[str]:
    """Yield a text line by line, broken between words or between letters that stand alone."""
    line, length = "", 0.0
    for piece in _pieces(text, font):
        width = _width(piece, font)
        if line and length + _width(piece.rstrip(), font) > _RIGHT - _LEFT:
            yield line.rstrip()
            line, length = "", 0.0
        line, length = line + piece, length + width
    if line.strip():
        yield line.rstrip()


def _pieces(text: str, font: Font) -> Iterator[str]:
    """Yield what stays on one line: a word with its blank, or an ideograph with its signs.

    A word that is longer than a line is torn.
    """
    for piece in _words(text):
        most = len(piece)
        if _width(piece, font) > _RIGHT - _LEFT:
            most = int((_RIGHT - _LEFT) / max(_width(letter, font) for letter in piece))
        yield from (piece[at : at + most] for at in range(0, len(piece), most))


def _words(text: str) -> Iterator[str]:
    piece = ""
    for letter in text:
        if piece and _may_break(piece[-1], letter):
            yield piece
            piece = ""
        piece += letter
    if piece:
        yield piece


def _may_break(before: str, after: str) -> bool:
    if after in _CLOSING or before in _OPENING:
        return False
    widths = map(unicodedata.east_asian_width, before + after)
    return before == " " or any(width in "WF" for width in widths)


@lru_cache(maxsize=1 << 13)  # titles have many words and letters in common
def _width(piece: str, font: Font) -> float:
    return font.getlength(piece)


def _cut(line: str, font: Font) -> str:
    while line and font.getlength(f"{line}…") > _RIGHT - _LEFT:
        line = line[:-1]
    return f"{line.rstrip()}…"


# --- fonts -------------------------------------------------------------------------------------


def _font(text: str, size: int) -> Font | None:
    """Return the first font that can write a text, None where none can."""
    if not _is_simple(text):
        return None
    fonts = (_opened(path, size) for path in _found())
    return next((font for font in (*fonts, _plain(size)) if _can_write(font, text)), None)


def _is_simple(text: str) -> bool:
    """Return whether letters stand one beside the other, or there is what shapes the others."""
    simple = all(
        unicodedata.bidirectional(letter) not in ("R", "AL") and not unicodedata.combining(letter)
        for letter in text
    )
    return simple or bool(features.check("raqm"))


def _can_write(font: Font, text: str) -> bool:
    nothing = _drawn(font, "\U0010fffd")
    return all(
        letter.isspace() or letter.isascii() or _drawn(font, letter) != nothing
        for letter in set(text)
    )


@lru_cache(maxsize=4096)
def _drawn(font: Font, letter: str) -> bytes:
    return bytes(font.getmask(letter))


@lru_cache(maxsize=64)
def _opened(path: Path, size: int) -> Font:
    return ImageFont.truetype(str(path), size)


@lru_cache(maxsize=8)
def _plain(size: int) -> Font:
    """Return the font that comes with Pillow, which writes Latin letters."""
    return cast("Font", ImageFont.load_default(size))


@lru_cache(maxsize=1)
def _found() -> Sequence[Path]:
    """Return the files of the fonts that there are, in the order of NAMES."""
    there = {
        path.name: path
        for folder in FOLDERS
        for path in Path(folder).rglob("*")
        if path.name in NAMES
    }
    return [there[name] for name in NAMES if name in there]


# --- ink ---------------------------------------------------------------------------------------


def _inked(grey: Image.Image, profile: Profile) -> Image.Image:
    """Return grey as ink on paper, and the seal in front of it: a picture of few colours."""
    image = Image.new("P", SIZE, _PAPER)
    if box := grey.getbbox():
        image.paste(grey.crop(box).point(_INKED).convert("P"), box)
    image.putpalette(_palette(profile.colour))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, SIZE[0], 11), _INK)
    left = _LEFT + 18 if profile == UNSAID else _LEFT
    if profile == UNSAID:
        for post in (_LEFT, _LEFT + 34):
            pen.rectangle((post, _FOOT, post + 13, _FOOT + 54), _INK)
    if not profile.mark:
        pen.rectangle((left, _FOOT + 21, left + 11, _FOOT + 32), _SEAL)
    return image


def _mark(mark: Mark | None) -> Image.Image | None:
    """Return the mark of a publisher as it stands on a card, None for none."""
    if mark is None:
        return None
    image = Image.open(BytesIO(mark.body)).convert("RGBA")
    image.thumbnail((_MARK_WIDTH, _MARK_HEIGHT), Image.Resampling.LANCZOS)
    return image


def _add_mark(inked: Image.Image, mark: Image.Image) -> None:
    """Put the mark where the gate would be, in colours of its own behind those of the card."""
    seen = Image.new("RGB", mark.size, _COLOURS[_PAPER])
    seen.paste(mark, mask=mark)
    count = _LEVELS + 1
    own = seen.quantize(256 - count, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    moved = own.point([*range(count, 256), *[0] * count])
    inked.paste(moved, (_LEFT, _FOOT + (_MARK_HEIGHT - mark.height) // 2))
    inked.putpalette([*(inked.getpalette() or ())[: 3 * count], *(own.getpalette() or ())])


@lru_cache(maxsize=64)
def _palette(colour: str) -> Sequence[int]:
    paper, ink, seal = _COLOURS
    seal = cast("tuple[int, int, int]", ImageColor.getrgb(colour)) if colour else seal
    greys = [
        round(a + (b - a) * level / (_LEVELS - 1))
        for level in range(_LEVELS)
        for a, b in zip(paper, ink, strict=True)
    ]
    return [*greys, *seal]


def _png(image: Image.Image, bits: int) -> bytes:
    file = BytesIO()
    image.save(file, "PNG", bits=bits, compress_level=1, compress_type=zlib.Z_RLE)
    return file.getvalue()
