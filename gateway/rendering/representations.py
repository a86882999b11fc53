"""The representations that a document is sent in. Whatever needs to know of them looks here."""

from __future__ import annotations

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


PAGE = Kind("html", "", HTML)
OTHERS = (
    Kind("md", ".md", MARKDOWN),
    Kind("txt", ".txt", TEXT),
    Kind("json", ".json", JSON),
)
REPRESENTATIONS = (PAGE, *OTHERS)

CARD = "card.png"  # what other sites show beside a link
MARK, COLOURS = "pictures/mark", "colours.css"  # of a publisher, below its address
OEMBED = "oembed"  # what other sites show instead of one
