"""A publisher says who it is, and every page, list, feed and card of its says so."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from gateway.core.bundles import IDENTITY
from gateway.core.profiles import FIELDS, MAX_MARK, UNSAID, place_of
from gateway.ops.renewing import Renewing
from gateway.ops.restating import Restating
from gateway.rendering.representations import CARD
from tests.support import pictures
from tests.support.answers import Answer
from tests.support.asgi import exchange
from tests.support.services import Standing, gateway
from tests.web.caller import Browser, Caller, caller, open_api
from tests.web.schemas import valid_feed

pytestmark = pytest.mark.anyio

PATH, MARK = "/api/publisher", "/api/publisher/mark"
SAID = {
    "name": "灯房 Lamp Room",
    "about": "We write of lighthouses.\n\nSince 1901.",
    "help": "help@lamp.example",
    "footer": "The Pier <1>\nReg. 7",
    "colour": "#1a5fb4",
    "colour_dark": "",
}
NAME, HELP = SAID["name"], SAID["help"]
PAGES = ("/documents/demo/d", "/documents/demo", "/documents/demo/collections/c")
LISTS = ("/", "/search?q=Free", *PAGES[1:])
FEEDS = ("/feed.xml", "/documents/demo/feed.xml", "/documents/demo/collections/c/feed.xml")
FORMS = ("", ".md", ".txt", ".json", "/card.png")
PUBLIC = (*PAGES, *LISTS, *FEEDS, "/sitemap.xml", *(f"/documents/demo/d{form}" for form in FORMS))
TEXT = "---\ntitle: A title\ncollection: c\n---\nFree.\n\n##paidbegin##Paid.##paidend##\n"


async def at_once() -> None:
    return


async def restate(side: Standing) -> None:
    """Do what a worker does in the background."""
    renewing = Renewing(side.services.mending, side.store, at_once)
    await Restating(renewing, side.ledger, side.services.profiles)()


async def get(side: Standing, target: str, *headers: tuple[str, str]) -> Answer:
    return await exchange(side.app, "GET", target, headers)


async def standing() -> tuple[Standing, Caller]:
    side, api = await open_api()
    await side.publish("d", TEXT)
    return side, api


async def said(api: Caller, **words: str) -> dict[str, Any]:
    told: dict[str, Any] = await api.ask("PUT", PATH, SAID | words)
    return told


# --- the API -----------------------------------------------------------------------------------


async def test_what_is_said_is_told_again() -> None:
    _, api = await standing()
    told = await said(api)
    assert {name: told[name] for name in FIELDS} == SAID
    assert await api.ask("GET", PATH) == told
    assert (told["publisher"], told["mark"], told["shown"]) == ("demo", None, False)


async def test_what_is_left_out_is_not_said_any_more() -> None:
    _, api = await standing()
    await said(api)
    told = await api.ask("PUT", PATH, {"name": "Another"})
    assert {name: told[name] for name in FIELDS} == dict.fromkeys(FIELDS, "") | {"name": "Another"}


async def test_a_change_of_what_another_has_changed_is_refused() -> None:
    _, api = await standing()
    first = await api.send("PUT", PATH, json.dumps(SAID).encode(), if_none_match="*")
    tag = first.header("etag")
    await said(api, name="Another")
    again = await api.send("PUT", PATH, json.dumps(SAID).encode(), if_match=tag)
    assert again.status == 412
    assert (await api.ask("GET", PATH))["name"] == "Another"


async def test_a_colour_that_cannot_be_read_changes_nothing_and_says_why() -> None:
    _, api = await standing()
    await said(api)
    answer = await api.send("PUT", PATH, json.dumps(SAID | {"colour": "#ee7f66"}).encode())
    told = answer.json
    assert answer.status == 400
    assert (told["where"], "2.11 to 1 on sepia" in told["detail"]) == ("colour", True)
    assert "4.5 to 1" in told["hint"]
    assert (await api.ask("GET", PATH))["colour"] == SAID["colour"]


async def test_a_key_that_may_not_publish_says_nothing() -> None:
    side, api = await standing()
    key = await api.ask("POST", "/api/keys", {"label": "reads", "may": ["read"]})
    reads = Caller(side.app, key["key"])
    assert (await reads.send("PUT", PATH, json.dumps(SAID).encode())).status == 403
    assert (await reads.ask("GET", PATH))["name"] == ""


async def test_the_audit_has_who_said_something_else() -> None:
    side, api = await standing()
    await said(api)
    records = side.services.audit.records  # type: ignore[attr-defined]
    acts = [(each.what, each.by, each.on) for each in records]
    assert ("profile", "publisher:demo", "demo") in acts


# --- everything public -------------------------------------------------------------------------


@pytest.mark.parametrize("target", dict.fromkeys((*PAGES, *LISTS, *FEEDS)))
async def test_every_page_list_and_feed_shows_the_name(target: str) -> None:
    side, api = await standing()
    assert NAME.encode() not in (await get(side, target)).body
    await said(api)
    await restate(side)
    assert NAME.encode() in (await get(side, target)).body
    assert (await api.ask("GET", PATH))["shown"]


async def test_every_form_of_a_document_tells_programs_who_publishes_it() -> None:
    side, api = await standing()
    await said(api)
    await restate(side)
    told = json.loads((await get(side, "/documents/demo/d.json")).body)
    assert (told["publisher"], told["publisher_name"], told["help"]) == ("demo", NAME, HELP)
    unpaid = json.loads((await get(side, "/read/demo/d.json")).body)
    assert (unpaid["document"]["publisher_name"], unpaid["document"]["help"]) == (NAME, HELP)


async def test_what_other_sites_show_of_a_document_names_the_publisher() -> None:
    side = gateway(base_url="https://paid.example")
    await side.publish("d", TEXT)
    await side.services.profiles.change("demo", {"name": NAME})
    await restate(side)
    told = await get(side, "/oembed?url=https://paid.example/documents/demo/d")
    assert told.json["provider_name"] == NAME


@pytest.mark.parametrize("target", PAGES)
async def test_linked_data_names_the_publisher_with_its_mark(target: str) -> None:
    side, api = await standing()
    await said(api)
    await api.send("PUT", MARK, pictures.png("mark"))
    await restate(side)
    page = (await get(side, target)).body.decode()
    told = json.loads(re.findall(r'ld\+json">(.*?)</script>', page)[0])
    named = next(each for each in told.get("@graph", [told]) if "publisher" in each)["publisher"]
    assert named["name"] == NAME
    assert named["logo"]["url"].endswith("/documents/demo/pictures/mark")
    assert named["contactPoint"]["email"] == HELP


@pytest.mark.parametrize("target", FEEDS)
async def test_feeds_with_all_that_is_said_are_feeds(target: str) -> None:
    side, api = await standing()
    await said(api)
    await api.send("PUT", MARK, pictures.png("mark"))
    await restate(side)
    valid_feed((await get(side, target)).body)


async def test_our_name_is_at_the_foot_of_a_page_alone() -> None:
    side, api = await standing()
    await said(api)
    await restate(side)
    for target in PAGES[:2]:
        page = (await get(side, target)).body.decode()
        head, _, foot = page.partition('<footer class="imprint"')
        shown = re.sub(r"<script.*?</script>", "", head, flags=re.S)
        assert "Paidgate" not in shown, target
        assert foot.count("Paidgate") == 1


async def test_what_was_typed_is_text_and_no_markup() -> None:
    side, api = await standing()
    await said(api, name="<b>&", about="<i>", footer="<script>", help="<u>")
    await restate(side)
    for target in PUBLIC:
        body = (await get(side, target)).body
        if not target.endswith((".md", ".txt", ".json", ".png")):
            assert not re.search(rb"<b>&|<i>|<script>|<u>", body), target


async def test_the_full_text_shows_the_name_too() -> None:
    side, api = await standing()
    _, token = await side.grant("all")
    await said(api)
    await restate(side)
    answer = await get(side, "/read/demo/d", ("authorization", f"Bearer {token}"))
    assert b"Paid." in answer.body
    assert NAME.encode() in answer.body


async def test_what_a_link_opens_and_the_library_name_the_publisher_as_readers_know_it() -> None:
    side, api = await standing()
    await said(api)
    _, token = await side.grant("all")
    reader = Browser(side.app)
    asked = await reader.get(f"/unlock?token={token}")
    await reader.unlock(token)
    for page in (asked, await reader.get("/library")):
        assert NAME in page.body.decode()
        assert ">demo<" not in page.body.decode()


async def test_the_paywall_says_where_to_ask() -> None:
    side, api = await standing()
    await said(api)
    await restate(side)
    page = (await get(side, "/documents/demo/d")).body.decode()
    panel = page.partition('<aside class="paywall"')[2].partition("</aside>")[0]
    assert f'href="mailto:{HELP}"' in panel


async def test_a_colour_is_a_sheet_of_its_own_and_the_page_links_it() -> None:
    side, api = await standing()
    sheet = "/documents/demo/colours.css"
    assert (await get(side, sheet)).status == 404
    await said(api)
    await restate(side)
    answer = await get(side, sheet)
    assert (answer.status, answer.header("content-type")) == (200, "text/css; charset=utf-8")
    assert b"--seal: #1a5fb4" in answer.body
    for target in PAGES:
        assert f'href="{sheet}"'.encode() in (await get(side, target)).body
    await said(api, colour="")
    await restate(side)
    assert (await get(side, sheet)).status == 404
    assert b"colours.css" not in (await get(side, PAGES[0])).body


async def test_a_card_is_drawn_with_name_mark_and_colour() -> None:
    side, api = await standing()
    cards = [(await get(side, f"/documents/demo/d/{CARD}")).body]
    for change in ({"name": "Lamp"}, {"name": "Lamp", "colour": "#1a5fb4"}):
        await api.ask("PUT", PATH, change)
        await restate(side)
        cards.append((await get(side, f"/documents/demo/d/{CARD}")).body)
    await api.send("PUT", MARK, pictures.png("mark"))
    await restate(side)
    cards.append((await get(side, f"/documents/demo/d/{CARD}")).body)
    assert len(set(cards)) == 4
    assert all(card.startswith(b"\x89PNG") for card in cards)


async def test_nothing_that_is_said_moves_or_dates_a_document() -> None:
    side, api = await standing()
    side.clock.at += 86_400
    (before,) = await side.store.entries("demo", "", 9)
    edition = await side.services.publishing.current(before.address)
    await said(api)
    await restate(side)
    (after,) = await side.store.entries("demo", "", 9)
    assert await side.services.publishing.current(before.address) == edition
    assert (after.published, after.updated, after.title) == (
        before.published,
        before.updated,
        before.title,
    )
    assert after.publisher_name == NAME


async def test_nothing_said_any_more_leaves_every_public_byte_as_it_was() -> None:
    side, api = await standing()
    before = {target: (await get(side, target)).body for target in PUBLIC}
    await said(api)
    await api.send("PUT", MARK, pictures.png("mark"))
    await restate(side)
    changed = {t for t in PUBLIC if (await get(side, t)).body != before[t]}
    assert changed >= {*PAGES, *FEEDS, "/"}
    await api.send("DELETE", MARK)
    await api.ask("PUT", PATH, {})
    await restate(side)
    assert {target: (await get(side, target)).body for target in PUBLIC} == before


@pytest.mark.parametrize("target", [*PAGES[1:], *FEEDS[1:]])
async def test_a_list_whose_publisher_is_missing_shows_it_under_no_other_name(target: str) -> None:
    side, api = await standing()
    await said(api)
    await restate(side)
    await side.store.delete(place_of("demo"))
    assert (await get(side, target)).status == 503
    await side.services.profiles.show("demo")
    assert NAME.encode() in (await get(side, target)).body


# --- the mark ----------------------------------------------------------------------------------


async def test_a_mark_is_made_anew_and_served_as_other_pictures_are() -> None:
    side, api = await standing()
    sent = pictures.png("mark")
    told = await api.ask("GET", PATH) | json.loads((await api.send("PUT", MARK, sent)).body)
    target = "/documents/demo/pictures/mark"
    answer = await get(side, target)
    assert (answer.status, answer.header("content-type")) == (200, "image/png")
    assert answer.header("etag") == told["mark"]["etag"]
    assert answer.body != sent
    assert answer.header("cache-control") == (await get(side, PAGES[0])).header("cache-control")
    assert (await get(side, target, ("if-none-match", answer.header("etag")))).status == 304
    assert told["mark"]["url"].endswith(target)


@pytest.mark.parametrize("body", [b"", b"GIF89a", b"<svg/>", b"no picture"])
async def test_what_is_no_picture_is_no_mark(body: bytes) -> None:
    side, api = await standing()
    assert (await api.send("PUT", MARK, body)).status == 415
    assert (await side.ledger.profile("demo")) == UNSAID


async def test_a_damaged_picture_is_no_mark() -> None:
    _, api = await standing()
    assert (await api.send("PUT", MARK, pictures.png("mark")[:60])).status == 422
    assert (await api.send("PUT", MARK, b"\0" * (MAX_MARK + 1))).status == 413


async def test_a_mark_that_was_taken_away_is_nowhere() -> None:
    side, api = await standing()
    await api.send("PUT", MARK, pictures.jpeg("mark"))
    await restate(side)
    assert b"/pictures/mark" in (await get(side, PAGES[0])).body
    assert (await api.send("DELETE", MARK)).status == 204
    assert (await api.send("DELETE", MARK)).status == 404
    await restate(side)
    assert (await get(side, "/documents/demo/pictures/mark")).status == 404
    assert b"/pictures/mark" not in (await get(side, PAGES[0])).body


async def test_other_words_leave_the_mark_as_it_is() -> None:
    side, api = await standing()
    await api.send("PUT", MARK, pictures.png("mark"))
    before = (await side.ledger.profile("demo")).mark
    await said(api)
    assert (await side.ledger.profile("demo")).mark == before


# --- one publisher and another -----------------------------------------------------------------


async def test_nothing_that_one_publisher_says_changes_anything_of_another() -> None:
    side, api = await standing()
    other = await caller(side, "other")
    await side.publish("d", TEXT, publisher="other")
    await other.ask("PUT", PATH, {"name": "The other"})
    await restate(side)
    theirs = [t.replace("/demo", "/other") for t in PUBLIC if "/demo" in t]
    before = {target: (await get(side, target)).body for target in theirs}
    kept = await other.ask("GET", PATH)
    await said(api)
    await api.send("PUT", MARK, pictures.png("mark"))
    await restate(side)
    assert {target: (await get(side, target)).body for target in theirs} == before
    assert await other.ask("GET", PATH) == kept
    assert (kept["name"], (await api.ask("GET", PATH))["name"]) == ("The other", NAME)
    assert (await get(side, "/documents/other/pictures/mark")).status == 404


@pytest.mark.parametrize("target", ["/documents/demo/pictures/mark", "/documents/demo/colours.css"])
async def test_what_a_publisher_says_is_the_same_whoever_asks(target: str) -> None:
    side, api = await standing()
    await said(api)
    await api.send("PUT", MARK, pictures.png("mark"))
    _, token = await side.grant("all")
    anyone = await get(side, target)
    for headers in (("authorization", f"Bearer {token}"), ("cookie", "paidgate_reader=x")):
        answer = await get(side, target, headers)
        assert (answer.status, answer.body) == (anyone.status, anyone.body)
        assert answer.header("cache-control").startswith("public")
        assert not answer.header("set-cookie")


@pytest.mark.parametrize(
    "target",
    [
        *("/documents/demo/_", "/documents/demo/_.json", "/documents/demo/_/facts"),
        *("/documents/demo/pictures/facts", "/documents/Demo/_", "/read/demo/_"),
    ],
)
async def test_where_the_store_has_it_is_no_address(target: str) -> None:
    side, api = await standing()
    await said(api)
    assert (await get(side, target)).status in (404, 301)


async def test_what_everyone_is_told_is_a_function_of_no_paid_text() -> None:
    seen = []
    for paid in ("One.", "Another one, which is longer. " * 40):
        side, api = await standing()
        await side.publish("d", TEXT.replace("Paid.", paid[:400]))
        await said(api)
        await restate(side)
        place = "/documents/demo/colours.css"
        form = await side.store.form(
            (await side.store.entries("", "", 1))[0].address, "html", IDENTITY
        )
        assert form
        seen.append((form.body, (await get(side, place)).body, (await get(side, PAGES[1])).body))
    assert seen[0] == seen[1]
