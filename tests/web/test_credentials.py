"""What a request shows of who it is means one thing, or nothing."""

from __future__ import annotations

import pytest

from gateway.core.errors import Malformed
from gateway.web.http.credentials import MAX_COOKIE, bearer_in, cookie_in


@pytest.mark.parametrize("header", [b"Bearer t", b"bearer t", b"BEARER  t "])
def test_a_bearer_token_is_what_follows_the_scheme(header: bytes) -> None:
    assert bearer_in(header) == "t"


@pytest.mark.parametrize(
    "header", [b"", b"Bearer", b"Bearer ", b"Basic t", b"t", b"Bearer t, Bearer u", b"Bearer t,"]
)
def test_what_is_no_bearer_token_or_several_is_refused(header: bytes) -> None:
    with pytest.raises(Malformed, match="Authorization"):
        bearer_in(header)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        (b"", ""),
        (b"paidgate=c", "c"),
        (b"a=b; paidgate=c;d=e", "c"),
        (b" paidgate = c ", "c"),
        (b"xpaidgate=c; paidgatex=c; __Host-paidgate=c", ""),
        (b"paidgate=c; paidgate=c", "c"),
        (b"paidgate", ""),
        (b"paidgate=a=b", "a=b"),
        (b"x=" + b"y" * 5_000 + b"; paidgate=c", "c"),
    ],
)
def test_a_cookie_is_the_one_of_its_name(header: bytes, value: str) -> None:
    assert cookie_in(header, "paidgate") == value


@pytest.mark.parametrize(
    "header",
    [b"paidgate=c; paidgate=d", b"paidgate=c; paidgate=", b"paidgate=" + b"c" * (MAX_COOKIE + 1)],
)
def test_cookies_that_disagree_or_are_too_large_are_refused(header: bytes) -> None:
    for _ in range(2):  # a memory of what was read must not let it in
        with pytest.raises(Malformed):
            cookie_in(header, "paidgate")
