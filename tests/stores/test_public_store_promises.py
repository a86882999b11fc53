"""What every public store promises, in memory, on files and on a real S3 server."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from anyio import create_task_group

from gateway.core.bundles import (
    IDENTITY,
    LONG,
    Bundle,
    Damaged,
    Entry,
    Representation,
    Variant,
    moved_to,
)
from gateway.core.documents import Address
from gateway.core.errors import Malformed, Missing, Moved, Stale, Unavailable
from gateway.core.groups import KINDS, TAGS, Group, groups_of
from gateway.core.profiles import Profile, place_of
from gateway.ports import PublicStore, Seal, Update, cursor, position
from gateway.rendering.profiles import profile_bundle
from gateway.rendering.representations import COLOURS
from gateway.stores.files.catalogue import LISTED
from gateway.stores.files.extents import BEGINNING, variant_at
from gateway.stores.files.public_store import CATALOGUE, FilePublicStore
from gateway.stores.memory import MemoryPublicStore
from gateway.stores.versions import of_public
from tests.stores.things import ELSEWHERE, HERE, THERE, below, bundle, entry

pytestmark = pytest.mark.anyio

LETTERS = Group("collections", "letters")
OWN: dict[str, Any] = {"author": "李 四", "tags": ("A b", "a-b", "c")}


async def listed(store: PublicStore, publisher: str = "") -> list[Address]:
    return [entry.address for entry in await store.entries(publisher, "", 100)]


async def test_a_bundle_is_given_back_as_it_was_put(store: PublicStore) -> None:
    await store.put(HERE, bundle("e1"))
    assert await store.get(HERE) == bundle("e1")
    assert await store.get(THERE) is None


async def test_a_bundle_is_replaced_as_a_whole(store: PublicStore) -> None:
    for name in ("e1", "e2", "e1", "e3"):
        await store.put(HERE, bundle(name))
        assert await store.get(HERE) == bundle(name)


async def test_a_deleted_document_is_neither_shown_nor_listed(store: PublicStore) -> None:
    await store.put(HERE, bundle("e1"))
    await store.put(THERE, bundle("e1", THERE))
    await store.delete(HERE)
    assert await store.get(HERE) is None
    assert await listed(store) == [THERE]


async def test_deleting_what_is_not_there_changes_nothing(store: PublicStore) -> None:
    await store.delete(HERE)
    await store.put(THERE, bundle("e1", THERE))
    await store.delete(HERE)
    assert await listed(store) == [THERE]


async def test_a_deleted_document_can_be_put_again(store: PublicStore) -> None:
    await store.put(HERE, bundle("e1"))
    await store.delete(HERE)
    await store.put(HERE, bundle("e2"))
    assert await store.get(HERE) == bundle("e2")
    assert await listed(store) == [HERE]


async def test_a_change_that_follows_an_outdated_mark_changes_nothing(store: PublicStore) -> None:
    nothing = await store.mark(HERE)
    assert nothing == ""
    await store.put(HERE, bundle("e1"), nothing)
    first = await store.mark(HERE)
    assert first == await store.mark(HERE)
    with pytest.raises(Stale):
        await store.put(HERE, bundle("e2"), nothing)
    await store.put(HERE, bundle("e2"), first)
    for outdated in (nothing, first):
        with pytest.raises(Stale):
            await store.put(HERE, bundle("e3"), outdated)
        with pytest.raises(Stale):
            await store.delete(HERE, outdated)
    assert await store.get(HERE) == bundle("e2")
    second = await store.mark(HERE)
    await store.delete(HERE, second)
    with pytest.raises(Stale):
        await store.put(HERE, bundle("e3"), second)
    assert await store.get(HERE) is None
    await store.delete(HERE, "")


async def test_a_form_that_a_bundle_does_not_have_is_told_from_no_bundle(
    store: PublicStore,
) -> None:
    assert await store.form(HERE, "html.9", "br") is None
    await store.put(HERE, bundle("e1"))
    with pytest.raises(Missing):
        await store.form(HERE, "html.9", "br")


async def test_a_document_that_moved_is_told_for_every_form(store: PublicStore) -> None:
    await store.put(HERE, moved_to("better"))
    for form in ("html", "html.2", "md", "pictures/x", "html.refused"):
        for coding in ("br", IDENTITY):
            with pytest.raises(Moved) as moved:
                await store.form(HERE, form, coding)
            assert moved.value.slug == "better"


# --- the catalogue -----------------------------------------------------------------------------


async def test_entries_are_given_back_as_they_were_put(store: PublicStore) -> None:
    await store.put(HERE, bundle("e1"))
    assert list(await store.entries("", "", 10)) == [bundle("e1").entry]


async def test_entries_come_newest_first_by_published_and_address(store: PublicStore) -> None:
    await store.put(HERE, bundle("e1", HERE, "2027-01-02T00:00:00Z"))
    await store.put(THERE, bundle("e1", THERE, "2027-01-02T00:00:00Z"))
    await store.put(ELSEWHERE, bundle("e1", ELSEWHERE, "2027-01-03T00:00:00Z"))
    assert await listed(store) == [ELSEWHERE, THERE, HERE]


async def test_a_collection_has_its_entries_in_its_order_and_newest_first(
    store: PublicStore,
) -> None:
    places = [(1, "02"), (0, "03"), (-1, "04"), (0, "01")]
    for number, (order, day) in enumerate(places):
        await put_in(store, f"d{number}", "letters", order, f"2027-01-{day}T00:00:00Z")
    await put_in(store, "alone", "", 0, "2027-01-01T00:00:00Z")
    await put_in(store, "notes", "notes", 0, "2027-01-01T00:00:00Z")
    await put_in(store, "d0", "letters", 0, "2027-01-01T00:00:00Z", publisher="other")
    members = [e.address.slug for e in await store.members("demo", "letters", "", 9)]
    assert members == ["d2", "d3", "d1", "d0"]
    newest = [e.address.slug for e in await store.entries("demo", "", 9, LETTERS)]
    assert newest == ["d2", "d1", "d0", "d3"]
    assert await store.members("demo", "none", "", 9) == []


@pytest.mark.parametrize("kind", KINDS)
async def test_a_group_pages_newest_first_and_loses_what_leaves_it(
    store: PublicStore, kind: str
) -> None:
    group = Group(kind, {"collections": "notes", "authors": "李-四", "tags": "a-b"}[kind])
    for number in range(5):
        await put_in(store, f"d{number}", "notes", 0, f"2027-01-0{number + 1}T00:00:00Z", **OWN)
    await put_in(store, "other", "", 0, "2027-01-01T00:00:00Z")
    await put_in(store, "d0", "notes", 0, "2027-01-09T00:00:00Z", publisher="other", **OWN)
    seen: list[Entry] = []
    while page := await store.entries("demo", cursor(seen[-1]) if seen else "", 2, group):
        seen += page
    assert [entry.address.slug for entry in seen] == ["d4", "d3", "d2", "d1", "d0"]
    await put_in(store, "d3", "", 0, "2027-01-01T00:00:00Z")
    await store.delete(Address("demo", "d4"))
    assert [e.address.slug for e in await store.entries("demo", "", 2, group)] == ["d2", "d1"]
    await store.rebuild()
    assert [e.address.slug for e in await store.entries("demo", "", 9, group)] == ["d2", "d1", "d0"]


async def test_a_collection_pages_by_position_without_gap_or_repeat(store: PublicStore) -> None:
    for number in range(7):
        await put_in(store, f"d{number}", "letters", number % 2, "2027-01-01T00:00:00Z")
    seen: list[Entry] = []
    while page := await store.members("demo", "letters", position(seen[-1]) if seen else "", 3):
        seen += page
    assert [entry.address.slug for entry in seen] == ["d0", "d2", "d4", "d6", "d1", "d3", "d5"]


async def test_an_entry_that_changes_its_collection_leaves_the_other(store: PublicStore) -> None:
    await put_in(store, "d", "letters", 0, "2027-01-01T00:00:00Z")
    await put_in(store, "d", "notes", 0, "2027-01-01T00:00:00Z")
    assert await store.members("demo", "letters", "", 9) == []
    assert len(await store.members("demo", "notes", "", 9)) == 1
    await store.delete(Address("demo", "d"))
    assert await store.members("demo", "notes", "", 9) == []
    assert await store.updates("", 9) == []


async def test_updates_come_by_address_and_go_on_after_one(store: PublicStore) -> None:
    slugs = ["b", "a", "a-b", "a0"]
    for slug in slugs:
        await put_in(store, slug, "", 0, "2027-01-01T00:00:00Z")
    await put_in(store, "a", "", 0, "2027-01-01T00:00:00Z", publisher="demo-2")
    seen: list[Update] = []
    while page := await store.updates(str(seen[-1].address) if seen else "", 2):
        seen += page
    told = sorted([*(f"demo/{slug}" for slug in slugs), "demo-2/a"])
    assert [str(update.address) for update in seen] == told
    assert {update[1:] for update in seen} == {("2027-01-01T00:00:00Z", "zh-CN", "")}


async def test_the_groups_of_a_publisher_are_those_of_its_documents(store: PublicStore) -> None:
    assert await store.groups("demo") == []
    for slug, tags in (("a", ("x", "Long " * 60)), ("b", ("x", "a/b", "字"))):
        await put_in(store, slug, "letters", 0, "2027-01-01T00:00:00Z", tags=tags)
    await put_in(store, "c", "notes", 0, "2027-01-01T00:00:00Z", publisher="other", tags=("c",))
    entries = await store.entries("demo", "", 9)
    every = sorted({group for entry in entries for group in groups_of(entry)})
    assert {group.name for group in every if group.kind == TAGS} >= {"x", "a-b", "字"}
    assert await store.groups("demo") == every != []
    await store.delete(Address("demo", "b"))
    assert Group(TAGS, "字") not in await store.groups("demo")


async def test_what_tells_the_lists_changes_with_them_and_with_nothing_else(
    store: PublicStore,
) -> None:
    seen = [await store.listed()]
    for change in (
        store.put(HERE, bundle("e1")),
        store.put(HERE, bundle("e2", published="2027-01-16T08:00:00Z")),
        store.put(THERE, bundle("e1", THERE)),
        store.delete(HERE),
    ):
        await change
        assert await store.listed() not in seen
        seen.append(await store.listed())
        await store.get(THERE)
        await store.entries("", "", 9)
        assert await store.listed() == seen[-1]


@pytest.mark.parametrize("kind", ["memory", "files"])
async def test_what_tells_the_lists_stays_where_the_entry_does(kind: str, tmp_path: Path) -> None:
    store = MemoryPublicStore() if kind == "memory" else FilePublicStore(tmp_path)
    await store.put(HERE, bundle("e1"))
    before = await store.listed()
    await store.put(HERE, bundle("e2"))
    await store.delete(THERE)
    assert await store.listed() == before


async def test_who_died_before_telling_of_the_lists_is_made_good_by_whoever_comes_next(
    tmp_path: Path,
) -> None:
    store = FilePublicStore(tmp_path)
    await store.put(HERE, bundle("e1"))
    before = (tmp_path / CATALOGUE).with_suffix(LISTED).read_bytes()
    await store.put(THERE, bundle("e1", THERE))
    (tmp_path / CATALOGUE).with_suffix(LISTED).write_bytes(before)
    await store.put(THERE, bundle("e2", THERE))
    assert (await store.listed()).encode() != before


async def put_in(
    store: PublicStore,
    slug: str,
    collection: str,
    order: int,
    day: str,
    publisher: str = "demo",
    **declared: Any,
) -> None:
    """Put a document with a place in a collection."""
    made = bundle("e1", Address(publisher, slug), day)
    assert made.entry
    entry = replace(made.entry, collection=collection, order=order, **declared)
    await store.put(entry.address, replace(made, entry=entry))


async def test_entries_page_by_key_without_gap_or_repeat(store: PublicStore) -> None:
    addresses = [Address("demo", f"{slug}{n}") for n in range(4) for slug in ("a", "a-", "b")]
    for n, address in enumerate(addresses):
        await store.put(address, bundle("e1", address, f"2027-01-0{1 + n % 3}T00:00:00Z"))
    seen: list[str] = []
    while page := await store.entries("", seen[-1] if seen else "", 5):
        seen += [cursor(entry) for entry in page]
    assert seen == sorted(seen, reverse=True)
    assert {mark.partition(" ")[2] for mark in seen} == set(map(str, addresses))
    assert len(seen) == len(addresses)


async def test_a_page_goes_on_where_an_entry_was_taken_away(store: PublicStore) -> None:
    for address in (HERE, THERE):
        await store.put(address, bundle("e1", address))
    (first,) = await store.entries("", "", 1)
    await store.delete(first.address)
    assert [e.address for e in await store.entries("", cursor(first), 10)] == [HERE]


async def test_the_entries_of_one_publisher_are_its_own(store: PublicStore) -> None:
    for address in (HERE, ELSEWHERE, THERE):
        await store.put(address, bundle("e1", address))
    assert await listed(store, "demo") == [THERE, HERE]
    assert await listed(store, "other") == [ELSEWHERE]
    assert await listed(store, "nobody") == []


async def test_an_entry_moves_when_its_document_is_put_again(store: PublicStore) -> None:
    await store.put(HERE, bundle("e1", HERE, "2027-01-01T00:00:00Z"))
    await store.put(THERE, bundle("e1", THERE, "2027-01-02T00:00:00Z"))
    await store.put(HERE, bundle("e2", HERE, "2027-01-03T00:00:00Z"))
    assert await listed(store) == [HERE, THERE]


async def test_a_bundle_without_entry_is_shown_and_not_listed(store: PublicStore) -> None:
    await store.put(HERE, bundle("e1"))
    await store.put(HERE, replace(bundle("e2"), entry=None))
    assert await store.get(HERE) == replace(bundle("e2"), entry=None)
    assert await listed(store) == []


async def test_a_store_that_answers_says_so(store: PublicStore) -> None:
    await store.ping()


# --- on files ----------------------------------------------------------------------------------


async def test_another_process_s_put_is_seen_at_once(tmp_path: Path) -> None:
    one, other = FilePublicStore(tmp_path), FilePublicStore(tmp_path)
    for n in range(50):  # of one size each, and faster than the kernel's clock ticks
        await one.put(HERE, bundle(f"e{n}"))
        assert await other.get(HERE) == bundle(f"e{n}")
    await one.delete(HERE)
    assert await other.get(HERE) is None
    assert await listed(other) == []


# --- what is at hand ---------------------------------------------------------------------------


def at_hand(
    store: PublicStore, form: str = "html", coding: str = "br", address: Address = HERE
) -> tuple[bytes, str, bytes] | None:
    found = store.ready(address, form, coding)
    return told(found[1]) if found else None


def told(variant: Variant) -> tuple[bytes, str, bytes]:
    return variant.etag, variant.coding, variant.body


def expected(name: str, form: str = "html", coding: str = "br") -> tuple[bytes, str, bytes]:
    return told(bundle(name).forms[form].variant(coding))


async def test_what_is_at_hand_is_what_get_returns(store: PublicStore) -> None:
    for name in ("e1", "e2"):
        await store.put(HERE, bundle(name))
        for form, coding in (("html", "br"), ("html", "identity"), ("md", "br")):
            assert at_hand(store, form, coding) in (None, expected(name, form, coding))
    await store.delete(HERE)
    assert at_hand(store) is None


async def test_a_coding_that_a_form_has_not_is_the_form_as_it_is(store: PublicStore) -> None:
    await store.put(HERE, bundle("e1"))
    assert at_hand(store, "md", "zstd") in (None, expected("e1", "md", "identity"))


async def test_a_seal_holds_until_its_bundle_is_another_one(store: PublicStore) -> None:
    seals: list[Seal] = []
    for name in ("e1", "e2", "e1"):
        await store.put(HERE, bundle(name))
        assert not any(seal.holds() for seal in seals)
        found = store.ready(HERE, "html", "br")
        if found:
            assert found[0].holds()
            seals.append(found[0])
    await store.delete(HERE)
    assert not any(seal.holds() for seal in seals)


async def test_on_files_everything_is_at_hand(on_disk: Path) -> None:
    store = FilePublicStore(on_disk)
    assert at_hand(store) is None
    for n in range(20):  # of one size each, and faster than the kernel's clock ticks
        await store.put(HERE, bundle(f"e{n}"))
        for form, coding in (("html", "br"), ("html", "identity"), ("md", "br")):
            assert at_hand(store, form, coding) == expected(f"e{n}", form, coding)


async def test_nothing_of_a_damaged_bundle_is_at_hand(on_disk: Path) -> None:
    store = FilePublicStore(on_disk)
    await store.put(HERE, bundle("e1"))
    (on_disk / "demo" / "first.bundle").write_bytes(bundle("e1").pack(of_public(HERE))[:-1])
    with pytest.raises(Damaged):
        await store.get(HERE)
    with pytest.raises(Damaged):
        store.ready(HERE, "html", "br")


async def test_a_head_that_is_longer_than_what_is_read_first_is_read(on_disk: Path) -> None:
    store = FilePublicStore(on_disk)
    long = replace(bundle("e1"), entry=replace(entry(), summary="x" * 3 * BEGINNING))
    await store.put(HERE, long)
    assert at_hand(store) == expected("e1")


async def test_what_is_too_large_to_read_between_two_requests_is_not_at_hand(
    on_disk: Path,
) -> None:
    store = FilePublicStore(on_disk)
    form = Representation("text/html", '"large"', {"br": b"small", "identity": bytes(LONG + 1)})
    await store.put(HERE, Bundle("e1", {"html": form}))
    assert at_hand(store, "html", "identity") is None
    assert at_hand(store) == (b'"large-br"', "br", b"small")


async def test_where_nothing_tells_what_is_at_hand_what_was_got_is() -> None:
    with in_memory() as folder:
        store = FilePublicStore(folder)
        for name in ("e1", "e2"):
            await store.put(HERE, bundle(name))
            assert at_hand(store) is None
            await store.get(HERE)
            for form, coding in (("html", "br"), ("md", "identity")):
                assert at_hand(store, form, coding) == expected(name, form, coding)


async def test_what_was_got_has_a_bound_and_what_is_beyond_it_is_still_served() -> None:
    with in_memory() as folder:
        size = len(bundle("e1", Address("demo", "d0")).pack(""))
        for capacity in (0, size - 1, size, 2 * size + 1):
            store = FilePublicStore(folder, capacity)
            addresses = [Address("demo", f"d{n}") for n in range(4)]
            for address in addresses:
                await store.put(address, bundle("e1", address))
                assert at_hand(store, address=address) is None
            for address in addresses * 2:
                assert await store.get(address) == bundle("e1", address)
            kept = [address for address in addresses if at_hand(store, address=address)]
            assert len(kept) == capacity // size


@contextmanager
def in_memory() -> Iterator[Path]:
    """Make a folder on a file system that cannot tell what is at hand."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        assert not can_tell(Path(name))
        yield Path(name)


