"""What the stores promise on S3 besides: on a real S3 server, SeaweedFS."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from typing import cast

import obstore
import pytest
from anyio import create_task_group

from gateway.app import Services, SystemClock, build, build_services, open_services
from gateway.core.bundles import Bundle, Damaged
from gateway.core.documents import Address
from gateway.core.errors import Malformed, Missing, Unavailable
from gateway.ports import Ledger
from gateway.settings import BadSettings, load
from gateway.stores.s3.bucket import Bucket, Object
from gateway.stores.s3.public_store import LISTED, ObjectPublicStore
from gateway.stores.s3.vault import ObjectVault
from gateway.stores.versions import of_public
from gateway.usecases.granting import GrantRequest
from gateway.usecases.reading import Credential
from gateway.usecases.submissions import Submission
from tests.properties.public_surface import SITE
from tests.stores.things import ELSEWHERE, HERE, THERE, bundle, permit, sealed
from tests.support.asgi import exchange
from tests.support.s3 import S3
from tests.support.services import SECRET

pytestmark = pytest.mark.anyio

EARLY, LATE = "2027-01-01T00:00:00Z", "2027-01-03T00:00:00Z"


@pytest.fixture
def another(s3: S3, place: str) -> Bucket:
    """Open the same place as another host would."""
    return Bucket(place, **s3._asdict())


def objects(s3: S3, place: str) -> dict[str, bytes]:
    """Return all that lies in a place, but for what tells whether its lists are still the same."""
    client = s3.client(place.rpartition("/")[2])
    keys = [meta["path"] for meta in obstore.list(client).collect() if meta["path"] != str(LISTED)]
    return {key: obstore.get(client, key).bytes().to_bytes() for key in keys}


async def listed(store: ObjectPublicStore, publisher: str = "") -> list[Address]:
    return [entry.address for entry in await store.entries(publisher, "", 100)]


# --- several hosts -----------------------------------------------------------------------------


async def test_another_host_s_put_is_seen_at_once(bucket: Bucket, another: Bucket) -> None:
    one, other = ObjectPublicStore(bucket), ObjectPublicStore(another)
    for n in range(20):
        await one.put(HERE, bundle(f"e{n}"))
        assert await other.get(HERE) == bundle(f"e{n}")
        assert await listed(other) == [HERE]
    await one.delete(HERE)
    assert await other.get(HERE) is None
    assert await listed(other) == []


async def test_an_unchanged_bundle_is_fetched_once(bucket: Bucket) -> None:
    store = ObjectPublicStore(bucket)
    await store.put(HERE, bundle("e1"))
    first = await store.get(HERE)
    assert await store.get(HERE) is first


async def test_an_edition_that_was_opened_is_fetched_once(bucket: Bucket) -> None:
    vault = ObjectVault(bucket)
    await vault.keep(HERE, "e1", sealed("e1"))
    first = await vault.open(permit("e1"))
    assert await vault.open(permit("e1")) is first


@pytest.mark.parametrize("rooms", [0, 0.5, 1, 2.5])
async def test_memory_has_a_bound_and_a_bundle_beyond_it_is_still_served(
    bucket: Bucket, rooms: float
) -> None:
    addresses = [Address("demo", f"d{n}") for n in range(4)]
    size = len(bundle("e1", addresses[0]).pack(""))
    store = ObjectPublicStore(bucket, capacity=int(rooms * size))
    for address in addresses:
        await store.put(address, bundle("e1", address))
    for address in addresses * 2:
        assert await store.get(address) == bundle("e1", address)
    asked = [[await store.get(a) for _ in range(3)] for a in addresses]
    assert all(last is one for _, one, last in asked) == (rooms >= 1)


async def test_readers_see_one_whole_bundle_while_it_is_replaced(
    bucket: Bucket, another: Bucket
) -> None:
    writer, reader = ObjectPublicStore(bucket), ObjectPublicStore(another, capacity=0)
    names = [f"e{n}" for n in range(20)]
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


async def test_of_two_hosts_that_keep_one_edition_the_first_wins(
    bucket: Bucket, another: Bucket
) -> None:
    texts = {name: replace(sealed("e1"), source=name.encode()) for name in ("one", "other")}
    vaults = {"one": ObjectVault(bucket), "other": ObjectVault(another)}
    async with create_task_group() as tasks:
        for name, vault in vaults.items():
            tasks.start_soon(vault.keep, HERE, "e1", texts[name])
    kept = [await vault.source(HERE, "e1") for vault in vaults.values()]
    assert kept in ([b"one"] * 2, [b"other"] * 2)


# --- what lies in the bucket -------------------------------------------------------------------


async def test_nothing_paid_lies_outside_the_vault(bucket: Bucket, s3: S3, place: str) -> None:
    await ObjectVault(bucket).keep(HERE, "e1", sealed("e1"))
    await ObjectPublicStore(bucket).put(HERE, sealed("e1").public)
    paid = {key for key, blob in objects(s3, place).items() if b"paid text" in blob}
    assert paid == {"vault/demo/first/e1.sealed"}


async def test_putting_and_deleting_leave_no_litter(bucket: Bucket, s3: S3, place: str) -> None:
    store = ObjectPublicStore(bucket)
    for published in (EARLY, LATE, EARLY):
        await store.put(HERE, bundle("e1", HERE, published))
        keys = objects(s3, place)
        assert len(keys) == 4
        assert "public/demo/first.bundle" in keys
    await store.delete(HERE)
    assert objects(s3, place) == {}


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "../x", "A", "x\0", "a" * 81])
async def test_no_name_leads_out_of_its_place(
    bucket: Bucket, s3: S3, place: str, name: str
) -> None:
    store, vault = ObjectPublicStore(bucket), ObjectVault(bucket)
    for address in (Address(name, "first"), Address("demo", name)):
        for change in (
            store.put(address, bundle("e1")),
            store.delete(address),
            vault.keep(address, "e1", sealed("e1")),
            vault.source(address, "e1"),
        ):
            with pytest.raises(Malformed):
                await change
        with pytest.raises(Malformed):
            await store.get(address)
    with pytest.raises(Malformed):
        await vault.keep(HERE, name, sealed("e1"))
    assert objects(s3, place) == {}


async def test_a_damaged_bundle_is_not_served_and_hides_no_other(bucket: Bucket) -> None:
    store = ObjectPublicStore(bucket)
    for address in (HERE, THERE):
        await store.put(address, bundle("e1", address))
    await bucket.put("public/demo/first.bundle", bundle("e1").pack(of_public(HERE))[:-1])
    with pytest.raises(Damaged):
        await store.get(HERE)
    assert await listed(store) == [THERE]
    await store.put(HERE, bundle("e2"))
    assert await listed(store) == [THERE, HERE]


async def test_a_damaged_edition_is_never_half_opened(bucket: Bucket) -> None:
    await ObjectVault(bucket).keep(HERE, "e1", sealed("e1"))
    key = "vault/demo/first/e1.sealed"
    found = await bucket.get(key)
    assert found
    for size in range(0, len(found.blob), 501):
        await bucket.put(key, found.blob[:size])
        vault = ObjectVault(bucket)
        for part in (vault.public(HERE, "e1"), vault.open(permit("e1"))):
            try:
                assert await part in (sealed("e1").public, sealed("e1").full)
            except Damaged:
                continue


# --- the catalogue -----------------------------------------------------------------------------


class Counting(Bucket):
    """A bucket that counts what it is asked."""

    asked = 0

    async def get(self, key: str, known: str = "") -> Object | None:
        self.asked += 1
        return await super().get(key, known)

    async def keys(self, folder: str, after: str, count: int) -> AsyncIterator[Sequence[str]]:
        async for keys in super().keys(folder, after, count):
            self.asked += 1
            yield keys


async def test_a_page_costs_the_same_whatever_there_is(s3: S3, place: str) -> None:
    bucket = Counting(place, **s3._asdict())
    store = ObjectPublicStore(bucket)
    asked = []
    for n in range(60):
        address = Address("demo", f"d{n}")
        await store.put(address, bundle("e1", address, f"2027-01-01T00:00:{n:02}Z"))
        if n in (20, 59):
            bucket.asked = 0
            assert len(await store.entries("", "", 21)) == 21
            asked.append(bucket.asked)
    assert asked == [22, 22]


@pytest.mark.parametrize(
    "before", ["~", "2027-01-02", "2027-01-02T00:00:00Z demo/firsu", "中" * 200]
)
async def test_a_page_begins_below_any_text(bucket: Bucket, before: str) -> None:
    store = ObjectPublicStore(bucket)
    for address, published in ((HERE, "2027-01-02T00:00:00Z"), (THERE, EARLY), (ELSEWHERE, LATE)):
        await store.put(address, bundle("e1", address, published))
    everything = await store.entries("", "", 9)
    expected = [e for e in everything if f"{e.published} {e.address}" < before]
    assert await store.entries("", before, 9) == expected


async def test_names_that_lead_nowhere_are_passed_over(bucket: Bucket, s3: S3, place: str) -> None:
    store = ObjectPublicStore(bucket)
    for n in range(12):
        address = Address("demo", f"d{n}")
        await store.put(address, bundle("e1", address))
        if n % 4:
            await bucket.delete(f"public/{address}.bundle")
    for junk in ("0", "zz", "ff" * 9 + "z", "x y"):
        await bucket.put(f"catalogue/all/{junk}", b"")
    await bucket.put("public/other/stray.bundle", b"no bundle")
    assert await listed(store) == [Address("demo", f"d{n}") for n in (8, 4, 0)]
    assert len(await store.entries("", "", 2)) == 2
    await store.rebuild()
    names = [key for key in objects(s3, place) if key.startswith("catalogue/")]
    assert len(names) == 3 * 3


async def test_the_catalogue_can_be_made_anew_from_the_bundles(bucket: Bucket) -> None:
    store = ObjectPublicStore(bucket)
    for address in (HERE, THERE, ELSEWHERE):
        await store.put(address, bundle("e1", address))
    before = await store.entries("", "", 10)
    async for keys in bucket.keys("catalogue", "", 50):
        for key in keys:
            await bucket.delete(key)
    assert await listed(store) == []
    await store.rebuild()
    assert await store.entries("", "", 10) == before
    assert await listed(store, "other") == [ELSEWHERE]


# --- dying in the middle -----------------------------------------------------------------------


class Death(Exception):
    """Raised where a process dies."""


class Mortal(Bucket):
    """A bucket whose process dies before one of its changes."""

    left = 99

    async def put(self, key: str, blob: bytes, since: str | None = None) -> None:
        self._live()
        await super().put(key, blob)

    async def delete(self, key: str) -> None:
        self._live()
        await super().delete(key)

    def _live(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Death


Change = Callable[[ObjectPublicStore], Awaitable[None]]
CHANGES: dict[str, tuple[Change, Bundle | None]] = {
    "replace": (lambda store: store.put(HERE, bundle("e2")), bundle("e2")),
    "move": (lambda s: s.put(HERE, bundle("e2", HERE, LATE)), bundle("e2", HERE, LATE)),
    "hide": (
        lambda s: s.put(HERE, replace(bundle("e2"), entry=None)),
        replace(bundle("e2"), entry=None),
    ),
    "delete": (lambda store: store.delete(HERE), None),
}


@pytest.mark.parametrize("after", range(8))
@pytest.mark.parametrize("name", CHANGES)
async def test_a_change_that_was_cut_short_is_made_whole_by_the_next(
    bucket: Bucket, s3: S3, place: str, name: str, after: int
) -> None:
    change, expected = CHANGES[name]
    mortal = Mortal(place, **s3._asdict())
    await ObjectPublicStore(bucket).put(HERE, bundle("e1"))
    mortal.left = after
    try:
        await change(ObjectPublicStore(mortal))
    except Death:
        store = ObjectPublicStore(bucket)
        assert await store.get(HERE) in (bundle("e1"), expected)
        assert len(await store.entries("", "", 9)) <= 1
        await change(store)
    store = ObjectPublicStore(bucket)
    assert await store.get(HERE) == expected
    entry = expected.entry if expected else None
    assert list(await store.entries("", "", 9)) == ([entry] if entry else [])
    assert len(objects(s3, place)) == (4 if entry else 1 if expected else 0)


# --- a bucket that is away ---------------------------------------------------------------------


async def everything_fails(bucket: Bucket) -> None:
    store, vault = ObjectPublicStore(bucket), ObjectVault(bucket)
    for ask in (
        store.get(HERE),
        store.entries("", "", 9),
        store.put(HERE, bundle("e1")),
        store.delete(HERE),
        store.ping(),
        vault.keep(HERE, "e1", sealed("e1")),
        vault.open(permit("e1")),
        vault.source(HERE, "e1"),
        vault.ping(),
    ):
        with pytest.raises(Unavailable):
            await ask


async def test_a_server_that_is_not_there_is_unavailable(s3: S3) -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    gone = s3._replace(endpoint=f"http://127.0.0.1:{port}")
    await everything_fails(Bucket(s3.url(), **gone._asdict()))


async def test_a_server_that_says_nothing_is_unavailable_in_time(s3: S3) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as sock:
        mute = s3._replace(endpoint=f"http://127.0.0.1:{sock.getsockname()[1]}")
        await everything_fails(Bucket(s3.url(), timeout=0.1, **mute._asdict()))


async def test_a_bucket_that_is_not_ours_is_unavailable(s3: S3) -> None:
    wrong = s3._replace(secret_access_key="wrong")
    await everything_fails(Bucket(s3.url(), **wrong._asdict()))


async def test_a_bucket_that_is_not_there_is_unavailable_and_not_empty(s3: S3) -> None:
    await everything_fails(Bucket("s3://no-such-bucket/", **s3._asdict()))


# --- a whole gateway ---------------------------------------------------------------------------


@pytest.fixture
async def services(
    s3: S3, place: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Services]:
    """Open a gateway as the environment of a host says."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    opened = await open_services(
        load({"PAIDGATE_DATA": str(tmp_path), "PAIDGATE_STORE": place}), in_process=True
    )
    yield opened
    await opened.close()


