"""What is logged and what is recorded of one request can be brought together."""

from __future__ import annotations

import pytest
from starlette.types import Receive, Scope, Send

from gateway.core.audit_records import REQUEST, Act, Record
from gateway.web.http.access_log import SHOWN, AccessLog, line_of, with_request
from tests.support.asgi import exchange

pytestmark = pytest.mark.anyio


async def test_a_record_has_the_request_id_of_the_log() -> None:
    seen: list[tuple[str, str]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        record = Record(1, Act.READ, "reader:r1")
        seen.append((record.request, with_request(None, "", {})["request"]))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    before = REQUEST.set("")
    for _ in range(2):
        await exchange(AccessLog(app), "GET", "/")
    REQUEST.reset(before)
    assert [recorded == logged for recorded, logged in seen] == [True, True]
    assert len({recorded for recorded, _ in seen}) == 2


@pytest.mark.parametrize(
    "path",
    [
        "/unlock/pg1.k1.abc_-.def",
        "/read/demo/a/pg1.k1.abc",
        "/api/codes/ABCD-EFGH-JKMN-PQRS",
        "/library/abcd-efgh-jkmn-pqrs",
        "/api/grants/pgk-0123456789abcdef",
    ],
)
def test_a_secret_that_stands_in_a_mistaken_address_is_not_logged(path: str) -> None:
    folder, _, secret = path.rpartition("/")
    line = line_of(("GET", path, 404, 0.001, "0" * 16, 1))
    assert secret not in line
    assert folder in line


def test_a_secret_that_is_cut_off_where_a_long_address_ends_is_not_logged() -> None:
    folder = "/" + "a" * (SHOWN - len("//ABCD-EFGH"))
    line = line_of(("GET", f"{folder}/ABCD-EFGH-JKMN-PQRS", 404, 0.001, "0" * 16, 1))
    assert "ABCD" not in line
    assert folder in line


def test_the_address_of_a_document_is_logged_as_it_is() -> None:
    assert "/documents/demo/a-b" in line_of(("GET", "/documents/demo/a-b", 404, 0.0, "0" * 16, 1))
    assert "/documents/d/some-word-that-fits" in line_of(
        ("GET", "/documents/d/some-word-that-fits", 200, 0.0, "0" * 16, 1)
    )