@pytest.fixture
def on_disk(tmp_path: Path) -> Iterator[Path]:
    """Make a folder where the system can tell what is at hand; in memory (tmpfs) it cannot."""
    here = Path(__file__).parent
    with tempfile.TemporaryDirectory(dir=tmp_path if can_tell(tmp_path) else here) as folder:
        yield Path(folder)


def can_tell(folder: Path) -> bool:
    path = folder / "anything"
    path.write_bytes(
        Bundle("e1", {"html": Representation("text/html", "", {"identity": b"a"})}).pack(
            of_public(HERE)
        )
    )
    try:
        variant_at(str(path), of_public(HERE), "html", "br")
    except OSError:
        return False
    return True


async def test_readers_see_one_whole_bundle_while_it_is_replaced(tmp_path: Path) -> None:
    writer, reader = FilePublicStore(tmp_path), FilePublicStore(tmp_path, capacity=0)
    names = [f"e{n}" for n in range(30)]
    await writer.put(HERE, bundle(names[0]))
    seen: list[str] = []

    async def replace_all() -> None:
        for name in names:
            await writer.put(HERE, bundle(name))

    async with create_task_group() as tasks:
        tasks.start_soon(replace_all)
        while not seen or seen[-1] != names[-1]:
            found = await reader.get(HERE)
            assert found
            assert found == bundle(found.edition)
            seen.append(found.edition)
    assert seen == sorted(seen, key=names.index)


