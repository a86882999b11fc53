"""The studio: only a publisher comes in, sees its own things, and changes them by its own forms."""

from __future__ import annotations

import re

import anyio
import pytest

from gateway.core.documents import Address
from gateway.core.rights import Standing as GrantStanding
from gateway.web.studio.sessions import LIFE
from tests.support.services import gateway
from tests.web.visitor import Scene, Visitor, add_publisher, scene

TEXT = "A title\n\nFree words.\n\n##paidbegin##Paid words.##paidend##\n"

PAGES = (
    "/studio/new",
    "/studio/upload",
    "/studio/rights",
    "/studio/documents/a",
    "/studio/documents/a/edit",
    "/studio/documents/a/rights",
    "/studio/documents/a/delete",
    "/studio/documents/a/rename",
)
FORMS = (
    "/studio/signout",
    "/studio/rights",
    "/studio/documents/a/rights",
    "/studio/documents/a/delete",
    "/studio/documents/a/rename",
    "/studio/documents/a/editions/0/publish",
    "/studio/grants/0/revoke",
    "/studio/grants/0/devices/0/evict",
    "/studio/codes",
    "/studio/codes/0/revoke",
    "/studio/documents/a/codes",
)
EDITORS = ("/studio/upload", "/studio/new", "/studio/documents/a/edit")


@pytest.fixture
def at() -> Scene:
    """Sign a publisher in who has one document, a."""
    made = scene()
    made.publish("a", TEXT)
    return made


# --- the door ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_a_page_without_a_session_leads_to_the_door(path: str) -> None:
    seen = Visitor(gateway()).get(path)
    assert (seen.status, seen.place) == (303, "/studio")


@pytest.mark.parametrize("path", [*FORMS, *EDITORS])
def test_a_form_without_a_session_is_refused_unread(path: str) -> None:
    seen = Visitor(gateway()).submit(path, {"csrf_token": "0" * 64})
    assert seen.status == 401
    assert 'action="/studio/signin"' in seen.text


def test_a_key_opens_the_door_for_twelve_hours() -> None:
    standing = gateway()
    visitor = Visitor(standing)
    seen = visitor.sign_in(add_publisher(standing))
    assert (seen.status, seen.place) == (303, "/studio")
    standing.clock.at += LIFE - 1
    assert visitor.get("/studio/new").status == 200
    standing.clock.at += 1
    assert visitor.get("/studio/new").status == 303
    ended = visitor.get("/studio")
    assert ended.status == 401
    assert "Your session has ended." in ended.text


@pytest.mark.parametrize("key", ["", "pgk-0", "pgk-" + "0" * 64, "钥匙", "a\nb", "x" * 60_000])
def test_a_wrong_key_is_told_so_and_opens_nothing(key: str) -> None:
    standing = gateway()
    add_publisher(standing)
    visitor = Visitor(standing)
    seen = visitor.sign_in(key)
    assert seen.status == 401
    assert "This key opens nothing." in seen.text
    assert key not in seen.text or not key
    assert not visitor.has_session
    assert visitor.get("/studio/new").status == 303


def test_the_cookie_is_for_this_site_and_no_script() -> None:
    standing = gateway()
    seen = Visitor(standing).sign_in(add_publisher(standing))
    session = next(c for c in seen.cookies if c.startswith("paidgate_studio="))
    assert {"HttpOnly", "Path=/", "SameSite=strict"} <= set(session.split("; "))
    assert "Domain" not in session


def test_over_https_the_cookie_is_secure_and_bound_to_the_host() -> None:
    standing = gateway(base_url="https://read.example.org")
    seen = Visitor(standing, "https://read.example.org").sign_in(add_publisher(standing))
    session = next(c for c in seen.cookies if c.startswith("__Host-paidgate_studio="))
    assert {"HttpOnly", "Path=/", "SameSite=strict", "Secure"} <= set(session.split("; "))


