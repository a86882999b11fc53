"""Everything that the world can ask for: addresses, methods, headers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, unquote

from starlette.types import ASGIApp

from tests.support.answers import Answer, Headers
from tests.support.asgi import exchange
from tests.support.samples import SUFFIXES

METHODS = ("GET", "HEAD", "OPTIONS", "QUERY")
HEADERS: tuple[Headers, ...] = (
    (),
    (("accept-encoding", "br"),),
    (("accept-encoding", "zstd"),),
    (("accept-encoding", "gzip;q=0"),),
    (("accept-encoding", "gzip, br;q=0.1"),),
    (("range", "bytes=-500"),),
    (("range", "bytes=999999999-"),),
    (("accept", "application/json"),),
    (("accept-language", "en"),),
    (("user-agent", "Googlebot/2.1"), ("x-forwarded-for", "66.249.66.1")),
    (("referer", "https://www.google.com/"), ("x-original-url", "/read/demo/d")),
    (("x-http-method-override", "PUT"), ("x-entitled", "1"), ("x-user-id", "1")),
    (("authorization", "Bearer pg1.k1.x.y"), ("cookie", "paidgate=pg1.k1.x.y")),
    (("if-none-match", '"0"'), ("if-modified-since", "Thu, 01 Jan 1970 00:00:00 GMT")),
    (("host", "evil.example"),),
)
QUERIES = ("", "?amp=1", "?preview=true", "?full=1", "?format=json", "?p=1&static=1")
COLLECTION = "letters"  # where documents may be, so that its lists are not empty
AUTHOR, TAG = "Maren H.", "潮水"
GROUPS = ("authors/maren-h", f"tags/{quote(TAG)}")  # where they are, for the same reason
SITE = (
    *("/", "/?before=2999", "/feed.xml", "/sitemap.xml", "/sitemap.xml?after=demo/d"),
    *("/documents/demo", "/documents/demo?before=2999", "/documents/demo/feed.xml"),
    f"/documents/demo/collections/{COLLECTION}",
    f"/documents/demo/collections/{COLLECTION}?after=1",
    f"/documents/demo/collections/{COLLECTION}/feed.xml",
    *(f"/documents/demo/{group}{end}" for group in GROUPS for end in ("", "/feed.xml")),
    *("/robots.txt", "/favicon.ico", "/apple-touch-icon.png", "/site.webmanifest"),
    "/.well-known/security.txt",
    *("/documents/demo/pictures/mark", "/documents/demo/colours.css"),
)
"""What is public besides the documents themselves."""
FIXED = (
    *SITE,
    *("/documents/nobody", "/documents/demo/collections/none", "/documents/DEMO/"),
    "/search",
    "/search?q=secret",
    "/search?q=%E7%9A%84&publisher=demo",
    "/search?q=Title&page=2",
    "/search.json?q=Title",
    "/static/none",
    "/openapi.json",
    "/llms.txt",
    "/documents/",
    "/documents/demo/none",
    "/unlock",
    "/library",
    "/healthz",
)
OWN_ETAG: Headers = (("if-none-match", "its own ETag"),)
_HREF = re.compile(rb'(?:(?:href|src|action|srcset)="|w, )(/[^"# ]*)')


def searches(words: Iterable[str]) -> Iterator[str]:
    """Yield the searches for some words, in every form."""
    for word in words:
        for name in ("/search", "/search.json"):
            yield f"{name}?q={quote(word)}"


def of_document(address: str) -> Iterator[str]:
    """Yield every address under which something of a document could be asked for."""
    for suffix in SUFFIXES:
        yield f"/documents/{address}{suffix}"
        yield f"/read/{address}{suffix}"
    for query in QUERIES[1:]:
        yield f"/documents/{address}{query}"
    for url in (f"http://127.0.0.1:8000/documents/{address}", f"/documents/{address}"):
        yield f"/oembed?url={quote(url, safe='')}"
    for page in ("1", "2", "3", "99", "x"):
        yield f"/documents/{address}?page={page}"
        yield f"/read/{address}?page={page}"
    slug = address.rpartition("/")[2]
    yield from (
        f"/documents/{address}/",
        f"/documents/{address}/card.png",
        f"/documents/{address}/near.html",
        f"/documents/{address}/pictures/none",
        f"/documents/{address}/attachments/none",
        f"/read/{address}/pictures/none",
        f"/read/{address}/attachments/none",
        f"/documents/{address.upper()}",
        f"/documents/{address}/amp",
        f"/documents/{address}.docx",
        f"/documents/{address}/x.css",
        f"/documents/{address.replace('/', '%2F')}",
        f"/api/documents/{slug}",
        f"/api/documents/{slug}/source",
        f"/api/documents/{slug}/editions",
    )


async def crawl(app: ASGIApp, start: Iterable[str], most: int = 10_000) -> list[str]:
    """Return start and all that links lead to from there, in the order found."""
    waiting, seen = list(start), dict.fromkeys(start)
    for address in waiting:
        answer = await exchange(app, "GET", address)
        for link in _HREF.findall(answer.body):
            found = unquote(link.decode()).replace("&amp;", "&")
            if found not in seen and len(seen) < most:
                seen[found] = None
                waiting.append(found)
    return waiting


async def observe(
    app: ASGIApp, addresses: Iterable[str], headers: Iterable[Headers] = HEADERS
) -> dict[tuple[str, str, Headers], Answer]:
    """Return what every address answers to every method and every set of headers."""
    seen = {}
    listed = list(headers)
    for address in addresses:
        for method in METHODS:
            for sent in listed if method == "GET" else listed[:2]:
                seen[method, address, sent] = await exchange(app, method, address, sent)
        etag = seen["GET", address, ()].header("etag")
        if etag:
            seen["GET", address, OWN_ETAG] = await exchange(
                app, "GET", address, (("if-none-match", etag),)
            )
    return seen
