"""Builders of projections and full texts, and of the press that sets them."""

from __future__ import annotations

from pathlib import Path

from selectolax.lexbor import LexborHTMLParser, LexborNode

import dev
from gateway.core.bundles import IDENTITY, Bundle
from gateway.core.documents import (
    PLACEHOLDER,
    Address,
    FullText,
    Meta,
    Offer,
    Projection,
    Rendering,
)
from gateway.rendering.pages import Pages
from gateway.rendering.press import PagePress
from gateway.rendering.static import Static

ROOT = Path(dev.__file__).parent
TEMPLATES = ROOT / "templates"
STATIC = Static()
PAGES = Pages(TEMPLATES, STATIC)
PRESS = PagePress(PAGES)

ADDRESS = Address("demo", "party-building-report-2023")
OFFERS = (Offer("本篇全文", "¥9.90", "https://shop.example/report"), Offer("年度合集", "¥128"))
OUTLINE = ("存在的问题", "下一步打算")
# What a title must survive: markup, script, template, format, and the ends of all of them.
HOSTILE = "\"'><script>alert(1)</script>{{7*7}}{% raw %}%(x)s ]]> \\ </title>"
MOMENT = "2025-03-04T03:00:00Z"

_TITLE, *_LINES = (ROOT / "content/demo/party-building-report-2023.txt").read_text().split("\n")
_FREE, _PAID = "\n".join(_LINES).split("##paidbegin##")


def rendering(text: str, title: str = _TITLE) -> Rendering:
    """Set paragraphs, one a line; PLACEHOLDER ends one."""
    blocks = []
    for stretch in text.split(PLACEHOLDER):
        blocks.append("\n".join(f"<p>{line}</p>" for line in stretch.split("\n") if line))
    plain = text.replace("\n", "\n\n")
    return Rendering(PLACEHOLDER.join(blocks), plain, plain, title)


def projection(
    text: str = _FREE + PLACEHOLDER, cuts: tuple[int, ...] = (2_000,), **meta: object
) -> Projection:
    """Make the projection of the sample report, or of another text."""
    declared = {"title": _TITLE, "language": "zh-CN", "offers": OFFERS, "outline": OUTLINE} | meta
    return Projection(ADDRESS, Meta(**declared), rendering(text), cuts, MOMENT, MOMENT)  # type: ignore[arg-type]


def full_text() -> FullText:
    """Make the full text of the sample report."""
    whole = rendering(_FREE + _PAID.replace("##paidend##", ""))
    return FullText(ADDRESS, Meta(title=_TITLE, language="zh-CN"), whole)


def body(bundle: Bundle, form: str = "html") -> str:
    """Return the text of a form."""
    return bundle.forms[form].bodies[IDENTITY].decode()


def one(tree: LexborHTMLParser | LexborNode, selector: str) -> LexborNode:
    """Return the first element that a selector finds; there must be one."""
    node = tree.css_first(selector)
    assert node is not None, selector
    return node


def inline_of(tree: LexborHTMLParser) -> list[str]:
    """Return what a strict content security policy would refuse."""
    found = [node.html or "" for node in tree.css("style, [style], base, iframe, object, embed")]
    for node in tree.css("script:not([type='application/ld+json'])"):
        if not (node.attributes.get("src") or "").startswith("/static/"):
            found.append(node.html or "")
    for node in tree.css("link[rel=stylesheet], link[rel=icon], img"):
        if not (node.attributes.get("href") or node.attributes.get("src") or "").startswith("/"):
            found.append(node.html or "")
    for node in tree.css("*"):
        found += [name for name in node.attributes if name.startswith("on")]
    return found