def test_signing_in_always_begins_a_session_of_its_own() -> None:
    standing = gateway()
    key = add_publisher(standing)
    stranger = Visitor(standing)
    stranger.sign_in(add_publisher(standing, "other"))
    planted = stranger.cookie.partition("paidgate_studio=")[2]
    visitor = Visitor(standing)
    door = visitor.get("/studio")
    visitor.plant(planted)
    visitor.submit("/studio/signin", {"csrf_token": door.field("csrf_token"), "key": key})
    assert "Signed in as demo" in visitor.get("/studio").text


def test_nobody_is_signed_in_by_a_form_of_another_browser() -> None:
    standing = gateway()
    key = add_publisher(standing)
    form = Visitor(standing).get("/studio").field("csrf_token")
    victim = Visitor(standing)
    victim.get("/studio")
    for token in (form, "", "0" * 64):
        seen = victim.submit("/studio/signin", {"csrf_token": token, "key": key})
        assert seen.status == 403
    assert victim.get("/studio/new").status == 303


def test_other_tokens_of_ours_are_no_session() -> None:
    standing = gateway()
    add_publisher(standing)
    _, token = anyio.run(standing.grant, "all")
    for value in (token, "", "x", "pg1.k1.a.b", "x" * 4_000):
        visitor = Visitor(standing)
        visitor.plant(value)
        assert visitor.get("/studio/new").status == 303


def test_cookies_that_disagree_or_are_huge_are_refused() -> None:
    for header in ("paidgate_studio=a; paidgate_studio=b", "paidgate_studio=" + "x" * 8_192):
        assert Visitor(gateway()).get("/studio/new", cookie=header).status == 400


def test_signing_out_ends_the_session_in_this_browser(at: Scene) -> None:
    seen = at.visitor.press("/studio", "/studio/signout")
    assert (seen.status, seen.place) == (303, "/studio")
    assert at.visitor.get("/studio/new").status == 303
    welcome = at.visitor.get("/studio")
    assert welcome.status == 200
    assert "Your session has ended." not in welcome.text


@pytest.mark.parametrize("path", FORMS)
def test_a_form_of_another_session_does_nothing(at: Scene, path: str) -> None:
    other = Visitor(at.standing)
    at.standing.clock.at += 1
    other.sign_in(at.key)
    for token in (other.get("/studio").field("csrf_token"), "", "0" * 64):
        assert at.visitor.submit(path, {"csrf_token": token}).status == 403
    assert at.visitor.get("/studio").status == 200
    assert at.current("a")


