"""The allow-list for articles.

It runs after dividing, on the rendering of one text at a time. What is not named here goes away.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from urllib.parse import unquote

import nh3

from gateway.core.documents import PAGE, PLACEHOLDER
from gateway.core.errors import Refused
from gateway.core.findings import Finding, FindingCode
from gateway.formats import hiding
from gateway.formats.decoding import FORBIDDEN
from gateway.formats.fragments import HEADINGS, join, names, pieces
from gateway.formats.nesting import check
from gateway.formats.pruning import PRUNED, prune
from gateway.formats.tokeniser import tokens

TAGS = HEADINGS | names(
    "p br hr wbr div span section blockquote pre code kbd samp var a em strong b i u s small "
    "sub sup del ins mark q cite abbr dfn time bdi bdo ruby rt rp ul ol li dl dt dd "
    "table caption colgroup col thead tbody tfoot tr th td "
    "figure figcaption img details summary"
)
# Page landmarks of a whole page; inside our page they are plain boxes.
BOXES = names("article aside header footer main nav center address hgroup")
# Elements that go away with all they hold: none of it is text that a reader sees as such.
_RAW = names("xmp plaintext")  # would be written with what they hold as it stands
DROPPED = PRUNED | names("script style title textarea noscript noembed noframes")
SCHEMES = frozenset({"http", "https", "mailto", "tel"})
ID_PREFIX = "doc-"
PAID = "data-paid"  # of a heading that the gateway itself found to be paid; no page shows it

_ATTRIBUTES: dict[str, set[str]] = {
    "*": {"id", "lang", "dir", "title", "class"},
    **{heading: {PAID} for heading in HEADINGS},
    "a": {"href", "name"},
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
    "code": {"math"},
    "hr": {"footnotes-sep", "pagebreak"},
    "li": {"footnote-item"},
    "ol": {"footnotes-list"},
    "p": {"center", "right"},
    "section": {"footnotes"},
    "strong": {"lead"},
    "sup": {"footnote-ref"},
    "td": {"left", "center", "right"},
    "th": {"left", "center", "right"},
}
_NUMBERS = {"width", "height", "start", "value", "colspan", "rowspan", "span"}
_LANGUAGE = re.compile(r"language-[\w+#.-]{1,40}")
_ID = re.compile(r"[^\s\"'<>&]{1,200}")
_BOX = re.compile(rf"<(/?)(?:{'|'.join(sorted(BOXES))})(?=[\s>])")
_PRE = re.compile(r"(<pre[^>]*>)\n+")
_OURS = re.compile(f"[{PLACEHOLDER}{PAGE}]|%EF%B7%9[01]", re.IGNORECASE)
# References to the noncharacters that stand for cuts, page breaks and markers.
_FORGED = re.compile(
    r"&#(?:x0*fd[de][0-9a-f](?![0-9a-f])|0*(?:6497[6-9]|649[89]\d|6500[0-7])(?!\d))",
    re.IGNORECASE | re.ASCII,
)
_PLAIN_NAME = re.compile("[a-z][a-z0-9-]*")
_ROUNDS = 10


def sanitise(html: str) -> str:
    """Return the part of html that an article may hold, well-formed; the same again for that.

    Raises Refused where it nests too deep, or has an entity for a letter that is ours.
    """
    _refuse_forged(html)
    html = prune(html)
    check(html)
    html = _shown(html)
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
        raise Refused((Finding(line, None, FindingCode.UNDECODABLE, message, hint),))


def _shown(html: str) -> str:
    """Return html without the elements that a browser would not show."""
    hidden = hiding.hidden_in(html)
    if not hidden:
        return html
    # Parsed with every element that there is: any of them can be hidden.
    found = {token.name for token in tokens(html) if _PLAIN_NAME.fullmatch(token.name)}
    attributes = {**_ATTRIBUTES, "*": _ATTRIBUTES["*"] | hiding.ATTRIBUTES}
    cleaner = _cleaner(found - DROPPED - _RAW, attributes, lambda _tag, _name, value: value)
    parsed = cleaner.clean(html)
    return join(hiding.shown(pieces(parsed), hidden))


def _clean(html: str) -> str:
    clean = _article_cleaner().clean(html)
    # The parser eats a line end right after <pre>; one that is left would be eaten next time.
    return _PRE.sub(r"\1", _BOX.sub(r"<\1div", clean))


@cache  # to make one takes as long as to clean a short text
def _article_cleaner() -> nh3.Cleaner:
    return _cleaner(TAGS | BOXES, _ATTRIBUTES, _kept)


def _cleaner(
    tags: Iterable[str],
    attributes: Mapping[str, set[str]],
    kept: Callable[[str, str, str], str | None],
) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(tags),
        clean_content_tags=set(DROPPED),
        attributes=dict(attributes),
        attribute_filter=kept,
        url_schemes=set(SCHEMES),
        link_rel="noopener noreferrer",
        set_tag_attribute_values={"img": {"loading": "lazy"}},
    )


def _kept(tag: str, name: str, value: str) -> str | None:
    """Return what stays of an attribute's value, None for nothing."""
    if name in ("href", "src"):
        return _url(name, value)
    value = _OURS.sub("", value)
    if name == "class":
        return _classes(tag, value)
    if name in ("id", "name"):
        return own_id(value)
    if name in _NUMBERS:
        return value if re.fullmatch(r"\d{1,4}", value, re.ASCII) else None
    return value


def _url(name: str, value: str) -> str | None:
    # A marker in an address would leave a torn one.
    if _OURS.search(value):
        return None
    if name == "href" and value.startswith("#"):
        return f"#{own}" if (own := own_id(_plain(value[1:]))) else None
    if name == "src" and not re.match(r"https?://|[^:]*(?:[/?#]|\Z)", value.strip(), re.IGNORECASE):
        return None
    return value


def _plain(fragment: str) -> str:
    """Return what a fragment says without its percents, as it stands where that is no id."""
    plain = unquote(fragment)
    return plain if _ID.fullmatch(plain) and not FORBIDDEN.search(plain) else fragment


def own_id(value: str) -> str | None:
    """Return an id that cannot be one of the page's own, None for what can be none."""
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
    """Return whether an address has no scheme, or one that an article may use."""
    scheme = re.match(r"[^/?#]*?:", url)
    return scheme is None or scheme[0][:-1].lower() in SCHEMES
