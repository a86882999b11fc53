"""A document at another address: the old one leads there, and who could read it still can."""

from __future__ import annotations

import pytest

from gateway.core.documents import Address
from gateway.core.errors import Missing, Unavailable
from gateway.rendering.representations import REPRESENTATIONS
from gateway.usecases.erasing import KEPT
from tests.support.answers import Answer
from tests.support.asgi import exchange
from tests.support.services import Standing
from tests.web.caller import Browser, Caller, caller, open_api

pytestmark = pytest.mark.anyio

RENAME = "/api/documents/d/rename"
OLD, NEW = Address("demo", "d"), Address("demo", "better")
SOURCE = b"A title\n\nAnother.\n\n##paidbegin##Paid.##paidend##\n"


async def renamed(slug: str = "better") -> tuple[Standing, Caller]:
    """Open a gateway whose document d was given another slug."""
    standing, api = await open_api()
    told = await api.ask("POST", RENAME, {"slug": slug})
    assert (told["address"], told["confirmed"]) == (f"demo/{slug}", True)
    return standing, api


async def get(standing: Standing, target: str, method: str = "GET", **headers: str) -> Answer:
    return await exchange(standing.app, method, target, [*headers.items()])


@pytest.mark.parametrize("suffix", [each.suffix for each in REPRESENTATIONS])
@pytest.mark.parametrize("surface", ["documents", "read"])
async def test_every_form_of_an_old_address_leads_to_the_same_form_of_the_new(
    surface: str, suffix: str
) -> None:
    standing, _ = await renamed()
    for method in ("GET", "HEAD"):
        for query in ("", "?page=2&x=%E4%B8%AD"):
            answer = await get(standing, f"/{surface}/demo/d{suffix}{query}", method)
            assert answer.status == 308
            assert answer.header("location") == f"/{surface}/demo/better{suffix}{query}"
            is_public = "public" in answer.header("cache-control")
            assert is_public is (surface == "documents")
    assert (await get(standing, f"/documents/demo/better{suffix}")).status == 200


async def test_an_old_address_leads_on_while_the_ledger_is_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    standing, _ = await renamed()

    async def down(*_: object) -> None:
        raise Unavailable("ledger")

    for name in ("current", "moved", "former"):
        monkeypatch.setattr(standing.ledger, name, down)
    answer = await get(standing, "/documents/demo/d.md")
    assert (answer.status, answer.header("location")) == (308, "/documents/demo/better.md")


async def test_a_redirect_tells_everyone_the_same() -> None:
    standing, _ = await renamed()
    plain = await get(standing, "/documents/demo/d")
    for headers in ({"authorization": "Bearer x"}, {"cookie": "paidgate=x"}):
        assert await get(standing, "/documents/demo/d", **headers) == plain


async def test_who_could_read_a_document_can_read_it_still() -> None:
    standing, api = await open_api()
    grant = await api.ask("POST", "/api/grants", {"scope": "document:d"})
    (code, unused) = await api.make_codes(scope="document:d", count=2)
    browser = Browser(standing.app)
    await browser.unlock(code["code"])
    assert b"Paid" in (await browser.get("/read/demo/d")).body
    await api.ask("POST", RENAME, {"slug": "better"})
    bearer = {"authorization": f"Bearer {grant['token']}"}
    assert b"Paid" in (await get(standing, "/read/demo/better", **bearer)).body
    assert b"Paid" in (await browser.get("/read/demo/better")).body
    late = Browser(standing.app)
    answer = await late.unlock(unused["code"])
    assert answer.header("location").startswith("/read/demo/better")
    assert b"Paid" in (await late.get("/read/demo/better")).body


async def test_a_right_to_an_old_address_opens_nothing_that_is_published_there_later() -> None:
    standing, api = await open_api()
    grant = await api.ask("POST", "/api/grants", {"scope": "document:d"})
    await api.ask("POST", RENAME, {"slug": "better"})
    assert (await api.send("PUT", "/api/documents/d", SOURCE, content_type="text/plain")).status
    bearer = {"authorization": f"Bearer {grant['token']}"}
    assert (await get(standing, "/read/demo/d", **bearer)).status == 402
    assert (await get(standing, "/read/demo/better", **bearer)).status == 200


async def test_an_old_address_is_given_back_to_what_is_published_there() -> None:
    standing, api = await renamed()
    answer = await api.send("PUT", "/api/documents/d", SOURCE, content_type="text/plain")
    assert answer.status == 201
    assert b"Another" in (await get(standing, "/documents/demo/d")).body
    assert (await api.send("DELETE", "/api/documents/d")).status == 204
    assert (await get(standing, "/documents/demo/d")).status == 404


async def test_a_list_names_a_document_once_and_with_its_date() -> None:
    standing, api = await open_api()
    before = await api.ask("GET", "/api/documents/d")
    standing.clock.at += 1000
    await api.ask("POST", RENAME, {"slug": "better"})
    entries = await standing.store.entries("", "", 9)
    assert [(e.address, e.published) for e in entries] == [(NEW, before["published"])]
    told = await api.ask("GET", "/api/documents")
    assert [d["slug"] for d in told["documents"]] == ["better"]


