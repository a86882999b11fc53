"""What every search index promises: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import Connection, text

from gateway.core.bundles import IDENTITY, Bundle, Entry, Representation
from gateway.core.documents import Address
from gateway.core.errors import NotSearchable, Stale
from gateway.core.search_terms import query_of
from gateway.ports import SearchIndex
from gateway.ports.search_index import MOST_HITS, IndexChange
from gateway.stores.files.search_index import FileSearchIndex
from gateway.stores.memory import MemorySearchIndex
from gateway.stores.sql.engines import open_engines
from gateway.stores.sql.search_index import _PLACES, SqlSearchIndex
from tests.stores.spelled import endings, in_files
from tests.stores.things import ELSEWHERE, HERE, THERE

pytestmark = pytest.mark.anyio

NEWER, OLDER = "2027-02-01T00:00:00Z", "2027-01-01T00:00:00Z"


class Pair(NamedTuple):
    """Two openings of one index, as two processes have them."""

    one: SearchIndex
    other: SearchIndex


@pytest.fixture(params=["memory", "files", "postgres"])
async def pair(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Pair]:
    """Open an empty index twice, and say that it is whole."""
    if request.param == "memory":
        one: SearchIndex = MemorySearchIndex()
        other = one
    elif request.param == "files":
        one, other = (FileSearchIndex(tmp_path / "search.db") for _ in range(2))
    else:
        url = request.getfixturevalue("postgres_url")
        one, other = (SqlSearchIndex(open_engines(url, 5.0)) for _ in range(2))
    await one.empty()
    await one.finish(await one.unfinished())
    yield Pair(one, other)
    await one.close()
    await other.close()


@pytest.fixture
def index(pair: Pair) -> SearchIndex:
    """Open an empty index that is whole."""
    return pair.one


def page(
    text: str = "",
    title: str = "标题",
    address: Address = HERE,
    *,
    published: str = NEWER,
    collection: str = "",
    edition: str = "e1",
    author: str = "作者",
) -> Bundle:
    """Return a bundle that shows a text."""
    told = {"sections": [{"kind": "free", "html": "", "text": text}, {"kind": "paid"}]}
    entry = Entry(address, title, text[:20], "zh-CN", author, published, published, collection)
    form = Representation("application/json", '"1"', {IDENTITY: json.dumps(told).encode()})
    return Bundle(edition, {"json": form}, entry)


async def put(index: SearchIndex, *bundles: Bundle) -> None:
    """Index some documents, whatever was held of them."""
    addresses = [bundle.entry.address for bundle in bundles if bundle.entry]
    marks = [await index.mark(address) for address in addresses]
    await index.put([IndexChange(*each) for each in zip(addresses, bundles, marks, strict=True)])


async def take_out(index: SearchIndex, address: Address) -> None:
    await index.put([IndexChange(address, None, await index.mark(address))])


async def found(
    index: SearchIndex, query: str, publisher: str = "", collection: str = ""
) -> list[str]:
    hits = await index.find(query_of(query, publisher, collection), 0, MOST_HITS)
    assert hits.total == len(hits.found)
    return [str(hit.entry.address) for hit in hits.found]


async def test_an_index_finds_what_was_put_and_gives_it_back_whole(index: SearchIndex) -> None:
    bundle = page("这里有付费墙。\n第二行", "Un café", collection="series")
    await put(index, bundle)
    hits = await index.find(query_of("付费墙 cafe"), 0, 10)
    assert hits.total == 1
    assert hits.found[0].entry == bundle.entry
    assert hits.found[0].text == "这里有付费墙。 第二行"


async def test_another_process_finds_it_at_once(pair: Pair) -> None:
    assert await found(pair.other, "付费") == []
    await put(pair.one, page("付费"))
    assert await found(pair.other, "付费") == ["demo/first"]
    await put(pair.other, page("免费"))
    assert await found(pair.one, "付费") == []
    await take_out(pair.one, HERE)
    assert await found(pair.other, "免费") == []


async def test_one_and_two_characters_are_found(index: SearchIndex) -> None:
    await put(index, page("不良资产处置"))
    for query in ("不", "资产", "不良资产", "置"):
        assert await found(index, query) == ["demo/first"], query
    assert await found(index, "产资") == []


async def test_title_author_and_text_are_found_and_nothing_beside_them(index: SearchIndex) -> None:
    await put(index, page("alpha", "beta", author="gamma"))
    for query in ("alpha", "beta", "gamma", "alpha beta gamma"):
        assert await found(index, query) == ["demo/first"], query
    for query in ("demo", "first", "e1", "zh", "paid", "alpha delta"):
        assert await found(index, query) == [], query


async def test_hits_in_titles_go_first_and_then_the_newest(index: SearchIndex) -> None:
    await put(
        index,
        page("墙", "a", HERE, published=OLDER),
        page("墙", "b", THERE, published=NEWER),
        page("", "墙", ELSEWHERE, published=OLDER),
    )
    assert await found(index, "墙") == ["other/first", "demo/second", "demo/first"]


async def test_documents_of_one_second_keep_an_order_whatever_is_edited(index: SearchIndex) -> None:
    await put(index, page("墙", "a", HERE), page("墙", "b", THERE))
    before = await found(index, "墙")
    for address in (HERE, THERE, HERE):
        await put(index, page("墙 新", "a", address, edition="e2"))
        assert await found(index, "墙") == before


async def test_a_search_within_a_publisher_or_collection_finds_no_other(index: SearchIndex) -> None:
    await put(
        index,
        page("墙", "a", HERE, collection="series"),
        page("墙", "b", THERE),
        page("墙", "c", ELSEWHERE, collection="series"),
    )
    assert set(await found(index, "墙", "demo")) == {"demo/first", "demo/second"}
    assert await found(index, "墙", "demo", "series") == ["demo/first"]
    assert await found(index, "墙", "nobody") == []


async def test_pages_of_hits_follow_one_another_and_end(index: SearchIndex) -> None:
    documents = [Address("demo", f"d{n}") for n in range(7)]
    await put(index, *(page("墙", "a", address) for address in documents))
    pages = [await index.find(query_of("墙"), first, 3) for first in (0, 3, 6, 9)]
    assert [each.total for each in pages] == [7, 7, 7, 7]
    assert [len(each.found) for each in pages] == [3, 3, 1, 0]
    assert len({hit.entry.address for each in pages for hit in each.found}) == 7


async def test_an_edit_replaces_every_word_of_before(index: SearchIndex) -> None:
    await put(index, page("一二", "三四"))
    await put(index, page("五六", "七八", published=OLDER, edition="e2"))
    for query in ("一", "二", "三四"):
        assert await found(index, query) == [], query
    assert await found(index, "五六七八") == []
    assert await found(index, "五六 七八") == ["demo/first"]


async def test_a_change_that_knew_less_changes_nothing(index: SearchIndex) -> None:
    unknown = await index.mark(HERE)
    await put(index, page("一"))
    known = await index.mark(HERE)
    await take_out(index, HERE)
    for mark in (unknown, known):
        with pytest.raises(Stale):
            await index.put([IndexChange(HERE, page("二"), mark)])
    assert await found(index, "二") == []


async def test_of_changes_together_all_are_made_or_none(index: SearchIndex) -> None:
    await put(index, page("一"))
    stale = [IndexChange(THERE, page("二", address=THERE), ""), IndexChange(HERE, page("三"), "")]
    with pytest.raises(Stale):
        await index.put(stale)
    assert await found(index, "一") == ["demo/first"]
    assert await found(index, "二") == await found(index, "三") == []


async def test_what_is_in_no_list_is_not_found(index: SearchIndex) -> None:
    bundle = page("墙")
    await index.put([IndexChange(HERE, Bundle("e1", bundle.forms), "")])
    assert await found(index, "墙") == []
    assert await index.editions(None, 10) == {}


async def test_editions_are_listed_in_order_page_by_page(index: SearchIndex) -> None:
    addresses = [Address("a-b", "x"), Address("a", "y"), Address("a", "z")]
    await put(index, *(page(address=a, edition=a.slug) for a in addresses))
    await take_out(index, Address("a", "z"))
    first = await index.editions(None, 1)
    rest = await index.editions(next(iter(first)), 10)
    assert {**first, **rest} == {Address("a-b", "x"): "x", Address("a", "y"): "y"}


async def test_an_index_that_is_being_made_finds_nothing_and_says_so(pair: Pair) -> None:
    await pair.one.empty()
    name = await pair.other.unfinished()
    assert name
    await put(pair.other, page("墙"))
    for index in pair:
        with pytest.raises(NotSearchable):
            await found(index, "墙")
    await pair.one.finish(name)
    assert await pair.other.unfinished() == ""
    assert await found(pair.other, "墙") == ["demo/first"]


async def test_to_finish_an_index_that_is_gone_finishes_none(index: SearchIndex) -> None:
    if isinstance(index, MemorySearchIndex):
        return
    await index.empty()
    name = await index.unfinished()
    await index.empty()
    await index.finish(name)
    assert await index.unfinished() not in ("", name)


async def test_a_query_of_nothing_finds_nothing(index: SearchIndex) -> None:
    await put(index, page("墙"))
    for query in ("", " ", "***", "\0", "😀"):
        assert await found(index, query) == []


HOSTILE = (
    *('"', '""', "a AND b", "a OR", "NOT", "NEAR(a b)", "a*", "^a", "terms:a", "-a", "(", "a)"),
    *("'; DROP TABLE page;--", "%", "_", "\\", "\0a", "a\0", "{a,b}", "a & b | !c", "<->", ":*"),
    *("😀" * 50, "\U000e0001", "\ufdd0", "\ud7ff", "a" * 10_000, "字" * 10_000, "a " * 5_000),
)


async def test_what_means_something_to_a_database_is_text_like_any_other(
    index: SearchIndex,
) -> None:
    await put(index, page("a b c and or not near terms"))
    for query in HOSTILE:
        for within in ("", "demo"):
            assert (await index.find(query_of(query, within), 0, 10)).total in (0, 1)
    assert await found(index, "NOT NEAR") == ["demo/first"]


# --- on SQLite and PostgreSQL, hit for hit -----------------------------------------------------

SIGNS = "的一是不了人我在有他这中大来上国付费墙免読む한국어αβ1２½é,。 \n "
WORDS = ("pay", "wall", "Paywall", "café", "2024", "x", "naïve")


def some_text(chance: random.Random, most: int) -> str:
    pieces = [chance.choice(SIGNS) for _ in range(chance.randrange(most))]
    pieces += [f" {chance.choice(WORDS)} " for _ in range(chance.randrange(4))]
    chance.shuffle(pieces)
    return "".join(pieces)


async def agree(one: SearchIndex, other: SearchIndex, chance: random.Random, queries: int) -> int:
    """Index the same in both; return how many of some queries found something in both alike."""
    for number in range(60):
        bundle = page(
            some_text(chance, 80),
            some_text(chance, 6) or "x",
            Address(chance.choice(("demo", "other")), f"d{number % 50}"),
            published=f"2027-01-{chance.randrange(1, 29):02}T00:00:00Z",
            collection=chance.choice(("", "series")),
            edition=f"e{number}",
        )
        await put(one, bundle)
        await put(other, bundle)
    met = 0
    for _ in range(queries):
        publisher = chance.choice(("", "", "demo", "other"))
        collection = chance.choice(("", "series")) if publisher else ""
        query = query_of(some_text(chance, 4), publisher, collection)
        first = chance.choice((0, 0, 5))
        hits, too = [await index.find(query, first, 10) for index in (one, other)]
        assert hits == too, query
        met += bool(hits.found)
    return met


async def both(tmp_path: Path, url: str) -> Sequence[SearchIndex]:
    indexes = FileSearchIndex(tmp_path / "search.db"), SqlSearchIndex(open_engines(url, 5.0))
    for index in indexes:
        await index.empty()
        await index.finish(await index.unfinished())
    return indexes


async def test_sqlite_and_postgresql_find_the_same(tmp_path: Path, postgres_url: str) -> None:
    one, other = await both(tmp_path, postgres_url)
    assert await agree(one, other, random.Random(1), 60) > 20
    await one.close()
    await other.close()


@pytest.mark.long
async def test_sqlite_and_postgresql_find_the_same_for_a_thousand_queries(
    tmp_path: Path, postgres_url: str
) -> None:
    one, other = await both(tmp_path, postgres_url)
    assert await agree(one, other, random.Random(2), 1_000) > 300
    await one.close()
    await other.close()


PAGES = text(
    "INSERT INTO search_page SELECT n, repeat(md5(n::text), 30), '', array['common', 'w' || n] ||"
    " array(SELECT 't' || (n * 31 + m) % 997 FROM generate_series(1, 60) m)"
    " FROM generate_series(1, 3000) n ORDER BY md5(n::text)"
)


async def test_common_terms_are_looked_up_and_not_looked_for_in_pages(postgres_url: str) -> None:
    engines = open_engines(postgres_url, 60.0)
    index = SqlSearchIndex(engines)
    await index.empty()

    def plan(connection: Connection) -> str:
        connection.execute(PAGES)
        connection.exec_driver_sql("ANALYZE search_page")
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # there are few
        given = {"terms": ["common"], "limit": MOST_HITS}
        return "\n".join(connection.execute(text(f"EXPLAIN {_PLACES}"), given).scalars())

    assert "Bitmap Index Scan on search_page_terms" in await engines.change(plan)
    await index.empty()
    await index.close()


# --- the file ----------------------------------------------------------------------------------


def wall(number: int) -> Bundle:
    return page(f"甲乙丙 common {number}", address=Address("demo", f"d{number}"))


async def test_once_scrubbed_no_word_that_was_taken_out_is_in_any_file(tmp_path: Path) -> None:
    index = FileSearchIndex(tmp_path / "search.db")
    for number in range(40):
        await put(index, wall(number))
    await put(index, page("龘靐 zebra", "麤"))
    await put(index, page("齉爩 yak", "灪", THERE))
    gone = ["龘靐", "zebra", "麤", "齉爩", "yak", "灪", *endings("龘靐 zebra 麤 齉爩 yak 灪")]
    assert in_files(tmp_path, gone) == gone
    await put(index, page("新", edition="e2"))
    await take_out(index, THERE)
    await index.scrub()
    assert in_files(tmp_path, gone) == []
    assert in_files(tmp_path, ["甲乙丙"]) == ["甲乙丙"]
    await index.close()


Harm = Callable[[Path], object]


def in_version(blob: bytes, version: bytes) -> bytes:
    """Return an SQLite file with another user_version."""
    return blob[:60] + version + blob[64:]


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b"no database at all" * 1_000),
        lambda path: path.write_bytes(path.read_bytes()[:8_192]),
        lambda path: path.write_bytes(in_version(path.read_bytes(), b"\1\2\3\4")),
    ],
    ids=["missing", "other bytes", "cut off", "of another version"],
)
async def test_a_file_that_cannot_be_used_is_made_anew_and_says_that_it_is_not_whole(
    tmp_path: Path, harm: Harm
) -> None:
    path = tmp_path / "search.db"
    index = FileSearchIndex(path)
    await put(index, *(wall(number) for number in range(20)))
    await index.finish(await index.unfinished())
    await index.close()
    await FileSearchIndex(path).scrub()
    for beside in ("-wal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)
    harm(path)
    index = FileSearchIndex(path)
    with pytest.raises(NotSearchable):
        await found(index, "甲")
    await put(index, wall(1))
    await index.finish(await index.unfinished())
    assert await found(index, "甲") == ["demo/d1"]
    await index.close()


async def test_whoever_has_a_file_open_that_is_gone_takes_the_one_in_place(tmp_path: Path) -> None:
    one, other = (FileSearchIndex(tmp_path / "search.db") for _ in range(2))
    await put(one, page("墙"))
    await put(other, page("门", address=THERE))
    await one.empty()
    await put(other, page("窗"))
    await other.finish(await other.unfinished())
    assert await found(one, "窗") == ["demo/first"]
    assert await found(one, "门") == []
    await one.close()
    await other.close()