@pytest.mark.parametrize("path", [*FORMS, *EDITORS, "/studio/signin"])
@pytest.mark.parametrize(
    "header", [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")], ids=str
)
def test_a_form_of_another_site_does_nothing(at: Scene, path: str, header: tuple[str, str]) -> None:
    form = at.visitor.get("/studio").field("csrf_token")
    seen = at.visitor.submit(path, {"csrf_token": form, "key": at.key}, **dict([header]))
    assert seen.status == 403
    assert at.current("a")


def test_every_page_is_private_and_guarded(at: Scene) -> None:
    for path in ("/studio", *PAGES):
        seen = at.visitor.get(path)
        assert seen.status == 200, path
        assert seen.headers["cache-control"] == "private, no-store"
        assert "unsafe" not in seen.headers["content-security-policy"]
        assert not re.search(r"<script(?! src=)|<style|style=|<iframe| on\w+=", seen.text), path
        for form in re.findall(r'<form[^>]* method="post".*?</form>', seen.text, re.S):
            assert 'name="csrf_token" value="' in form, path


def test_the_studio_speaks_chinese(at: Scene) -> None:
    for path in ("/studio", *PAGES):
        seen = at.visitor.get(path, **{"accept-language": "zh-CN,zh;q=0.9"})
        assert '<html lang="zh-CN"' in seen.text
        assert "退出" in seen.text


# --- documents ---------------------------------------------------------------------------------


def test_an_empty_studio_tells_how_to_begin() -> None:
    seen = scene().visitor.get("/studio")
    assert "Nothing is published yet." in seen.text
    assert "##paidbegin##" in seen.text
    assert 'href="/studio/new"' in seen.text


def test_the_list_tells_the_newest_of_each_document(at: Scene) -> None:
    at.publish("a", TEXT.replace("A title", "Another title"))
    seen = at.visitor.get("/studio")
    assert "Another title" in seen.text
    assert ">A title<" not in seen.text
    assert "1 free, 1 paid" in seen.text or "2 free, 1 paid" in seen.text
    for way in ("/documents/demo/a", "/studio/documents/a/edit", "/studio/documents/a/rights"):
        assert f'href="{way}"' in seen.text


def test_a_long_list_comes_in_pages() -> None:
    at = scene()
    slugs = [f"d-{number:03}" for number in range(53)]
    for slug in slugs:
        at.publish(slug, "A title\n\nWords.\n")
    first = at.visitor.get("/studio")
    way = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert way
    second = at.visitor.get(way[1])
    assert 'rel="next"' not in second.text
    told = re.findall(r'<span class="slug">(d-\d+)</span>', first.text + second.text)
    assert told == slugs


@pytest.mark.parametrize("query", ["after=../x", "after=A", "after=" + "a" * 81])
def test_a_place_in_a_list_that_cannot_be_is_refused(at: Scene, query: str) -> None:
    assert at.visitor.get(f"/studio?{query}").status == 400
    assert at.visitor.get(f"/studio/rights?{query}").status == 400


def test_what_was_done_is_told_in_our_words_only(at: Scene) -> None:
    assert "Published." in at.visitor.get("/studio/documents/a?done=published").text
    assert "evil" not in at.visitor.get("/studio/documents/a?done=evil").text


@pytest.mark.parametrize("slug", ["b", "A", "a.json", "a%00", "é"])
def test_what_is_not_there_or_not_ones_own_is_missing(at: Scene, slug: str) -> None:
    at.publish("b", TEXT, publisher="other")
    for path in ("", "/edit", "/rights", "/delete"):
        assert at.visitor.get(f"/studio/documents/{slug}{path}").status == 404, path
    form = at.visitor.get("/studio").field("csrf_token")
    for path in ("/rights", "/delete", "/editions/0/publish"):
        assert (
            at.visitor.submit(f"/studio/documents/{slug}{path}", {"csrf_token": form}).status == 404
        )
    assert at.current("b", "other")


def test_a_page_that_is_not_there_leads_back_to_the_studio(at: Scene) -> None:
    for path in ("/studio/documents/b", "/studio/b"):
        assert 'href="/studio"' in at.visitor.get(path).text
    assert 'href="/studio"' not in at.visitor.get("/documents/demo/b").text


def test_an_earlier_edition_is_made_current_again(at: Scene) -> None:
    first = at.current("a")
    second = at.publish("a", TEXT.replace("Free words", "Other words"))
    assert first
    page = "/studio/documents/a"
    path = f"{page}/editions/{first.id}/publish"
    seen = at.visitor.press(page, path, edition=second.id)
    assert (seen.status, seen.place) == (303, f"{page}?done=rolled-back")
    assert at.current("a") == first
    assert "Free words" in at.preview("a")
    assert at.visitor.get(seen.place).text.count("Look at it…") == 1


def test_what_changed_meanwhile_is_neither_rolled_back_nor_deleted(at: Scene) -> None:
    first = at.current("a")
    assert first
    second = at.publish("a", TEXT.replace("Free words", "Other words"))
    page = "/studio/documents/a"
    for path in (f"{page}/editions/{first.id}/publish", f"{page}/delete"):
        seen = at.visitor.press(page, path, edition=first.id)
        assert seen.status == 412
        assert "has changed since you opened" in seen.text
    assert at.current("a") == second


def test_a_document_is_deleted_only_after_one_more_question(at: Scene) -> None:
    page = at.visitor.get("/studio/documents/a/delete")
    assert at.current("a")
    fields = {name: page.field(name) for name in ("csrf_token", "edition")}
    seen = at.visitor.submit("/studio/documents/a/delete", fields)
    assert (seen.status, seen.place) == (303, "/studio/documents/a?done=deleted")
    assert at.current("a") is None
    assert at.visitor.get("/documents/demo/a").status == 404
    assert at.visitor.submit("/studio/documents/a/delete", fields).status == 404


def test_a_deleted_document_is_brought_back(at: Scene) -> None:
    edition, page = at.current("a"), "/studio/documents/a"
    assert edition
    gone = at.visitor.press(f"{page}/delete", f"{page}/delete", edition=edition.id)
    seen = at.visitor.get(gone.place)
    assert "This document is deleted" in seen.text
    way = f"{page}/editions/{edition.id}"
    assert f'href="{way}"' in seen.text
    done = at.visitor.press(way, f"{way}/publish")
    assert (done.status, done.place) == (303, f"{page}?done=rolled-back")
    assert at.current("a") == edition


# --- rights ------------------------------------------------------------------------------------

RIGHTS = "/studio/documents/a/rights"


def made(at: Scene, path: str = RIGHTS, **fields: str) -> str:
    """Make a link and return it."""
    begun = {"once": at.visitor.get(path).field("once"), "devices": "5", "term": "30d"}
    seen = at.visitor.press(path, path, **(begun | fields))
    assert seen.status == 200, seen.text
    link = re.search(r'readonly value="([^"]+)"', seen.text)
    assert link
    return link[1]


def opened(at: Scene, link: str, path: str = "/read/demo/a") -> int:
    """Redeem a link in a fresh browser and return what a page then answers."""
    reader = Visitor(at.standing)
    page = reader.get(link.removeprefix("http://127.0.0.1:8000"))
    reader.submit("/unlock", {"token": page.field("token")})
    return reader.get(path).status


def test_a_link_opens_the_document_and_is_shown_once(at: Scene) -> None:
    link = made(at, subject="Ada <ada@example.org>")
    assert link.startswith("http://127.0.0.1:8000/unlock?token=")
    assert opened(at, link) == 200
    later = at.visitor.get(RIGHTS).text
    assert "Ada &lt;ada@example.org&gt;" in later
    assert link.partition("=")[2] not in later


def test_a_link_opens_this_document_unless_all_are_asked_for(at: Scene) -> None:
    at.publish("b", TEXT)
    assert opened(at, made(at), "/read/demo/b") == 402
    assert opened(at, made(at, scope="document:b"), "/read/demo/b") == 402
    assert opened(at, made(at, scope="all"), "/read/demo/b") == 200
    assert opened(at, made(at, "/studio/rights"), "/read/demo/b") == 200


def test_a_link_opens_the_collection_of_its_document_if_that_is_chosen(at: Scene) -> None:
    columned = "---\ncollection: column\n---\n" + TEXT
    for slug in ("c", "d"):
        at.publish(slug, columned)
    at.publish("b", TEXT)
    rights = "/studio/documents/c/rights"
    assert "the collection column" in at.visitor.get(rights).text
    assert "the collection" not in at.visitor.get(RIGHTS).text
    for path, status in (("/read/demo/c", 200), ("/read/demo/d", 200), ("/read/demo/b", 402)):
        assert opened(at, made(at, rights, scope="collection"), path) == status
    assert opened(at, made(at, scope="collection"), "/read/demo/c") == 402


def test_a_form_sent_twice_makes_one_link(at: Scene) -> None:
    once = at.visitor.get(RIGHTS).field("once")
    assert made(at, once=once) == made(at, once=once)
    assert made(at, once=once) != made(at, once=once, subject="another")
    assert at.visitor.get(RIGHTS).text.count("Take back</button>") == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("term", "forever"),
        ("term", "99999y"),
        ("devices", "0"),
        ("devices", "1001"),
        ("devices", "５"),
        ("devices", "9" * 50),
        ("subject", "a\u0000b"),
        ("subject", "x" * 501),
    ],
)
def test_a_link_that_cannot_be_made_keeps_what_was_typed(at: Scene, name: str, value: str) -> None:
    begun = {"once": "1", "devices": "7", "term": "7d", "subject": "kept"}
    seen = at.visitor.press(RIGHTS, RIGHTS, **(begun | {name: value}))
    assert seen.status == 400
    assert 'role="alert"' in seen.text
    assert 'value="kept"' in seen.text or name == "subject"
    assert "Nobody has a right to this document alone yet." in seen.text


