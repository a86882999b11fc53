"""Headers of a publisher's or a browser's request, as HTTP means them."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from gateway.web.http.links import Links
from tests.support.asgi import exchange
from tests.web.caller import FORM, Caller, open_api

pytestmark = pytest.mark.anyio

TEXT = b"A title\n\nOther words.\n\n##paidbegin##Paid.##paidend##\n"


async def put(api: Caller, name: str, value: str) -> int:
    """Put a text under a condition; return the status."""
    header = (name, value)
    bearer = ("authorization", f"Bearer {api.key}")
    plain = ("content-type", "text/plain")
    return (
        await exchange(api.app, "PUT", "/api/documents/d", [bearer, plain, header], TEXT)
    ).status


async def test_a_weak_etag_satisfies_no_if_match_and_names_what_must_not_be() -> None:
    _, api = await open_api()
    etag = (await api.send("GET", "/api/documents/d")).header("etag")
    assert await put(api, "if-match", f"W/{etag}") == 412
    assert await put(api, "if-none-match", f"W/{etag}") == 412
    assert await put(api, "if-match", "abc") == 400
    assert await put(api, "if-match", f'"other", {etag}') == 200


@pytest.mark.parametrize("given", ["Basic eDp5", "Bearer", "pgk-0", ""])
async def test_credentials_of_another_kind_are_none(given: str) -> None:
    standing, _ = await open_api()
    answer = await exchange(standing.app, "GET", "/api/grants", [("authorization", given)])
    assert (answer.status, answer.header("www-authenticate")) == (401, "Bearer")


@pytest.mark.parametrize("path", ["/unlock", "/signout", "/studio/signin"])
async def test_an_origin_that_is_no_address_is_another_site(path: str) -> None:
    standing, _ = await open_api()
    headers = [("origin", "http://["), FORM]
    answer = await exchange(standing.app, "POST", path, headers, b"code=x")
    assert answer.status == 403


@pytest.mark.parametrize(
    ("server", "origin"),
    [
        (("10.0.0.7", 8123), "http://127.0.0.1:8123"),
        (("/run/gateway.sock", None), "http://127.0.0.1:8000"),
        (None, "http://127.0.0.1:8000"),
    ],
)
def test_where_no_origin_is_set_links_name_the_port_that_is_served(
    server: object, origin: str
) -> None:
    headers = [(b"host", b"evil.example")]
    request = Request({"type": "http", "headers": headers, "server": server})
    assert Links("", ("localhost",)).absolute(request, "/x") == f"{origin}/x"
