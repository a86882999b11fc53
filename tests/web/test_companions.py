"""Pictures and attachments at the API, in public and for the holder of a right."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from unicodedata import normalize
from urllib.parse import quote

import pytest
from starlette.requests import Request

from gateway.usecases.erasing import KEPT
from gateway.web.http import ranges
from gateway.web.http.ranges import _RANGE, _asked
from tests.support import pictures
from tests.support.answers import Answer
from tests.support.asgi import exchange
from tests.support.services import Standing
from tests.web.caller import Caller, caller, open_api

pytestmark = pytest.mark.anyio

SOURCE = """# A title

![Free](free.png)

##paidbegin##
![Paid](img/paid.jpg) and [a sheet](data.xlsx)
##paidend##
"""
PDF = "application/pdf"
SHEET = pictures.attachments("sheet " * 40)[
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
]
PLACE = "/api/documents/p"


@dataclass(frozen=True, slots=True)
class Scene:
    """A document with a free picture, a paid one and a paid attachment, and a right to it."""

    standing: Standing
    api: Caller
    grant: str
    token: str
    told: dict[str, Any]

    async def get(self, target: str, *headers: tuple[str, str], method: str = "GET") -> Answer:
        """Ask as anyone."""
        return await exchange(self.standing.app, method, target, headers)

    async def read(self, target: str, *headers: tuple[str, str], method: str = "GET") -> Answer:
        """Ask as the holder of the right."""
        bearer = ("authorization", f"Bearer {self.token}")
        return await self.get(target, bearer, *headers, method=method)

    async def addresses(self) -> dict[str, str]:
        """Return where the full text shows its pictures and attachments, by their words."""
        page = (await self.read("/read/demo/p")).body.decode()
        images = re.findall(r'<img alt="([^"]*)"[^>]* src="([^"]*)"', page)
        links = re.findall(r'<a [^>]*href="([^"]*)"[^>]*>([^<]*)</a>', page)
        return {**dict(images), **{words: address for address, words in links}}


async def scene(source: str = SOURCE) -> Scene:
    standing, api = await open_api()
    for name, body in (
        ("free.png", pictures.png()),
        ("img/paid.jpg", pictures.jpeg("x", 2_000, 40)),
    ):
        assert (await api.send("PUT", f"{PLACE}/pictures/{name}", body)).status == 201
    assert (await api.send("PUT", f"{PLACE}/attachments/data.xlsx", SHEET)).status == 201
    told = await published(api, source)
    grant, token = await standing.grant("document:p")
    return Scene(standing, api, grant.id, token, told)


async def published(api: Caller, source: str, **headers: str) -> dict[str, Any]:
    answer = await api.send("PUT", PLACE, source.encode(), content_type="text/markdown", **headers)
    assert answer.status in (200, 201), answer.body
    found: dict[str, Any] = answer.json
    return found


# --- API ---------------------------------------------------------------------------------------


async def test_what_is_put_is_told_listed_read_and_taken_away() -> None:
    _, api = await open_api()
    at = f"{PLACE}/pictures/img/a.webp"
    first = await api.send("PUT", at, pictures.png())
    assert (first.status, first.json["media_type"]) == (201, "image/png")
    again = await api.send("PUT", at, pictures.png())
    assert (again.status, again.body) == (200, first.body)
    listed = await api.ask("GET", f"{PLACE}/pictures")
    assert listed == {"companions": [first.json]}
    assert await api.ask("GET", f"{PLACE}/attachments") == {"companions": []}
    read = await api.send("GET", at)
    assert read.header("cache-control") == "private, no-store"
    assert pictures.opened(read.body).size == (40, 20)
    assert (await api.send("DELETE", at)).status == 204
    assert (await api.send("DELETE", at)).status == 404
    assert (await api.send("GET", at)).status == 404


@pytest.mark.parametrize(
    ("kind", "name", "body", "status"),
    [
        ("pictures", "a.png", b"<svg/>", 415),
        ("pictures", "a.png", b"%PDF-1.7", 415),
        ("pictures", "a.png", pictures.png()[:100], 422),
        ("pictures", "../a.png", pictures.png(), 400),
        ("pictures", "a//b.png", pictures.png(), 400),
        ("pictures", ".a.png", pictures.png(), 400),
        ("pictures", "a" * 201, pictures.png(), 400),
        ("pictures", "a.png", b"\x89PNG\r\n\x1a\n" + bytes(17 << 20), 413),
        ("attachments", "a.pdf", pictures.png(), 415),
        ("attachments", "a.pdf", b"<html>", 415),
    ],
    ids=[
        "no picture",
        "another kind",
        "cut short",
        "above its folder",
        "an empty part",
        "hidden",
        "a long name",
        "too large",
        "a picture",
        "a page",
    ],
)
async def test_what_cannot_be_taken_is_refused_and_why_is_told(
    kind: str, name: str, body: bytes, status: int
) -> None:
    _, api = await open_api()
    answer = await api.send("PUT", f"{PLACE}/{kind}/{name}", body)
    assert answer.status == status
    assert answer.json["hint"]
    assert await api.ask("GET", f"{PLACE}/{kind}") == {"companions": []}


async def test_nobody_else_sees_or_changes_what_a_publisher_has_put() -> None:
    here = await scene()
    other = await caller(here.standing, "other")
    for kind, name in (("pictures", "free.png"), ("attachments", "data.xlsx")):
        at = f"{PLACE}/{kind}/{name}"
        assert await other.ask("GET", f"{PLACE}/{kind}") == {"companions": []}
        assert (await other.send("GET", at)).status == 404
        assert (await other.send("DELETE", at)).status == 404
        assert (await here.get(at)).status == 401
        assert (await here.api.send("GET", at)).status == 200


async def test_names_of_any_letters_are_found_however_the_text_writes_them() -> None:
    standing, api = await open_api()
    assert (
        await api.send("PUT", f"{PLACE}/pictures/%E5%9B%BE%20%E4%B8%80.png", pictures.png())
    ).status == 201
    told = await published(api, "# T\n\n![a](<./图 一.png>) ##paidbegin##x##paidend##\n")
    assert told["warnings"] == []
    page = await exchange(standing.app, "GET", "/documents/demo/p")
    assert b'src="/documents/demo/p/pictures/' in page.body


# --- where it is shown -------------------------------------------------------------------------


async def test_a_picture_that_free_text_shows_is_public_and_one_that_paid_text_shows_is_not() -> (
    None
):
    here = await scene()
    assert here.told["warnings"] == []
    page = (await here.get("/documents/demo/p")).body.decode()
    found = re.findall(r'(?:src|href|srcset)="(/[a-z]+/demo/p/[^"]*)"', page)
    assert len(found) == 1
    public = await here.get(found[0])
    assert (public.status, public.header("content-type")) == (200, "image/png")
    assert public.header("cache-control").startswith("public")
    unchanged = await here.get(found[0], ("if-none-match", public.header("etag")))
    assert (unchanged.status, unchanged.body) == (304, b"")
    where = await here.addresses()
    assert where["Free"] == found[0]
    for words in ("Paid", "a sheet"):
        assert where[words].startswith("/read/demo/p/")
        assert (await here.read(where[words])).status == 200
        assert (await here.get(where[words])).status == 402
        assert (await here.get(where[words].replace("/read/", "/documents/"))).status == 404
        assert (await here.read(where[words])).header("cache-control") == "private, no-store"
        assert (await here.read(where[words])).header("etag") == "" or words == "a sheet"


async def test_a_picture_has_its_measures_two_sizes_and_only_the_first_is_fetched_at_once() -> None:
    here = await scene()
    page = (await here.read("/read/demo/p")).body.decode()
    free, paid = re.findall(r"<img [^>]*>", page)
    assert 'width="40" height="20"' in free
    assert 'loading="eager"' in free
    assert "srcset" not in free
    small = re.search(r'srcset="(\S+)-small 720w, (\S+) 1600w"', paid)
    assert small
    assert small[1] == small[2]
    assert 'width="1600" height="32"' in paid
    assert 'loading="lazy"' in paid
    assert (await here.read(f"{small[1]}-small")).status == 200
    assert (await here.get(f"{small[1]}-small")).status == 402


async def test_whether_a_picture_is_public_is_a_function_of_free_text_alone() -> None:
    here = await scene()
    before = (await here.get("/documents/demo/p")).body
    changed = SOURCE.replace("![Paid](img/paid.jpg)", "![Both](free.png) ![Paid](img/paid.jpg)")
    await published(here.api, changed)
    assert (await here.get("/documents/demo/p")).body == before
    where = await here.addresses()
    assert where["Both"] == where["Free"]
    await published(here.api, changed.replace("![Free](free.png)", "No more."))
    assert (await here.get(where["Free"])).status == 404
    assert (await here.addresses())["Both"].startswith("/read/")


async def test_a_picture_of_a_preview_is_there_whatever_the_full_text_shows() -> None:
    here = await scene(
        "# T\n\n##paidbegin##\n\n[x]: img/paid.jpg\n\n##paidend##\n\n![a][x]\n\n[x]: free.png\n"
    )
    page = (await here.get("/documents/demo/p")).body.decode()
    (public,) = re.findall(r'src="(/documents/demo/p/pictures/[^"]*)"', page)
    assert (await here.get(public)).status == 200
    where = await here.addresses()
    assert where["a"].startswith("/read/")
    assert (await here.read(where["a"])).status == 200


async def test_without_a_right_every_address_is_answered_alike() -> None:
    here = await scene()
    where = await here.addresses()
    real = await here.get(where["Paid"])
    for target in (f"/read/demo/p/pictures/{'0' * 32}", "/read/demo/p/attachments/none"):
        none = await here.get(target)
        assert (none.status, none.headers, none.body) == (402, real.headers, real.body)
        assert (await here.read(target)).status == 404


async def test_a_right_that_was_taken_back_opens_no_picture_and_no_attachment() -> None:
    here = await scene()
    where = await here.addresses()
    assert await here.standing.services.granting.revoke("demo", here.grant)
    for words in ("Paid", "a sheet"):
        assert (await here.read(where[words])).status == 403
    assert (await here.read(where["Paid"] + "-small")).status == 403


async def test_addresses_of_paid_pictures_are_new_in_each_edition_and_none_is_told_in_public() -> (
    None
):
    here = await scene()
    before = await here.addresses()
    await published(here.api, SOURCE.replace("and", "with"))
    after = await here.addresses()
    assert before["Paid"] != after["Paid"]
    assert (await here.read(before["Paid"])).status == 404
    for suffix in ("", ".md", ".txt", ".json"):
        told = (await here.get(f"/documents/demo/p{suffix}")).body.decode()
        assert "/read/demo/p/" not in told


async def test_another_picture_of_the_same_name_is_shown_by_the_next_edition() -> None:
    here = await scene()
    before = await here.addresses()
    await here.api.send("PUT", f"{PLACE}/pictures/free.png", pictures.png("other"))
    assert (await here.addresses())["Free"] == before["Free"]
    await published(here.api, SOURCE)
    assert (await here.addresses())["Free"] != before["Free"]
    again = await published(here.api, SOURCE)
    assert again["edition"] == (await published(here.api, SOURCE))["edition"]


async def test_another_picture_in_paid_text_is_a_new_edition_that_nobody_else_sees() -> None:
    here = await scene()
    public, before = await here.get("/documents/demo/p"), await here.addresses()
    shown = await here.read(before["Paid"])
    await here.api.send("PUT", f"{PLACE}/pictures/img/paid.jpg", pictures.jpeg("y", 1_900, 40))
    here.standing.clock.at += 86_400
    assert (await published(here.api, SOURCE))["edition"] != here.told["edition"]
    assert await here.get("/documents/demo/p") == public
    after = await here.read((await here.addresses())["Paid"])
    assert (after.status, after.body == shown.body) == (200, False)


async def test_an_earlier_edition_shows_the_pictures_that_it_had() -> None:
    here = await scene()
    before = await here.addresses()
    first = await here.get(before["Free"])
    for name in ("free.png", "img/paid.jpg"):
        assert (await here.api.send("DELETE", f"{PLACE}/pictures/{name}")).status == 204
    told = await published(here.api, SOURCE)
    assert [each["code"] for each in told["warnings"]] == ["missing-picture"] * 2
    assert (await here.get(before["Free"])).status == 404
    await here.api.ask("POST", f"{PLACE}/editions/{here.told['edition']}/publish")
    assert (await here.get(before["Free"])).body == first.body
    assert await here.addresses() == before


async def test_a_deleted_document_has_no_pictures_and_an_erased_one_keeps_none() -> None:
    here = await scene()
    where = await here.addresses()
    assert (await here.api.send("DELETE", PLACE)).status == 204
    assert (await here.get(where["Free"])).status == 404
    assert (await here.read(where["Paid"])).status == 404
    await published(here.api, SOURCE)
    assert (await here.get(where["Free"])).status == 200
    assert (await here.api.send("DELETE", f"{PLACE}?erase=true")).status == 204
    assert await here.api.ask("GET", f"{PLACE}/pictures") == {"companions": []}
    assert await here.api.ask("GET", f"{PLACE}/attachments") == {"companions": []}


async def test_an_attachment_of_free_text_is_public_and_is_taken_along_under_its_name() -> None:
    here = await scene("# T\n\n[All](data.xlsx) ##paidbegin##x##paidend##\n")
    page = (await here.get("/documents/demo/p")).body.decode()
    found = re.search(r'href="(/documents/demo/p/attachments/[^"]*)" download="data.xlsx"', page)
    assert found
    answer = await here.get(found[1])
    assert answer.body == SHEET
    assert answer.header("content-disposition") == "attachment"
    assert answer.header("x-content-type-options") == "nosniff"


async def test_what_stands_beside_a_deleted_document_goes_with_it_after_thirty_days() -> None:
    here = await scene()
    assert (await here.api.send("DELETE", PLACE)).status == 204
    publishing = here.standing.services.publishing
    here.standing.clock.at += KEPT - 1
    await publishing.recover()
    assert len((await here.api.ask("GET", f"{PLACE}/pictures"))["companions"]) == 2
    here.standing.clock.at += 1
    await publishing.recover()
    assert await here.api.ask("GET", f"{PLACE}/pictures") == {"companions": []}
    assert await here.api.ask("GET", f"{PLACE}/attachments") == {"companions": []}


async def test_what_is_put_read_and_taken_away_is_on_record_and_so_is_each_read_of_it() -> None:
    here = await scene()
    where = await here.addresses()
    records = here.standing.services.audit.records  # type: ignore[attr-defined]
    before = len(records)
    await here.read(where["Paid"])
    await here.get(where["Paid"])
    await here.read(where["a sheet"], ("range", "bytes=0-1"))
    await here.get(where["Free"])
    await here.api.send("DELETE", f"{PLACE}/pictures/free.png")
    told = [(record.what, record.by.partition(":")[0], record.on) for record in records[before:]]
    assert told == [
        ("read", "grant", here.grant),
        ("read", "grant", here.grant),
        ("detach", "publisher", ""),
    ]
    assert sum(record.what == "attach" for record in records) == 3


# --- ranges ------------------------------------------------------------------------------------


async def test_ranges_of_an_attachment_are_its_bytes() -> None:
    here = await scene()
    at, size = (await here.addresses())["a sheet"], len(SHEET)
    whole = await here.read(at)
    assert whole.body == SHEET
    assert whole.header("accept-ranges") == "bytes"
    for asked, start, stop in (
        ("bytes=0-9", 0, 10),
        ("bytes=10-", 10, size),
        ("bytes=-7", size - 7, size),
        ("bytes=5-999999", 5, size),
        ("bytes=-999999", 0, size),
        (" bytes=0-0 ", 0, 1),
    ):
        part = await here.read(at, ("range", asked))
        assert (part.status, part.body) == (206, SHEET[start:stop]), asked
        assert part.header("content-range") == f"bytes {start}-{stop - 1}/{size}"
        assert part.header("content-length") == str(stop - start)
        head = await here.read(at, ("range", asked), method="HEAD")
        assert (head.status, head.body, head.headers) == (206, b"", part.headers)


async def test_several_ranges_are_parts_that_tell_where_they_are_from() -> None:
    here = await scene()
    at, size = (await here.addresses())["a sheet"], len(SHEET)
    answer = await here.read(at, ("range", "bytes=0-3, 10-11,-2"))
    assert answer.status == 206
    boundary = answer.header("content-type").partition("boundary=")[2]
    first, *parts, last = answer.body.split(f"--{boundary}".encode())
    assert (first, last) == (b"", b"--\r\n")
    found = [part.partition(b"\r\n\r\n") for part in parts]
    assert [content.removesuffix(b"\r\n") for _, _, content in found] == [
        SHEET[:4],
        SHEET[10:12],
        SHEET[-2:],
    ]
    assert [
        f"Content-Range: bytes {r}/{size}".encode() in head
        for (head, _, _), r in zip(found, ("0-3", "10-11", f"{size - 2}-{size - 1}"), strict=True)
    ] == [True] * 3
    assert answer.header("content-length") == str(len(answer.body))


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=" + ",".join("0-" for _ in range(10_000)),
        "bytes=0-,0-,0-",
        "bytes=" + ",".join(f"{n}-{n}" for n in range(9)),
        "bytes=9-2",
        "bytes=a-b",
        "bytes=-",
        "bytes=",
        "lines=0-1",
        "bytes=0-1;2-3",
        "bytes=" + "9" * 19 + "-",
    ],
)
async def test_ranges_that_are_many_or_none_are_passed_over(asked: str) -> None:
    here = await scene()
    answer = await here.read((await here.addresses())["a sheet"], ("range", asked))
    assert (answer.status, answer.body) == (200, SHEET)


@pytest.mark.parametrize("asked", ["bytes=999999-", "bytes=-0", "bytes=999999-9999999"])
async def test_a_range_behind_the_end_tells_the_size_to_the_holder_of_a_right_alone(
    asked: str,
) -> None:
    here = await scene()
    at = (await here.addresses())["a sheet"]
    answer = await here.read(at, ("range", asked))
    assert (answer.status, answer.body) == (416, b"")
    assert answer.header("content-range") == f"bytes */{len(SHEET)}"
    refused = await here.get(at, ("range", asked))
    assert (refused.status, refused.header("content-range")) == (402, "")
    assert str(len(SHEET)) not in f"{refused.headers}{refused.body!r}"


async def test_a_condition_on_a_range_holds_for_the_same_bytes_only() -> None:
    here = await scene()
    at = (await here.addresses())["a sheet"]
    etag = (await here.read(at)).header("etag")
    some = ("range", "bytes=0-3")
    assert (await here.read(at, some, ("if-range", etag))).status == 206
    for other in ('"other"', f"W/{etag}", "Thu, 01 Jan 1970 00:00:00 GMT"):
        assert (await here.read(at, some, ("if-range", other))).body == SHEET
    for known in (etag, "*", f'"x", {etag}'):
        unchanged = await here.read(at, some, ("if-none-match", known))
        assert (unchanged.status, unchanged.body) == (304, b"")
    assert (await here.get(at, ("if-none-match", etag))).status == 402


async def test_a_range_of_a_picture_or_a_text_is_all_of_it() -> None:
    here = await scene()
    where = await here.addresses()
    for at in (where["Paid"], where["Free"], "/read/demo/p"):
        whole = await here.read(at)
        assert await here.read(at, ("range", "bytes=0-3")) == whole


async def test_what_stands_beside_a_document_goes_along_to_another_address() -> None:
    here = await scene()
    before = await here.addresses()
    await here.api.ask("POST", f"{PLACE}/rename", {"slug": "better"})
    for name in ("Free", "Paid", "a sheet"):
        answer = await here.read(before[name])
        assert answer.status == 308
        assert answer.header("location") == before[name].replace("/p/", "/better/")
    read = (await here.read("/read/demo/better")).body.decode()
    shown = [f'"{each}"' in read for each in (before["Free"].replace("/p/", "/better/"),)]
    assert shown == [True]
    listed = await here.api.ask("GET", "/api/documents/better/pictures")
    assert [each["name"] for each in listed["companions"]] == ["free.png", "img/paid.jpg"]


async def test_a_document_that_moves_shows_nothing_that_was_left_at_its_new_address() -> None:
    here = await scene()
    left = "/api/documents/better/pictures/gone.png"
    assert (await here.api.send("PUT", left, pictures.png("1"))).status == 201
    await published(here.api, SOURCE.replace("free.png", "gone.png"))
    await here.api.ask("POST", f"{PLACE}/rename", {"slug": "better"})
    page = (await here.get("/documents/demo/better")).body.decode()
    assert "<img" not in page


async def test_a_name_in_another_normal_form_is_the_same() -> None:
    _, api = await open_api()
    composed, taken_apart = (quote(normalize(form, "é.png")) for form in ("NFC", "NFD"))
    assert (await api.send("PUT", f"{PLACE}/pictures/{taken_apart}", pictures.png())).status == 201
    for name in (composed, taken_apart):
        assert (await api.send("GET", f"{PLACE}/pictures/{name}")).status == 200
    assert (await api.send("DELETE", f"{PLACE}/pictures/{taken_apart}")).status == 204


def test_a_range_is_read_in_the_time_of_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    class Counting:
        def fullmatch(self, text: str) -> object:
            tried.append(text)
            return _RANGE.fullmatch(text)

    monkeypatch.setattr(ranges, "_RANGE", Counting())
    scope = {
        "type": "http",
        "method": "GET",
        "headers": [(b"range", b"bytes=" + b"1-" * 140 + b"x")],
    }
    assert _asked(Request(scope), '"e"', 9) is None
    assert len(tried) == 1


async def test_a_public_attachment_is_sent_with_what_a_public_picture_is_sent_with() -> None:
    here = await scene(SOURCE.replace("##paidbegin##", "[a sheet](data.xlsx)\n\n##paidbegin##"))
    page = (await here.get("/documents/demo/p")).body.decode()
    own = {"content-type", "content-length", "etag", "accept-ranges", "content-disposition"}
    seen = []
    for kind in ("pictures", "attachments"):
        (path, *_) = re.findall(rf'"(/documents/demo/p/{kind}/[^"]*)"', page)
        answer = await here.get(path)
        assert answer.status == 200
        seen.append({name: told for name, told in answer.headers if name not in own})
    assert seen[0] == seen[1]
    assert "link" in seen[0]
