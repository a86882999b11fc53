"""Search as the world sees it: a page and JSON, over free text alone."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest

from gateway.app import build
from gateway.core.documents import Address
from gateway.core.errors import Unavailable
from gateway.core.search_terms import MOST_CHARACTERS, SearchQuery
from gateway.ports.search_index import Hits
from gateway.stores.memory import MemorySearchIndex
from gateway.web.http.headers import CACHE_PUBLIC
from tests.support.answers import Answer
from tests.support.asgi import exchange
from tests.support.services import Standing, gateway

pytestmark = pytest.mark.anyio

WALL = (
    "---\ntitle: 付费墙\ncollection: walls\n---\n\n它在这里。##paidbegin##密文##paidend## 结束。\n"
)
DOOR = "---\ntitle: Doors & <gates>\n---\n\nA wall has a door; 付费墙 too.\n\n<paid>Secret</paid>\n"


async def library() -> Standing:
    side = gateway()
    await side.publish("wall", WALL, form="markdown")
    await side.publish("door", DOOR, form="markdown")
    await side.publish("wall", "Elsewhere\n\nwall ##paidbegin##x##paidend##", publisher="other")
    return side


async def ask(side: Standing, query: str, path: str = "/search") -> Answer:
    return await exchange(side.app, "GET", f"{path}?{query}")


async def found(side: Standing, query: str) -> list[str]:
    told = await told_of(side, query)
    return [hit["address"] for hit in told["hits"]]


async def told_of(side: Standing, query: str) -> dict[str, Any]:
    answer = await ask(side, query, "/search.json")
    assert answer.status == 200, answer.body
    told: dict[str, Any] = answer.json
    return told


def shown(answer: Answer) -> list[str]:
    """Return where the hits of a page lead."""
    return re.findall(r'<h2[^>]*><a href="/documents/([^"]*)"', answer.body.decode())


async def test_a_published_document_is_found_by_its_free_text() -> None:
    side = await library()
    assert await found(side, f"q={quote('付费墙')}") == ["demo/wall", "demo/door"]
    assert await found(side, f"q={quote('墙')}") == ["demo/wall", "demo/door"]
    assert set(await found(side, "q=WALL")) == {"demo/door", "other/wall"}
    assert await found(side, "q=wall+door") == ["demo/door"]


async def test_no_paid_word_finds_anything() -> None:
    side = await library()
    for word in ("密文", "密", "Secret", "x"):
        assert await found(side, f"q={quote(word)}") == []


async def test_words_of_the_paywall_find_nothing() -> None:
    side = await library()
    for word in ("解锁", "unlock", "500", "付费内容"):
        assert await found(side, f"q={quote(word)}") == []


async def test_page_and_json_tell_the_same() -> None:
    side = await library()
    for query in (f"q={quote('付费墙')}", "q=wall&publisher=demo", "q=nothing", "q="):
        assert shown(await ask(side, query)) == await found(side, query)


async def test_a_snippet_is_cut_from_the_text_and_marks_what_was_found() -> None:
    side = await library()
    told = await told_of(side, "q=door+wall")
    (hit,) = told["hits"]
    assert hit["snippet"] == "A wall has a door; 付费墙 too."
    assert [hit["snippet"][a:b] for a, b in hit["marks"]] == ["wall", "door"]
    page = (await ask(side, "q=door+wall")).body.decode()
    assert "A <mark>wall</mark> has a <mark>door</mark>; 付费墙 too." in page
    assert "Doors &amp; &lt;gates&gt;" in page


async def test_a_search_stays_within_a_publisher_and_a_collection() -> None:
    side = await library()
    assert await found(side, "q=wall&publisher=other") == ["other/wall"]
    query = f"q={quote('墙')}&publisher=demo&collection=walls"
    assert await found(side, query) == ["demo/wall"]
    page = (await ask(side, query)).body.decode()
    assert 'name="publisher" value="demo"' in page
    assert 'name="collection" value="walls"' in page


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("publisher=No+Name", "publisher"),
        ("publisher=demo&collection=%00", "collection"),
        ("collection=walls", "collection"),
        ("page=0", "page"),
        ("page=51", "page"),
        ("page=%EF%BC%91", "page"),
    ],
)
async def test_a_bound_that_is_none_is_refused_in_words(query: str, where: str) -> None:
    answer = await ask(await library(), f"q=wall&{query}", "/search.json")
    assert answer.status == 400
    assert answer.json["where"] == where
    assert (await ask(await library(), f"q=wall&{query}")).status == 400


@pytest.mark.parametrize(
    "query",
    [
        *('"', '""', "a AND", "NOT", "NEAR(a b)", "a*", "^a", "title:a", "-", "(", ")", "';--"),
        *("%", "_", "\\", "\0", "wall\0door", "a & b | !c", "<->", ":*", "{{7*7}}", "<script>"),
        *("\ufffe", "\u202e", "😀" * 40, "a" * 10_000, "字" * 10_000, "a " * 5_000, "\r\nX: y"),
    ],
)
async def test_whatever_is_typed_is_text(query: str) -> None:
    side = await library()
    for path in ("/search", "/search.json"):
        answer = await ask(side, f"q={quote(query)}", path)
        assert answer.status == 200
        assert b"<script>" not in answer.body or path.endswith(".json")
        assert b"\0" not in answer.body


@pytest.mark.parametrize("query", ["q=%FF%FE", "q=%", "q=%zz", "q=a&q=b", "x=1", "", "&&&=", "q"])
async def test_a_query_that_is_written_badly_is_answered(query: str) -> None:
    assert (await ask(await library(), query)).status == 200


async def test_what_was_typed_stands_in_the_form_again() -> None:
    side = await library()
    page = (await ask(side, "q=" + quote('"A" & <b>'))).body.decode()
    (value,) = re.findall(r'type="search"[^>]* value="([^"]*)"', page)
    assert unescape(value) == '"A" & <b>'


async def test_of_a_query_that_is_too_long_it_is_said_what_was_looked_for() -> None:
    side = await library()
    assert not (await told_of(side, f"q={'wall ' * 20}".replace(" ", "+")))["is_cut"]
    long = "wall " + "x" * MOST_CHARACTERS
    assert (await told_of(side, f"q={quote(long)}"))["is_cut"]
    page = (await ask(side, f"q={quote(long)}")).body.decode()
    assert 'class="notice"' in page
    assert f'value="{long}"' in page


async def test_hits_come_in_pages_that_lead_from_one_to_the_next() -> None:
    side = gateway()
    for number in range(45):
        await side.publish(f"d{number}", f"Document {number}\n\nwall ##paidbegin##x##paidend##")
    seen: list[str] = []
    target = "/search?q=wall"
    while target:
        answer = await exchange(side.app, "GET", target)
        seen += shown(answer)
        following = re.findall(r'rel="next" href="([^"]*)"', answer.body.decode())
        target = unescape(following[0]) if following else ""
    assert len(seen) == len(set(seen)) == 45
    assert (await ask(side, "q=wall&page=4")).status == 404
    told = await told_of(side, "q=wall&page=2")
    assert told["total"] == 45
    assert told["next"] == "/search.json?q=wall&page=3"


async def test_addresses_in_json_are_absolute_where_the_origin_is_known() -> None:
    side = gateway(1, None, base_url="https://read.example")
    await side.publish("wall", WALL, form="markdown")
    (hit,) = (await told_of(side, f"q={quote('墙')}"))["hits"]
    assert hit["url"] == "https://read.example/documents/demo/wall"


async def test_an_edit_is_found_by_its_new_words_alone() -> None:
    side = await library()
    await side.publish("wall", WALL.replace("它在这里", "新的文字"), form="markdown")
    assert await found(side, f"q={quote('它在')}") == []
    assert await found(side, f"q={quote('新的')}") == ["demo/wall"]


async def test_what_was_deleted_is_not_found() -> None:
    side = await library()
    await side.services.publishing.delete(Address("demo", "wall"))
    assert await found(side, f"q={quote('墙')}") == ["demo/door"]
    await side.services.erasing.erase(Address("demo", "door"))
    assert await found(side, f"q={quote('墙')}") == []


@pytest.mark.parametrize("path", ["/search", "/search.json"])
async def test_a_search_is_cached_as_previews_are_and_answers_conditions(path: str) -> None:
    side = await library()
    whole = await ask(side, "q=wall", path)
    assert whole.header("cache-control") == CACHE_PUBLIC
    assert whole.header("vary") == "Accept-Encoding"
    target = f"{path}?q=wall"
    head = await exchange(side.app, "HEAD", target)
    assert (head.status, head.body, head.headers) == (200, b"", whole.headers)
    has = (("if-none-match", whole.header("etag")),)
    assert (await exchange(side.app, "GET", target, has)).status == 304
    small = await exchange(side.app, "GET", target, (("accept-encoding", "br"),))
    assert small.header("content-encoding") == "br"


async def test_a_search_is_the_same_whoever_asks() -> None:
    side = await library()
    _, token = await side.grant("all")
    for sent in (
        ("authorization", f"Bearer {token}"),
        ("cookie", f"paidgate={token}"),
        ("accept-language", "en"),
    ):
        for path in ("/search", "/search.json"):
            plain = await ask(side, "q=wall", path)
            assert await exchange(side.app, "GET", f"{path}?q=wall", (sent,)) == plain


class Away(MemorySearchIndex):
    """An index that does not answer."""

    async def find(self, query: SearchQuery, first: int, limit: int) -> Hits:
        raise Unavailable("search index")


class BeingMade(MemorySearchIndex):
    """An index that is not whole."""

    def __init__(self) -> None:
        super().__init__()
        self._is_whole = False


@pytest.mark.parametrize("index", [Away(), BeingMade()])
async def test_where_the_index_is_away_the_search_says_so_and_the_rest_goes_on(
    index: MemorySearchIndex,
) -> None:
    side = await library()
    app = build(replace(side.services, index=index))
    page = await exchange(app, "GET", "/search?q=wall")
    assert page.status == 503
    assert "现在无法搜索" in page.body.decode()
    assert page.header("cache-control") == "private, no-store"
    assert page.header("retry-after")
    told = json.loads((await exchange(app, "GET", "/search.json?q=wall")).body)
    assert told["type"].endswith("not-searchable")
    assert (await exchange(app, "GET", "/")).status == 200
    assert (await exchange(app, "GET", "/documents/demo/wall")).status == 200


async def test_the_catalogue_leads_to_the_search() -> None:
    page = (await exchange((await library()).app, "GET", "/")).body.decode()
    assert '<form class="search" role="search" method="get" action="/search">' in page


@pytest.mark.parametrize(("query", "is_indexed"), [("", True), ("q=wall", False), ("q=zz", False)])
async def test_a_search_for_nothing_is_a_page_to_be_found_and_no_other_is(
    query: str, is_indexed: bool
) -> None:
    body = (await ask(await library(), query)).body
    assert (b"noindex" not in body) is is_indexed
    assert b'<meta name="description"' in body
