"""A document that is sent without an address gets one, and nobody else's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.answers import Answer
from tests.web.caller import Caller, caller, open_api

pytestmark = pytest.mark.anyio

PAID = "\n\nFree.\n\n##paidbegin##Paid.##paidend##\n"


async def send(api: Caller, source: str, name: str = "", **headers: str) -> Answer:
    if name:
        headers["content_disposition"] = f"attachment; filename*=UTF-8''{name}"
    headers["content_type"] = "text/markdown"
    return await api.send("POST", "/api/documents", source.encode(), **headers)


def told(answer: Answer) -> Any:
    assert answer.status == 201, answer.body
    return answer.json


@pytest.mark.parametrize(
    ("source", "name", "slug"),
    [
        ("# 季度报告", "", "ji-du-bao-gao"),
        ("# Title", "%E5%AD%A3%E5%BA%A6.md", "ji-du"),
        ("---\nslug: declared\n---\n# Title", "name.md", "declared"),
        ("# ！！！", "", "untitled"),
        ("# Title", "..%2F..%2Fetc%2Fpasswd", "passwd"),
        ("# D", "d.md", "d-2"),
    ],
)
async def test_an_address_is_made_of_what_is_declared_or_the_name_or_the_title(
    source: str, name: str, slug: str
) -> None:
    _, api = await open_api()
    answer = await send(api, source + PAID, name)
    assert told(answer)["slug"] == slug
    assert answer.header("location") == f"/api/documents/{slug}"


async def test_no_two_documents_get_one_address_and_what_was_deleted_keeps_its() -> None:
    _, api = await open_api()
    for number in ("", "-2", "-3"):
        slug = told(await send(api, "# Title" + PAID))["slug"]
        assert slug == f"title{number}"
        assert (await api.send("DELETE", f"/api/documents/{slug}")).status == 204


async def test_a_source_that_is_sent_again_with_its_key_is_published_once() -> None:
    _, api = await open_api()
    first = told(await send(api, "# Title" + PAID, idempotency_key="k"))
    assert told(await send(api, "# Title" + PAID, idempotency_key="k")) == first
    assert (await send(api, "# Other" + PAID, idempotency_key="k")).status == 409


async def test_a_source_that_is_refused_takes_no_address() -> None:
    _, api = await open_api()
    assert (await send(api, "# Title\n\nNothing paid.\n")).status == 422
    assert (await send(api, "# Title\n\n##paidbegin##Open.\n", "n.md")).status == 422
    assert [d["slug"] for d in (await api.ask("GET", "/api/documents"))["documents"]] == ["d"]


async def test_an_address_of_another_publisher_is_free() -> None:
    standing, _ = await open_api()
    other = await caller(standing, "other")
    assert told(await send(other, "# D" + PAID))["address"] == "other/d"