def test_a_right_is_taken_back_at_once(at: Scene) -> None:
    link = made(at, "/studio/rights", scope="all")
    page = at.visitor.get("/studio/rights")
    way = re.search(r'action="(/studio/grants/\w+/revoke)"', page.text)
    assert way
    seen = at.visitor.press("/studio/rights", way[1], slug="")
    assert (seen.status, seen.place) == (303, "/studio/rights?done=revoked")
    assert opened(at, link) in (402, 403)
    assert "Taken back" in at.visitor.get("/studio/rights").text


def test_what_not_every_worker_knows_of_is_told_as_on_record(at: Scene) -> None:
    grant, _ = anyio.run(at.standing.grant, "document:a")

    async def unheard(*_: object) -> bool:
        return False

    for services in at.standing.houses:
        services.coherence.announce = unheard  # type: ignore[method-assign,assignment]
    seen = at.visitor.press(RIGHTS, f"/studio/grants/{grant.id}/revoke", slug="a")
    assert seen.place == f"{RIGHTS}?done=recorded"
    assert "It is on record, and not confirmed yet" in at.visitor.get(seen.place).text
    edition = at.visitor.get("/studio/documents/a/delete").field("edition")
    seen = at.visitor.press(
        "/studio/documents/a/delete", "/studio/documents/a/delete", edition=edition
    )
    assert seen.place == "/studio/documents/a?done=recorded"


