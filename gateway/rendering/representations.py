"""The representations that a document is sent in. Whatever needs to know of them looks here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

HTML = "text/html; charset=utf-8"
MARKDOWN = "text/markdown; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
JSON = "application/json"


class Kind(NamedTuple):
    """One representation: what it is called, how its address ends, and its media type."""

    name: str
    suffix: str
    media_type: str
    names: Mapping[str, str]
    """What people call it, by language of the interface."""


PAGE = Kind("html", "", HTML, {"en": "Page", "zh-CN": "网页"})
OTHERS = (
    Kind("md", ".md", MARKDOWN, {"en": "Markdown", "zh-CN": "Markdown"}),
    Kind("txt", ".txt", TEXT, {"en": "Plain text", "zh-CN": "纯文本"}),
    Kind("json", ".json", JSON, {"en": "JSON", "zh-CN": "JSON"}),
)
REPRESENTATIONS = (PAGE, *OTHERS)

CARD = "card.png"  # what other sites show beside a link
MARK, COLOURS = "pictures/mark", "colours.css"  # of a publisher, below its address
OEMBED = "oembed"  # what other sites show instead of one
