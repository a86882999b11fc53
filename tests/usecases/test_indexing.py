"""The search index follows what is published, and is made again from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import anyio
import pytest

from gateway.app import open_services
from gateway.cli.upgrading import upgrade
from gateway.cli.verifying import verify
from gateway.core.bundles import IDENTITY, Bundle, Representation
from gateway.core.documents import Address
from gateway.core.errors import Stale, Unavailable
from gateway.core.search_terms import query_of
from gateway.ports import SearchIndex
from gateway.ports.search_index import IndexChange, Indexed
from gateway.settings import Settings, load
from gateway.stores.files.search_index import FileSearchIndex
from gateway.stores.memory import MemoryPublicStore, MemorySearchIndex
from gateway.usecases.indexing import Indexing
from gateway.usecases.submissions import Submission
from tests.stores.spelled import endings, in_files
from tests.stores.things import HERE, THERE, bundle
from tests.support.services import gateway

pytestmark = pytest.mark.anyio


async def found(index: SearchIndex, word: str) -> list[str]:
    hits = await index.find(query_of(word), 0, 100)
    return sorted(str(hit.entry.address) for hit in hits.found)


async def shop(*addresses: Address) -> tuple[Indexing, MemoryPublicStore, MemorySearchIndex]:
    store, index = MemoryPublicStore(), MemorySearchIndex()
    for address in addresses:
        await store.put(address, bundle(address=address))
    return Indexing(store, index), store, index


async def test_an_index_that_was_emptied_is_filled_from_what_is_shown() -> None:
    indexing, _, index = await shop(HERE, THERE)
    await index.empty()
    await indexing.fill()
    assert await found(index, "标题") == ["demo/first", "demo/second"]
    assert await indexing.faults() == set()


async def test_a_whole_index_is_left_alone() -> None:
    indexing, _, index = await shop(HERE)
    await indexing.fill()
    assert await found(index, "标题") == []


async def test_what_the_index_does_not_hold_as_it_is_shown_is_a_fault() -> None:
    indexing, store, _ = await shop(HERE, THERE)
    assert await indexing.faults() == {HERE, THERE}
    await indexing.settle(HERE)
    await indexing.settle(THERE)
    assert await indexing.faults() == set()
    await store.put(HERE, bundle("e2"))
    await store.delete(THERE)
    assert await indexing.faults() == {HERE, THERE}


async def test_what_cannot_be_indexed_does_not_keep_the_rest_from_being_found() -> None:
    indexing, store, index = await shop(HERE)
    await store.put(THERE, Bundle("e1", bundle().forms))  # in no list
    await index.empty()
    await indexing.fill()
    assert await found(index, "标题") == ["demo/first"]


async def test_processes_that_fill_one_index_together_fill_it_once(tmp_path: Path) -> None:
    _, store, _ = await shop(*(Address("demo", f"d{n}") for n in range(120)))
    indexes = [FileSearchIndex(tmp_path / "search.db") for _ in range(3)]
    async with anyio.create_task_group() as group:
        for index in indexes:
            group.start_soon(Indexing(store, index).fill)
    for index in indexes:
        assert len(await found(index, "标题")) == 100  # of a page
        assert (await index.find(query_of("标题"), 0, 1)).total == 120
        await index.close()


class Interrupted(MemorySearchIndex):
    """An index that another process changes just before each of the first changes."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self._times = times

    async def put(self, changes: Sequence[IndexChange]) -> None:
        if self._times:
            self._times -= 1
            raise Stale(None)
        await super().put(changes)


async def test_whoever_is_overtaken_looks_again() -> None:
    _, store, _ = await shop(HERE)
    index = Interrupted(3)
    await Indexing(store, index).settle(HERE)
    assert await found(index, "标题") == ["demo/first"]
    index = Interrupted(1)
    await index.empty()
    await Indexing(store, index).fill()
    assert await index.unfinished() == ""


async def test_an_index_that_does_not_answer_leaves_the_document_to_be_settled_again() -> None:
    side = gateway()
    await side.publish("d", "Title\n\nBefore.##paidbegin##x##paidend##")

    class Down(MemorySearchIndex):
        async def put(self, changes: object) -> None:
            raise Unavailable("search index")

    side.services.indexing._index = Down()
    with pytest.raises(Unavailable):
        await side.publish("d", "Title\n\nAfter.##paidbegin##x##paidend##")
    assert list(await side.ledger.unsettled(10)) == [Address("demo", "d")]
    side.services.indexing._index = side.services.index
    assert await side.services.publishing.recover() == {}
    assert await found(side.services.index, "After") == ["demo/d"]


def test_a_form_of_json_that_is_not_ours_is_found_by_its_entry_alone() -> None:
    form = Representation("application/json", '"1"', {IDENTITY: b"no json"})
    found = Indexed.of(Bundle("e1", {"json": form}, bundle().entry))
    assert found
    assert found.text == ""


# --- in a data folder --------------------------------------------------------------------------


def at(folder: Path) -> Settings:
    return load({"PAIDGATE_DATA": str(folder), "PAIDGATE_REDIS": "none"})


SOURCES = {"one": "T one\n\n龘靐 zebra ##paidbegin##x##paidend##", "two": "T two\n\n齉爩 yak"}


async def opened_and_filled(folder: Path) -> None:
    services = await open_services(at(folder), in_process=True)
    for slug, source in SOURCES.items():
        submission = Submission(Address("demo", slug), source.encode(), "plain", free=True)
        await services.publishing.publish(submission)
    await services.indexing.fill()
    await services.close()


def take_away(folder: Path) -> None:
    for path in folder.glob("search.*"):
        path.unlink()


def write_over(folder: Path) -> None:
    (folder / "search.db").write_bytes(b"anything else" * 1_000)


@pytest.mark.parametrize("harm", [take_away, write_over])
@pytest.mark.parametrize("way", ["fill", "verify", "upgrade"])
async def test_an_index_that_is_gone_is_made_again(
    tmp_path: Path, harm: Callable[[Path], None], way: str
) -> None:
    await opened_and_filled(tmp_path)
    harm(tmp_path)
    services = await open_services(at(tmp_path), in_process=True)
    if way == "fill":
        await services.indexing.fill()
    elif way == "verify":
        await verify(services, lambda _: None, repair=True)
    else:
        await upgrade(services, lambda _: None)
    assert await found(services.index, "zebra") == ["demo/one"]
    assert await found(services.index, "T") == ["demo/one", "demo/two"]
    await services.close()


async def test_verify_tells_of_what_is_not_indexed_as_it_is_shown_and_mends_it(
    tmp_path: Path,
) -> None:
    await opened_and_filled(tmp_path)
    services = await open_services(at(tmp_path), in_process=True)
    one = Address("demo", "one")
    said: list[str] = []
    assert not (await verify(services, said.append, repair=False)).left
    await services.index.put([IndexChange(one, None, await services.index.mark(one))])
    assert (await verify(services, said.append, repair=False)).left == 1
    assert said == ["search index: 1 documents are not as their previews"]
    assert (await verify(services, said.append, repair=True)).mended == 1
    assert await found(services.index, "zebra") == ["demo/one"]
    await services.close()


async def test_once_a_document_is_erased_none_of_its_words_is_in_any_file(tmp_path: Path) -> None:
    await opened_and_filled(tmp_path)
    services = await open_services(at(tmp_path), in_process=True)
    words = ["龘靐", "zebra", *endings("龘靐 zebra")]
    assert in_files(tmp_path, words) == words
    await services.erasing.erase(Address("demo", "one"))
    assert in_files(tmp_path, words) == []
    await services.close()
    assert in_files(tmp_path, words) == []
