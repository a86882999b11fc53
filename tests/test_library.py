"""What a reader may read is listed whole, in order, and a page of it costs a page."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from gateway.core.documents import Address
from gateway.ports import Edition
from gateway.web.readers.library import LIBRARY_SIZE
from tests.support.asgi import exchange
from tests.support.services import Standing, gateway

pytestmark = pytest.mark.anyio

WORDS = "---\ncollection: {0}\n---\nTitle {1}\n\nFree.##paidbegin##Paid.##paidend##\n"


async def stocked(count: int = 12) -> Standing:
    """Return a gateway with two publishers, and a few of their documents in a collection."""
    side = gateway()
    for publisher in ("a-b", "a"):
        template = (await side.publish("d", WORDS.format("none", 0), publisher=publisher)).edition
        for number in range(count):
            await side.ledger.make_current(
                replace(
                    template,
                    id=f"e{number}",
                    address=Address(publisher, f"d{number:03}"),
                    collection="none" if number % 3 else "few",
                ),
                None,
            )
    return side


async def cookie_of(side: Standing, *rights: tuple[str, str]) -> str:
    """Return the cookie of a reader that has redeemed rights."""
    reader, cookie = None, ""
    for publisher, scope in rights:
        _, token = await side.grant(scope, publisher)
        cookie = (await side.services.redeeming.redeem(token, reader)).cookie
        reader = await side.services.reading.reader(cookie)
    return cookie


async def paged(side: Standing, cookie: str, limit: int) -> list[str]:
    """Return the addresses in a library, read page by page."""
    seen: list[Edition] = []
    while page := await side.services.reading.library(
        cookie, limit, seen[-1].address if seen else None
    ):
        assert len(page) <= limit
        seen += page
    return [str(edition.address) for edition in seen]


RIGHTS: list[tuple[tuple[tuple[str, str], ...], list[str]]] = [
    ((("a", "all"),), ["a/d", *(f"a/d{n:03}" for n in range(12))]),
    ((("a", "collection:few"),), ["a/d000", "a/d003", "a/d006", "a/d009"]),
    (
        (("a-b", "collection:few"), ("a", "document:d005"), ("a-b", "document:d003")),
        ["a/d005", "a-b/d000", "a-b/d003", "a-b/d006", "a-b/d009"],
    ),
    ((("a", "document:gone"), ("a", "document:d001"), ("a", "document:d")), ["a/d", "a/d001"]),
    ((("a", "collection:unknown"),), []),
]


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
@pytest.mark.parametrize(("rights", "listed"), RIGHTS)
async def test_a_library_is_whole_and_in_order_whatever_the_page(
    rights: tuple[tuple[str, str], ...], listed: list[str], limit: int
) -> None:
    side = await stocked()
    assert await paged(side, await cookie_of(side, *rights), limit) == listed


async def test_a_revoked_right_lists_nothing() -> None:
    side = await stocked()
    grant, token = await side.grant("all", "a")
    cookie = (await side.services.redeeming.redeem(token, None)).cookie
    await side.services.granting.revoke("a", grant.id)
    assert await side.services.reading.library(cookie, 5) == []


async def test_a_page_of_a_library_asks_the_ledger_for_a_page() -> None:
    side = await stocked(60)
    cookie = await cookie_of(side, *[("a", f"document:d{n:03}") for n in range(50)])
    asked = 0
    current = side.ledger.current

    async def counting(address: Address) -> Edition | None:
        nonlocal asked
        asked += 1
        return await current(address)

    side.ledger.current = counting  # type: ignore[method-assign]
    page = await side.services.reading.library(cookie, 5, Address("a", "d010"))
    assert [edition.address.slug for edition in page] == [f"d{n:03}" for n in range(11, 16)]
    assert asked == 5


async def test_the_pages_of_the_library_lead_through_all_of_it() -> None:
    count = LIBRARY_SIZE + 20
    side = await stocked(count)
    cookie = (("cookie", f"paidgate={await cookie_of(side, ('a', 'all'))}"),)
    links: list[str] = []
    path: str | None = "/library"
    while path:
        answer = await exchange(side.app, "GET", path, cookie)
        assert answer.status == 200
        links += re.findall(r'href="/read/([^"]+)"', answer.body.decode())
        following = re.search(r'rel="next" href="([^"]+)"', answer.body.decode())
        path = following[1] if following else None
    # Each page is by collection.
    assert sorted(links) == ["a/d", *(f"a/d{n:03}" for n in range(count))]


async def test_a_place_in_the_library_that_is_none_is_refused() -> None:
    for place in ("a", "a/B", "a/b/c", "/", "%00/a"):
        assert (await exchange(gateway().app, "GET", f"/library?after={place}")).status == 400