def test_a_document_without_a_paid_section_is_told_to_be_free_for_all(at: Scene) -> None:
    at.publish("free", "A title\n\nFree for all.\n")
    told = "No part of this document is paid."
    assert told in at.visitor.get("/studio/documents/free?done=published").text
    assert told not in at.visitor.get("/studio/documents/free").text
    assert told not in at.visitor.get("/studio/documents/a?done=published").text


@pytest.mark.parametrize("slug", ["a", "../x", "//evil.example", "A", ""])
def test_after_a_revocation_the_way_stays_in_the_studio(at: Scene, slug: str) -> None:
    grant, _ = anyio.run(at.standing.grant, "document:a")
    seen = at.visitor.press(RIGHTS, f"/studio/grants/{grant.id}/revoke", slug=slug)
    expected = RIGHTS if slug == "a" else "/studio/rights"
    assert seen.place == f"{expected}?done=revoked"


def test_nobody_takes_back_the_right_of_another(at: Scene) -> None:
    at.publish("b", TEXT, publisher="other")
    grant, _ = anyio.run(at.standing.grant, "all", "other")
    seen = at.visitor.press("/studio/rights", f"/studio/grants/{grant.id}/revoke")
    assert seen.status == 404
    assert at.standing.services.granting.standing(grant) is GrantStanding.STANDS
    assert anyio.run(at.standing.ledger.grant, grant.id) == grant


def test_a_right_after_its_time_is_shown_as_ended(at: Scene) -> None:
    made(at, term="7d")
    assert "Holds<" in at.visitor.get(RIGHTS).text
    at.standing.clock.at += 7 * 86_400
    at.visitor.sign_in(at.key)
    assert "Ended<" in at.visitor.get(RIGHTS).text


def test_the_address_of_a_document_is_absolute_and_its_state_is_told(at: Scene) -> None:
    seen = at.visitor.get("/studio/documents/a")
    assert "http://127.0.0.1:8000/documents/demo/a" in seen.text
    assert "Being published" not in seen.text
    anyio.run(at.standing.store.delete, Address("demo", "a"))
    assert "Being published" in at.visitor.get("/studio/documents/a").text