async def test_a_gateway_publishes_to_s3_and_reads_from_there(
    services: Services, s3: S3, place: str
) -> None:
    await services.publishers.register("demo")
    source = "标题\n\nfree ##paidbegin##costly##paidend##\n".encode()
    await services.publishing.publish(Submission(HERE, source, "plain"))
    grant = await services.granting.grant("demo", GrantRequest("all"))
    credential = Credential(await services.granting.token(grant))
    assert b"costly" in (await services.reading.open(HERE, credential, "txt")).text.body
    preview = await services.store.get(HERE)
    assert preview
    assert b"costly" not in preview.pack("")
    kinds = {"public", "catalogue", "vault", "store"}
    assert {key.partition("/")[0] for key in objects(s3, place)} == kinds
    await services.publishing.delete(HERE)
    assert await services.store.get(HERE) is None
    with pytest.raises(Missing):
        await services.reading.open(HERE, credential, "txt")


class Away:
    """A ledger that does not answer."""

    def __getattr__(self, name: str) -> Callable[..., Awaitable[None]]:
        async def fail(*_: object, **__: object) -> None:
            raise Unavailable("ledger")

        return fail


async def test_the_public_side_goes_on_while_the_ledger_is_away(services: Services) -> None:
    await services.publishers.register("demo")
    grant = await services.granting.grant("demo", GrantRequest("all"))
    await services.publishing.publish(Submission(HERE, "标题\n\nfree".encode(), "plain", free=True))
    alone = build_services(
        services.settings,
        cast("Ledger", Away()),
        services.store,
        services.vault,
        SECRET,
        SystemClock(),
    )
    app = build(alone)
    for target in (*SITE[:3], "/documents/demo", "/documents/demo/first.json", "/robots.txt"):
        assert (await exchange(app, "GET", target)).status == 200
    bearer = [("authorization", f"Bearer {await services.granting.token(grant)}")]
    assert (await exchange(app, "GET", "/read/demo/first", bearer)).status == 503


@pytest.mark.parametrize("store", ["s3://", "s3:///prefix", "s3://key:secret@bucket/", "s4://x"])
def test_a_store_that_names_no_bucket_is_refused(store: str) -> None:
    with pytest.raises(BadSettings, match="PAIDGATE_STORE"):
        load({"PAIDGATE_STORE": store})
