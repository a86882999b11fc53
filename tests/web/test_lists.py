"""Public lists: catalogue, publishers, collections, feeds and sitemaps."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, unquote

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from selectolax.lexbor import LexborHTMLParser

from gateway.app import Services, build
from gateway.core.bundles import Entry
from gateway.core.documents import Address
from gateway.core.groups import Group, group_name
from gateway.ports import PublicStore
from gateway.rendering import sitemaps
from gateway.rendering.listings import path_of
from gateway.rendering.pages import Pages
from gateway.stores.files.public_store import FilePublicStore
from gateway.stores.memory import MemoryPublicStore
from gateway.web import lists
from gateway.web.http.fast_path import FastPath
from tests.properties.register import text_of
from tests.stores.things import bundle
from tests.support.answers import Answer
from tests.support.asgi import exchange
from tests.support.services import Standing, gateway
from tests.web.schemas import MAP, valid_feed, valid_sitemap
from tests.web.sheets import HOSTILE, one

pytestmark = pytest.mark.anyio

ORIGIN = "https://read.example"
LETTERS = "/documents/demo/collections/letters"
BY_MAREN = "/documents/demo/authors/maren-holt"
TAGGED = f"/documents/demo/tags/{quote('海 岛'.replace(' ', '-'))}"
EVERY = ("/", "/documents/demo", LETTERS, BY_MAREN, TAGGED)


BY = "author: Maren Holt\ntags: [海 岛, C#]\n"


async def get(side: Standing, target: str, *headers: tuple[str, str]) -> Answer:
    return await exchange(side.app, "GET", target, headers)


async def page(side: Standing, target: str) -> LexborHTMLParser:
    answer = await get(side, target)
    assert answer.status == 200, target
    return LexborHTMLParser(answer.body.decode())


async def titles(side: Standing, target: str) -> list[str]:
    return [node.text().strip() for node in (await page(side, target)).css(".entry h2")]


async def some(count: int = 3, **given: str) -> Standing:
    """Return a gateway with letters, each a day after the one before, and one of somebody else."""
    side = gateway(**{"base_url": ORIGIN} | given)
    for number in range(count):
        day = f"2026-{number // 28 + 1:02}-{number % 28 + 1:02}"
        front = f"---\ntitle: Letter {number}\ndate: {day}\ncollection: letters\n{BY}---\n"
        await side.publish(f"letter-{number:02}", f"{front}Free {number}.##paidbegin##p##paidend##")
    await side.publish("other", "Other\n\nText.##paidbegin##p##paidend##", publisher="other")
    return side


# --- pages -------------------------------------------------------------------------------------


async def test_a_publishers_page_has_its_documents_alone_newest_first() -> None:
    side = await some()
    assert await titles(side, "/documents/demo") == ["Letter 2", "Letter 1", "Letter 0"]
    assert await titles(side, "/documents/other") == ["Other"]


async def test_a_collection_has_its_documents_from_the_first_on() -> None:
    assert await titles(await some(), LETTERS) == ["Letter 0", "Letter 1", "Letter 2"]


async def test_a_declared_order_goes_before_the_dates() -> None:
    side = await some()
    front = "---\ntitle: Preface\ndate: 2026-02-01\ncollection: letters\norder: -1\n---\n"
    await side.publish("preface", f"{front}Text.")
    assert (await titles(side, LETTERS))[:2] == ["Preface", "Letter 0"]


async def test_an_author_and_a_tag_have_pages_as_their_documents_name_them() -> None:
    side = await some()
    for target, name in ((BY_MAREN, "Maren Holt"), (TAGGED, "海 岛")):
        assert await titles(side, target) == ["Letter 2", "Letter 1", "Letter 0"]
        assert one(await page(side, target), "h1").text() == name
    other = await page(side, "/documents/demo/authors/Maren%20HOLT")
    assert one(other, "link[rel=canonical]").attributes["href"] == ORIGIN + BY_MAREN
    for target in ("/documents/demo/tags/c%23", "/documents/demo/tags/C%23"):
        assert one(await page(side, target), "h1").text() == "C#"


async def test_a_document_leads_to_its_author_tags_and_collection() -> None:
    side = await some()
    tree = await page(side, "/documents/demo/letter-00")
    led = [node.attributes["href"] for node in tree.css(".sheet-foot a")]
    assert led == [TAGGED, "/documents/demo/tags/c%23", BY_MAREN, LETTERS]
    assert one(tree, "a.sheet-author").attributes["href"] == BY_MAREN
    for target in led:
        assert (await get(side, target or "")).status == 200
    data = json.loads(one(tree, "script[type='application/ld+json']").text())
    assert data["author"]["url"] == ORIGIN + BY_MAREN
    assert data["keywords"] == ["海 岛", "C#"]


async def test_a_document_leads_to_the_next_of_its_collection_and_then_to_the_first() -> None:
    side = await some(5)
    await side.publish("alone", "Alone\n\nText.")
    await side.publish("both", "Both\n\nText.")
    for slug, near in (
        ("letter-01", ["Letter 2", "Letter 3", "Letter 4"]),
        ("letter-03", ["Letter 4", "Letter 0", "Letter 1"]),
        ("alone", ["Both", "Letter 4", "Letter 3"]),
    ):
        tree = await page(side, f"/documents/demo/{slug}/near.html")
        assert [node.text() for node in tree.css("h3")] == near
    assert (await get(side, "/documents/demo/none/near.html")).status == 404


@pytest.mark.parametrize("kind", ["authors", "tags"])
@pytest.mark.parametrize("name", ["nobody", "-", "%20", "x" * 5_000, "a/b", "%F0%9F%98%80"])
async def test_whom_nothing_is_by_has_no_page(kind: str, name: str) -> None:
    assert (await get(await some(), f"/documents/demo/{kind}/{name}")).status == 404


@given(st.text(max_size=50))
def test_the_name_of_a_group_is_its_own_and_can_stand_in_an_address(text: str) -> None:
    name = group_name(text)
    assert group_name(name) == name
    assert unquote(path_of("demo", Group("tags", name))).split("/")[4:] == [name]


@pytest.mark.parametrize("start", ["/documents/demo", LETTERS])
async def test_pages_lead_through_a_list_without_gap_or_repeat(start: str) -> None:
    side = await some(45)
    seen: list[str] = []
    target = start
    while target:
        tree = await page(side, target)
        seen += [node.text().strip() for node in tree.css(".entry h2")]
        assert len(seen) <= 45
        onward = tree.css_first("a[rel=next]")
        target = (onward.attributes["href"] or "") if onward else ""
    assert sorted(seen) == sorted(f"Letter {number}" for number in range(45))


@pytest.mark.parametrize(
    "target",
    ["/documents/nobody", "/documents/other/collections/letters", "/documents/demo/collections/no"],
)
async def test_a_list_without_documents_is_not_there(target: str) -> None:
    side = await some()
    for end in ("", "/feed.xml"):
        assert (await get(side, target + end)).status == 404


@pytest.mark.parametrize("target", EVERY)
async def test_a_list_says_where_it_is_and_where_its_feed_is(target: str) -> None:
    tree = await page(await some(), target)
    assert one(tree, "link[rel=canonical]").attributes["href"] == ORIGIN + target
    feed = one(tree, "link[type='application/atom+xml']").attributes["href"]
    assert feed == f"{ORIGIN}{target.rstrip('/')}/feed.xml"
    kinds = [
        each["@type"]
        for each in json.loads(one(tree, "script[type='application/ld+json']").text())["@graph"]
    ]
    page_kind = "ProfilePage" if target == BY_MAREN else "CollectionPage"
    assert kinds == (["WebSite", "ItemList"] if target == "/" else [page_kind, "BreadcrumbList"])


# --- what every list keeps to ------------------------------------------------------------------

LISTS = (*EVERY, *(f"{each.rstrip('/')}/feed.xml" for each in EVERY), "/sitemap.xml")


@pytest.mark.parametrize("target", LISTS)
async def test_a_list_is_cached_as_previews_are(target: str) -> None:
    side = await some()
    plain = await get(side, target)
    preview = await get(side, "/documents/demo/letter-00")
    for name in ("cache-control", "vary", "access-control-allow-origin"):
        assert plain.header(name) == preview.header(name)
    for coding in ("br", "zstd", "gzip"):
        answer = await get(side, target, ("accept-encoding", coding))
        assert answer.header("content-encoding") == coding
        assert text_of(answer) == plain.body.decode()
        again = await get(
            side, target, ("accept-encoding", coding), ("if-none-match", answer.header("etag"))
        )
        assert (again.status, again.body) == (304, b"")
    head = await exchange(side.app, "HEAD", target)
    assert (head.status, head.headers, head.body) == (200, plain.headers, b"")


@pytest.mark.parametrize("target", LISTS)
async def test_a_list_changes_with_every_change_and_with_no_other(target: str) -> None:
    side = await some()
    before = await get(side, target)
    assert await get(side, target) == before
    front = f"---\ntitle: New\ncollection: letters\n{BY}---\n"
    await side.publish("new", f"{front}Text.")
    after = await get(side, target)
    assert b"new" in after.body
    assert after.header("etag") != before.header("etag")
    await side.services.publishing.delete(Address("demo", "new"))
    assert await get(side, target) == before


class Counted(MemoryPublicStore):
    """A store that counts how often its lists are asked."""

    asked = 0

    async def entries(
        self, publisher: str, before: str, limit: int, group: Group | None = None
    ) -> list[Entry]:
        self.asked += 1
        return list(await super().entries(publisher, before, limit, group))

    async def members(self, publisher: str, collection: str, after: str, limit: int) -> list[Entry]:
        self.asked += 1
        return list(await super().members(publisher, collection, after, limit))


@pytest.mark.parametrize("target", [*EVERY, "/documents/nobody"])
async def test_a_list_that_has_not_changed_asks_no_store(target: str) -> None:
    side = gateway()
    store = Counted()
    await store.put(Address("demo", "first"), bundle())
    app = build(_on(side, store))
    for _ in range(3):
        await exchange(app, "GET", target)
    assert store.asked == 1


async def test_a_list_is_rendered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    side = await some()
    rendered: list[str] = []
    render = Pages.render

    def count(self: Pages, name: str, *rest: object, **context: object) -> bytes:
        rendered.append(name)
        return render(self, name, *rest, **context)  # type: ignore[arg-type]

    monkeypatch.setattr(Pages, "render", count)
    for _ in range(3):
        await get(side, "/documents/demo")
    assert rendered == ["catalogue.html"]


async def test_two_workers_show_the_same_lists_at_once(tmp_path: Path) -> None:
    side = gateway()
    stores = FilePublicStore(tmp_path), FilePublicStore(tmp_path)
    one_app, other_app = (build(_on(side, store)) for store in stores)
    address = Address("demo", "first")
    for name, there in (("e1", True), ("", False), ("e2", True)):
        if name:
            await stores[0].put(address, bundle(name))
        else:
            await stores[1].delete(address)
        for app in (one_app, other_app):
            for target in ("/", "/feed.xml", "/sitemap.xml"):
                assert (b"demo/first" in (await exchange(app, "GET", target)).body) is there
            assert (await exchange(app, "GET", "/documents/demo")).status == (200 if there else 404)


def _on(side: Standing, store: PublicStore) -> Services:
    return replace(side.services, store=store)


# --- feeds -------------------------------------------------------------------------------------

FEEDS = tuple(f"{each.rstrip('/')}/feed.xml" for each in EVERY)


@pytest.mark.parametrize("base", [ORIGIN, ""])
@pytest.mark.parametrize("target", FEEDS)
async def test_a_feed_is_one_by_its_schema_and_read_by_feed_readers(target: str, base: str) -> None:
    side = await some(base_url=base)
    answer = await get(side, target)
    assert answer.header("content-type") == "application/atom+xml; charset=utf-8"
    valid_feed(answer.body)
    read = feedparser.parse(answer.body)
    assert not read.bozo
    origin = base or "http://127.0.0.1:8000"
    assert [entry.title for entry in read.entries if entry.title != "Other"] == [
        "Letter 2",
        "Letter 1",
        "Letter 0",
    ]
    assert {entry.link for entry in read.entries} >= {f"{origin}/documents/demo/letter-00"}
    assert next(e.summary for e in read.entries if e.title == "Letter 1") == "Free 1."
    assert read.feed.links[0].href == origin + target


async def test_a_feed_without_documents_is_one_all_the_same() -> None:
    answer = await get(gateway(), "/feed.xml")
    assert answer.status == 200
    valid_feed(answer.body)


async def test_whatever_a_document_says_of_itself_a_feed_stays_one() -> None:
    side = gateway()
    for number, title in enumerate((HOSTILE, "]]>", "&amp;", "<b>", "😀")):
        front = f"---\ntitle: {json.dumps(title, ensure_ascii=False)}\n---\n"
        await side.publish(f"d{number}", f"{front}Text.")
    root = valid_feed((await get(side, "/feed.xml")).body)
    assert HOSTILE in {node.text for node in root.iter("{http://www.w3.org/2005/Atom}title")}


def test_the_schema_refuses_what_is_no_feed() -> None:
    for body in (
        b'<feed xmlns="http://www.w3.org/2005/Atom"><id>http://a/</id><title>t</title></feed>',
        b'<feed xmlns="http://www.w3.org/2005/Atom"><id>/</id><title>t</title>'
        b"<updated>2026-01-01T00:00:00Z</updated></feed>",
        b"<rss/>",
    ):
        with pytest.raises(etree.DocumentInvalid):
            valid_feed(body)


# --- the sitemap -------------------------------------------------------------------------------


async def locations(side: Standing, target: str = "/sitemap.xml") -> list[str]:
    root = valid_sitemap((await get(side, target)).body)
    return [node.text or "" for node in root.iter(f"{MAP}loc")]


async def test_the_sitemap_has_every_document_with_the_time_of_its_last_change() -> None:
    side = await some()
    root = valid_sitemap((await get(side, "/sitemap.xml")).body)
    told = {
        node.findtext(f"{MAP}loc"): node.findtext(f"{MAP}lastmod")
        for node in root.iter(f"{MAP}url")
    }
    assert told[f"{ORIGIN}/documents/demo/letter-01"] == "2026-01-02T00:00:00Z"
    assert {*told} >= {f"{ORIGIN}/", f"{ORIGIN}/documents/demo", f"{ORIGIN}/documents/other/other"}


async def test_more_than_one_sitemap_may_hold_has_an_index(monkeypatch: pytest.MonkeyPatch) -> None:
    side = await some(5)
    whole = await locations(side)
    for module in (lists, sitemaps):
        monkeypatch.setattr(module, "MOST", 2)
    monkeypatch.setattr(lists, "_PART", 1)
    side = await some(5)
    parts = await locations(side)
    found = [await locations(side, part.removeprefix(ORIGIN)) for part in parts]
    assert max(len(places) for places in found) == 2
    places = [place for some in found for place in some]
    assert places[:6] == [f"{ORIGIN}/documents/demo/letter-{n:02}" for n in range(5)] + [
        f"{ORIGIN}/documents/other/other"
    ]
    assert sorted(places) == sorted(whole)
    for none in ("after=demo/letter-00", "after=x", "lists=0", "lists=9", "lists=x"):
        assert (await get(side, f"/sitemap.xml?{none}")).status == 404


async def test_the_sitemap_has_every_list_that_shows_something_and_no_other() -> None:
    side = await some()
    await side.publish("aside", "---\ntitle: Aside\ntags: [once]\n---\nText.")
    once = f"{ORIGIN}/documents/demo/tags/once"
    assert once in await locations(side)
    await side.publish("aside", "---\ntitle: Aside\n---\nText.")
    told = await locations(side)
    assert once not in told
    assert {f"{ORIGIN}{path}" for path in EVERY} <= {*told}
    for place in told:
        assert (await get(side, place.removeprefix(ORIGIN))).status == 200


async def test_translations_name_each_other_in_the_sitemap() -> None:
    side = await some(1)
    front = "---\ntitle: 信\nlanguage: zh-CN\ntranslation_of: letter-00\n---\n"
    await side.publish("letter-00-zh", f"{front}文。")
    root = valid_sitemap((await get(side, "/sitemap.xml")).body)
    links = {
        node.findtext(f"{MAP}loc"): [
            link.attrib["hreflang"] for link in node if "href" in link.attrib
        ]
        for node in root.iter(f"{MAP}url")
    }
    assert links[f"{ORIGIN}/documents/demo/letter-00"] == ["en", "zh-CN"]
    assert links[f"{ORIGIN}/documents/demo/letter-00-zh"] == ["en", "zh-CN"]
    assert links[f"{ORIGIN}/documents/other/other"] == []


# --- both ways ---------------------------------------------------------------------------------


@pytest.mark.parametrize("base", [ORIGIN, ""])
@pytest.mark.parametrize(
    "target", ["/", LETTERS, "/feed.xml", "/?before=2026-01-02", "/documents/nobody"]
)
async def test_a_ready_list_is_the_one_that_the_long_way_sends(target: str, base: str) -> None:
    side = await some(base_url=base)
    first = build(side.services)
    await exchange(first, "GET", target)
    ready = first.state.ready
    path, _, query = target.partition("?")
    answer = ready.answer(b"GET", path.encode(), {b"host": b"127.0.0.1:8000"}, False, bool(query))
    long = build(side.services)
    long.user_middleware[0].kwargs["ready"] = FastPath({}, is_https=False)
    told = await exchange(long, "GET", target)
    assert (answer is None) is (bool(query) or told.status == 404)
    if answer:
        headers = {name.decode(): value.decode() for name, value in answer.headers}
        assert (answer.body, headers) == (told.body, dict(told.headers))
    evil = ready.answer(b"GET", path.encode(), {b"host": b"evil.example"}, False)
    assert evil is None or b"evil" not in evil.body


async def test_a_ready_list_is_the_one_of_now() -> None:
    side = await some()
    app = build(side.services)
    for number in range(3):
        await exchange(app, "GET", "/")
        assert app.state.ready.answer(b"GET", b"/", {}, False)
        await side.publish(f"more-{number}", "More\n\nText.")
        assert app.state.ready.answer(b"GET", b"/", {}, False) is None
        assert f"more-{number}" in (await exchange(app, "GET", "/")).body.decode()


async def test_an_edit_of_paid_text_alone_leaves_every_list_in_memory() -> None:
    standing = gateway()
    source = "A title\n\nFree.\n\n##paidbegin##{}##paidend##\n"
    await standing.publish("d", source.format("One."))
    before = await standing.store.listed()
    await standing.publish("d", source.format("Two, and much longer. " * 9))
    assert await standing.store.listed() == before
    await standing.publish("d", source.format("One.").replace("Free", "Freer"))
    assert await standing.store.listed() != before
