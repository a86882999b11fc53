"""Bytes to text with markers, and text to HTML."""

from gateway.formats import html, markdown, plain
from gateway.ports import Format

FORMATS: tuple[Format, ...] = (plain, markdown, html)
BY_NAME: dict[str, Format] = {each.name: each for each in FORMATS}
BY_MEDIA_TYPE: dict[str, Format] = {each.media_type: each for each in FORMATS}
BY_SUFFIX: dict[str, Format] = {suffix: each for each in FORMATS for suffix in each.suffixes}