@pytest.mark.parametrize(
    "name", ["..", ".", "", "a/b", "../x", "catalogue.db", "A", "x\0", "a" * 81]
)
async def test_no_name_leads_out_of_the_store(tmp_path: Path, name: str) -> None:
    store = FilePublicStore(tmp_path / "public")
    for address in (Address(name, "first"), Address("demo", name)):
        with pytest.raises(Malformed):
            await store.put(address, bundle("e1"))
        with pytest.raises(Malformed):
            await store.get(address)
        with pytest.raises(Malformed):
            await store.delete(address)
    assert below(tmp_path) == ["public"]


async def test_putting_leaves_no_litter_and_takes_over_what_a_crash_left(tmp_path: Path) -> None:
    store = FilePublicStore(tmp_path)
    await store.put(HERE, bundle("e1"))
    stray = tmp_path / "demo" / ".first.bundle.part"
    stray.write_bytes(bundle("e2").pack(of_public(HERE))[:-10] * 9)
    assert await store.get(HERE) == bundle("e1")
    await store.put(HERE, bundle("e3"))
    assert await store.get(HERE) == bundle("e3")
    assert below(tmp_path / "demo") == ["first.bundle"]


async def test_the_catalogue_can_be_made_anew_from_the_bundles(tmp_path: Path) -> None:
    store = FilePublicStore(tmp_path)
    for address in (HERE, THERE, ELSEWHERE):
        await store.put(address, bundle("e1", address))
    before = await store.entries("", "", 10)
    with closing(sqlite3.connect(tmp_path / "catalogue.db", isolation_level=None)) as connection:
        connection.execute("DELETE FROM entry")
    assert await listed(store) == []
    await store.rebuild()
    assert await store.entries("", "", 10) == before


