"""What a path says is read once: an escaped sign in it begins nothing."""

from __future__ import annotations

import pytest

from gateway.core.documents import Address
from tests.support.asgi import exchange
from tests.web.caller import open_api

pytestmark = pytest.mark.anyio

SOURCE = b"A title\n\nOne.\n\n##pagebreak##\n\nTwo.\n\n##paidbegin##Paid.##paidend##\n"


async def test_an_escaped_question_mark_begins_no_query() -> None:
    standing, api = await open_api()
    told = await api.send("PUT", "/api/documents/p", SOURCE, content_type="text/plain")
    assert told.status == 201
    for query, status in (("?page=2", 200), ("%3Fpage=2", 404)):
        for _ in range(2):  # the second time from memory
            answer = await exchange(standing.app, "GET", f"/documents/demo/p{query}", [])
            assert answer.status == status, query
    refused = await exchange(standing.app, "GET", "/read/demo/p%3Fpage=2", [])
    assert refused.status == 404


async def test_whatever_page_or_picture_is_refused_takes_one_place_in_memory() -> None:
    standing, api = await open_api()
    await api.send("PUT", "/api/documents/p", SOURCE, content_type="text/plain")
    fetch = standing.store.ready
    asked: list[str] = []

    def ready(address: Address, name: str, coding: str) -> object:
        asked.append(name)
        return fetch(address, name, coding)

    standing.store.ready = ready  # type: ignore[method-assign,assignment]
    for number in range(2, 20):
        page = await exchange(standing.app, "GET", f"/read/demo/p?page={number}", [])
        picture = await exchange(standing.app, "GET", f"/read/demo/p/pictures/{number}", [])
        assert (page.status, picture.status) == (402, 402)
    assert asked == ["html.refused", "json.refused"]
