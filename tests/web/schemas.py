"""What feeds and sitemaps have to be, as their specifications say it."""

from __future__ import annotations

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