async def test_a_catalogue_that_is_not_there_is_made_from_the_bundles(tmp_path: Path) -> None:
    store = FilePublicStore(tmp_path)
    for address in (HERE, THERE):
        await store.put(address, bundle("e1", address))
    before = await store.entries("", "", 10)
    del store
    (tmp_path / "catalogue.db").unlink()
    assert await FilePublicStore(tmp_path).entries("", "", 10) == before


@pytest.mark.parametrize("lagging", [None, "e0"])
async def test_an_entry_that_lags_behind_its_bundle_is_mended_by_the_next_put(
    tmp_path: Path, lagging: str | None
) -> None:
    store = FilePublicStore(tmp_path)
    await store.put(THERE, bundle("e1", THERE))
    if lagging:
        await store.put(HERE, bundle(lagging, HERE, "2001-01-01T00:00:00Z"))
    # A process that dies in between has written the file, and its entry is undone.
    (tmp_path / "demo" / "first.bundle").write_bytes(bundle("e1").pack(of_public(HERE)))
    await store.put(HERE, bundle("e1"))
    assert [bundle("e1").entry] == [e for e in await store.entries("", "", 9) if e.address == HERE]


async def test_a_damaged_bundle_is_not_served_and_hides_no_other(tmp_path: Path) -> None:
    store = FilePublicStore(tmp_path)
    for address in (HERE, THERE):
        await store.put(address, bundle("e1", address))
    (tmp_path / "demo" / "first.bundle").write_bytes(bundle("e1").pack(of_public(HERE))[:-1])
    with pytest.raises(Damaged):
        await store.get(HERE)
    await store.rebuild()
    assert await listed(store) == [THERE]
    assert await store.get(THERE) == bundle("e1", THERE)


