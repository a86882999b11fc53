"""The allow-list for articles.

It runs after dividing, on the rendering of one text at a time. What is not named here goes away.
"""

from __future__ import annotations

import re

import nh3

from gateway.core.documents import PAGE, PLACEHOLDER
from gateway.core.errors import Refused
from gateway.core.findings import Code, Finding
from gateway.formats.fragments import HEADINGS, names
from gateway.formats.nesting import check
from gateway.formats.pruning import PRUNED, prune

TAGS = HEADINGS | names(
    "p br hr wbr div span section blockquote pre code kbd samp var a em strong b i u s small "
    "sub sup del ins mark q cite abbr dfn time bdi bdo ruby rt rp ul ol li dl dt dd "
    "table caption colgroup col thead tbody tfoot tr th td "
    "figure figcaption img details summary"
)
# Page landmarks of a whole page; inside our page they are plain boxes.
BOXES = names("article aside header footer main nav center address hgroup")
# Elements that go away with all they hold: none of it is text that a reader sees as such.
DROPPED = PRUNED | names("script style title textarea noscript iframe noembed noframes embed")
SCHEMES = frozenset({"http", "https", "mailto", "tel"})
ID_PREFIX = "doc-"

_ATTRIBUTES: dict[str, set[str]] = {
    "*": {"id", "lang", "dir", "title", "class"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start", "reversed"},
    "li": {"value"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "col": {"span"},
    "time": {"datetime"},
    "del": {"datetime"},
    "ins": {"datetime"},
    "details": {"open"},
}
_CLASSES = {
    "a": {"footnote-backref"},
    "hr": {"footnotes-sep", "pagebreak"},
    "li": {"footnote-item"},
    "ol": {"footnotes-list"},
    "section": {"footnotes"},
    "strong": {"lead"},
    "sup": {"footnote-ref"},
    "td": {"left", "center", "right"},
    "th": {"left", "center", "right"},
}
_NUMBERS = {"width", "height", "start", "value", "colspan", "rowspan", "span"}
_LANGUAGE = re.compile(r"language-[\w+#.-]{1,40}")
_ID = re.compile(r"[^\s\"'<>&]{1,100}")
_BOX = re.compile(rf"<(/?)(?:{'|'.join(sorted(BOXES))})(?=[\s>])")
_PRE = re.compile(r"(<pre[^>]*>)\n+")
_OURS = re.compile(f"[{PLACEHOLDER}{PAGE}]|%EF%B7%9[01]", re.IGNORECASE)
# References to the noncharacters that stand for cuts, page breaks and markers.
_FORGED = re.compile(
    r"&#(?:x0*fd[de][0-9a-f](?![0-9a-f])|0*(?:6497[6-9]|649[89]\d|6500[0-7])(?!\d))",
    re.IGNORECASE | re.ASCII,
)
_ROUNDS = 10


def sanitise(html: str) -> str:
    """Return the part of html that an article may hold, well-formed; the same again for that.

    Raises Refused where it nests too deep, or has an entity for a letter that is ours.
    """
    _refuse_forged(html)
    html = prune(html)
    check(html)
    for _ in range(_ROUNDS):
        clean = _clean(html)
        if clean == html:
            return clean
        html = clean
    # Markup that parses into something else each time it is written is not worth keeping.
    return _clean(nh3.clean(html, tags=set(), clean_content_tags=set(DROPPED)))


def _refuse_forged(html: str) -> None:
    if forged := _FORGED.search(html):
        line = html.count("\n", 0, forged.start()) + 1
        message = "This entity is of a noncharacter, which cannot stand in a text."
        hint = "Leave the entity out; to show it, write its & as &amp;."
        raise Refused((Finding(line, None, Code.UNDECODABLE, message, hint),))


def _clean(html: str) -> str:
    clean = nh3.clean(
        html,
        tags=set(TAGS | BOXES),
        clean_content_tags=set(DROPPED),
        attributes=_ATTRIBUTES,
        attribute_filter=_kept,
        url_schemes=set(SCHEMES),
        link_rel="noopener noreferrer",
        set_tag_attribute_values={"img": {"loading": "lazy"}},
    )
    # The parser eats a line end right after <pre>; one that is left would be eaten next time.
    return _PRE.sub(r"\1", _BOX.sub(r"<\1div", clean))


def _kept(tag: str, name: str, value: str) -> str | None:
    """Return what stays of an attribute's value, None for nothing."""
    if name in ("href", "src"):
        return _url(name, value)
    value = _OURS.sub("", value)
    if name == "class":
        return _classes(tag, value)
    if name == "id":
        return _own_id(value)
    if name in _NUMBERS:
        return value if re.fullmatch(r"\d{1,4}", value, re.ASCII) else None
    return value


def _url(name: str, value: str) -> str | None:
    # A marker in an address would leave a torn one.
    if _OURS.search(value):
        return None
    if name == "href" and value.startswith("#"):
        return f"#{own}" if (own := _own_id(value[1:])) else None
    if name == "src" and not re.match(r"https?://|[^:]*(?:[/?#]|\Z)", value.strip(), re.IGNORECASE):
        return None
    return value


def _own_id(value: str) -> str | None:
    """Return an id that cannot be one of the page's own."""
    if not _ID.fullmatch(value):
        return None
    return value if value.startswith(ID_PREFIX) else ID_PREFIX + value


def _classes(tag: str, value: str) -> str | None:
    allowed = _CLASSES.get(tag, set())
    kept = [
        word
        for word in value.split()
        if word in allowed or (tag == "code" and _LANGUAGE.fullmatch(word))
    ]
    return " ".join(kept) or None


def is_safe(url: str) -> bool:
    """Tell whether an address has no scheme, or one that an article may use."""
    scheme = re.match(r"[^/?#]*?:", url)
    return scheme is None or scheme[0][:-1].lower() in SCHEMES