async def test_a_rename_that_is_sent_again_is_done_once() -> None:
    standing, api = await open_api()
    first = await api.ask("POST", RENAME, {"slug": "better"}, idempotency_key="k1")
    for headers in ({"idempotency_key": "k1"}, {}):
        again = await api.ask("POST", RENAME, {"slug": "better"}, **headers)
        assert again == first
    await api.ask("POST", "/api/documents/better/rename", {"slug": "d"})
    answer = await api.send("POST", RENAME, b'{"slug": "better"}', idempotency_key="k1")
    assert answer.status == 404  # where it is not any more
    assert (await standing.services.publishing.current(OLD)).title == "A title"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'{"slug": "taken"}', {}, 409),
        (b'{"slug": "No name"}', {}, 400),
        (b'{"slug": ""}', {}, 400),
        (b"{}", {}, 400),
        (b'{"slug": "better"}', {"if_match": '"other"'}, 412),
    ],
)
async def test_a_rename_that_cannot_be_changes_nothing(
    body: bytes, headers: dict[str, str], status: int
) -> None:
    standing, api = await open_api()
    await standing.publish("taken", "Taken\n\nText.\n")
    answer = await api.send("POST", RENAME, body, **headers)
    assert answer.status == status, answer.body
    assert (await standing.services.publishing.current(OLD)).title == "A title"
    assert (await get(standing, "/documents/demo/d")).status == 200


async def test_nobody_renames_what_is_another_s_or_to_where_another_is() -> None:
    standing, _ = await open_api()
    other = await caller(standing, "other")
    assert (await other.send("POST", RENAME, b'{"slug": "x"}')).status == 404
    await standing.publish("d", "Theirs\n\nText.\n", publisher="other")
    await other.ask("POST", RENAME, {"slug": "better"})
    assert (await get(standing, "/documents/demo/d")).status == 200
    assert (await get(standing, "/documents/demo/better")).status == 404


async def test_what_is_erased_is_erased_at_every_address_that_it_had() -> None:
    standing, api = await renamed()
    assert (await api.send("DELETE", "/api/documents/better?erase=true")).status == 204
    for address in (OLD, NEW):
        assert await standing.vault.editions(address) == []
        assert await standing.store.get(address) is None


async def test_what_was_deleted_long_ago_is_gone_at_every_address_that_it_had() -> None:
    standing, api = await renamed()
    assert (await api.send("DELETE", "/api/documents/better")).status == 204
    standing.clock.at += KEPT + 1
    assert await standing.services.publishing.recover() == {}
    for address in (OLD, NEW):
        assert await standing.vault.editions(address) == []
        assert await standing.store.get(address) is None


async def test_a_rename_that_died_half_way_is_gone_through_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    standing, api = await open_api()

    async def dies(*_: object) -> None:
        raise Unavailable("store")

    with monkeypatch.context() as patch:
        patch.setattr(standing.store, "put", dies)
        assert (await api.send("POST", RENAME, b'{"slug": "better"}')).status == 503
    assert await standing.services.publishing.recover() == {}
    assert (await get(standing, "/documents/demo/d")).status == 308
    assert (await get(standing, "/documents/demo/better")).status == 200


async def test_a_rename_that_comes_too_late_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    standing, _ = await open_api()
    rename = standing.ledger.rename

    async def late(*args: object) -> None:
        current = await standing.services.publishing.current(OLD)
        await standing.ledger.remove(OLD, current.id)
        await rename(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(standing.ledger, "rename", late)
    api = await caller(standing)
    assert (await api.send("POST", RENAME, b'{"slug": "better"}')).status == 412
    assert await standing.vault.editions(NEW) == []
    with pytest.raises(Missing):
        await standing.services.publishing.current(NEW)


async def test_the_record_tells_who_renamed_what() -> None:
    standing, _ = await renamed()
    (told,) = [r for r in standing.services.audit.records if r.what == "rename"]  # type: ignore[attr-defined]
    assert (told.by, told.document, told.on) == ("publisher:demo", "demo/d", "demo/better")


async def test_the_answer_to_a_rename_names_the_new_address() -> None:
    _, api = await open_api()
    answer = await api.send("POST", RENAME, b'{"slug": "better"}')
    told = answer.json
    assert answer.header("location") == "/api/documents/better"
    assert answer.header("etag") == told["etag"]
    assert told["url"].endswith("/documents/demo/better")


async def test_a_rename_changes_no_date() -> None:
    standing, api = await open_api()
    before = await standing.services.publishing.current(OLD)
    standing.clock.at += 86400
    told = await api.ask("POST", RENAME, {"slug": "better"})
    assert (told["published"], told["updated"]) == (before.published, before.updated)
