"""The declared date is the date everywhere; nothing is public before its time."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.core.documents import Address
from gateway.core.errors import Refused
from gateway.core.findings import FindingCode
from gateway.core.timestamps import timestamp
from gateway.usecases.submissions import Submission
from tests.support.asgi import exchange
from tests.support.samples import SUFFIXES
from tests.support.services import Standing, gateway

pytestmark = pytest.mark.anyio

DAY = 86_400
BODY = "正文在此。##paidbegin##付费在此。##paidend##"


def source(*fields: str, body: str = BODY) -> str:
    return "\n".join(("---", "title: 文", *fields, "---", "", body, ""))


async def public(side: Standing, slug: str, form: str = "") -> str:
    answer = await exchange(side.app, "GET", f"/documents/demo/{slug}{form}")
    assert answer.status == 200
    return answer.body.decode()


async def linked(side: Standing, slug: str) -> dict[str, Any]:
    """Return what a page tells search engines."""
    page = await public(side, slug)
    told = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert told
    data: dict[str, Any] = json.loads(html.unescape(told[1]))
    return data


@pytest.mark.parametrize(
    ("date", "machine", "day"),
    [
        ("2020-09-05", "2020-09-05T00:00:00Z", "5 September 2020"),
        ("2020-9-5 8:05:03", "2020-09-05T08:05:03Z", "5 September 2020"),
        ("2020/09/05 00:30:00 +0800", "2020-09-05T00:30:00+08:00", "5 September 2020"),
        ("2020-09-05T23:30:00-08:00", "2020-09-05T23:30:00-08:00", "5 September 2020"),
    ],
)
async def test_the_declared_date_is_the_date_everywhere(date: str, machine: str, day: str) -> None:
    side = gateway()
    edition = (
        await side.publish("a", source(f"date: {date}", "lang: en"), form="markdown")
    ).edition
    page = await public(side, "a")
    assert edition.published == machine
    assert f'<meta property="article:published_time" content="{machine}">' in page
    assert f">{day}</time>" in page
    assert "Updated" not in page
    assert machine.startswith((await linked(side, "a"))["datePublished"])
    told = json.loads(await public(side, "a", ".json"))
    assert (told["date"], told["published"]) == ("2020-09-05", machine)
    catalogue = (await exchange(side.app, "GET", "/")).body.decode()
    assert f'<time datetime="{machine}">2020年9月5日</time>' in catalogue


async def test_the_catalogue_goes_by_declared_dates() -> None:
    side = gateway()
    dates = {"a": "2020-09-05", "b": "2023-01-01", "c": None, "d": "2020-09-05 08:00:00 +0800"}
    for slug, date in dates.items():
        await side.publish(slug, source(f"date: {date}" if date else ""), form="markdown")
    entries = await side.store.entries("demo", "", 9)
    assert [entry.address.slug for entry in entries] == ["c", "b", "d", "a"]


async def test_an_edit_of_paid_text_alone_changes_no_public_byte_of_a_dated_text() -> None:
    side = gateway()
    await side.publish("a", source("date: 2020-09-05"), form="markdown")
    before = [await public(side, "a", form) for form in SUFFIXES]
    side.clock.at += 3 * DAY
    edited = source("date: 2020-09-05", body=BODY.replace("付费在此", "改了的付费"))
    assert (await side.publish("a", edited, form="markdown")).edition.made_at == side.clock.at
    assert [await public(side, "a", form) for form in SUFFIXES] == before


async def test_only_a_later_change_of_what_is_public_is_an_update() -> None:
    side = gateway()
    first = (await side.publish("a", source("date: 2020-09-05"), form="markdown")).edition
    assert first.updated == first.published
    side.clock.at += DAY
    moved = (await side.publish("a", source("date: 2019-01-01"), form="markdown")).edition
    assert (moved.published, moved.updated) == ("2019-01-01T00:00:00Z",) * 2
    freer = source("date: 2019-01-01", body=f"更多。{BODY}")
    changed = (await side.publish("a", freer, form="markdown")).edition
    assert changed.updated == timestamp(side.clock.at)
    assert "更新" in await public(side, "a")
    side.clock.at += DAY
    again = source("date: 2018-01-01", body=f"更多。{BODY}")
    kept = (await side.publish("a", again, form="markdown")).edition
    assert (kept.published, kept.updated) == ("2018-01-01T00:00:00Z", changed.updated)


async def test_a_declared_update_is_the_update() -> None:
    side = gateway()
    fields = ("date: 2020-09-05", "updated: 2021-02-03", "lang: en")
    await side.publish("a", source(*fields), form="markdown")
    assert "Updated 3 February 2021" in await public(side, "a")
    told = await linked(side, "a")
    assert (told["datePublished"], told["dateModified"]) == ("2020-09-05", "2021-02-03T00:00:00Z")
    earlier = ("date: 2020-09-05", "updated: 2020-02-03", "lang: en")
    await side.publish("b", source(*earlier), form="markdown")
    assert "Updated" not in await public(side, "b")


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp())


TIMES = [
    # A day, or a time without a zone, has begun when it has begun anywhere on earth …
    ("date: 2030-05-01", "2030-05-01T00:00:00+14:00"),
    ("date: 2030-05-01 08:00:00", "2030-05-01T08:00:00+14:00"),
    ("created: 2030/5/1", "2030-05-01T00:00:00+14:00"),
    ("published: 2030-05-01", "2030-05-01T00:00:00+14:00"),
    # … and what must not be early waits until it has begun everywhere.
    ("publish_at: 2030-05-01", "2030-05-01T00:00:00-12:00"),
    ("publishDate: 2030-05-01 08:00:00", "2030-05-01T08:00:00-12:00"),
    ("date: 2030-05-01T08:00:00+08:00", "2030-05-01T08:00:00+08:00"),
    ("publish_at: 2030-05-01T08:00:00+08:00", "2030-05-01T08:00:00+08:00"),
]


@pytest.mark.parametrize(("field", "time"), TIMES)
async def test_nothing_is_public_before_its_time(field: str, time: str) -> None:
    side = gateway()
    side.clock.at = at(time) - 1
    with pytest.raises(Refused) as refused:
        await side.publish("a", source(field), form="markdown")
    (found,) = refused.value.findings
    assert (found.code, found.line) == (FindingCode.DRAFT, 3)
    with pytest.raises(Refused):
        await side.services.publishing.check(submission(source(field)))
    assert (await exchange(side.app, "GET", "/documents/demo/a")).status == 404
    side.clock.at += 1
    await side.services.publishing.check(submission(source(field)))
    await side.publish("a", source(field), form="markdown")
    await public(side, "a")


def submission(text: str) -> Submission:
    return Submission(Address("demo", "a"), text.encode(), "markdown")


async def test_nothing_is_published_after_its_end() -> None:
    side = gateway()
    field = "expiryDate: 2030-05-01T00:00:00Z"
    side.clock.at = at("2030-05-01T00:00:00Z") - 1
    await side.publish("a", source(field), form="markdown")
    side.clock.at += 1
    with pytest.raises(Refused):
        await side.publish("b", source(field), form="markdown")


async def test_a_draft_takes_nothing_away_that_was_published() -> None:
    side = gateway()
    await side.publish("a", source(), form="markdown")
    before = await public(side, "a")
    with pytest.raises(Refused) as refused:
        await side.publish("a", source("draft: true", body=f"更多。{BODY}"), form="markdown")
    assert [found.code for found in refused.value.findings] == [FindingCode.DRAFT]
    assert await public(side, "a") == before
