"""What feeds, sitemaps and linked data have to be, as their specifications say it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jsonschema_rs import Draft202012Validator
from lxml import etree

ATOM = "{http://www.w3.org/2005/Atom}"
MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"

_ATOM = """
<grammar xmlns="http://relaxng.org/ns/structure/1.0" ns="http://www.w3.org/2005/Atom"
         datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes">
  <start><element name="feed"><ref name="common"/><interleave>
    <zeroOrMore><ref name="author"/></zeroOrMore>
    <ref name="id"/><ref name="title"/><ref name="updated"/>
    <optional><element name="subtitle"><ref name="common"/><text/></element></optional>
    <optional><element name="logo"><data type="anyURI"/></element></optional>
    <zeroOrMore><ref name="link"/></zeroOrMore>
    <zeroOrMore><ref name="entry"/></zeroOrMore>
  </interleave></element></start>
  <define name="entry"><element name="entry"><ref name="common"/><interleave>
    <oneOrMore><ref name="author"/></oneOrMore>
    <ref name="id"/><ref name="title"/><ref name="updated"/>
    <optional><element name="published"><ref name="date"/></element></optional>
    <optional><element name="summary"><ref name="common"/><text/></element></optional>
    <zeroOrMore><element name="category">
      <attribute name="term"/></element></zeroOrMore>
    <oneOrMore><ref name="link"/></oneOrMore>
  </interleave></element></define>
  <define name="common"><optional>
    <attribute name="lang" ns="http://www.w3.org/XML/1998/namespace"><data type="language"/>
    </attribute></optional></define>
  <define name="author"><element name="author">
    <element name="name"><text/></element></element></define>
  <define name="id"><element name="id"><data type="anyURI"><param name="pattern">https?://.+</param>
    </data></element></define>
  <define name="title"><element name="title"><ref name="common"/><text/></element></define>
  <define name="updated"><element name="updated"><ref name="date"/></element></define>
  <define name="date"><data type="dateTime">
    <param name="pattern">.+T.+(Z|[+\\-]\\d\\d:\\d\\d)</param></data></define>
  <define name="link"><element name="link"><attribute name="href"><data type="anyURI"/></attribute>
    <optional><attribute name="rel"/></optional>
    <optional><attribute name="type"/></optional>
    <optional><attribute name="hreflang"><data type="language"/></attribute></optional>
  </element></define>
</grammar>
"""
_SITEMAP = """
<grammar xmlns="http://relaxng.org/ns/structure/1.0"
         ns="http://www.sitemaps.org/schemas/sitemap/0.9"
         datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes">
  <start><choice>
    <element name="urlset"><oneOrMore><element name="url"><ref name="place"/>
      <zeroOrMore><element name="link" ns="http://www.w3.org/1999/xhtml">
        <attribute name="rel"><value>alternate</value></attribute>
        <attribute name="hreflang"><data type="language"/></attribute>
        <attribute name="href"><data type="anyURI"/></attribute></element></zeroOrMore>
    </element></oneOrMore></element>
    <element name="sitemapindex"><oneOrMore><element name="sitemap"><ref name="place"/></element>
    </oneOrMore></element>
  </choice></start>
  <define name="place">
    <element name="loc"><data type="anyURI"><param name="pattern">https?://.+</param>
      <param name="maxLength">2048</param></data></element>
    <optional><element name="lastmod"><data type="dateTime"/></element></optional>
  </define>
</grammar>
"""


def valid_feed(body: bytes) -> etree._Element:
    """Return a feed that is one by RFC 4287."""
    return _valid(body, _ATOM)


def valid_sitemap(body: bytes) -> etree._Element:
    """Return a sitemap or an index of some by their protocol."""
    return _valid(body, _SITEMAP)


def _valid(body: bytes, grammar: str) -> etree._Element:
    root = etree.fromstring(body)
    etree.RelaxNG(etree.fromstring(grammar)).assertValid(root)
    return root


# --- linked data, as schema.org and those who read it want it ------------------------------------

_URL = {"type": "string", "format": "uri", "pattern": "^https?://"}
_WORDS = {"type": "string", "minLength": 1}
_TIME = {"type": "string", "format": "date-time"}


def _thing(
    kind: str | Sequence[str], needs: Mapping[str, Any], may: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the schema of a thing of one of some types, with these properties and no others."""
    kinds = [kind] if isinstance(kind, str) else list(kind)
    properties = {"@type": {"enum": kinds}, **needs, **(may or {})}
    return {
        "type": "object",
        "properties": properties,
        "required": ["@type", *needs],
        "additionalProperties": False,
    }


def _list_of(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item, "minItems": 1}


_PERSON = _thing("Person", {"name": _WORDS}, {"url": _URL})
_PUBLISHER = _thing("Organization", {"name": _WORDS, "url": _URL})
_CRUMB = _thing("ListItem", {"position": {"type": "integer"}, "name": _WORDS, "item": _URL})
_CRUMBS = _thing("BreadcrumbList", {"itemListElement": _list_of(_CRUMB)})
_MEMBER = _thing("ListItem", {"position": {"type": "integer"}, "name": _WORDS, "url": _URL})
_MEMBERS = _thing("ItemList", {"itemListElement": {"type": "array", "items": _MEMBER}})
_IMAGE = _thing("ImageObject", {"url": _URL, "width": {"const": 1200}, "height": {"const": 630}})
_TARGET = _thing("EntryPoint", {"urlTemplate": {"pattern": r"\{search_term_string\}$"}})
_SEARCH = _thing(
    "SearchAction",
    {"target": _TARGET, "query-input": {"const": "required name=search_term_string"}},
)
_PAID = _thing(
    "WebPageElement", {"isAccessibleForFree": {"const": False}, "cssSelector": {"pattern": r"^\."}}
)
_ARTICLE = _thing(
    "Article",
    {
        "@context": {"const": "https://schema.org"},
        "headline": _WORDS,
        "description": {"type": "string"},
        "inLanguage": _WORDS,
        "datePublished": {"type": "string", "anyOf": [_TIME, {"format": "date"}]},
        "dateModified": _TIME,
        "url": _URL,
        "image": _IMAGE,
        "publisher": _PUBLISHER,
        "mainEntityOfPage": _thing("WebPage", {"@id": _URL, "breadcrumb": _CRUMBS}),
        "isAccessibleForFree": {"type": "boolean"},
    },
    {
        "license": _URL,
        "translationOfWork": _thing("Article", {"url": _URL}),
        "author": _PERSON,
        "keywords": _list_of(_WORDS),
        "hasPart": _PAID,
    },
)
_LISTED = {"name": _WORDS, "url": _URL, "publisher": _PUBLISHER}
_PAGES = (
    _thing("WebSite", {"name": _WORDS, "url": _URL}, {"potentialAction": _SEARCH}),
    _MEMBERS,
    _thing("CollectionPage", _LISTED | {"mainEntity": _MEMBERS}),
    _thing("ProfilePage", _LISTED | {"mainEntity": _PERSON, "hasPart": _MEMBERS}),
    _CRUMBS,
)
_GRAPH = {
    "type": "object",
    "properties": {
        "@context": {"const": "https://schema.org"},
        "@graph": _list_of({"anyOf": _PAGES}),
    },
    "required": ["@context", "@graph"],
    "additionalProperties": False,
}
_LINKED = Draft202012Validator({"anyOf": [_ARTICLE, _GRAPH]}, validate_formats=True)


def valid_linked_data(told: Any) -> Any:
    """Return linked data that is what its types say. Raises ValidationError."""
    _LINKED.validate(told)
    return told
