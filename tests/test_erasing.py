"""What is deleted comes back for 30 days, and what is erased never does: no store holds a word."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import obstore
import pytest

from gateway.app import build_services
from gateway.core.audit_records import Act
from gateway.core.conditions import Condition
from gateway.core.documents import Address
from gateway.core.errors import Missing, Stale
from gateway.ports import Ledger, PublicStore, Vault
from gateway.stores.files.public_store import FilePublicStore
from gateway.stores.files.vault import FileVault
from gateway.stores.memory import MemoryAudit, MemoryLedger, MemoryPublicStore, MemoryVault
from gateway.stores.s3.bucket import Bucket
from gateway.stores.s3.public_store import ObjectPublicStore
from gateway.stores.s3.vault import ObjectVault
from gateway.stores.sql.ledger import open_ledger
from gateway.usecases.codes import CodeRequest
from gateway.usecases.erasing import KEPT
from gateway.usecases.submissions import Submission
from tests.stores.test_shelf_promises import made
from tests.support.asgi import exchange
from tests.support.s3 import S3
from tests.support.services import SECRET, FrozenClock, Standing, settings
from tests.web.caller import Caller, open_api

pytestmark = pytest.mark.anyio

HERE = Address("demo", "d")
TITLE, FREE, PAID = "canary-title-x7", "canary-free-x7", "canary-paid-x7"
CANARIES = (TITLE, FREE, PAID)
SOURCE = f"{TITLE}\n\n{FREE}.\n\n##paidbegin##{PAID}.##paidend##\n"


class Place:
    """A gateway on stores that can be searched through."""

    def __init__(
        self, ledger: Ledger, store: PublicStore, vault: Vault, search: Callable[[], bytes]
    ) -> None:
        self.clock, self.audit = FrozenClock(), MemoryAudit()
        self.ledger, self.store, self.vault = ledger, store, vault
        self.services = build_services(
            settings(), ledger, store, vault, SECRET, self.clock, audit=self.audit
        )
        self._search = search

    async def publish(self, source: str = SOURCE) -> str:
        await self.services.publishers.register("demo")
        submission = Submission(HERE, source.encode(), "plain")
        return (await self.services.publishing.publish(submission)).edition.id

    def found(self) -> set[str]:
        """Return the canaries that any store holds."""
        held = self._search()
        return {word for word in CANARIES if word.encode() in held}


@pytest.fixture(params=["memory", "files", "s3"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """Open a gateway on every kind of store."""
    if request.param == "memory":
        ledger, store, vault = MemoryLedger(), MemoryPublicStore(), MemoryVault()
        yield Place(
            ledger, store, vault, lambda: _told([vars(each) for each in (ledger, store, vault)])
        )
        return
    sql = await open_ledger(f"sqlite:///{tmp_path}/ledger.db")
    if request.param == "files":
        public, sealed = FilePublicStore(tmp_path / "public"), FileVault(tmp_path / "vault")
        yield Place(sql, public, sealed, lambda: _bytes_below(tmp_path))
    else:
        s3: S3 = request.getfixturevalue("s3")
        bucket = Bucket(s3.url(secrets.token_hex(8)), **s3._asdict())
        objects = ObjectPublicStore(bucket), ObjectVault(bucket)
        yield Place(sql, *objects, lambda: _bytes_below(tmp_path) + _objects(bucket))
    await sql.close()


def _told(things: object, depth: int = 0) -> bytes:
    if isinstance(things, bytes):
        return things
    if isinstance(things, dict):
        things = [*things.keys(), *things.values()]
    if isinstance(things, (list, tuple, set, frozenset)):
        return b"".join(_told(each, depth) for each in things)
    slots = getattr(things, "__slots__", ()) or getattr(things, "__struct_fields__", ())
    facts = getattr(things, "__dict__", None) or {n: getattr(things, n, "") for n in slots}
    return repr(things).encode() + (_told(facts, depth + 1) if facts and depth < 6 else b"")


def _bytes_below(root: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file())


def _objects(bucket: Bucket) -> bytes:
    store = bucket._store
    names = [meta["path"] for some in obstore.list(store) for meta in some]
    return b"".join(name.encode() + obstore.get(store, name).bytes().to_bytes() for name in names)


# --- erased ------------------------------------------------------------------------------------


async def test_after_an_erasure_no_store_holds_a_word_and_the_audit_tells_of_it(
    place: Place,
) -> None:
    first = await place.publish()
    await place.publish(SOURCE + "More.\n")
    assert place.found() == set(CANARIES)
    assert await place.services.erasing.erase(HERE)
    assert place.found() == set()
    assert await place.vault.editions(HERE) == []
    assert [r.what for r in place.audit.records][-1] == Act.ERASE
    with pytest.raises(Missing):
        await place.services.publishing.roll_back(HERE, first)
    with pytest.raises(Missing):
        await place.services.erasing.erase(HERE)
    assert await place.services.publishing.recover() == {}
    await place.publish("Another\n\nA.\n\n##paidbegin##B.##paidend##\n")
    assert await place.store.get(HERE)
    assert place.found() == set()


async def test_an_erasure_takes_what_was_kept_at_earlier_addresses_too(place: Place) -> None:
    await place.publish()
    for slug, to in (("d", "e"), ("e", "f")):
        await place.services.renaming.rename(Address("demo", slug), to)
    assert place.found() == set(CANARIES)
    assert await place.services.erasing.erase(Address("demo", "f"))
    assert place.found() == set()
    assert [address async for address in place.store.addresses()] == []


async def reused(place: Place, source: str) -> str:
    """Publish a document, rename it twice, and publish another where it was first."""
    await place.publish()
    await place.services.renaming.rename(HERE, "e")
    await place.publish(source)
    await place.services.renaming.rename(Address("demo", "e"), "f")
    return await place.publish(source + "More.\n")


OTHER = "Another\n\nA canary-other-x7.\n\n##paidbegin##B.##paidend##\n"


async def test_an_erasure_takes_what_lies_where_another_document_is_and_nothing_of_that(
    place: Place,
) -> None:
    edition = await reused(place, OTHER)
    history = await place.ledger.editions(HERE, "", 9)
    assert len(history) == 2
    assert await place.services.erasing.erase(Address("demo", "f"))
    assert place.found() == set()
    assert await place.ledger.editions(HERE, "", 9) == history
    assert {*await place.vault.editions(HERE)} == {each.id for each in history}
    assert await place.vault.source(HERE, edition) == f"{OTHER}More.\n".encode()
    assert [address async for address in place.store.addresses()] == [HERE]


async def test_an_erasure_takes_nothing_of_a_document_that_was_there_before(place: Place) -> None:
    await reused(place, SOURCE.replace(TITLE, "Another"))
    assert await place.services.erasing.erase(HERE)
    assert place.found() == set(CANARIES)
    (first,) = await place.vault.editions(HERE)
    assert await place.vault.source(HERE, first) == SOURCE.encode()
    assert first in {each.id for each in await place.ledger.elsewhere(Address("demo", "f"))}
    assert await place.services.erasing.erase(Address("demo", "f"))
    assert place.found() == set()


async def test_an_erasure_of_what_lies_elsewhere_that_died_half_way_is_gone_through_with(
    place: Place,
) -> None:
    await reused(place, OTHER)
    moved = Address("demo", "f")
    current = await place.services.publishing.current(moved)
    await place.ledger.begin_erasing(moved, current.id)
    assert await place.services.publishing.recover() == {}
    assert place.found() == set()
    assert await place.services.publishing.current(HERE)


async def test_nobody_rolls_a_document_back_to_what_another_was_at_its_address(
    place: Place,
) -> None:
    await reused(place, OTHER)
    (first, _) = await place.ledger.elsewhere(Address("demo", "f"))
    with pytest.raises(Missing):
        await place.services.publishing.roll_back(HERE, first.id)


async def test_what_stood_beside_a_document_that_moved_is_erased_with_it(place: Place) -> None:
    await place.publish()
    await place.vault.shelf.put(HERE, made("a.png"))
    await reused(place, OTHER)
    assert await place.vault.shelf.all(HERE) == []
    assert await place.services.erasing.erase(Address("demo", "f"))
    assert made("a.png").companion.origin.encode() not in place._search()


async def test_what_was_deleted_can_be_published_again_for_30_days_and_is_gone_then(
    place: Place,
) -> None:
    edition = await place.publish()
    for days in (1, 29):
        await place.services.publishing.delete(HERE)
        place.clock.at += days * 86_400
        await place.services.publishing.recover()
        published = await place.services.publishing.roll_back(HERE, edition)
        assert published.edition.id == edition
        assert (await place.store.get(HERE)) is not None
    await place.services.publishing.delete(HERE)
    place.clock.at += KEPT - 1
    await place.services.publishing.recover()
    assert place.found() != set()
    place.clock.at += 1
    assert await place.services.publishing.recover() == {}
    assert place.found() == set()
    with pytest.raises(Missing):
        await place.services.publishing.roll_back(HERE, edition)


async def test_an_erasure_that_died_half_way_is_gone_through_with(place: Place) -> None:
    edition = await place.publish()
    await place.ledger.begin_erasing(HERE, edition)
    await place.services.publishing.recover()
    assert place.found() == set()
    assert await place.ledger.erasures(HERE) == 2


async def test_who_publishes_again_goes_through_with_what_was_left(place: Place) -> None:
    edition = await place.publish()
    await place.ledger.begin_erasing(HERE, edition)
    again = await place.publish()
    assert await place.vault.editions(HERE) == [again]
    assert await place.vault.source(HERE, again) == SOURCE.encode()


async def test_who_began_to_publish_before_an_erasure_comes_too_late_and_begins_anew(
    place: Place,
) -> None:
    await place.publish()
    await place.services.publishing.delete(HERE)
    keep = place.vault.keep
    struck: list[str] = []

    async def slow(address: Address, edition: str, sealed: object) -> None:
        await keep(address, edition, sealed)  # type: ignore[arg-type]
        if not struck:
            struck.append(edition)
            await place.services.erasing.erase(HERE)

    place.vault.keep = slow  # type: ignore[method-assign]
    edition = await place.publish()
    assert edition not in struck
    assert await place.vault.editions(HERE) == [edition]
    assert await place.vault.source(HERE, edition) == SOURCE.encode()


async def test_a_condition_holds_for_an_erasure_too(place: Place) -> None:
    edition = await place.publish()
    with pytest.raises(Stale):
        await place.services.erasing.erase(HERE, Condition(frozenset(["other"]), None))
    assert await place.services.erasing.erase(HERE, Condition(frozenset([edition]), None))


# --- over the API ------------------------------------------------------------------------------


async def seen(standing: Standing, api: Caller) -> list[int]:
    paths = ("/documents/demo/d", "/documents/demo/d.json")
    public = [(await exchange(standing.app, "GET", path)).status for path in paths]
    own = [f"/api/documents/d{more}" for more in ("", "/source", "/editions")]
    return public + [(await api.send("GET", path)).status for path in own]


async def test_the_api_deletes_for_30_days_or_at_once() -> None:
    standing, api = await open_api()
    editions = await api.ask("GET", "/api/documents/d/editions")
    path = f"/api/documents/d/editions/{editions['editions'][0]['edition']}/publish"
    assert (await api.send("DELETE", "/api/documents/d")).status == 204
    assert await seen(standing, api) == [404, 404, 404, 404, 200]
    assert (await api.send("POST", path, idempotency_key="k")).status == 200
    assert (await api.send("DELETE", "/api/documents/d?erase=no")).status == 400
    assert (await api.send("DELETE", "/api/documents/d?erase=true")).status == 204
    assert await seen(standing, api) == [404] * 5
    for key in ("k", "l"):
        assert (await api.send("POST", path, idempotency_key=key)).status == 404
    assert (await api.send("DELETE", "/api/documents/d?erase=true")).status == 404


async def test_nobody_erases_what_is_another_s() -> None:
    standing, _ = await open_api()
    other = Caller(standing.app, await standing.services.publishers.add("other"))
    assert (await other.send("DELETE", "/api/documents/d?erase=true")).status == 404
    assert await standing.ledger.current(HERE)


# --- readers -----------------------------------------------------------------------------------


async def test_a_reader_that_is_forgotten_opens_nothing_and_is_in_no_store(place: Place) -> None:
    await place.publish()
    (minted,) = await place.services.codes.make("demo", CodeRequest("all", uses=3))
    redeemed = await place.services.redeeming.redeem(minted.word, None)
    (grant,) = await place.services.granting.grants("demo", limit=9)
    (device,) = await place.ledger.devices(grant.id, 9)
    assert device.reader.encode() in place._search()
    assert await place.services.redeeming.forget(device.reader)
    assert device.reader.encode() not in place._search()
    assert await place.services.reading.reader(redeemed.cookie) is None
    assert place.audit.records[-1].what == Act.FORGET
    with pytest.raises(Missing):
        await place.services.redeeming.forget(device.reader)