async def test_previews_go_on_while_the_catalogue_is_away(tmp_path: Path) -> None:
    store = FilePublicStore(tmp_path)
    await store.put(HERE, bundle("e1"))
    for name in below(tmp_path):
        if name.startswith("catalogue.db"):  # its log too, or SQLite makes it anew from that
            (tmp_path / name).unlink()
    (tmp_path / "catalogue.db").mkdir()  # nothing that can be opened
    again = FilePublicStore(tmp_path)
    assert await again.get(HERE) == bundle("e1")
    with pytest.raises(Unavailable):
        await again.entries("", "", 10)
    with pytest.raises(Unavailable):
        await again.put(HERE, bundle("e2"))
    assert await again.get(HERE) == bundle("e1")


async def test_a_store_that_is_gone_is_unavailable(tmp_path: Path) -> None:
    store = FilePublicStore(tmp_path / "public")
    (tmp_path / "public").rmdir()
    with pytest.raises(Unavailable):
        await store.ping()


async def test_a_bundle_that_cannot_be_read_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "demo" / "first.bundle").mkdir(parents=True)
    with pytest.raises(Unavailable):
        await FilePublicStore(tmp_path).get(HERE)


async def test_nobody_can_change_a_bundle_that_was_handed_out(store: PublicStore) -> None:
    given = bundle("e1")
    await store.put(HERE, given)
    given.forms["html"].bodies["br"] = b"changed"  # type: ignore[index]
    found: Bundle | None = await store.get(HERE)
    assert found == bundle("e1")


# --- what publishers say of themselves ---------------------------------------------------------


async def test_what_a_publisher_says_is_kept_as_bundles_are_and_is_no_document(
    store: PublicStore,
) -> None:
    place = place_of("demo")
    said = profile_bundle(Profile("Lamp", colour="#1a5fb4"))
    await store.put(HERE, bundle("e1"))
    before, listed_before = await store.mark(place), await store.listed()
    await store.put(place, said, before)
    assert await store.listed() != listed_before
    with pytest.raises(Stale):
        await store.put(place, bundle("late"), before)
    for _ in range(2):
        assert await store.get(place) == said
        assert await store.form(place, COLOURS, IDENTITY) is not None
        assert [address async for address in store.addresses()] == [HERE]
        assert await listed(store) == [HERE]
        assert await store.get(place_of("another")) is None
        await store.rebuild()
