"""Two gateways of two workers each, on the same stores: what one acknowledges, all know."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.http.served import TIMEOUT, WORKERS, Served, serving
from tests.support.servers import comes_true, postgres_server, redis_server

TIMES = 16  # fresh connections to each gateway, so that each worker answers some

Pair = list[Served]


@pytest.fixture(
    scope="module",
    params=["sqlite-embedded", pytest.param("postgres-redis", marks=pytest.mark.long)],
)
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """Serve one document from two gateways."""
    with ExitStack() as stack:
        given = {}
        if request.param == "postgres-redis":
            given["ledger"] = stack.enter_context(postgres_server())
            given["redis"] = stack.enter_context(redis_server())
        folder = tmp_path_factory.mktemp("pair")
        yield stack.enter_context(serving(folder, 2, **given))


def statuses(pair: Pair, *, token: str = "", cookie: str = "") -> set[int]:
    """Read from each gateway, often, and return every status that was told."""
    return {
        gateway.read(token=token, cookie=cookie).status for gateway in pair for _ in range(TIMES)
    }


def test_a_revocation_that_is_acknowledged_is_known_to_every_worker(pair: Pair) -> None:
    one, other = pair
    grant, token = one.grant()
    cookie = other.redeem(token)
    assert statuses(pair, token=token) == statuses(pair, cookie=cookie) == {200}
    assert other.order("DELETE", f"/api/grants/{grant}").status == 204
    assert statuses(pair, token=token) == statuses(pair, cookie=cookie) == {403}


def test_a_right_that_is_acknowledged_is_known_to_every_worker(pair: Pair) -> None:
    one, other = pair
    cookie = one.redeem(one.grant("document:elsewhere")[1])
    assert statuses(pair, cookie=cookie) == {402}
    cookie = other.redeem(one.grant()[1], cookie)
    assert statuses(pair, cookie=cookie) == {200}


def test_signing_out_ends_every_copy_of_a_cookie(pair: Pair) -> None:
    one, other = pair
    cookie = one.redeem(one.grant()[1])
    assert statuses(pair, cookie=cookie) == {200}
    assert other.ask("POST", "/signout", headers={"cookie": cookie}).status == 303
    assert statuses(pair, cookie=cookie) == {402}


def test_a_document_that_is_deleted_is_read_no_more(pair: Pair) -> None:
    one, other = pair
    token = one.grant()[1]
    assert statuses(pair, token=token) == {200}
    assert one.order("DELETE", "/api/documents/report").status in (202, 204)
    assert statuses(pair, token=token) == {404}
    assert other.publish("report").status == 201
    assert statuses(pair, token=token) == {200}


def test_the_command_line_revokes_for_every_worker_beside_it(pair: Pair) -> None:
    one, _ = pair
    grant, token = one.grant()
    assert statuses(pair, token=token) == {200}
    done = one.run("revoke", grant)
    assert (done.returncode, done.stderr) == (0, "")
    assert statuses(pair, token=token) == {403}


def test_a_worker_that_is_killed_is_replaced_and_rights_stay_right(pair: Pair) -> None:
    one, other = pair
    _, standing = one.grant()
    revoked, gone = one.grant()
    assert statuses(pair, token=gone) == {200}
    for _ in range(WORKERS):
        killed = one.workers()[0]
        os.kill(killed, signal.SIGKILL)
        # Whoever it was that held a lease or kept the server, the answer stays the same.
        assert other.order("DELETE", f"/api/grants/{revoked}").status in (202, 204)
        assert comes_true(lambda gone=killed: gone not in one.workers(), TIMEOUT)  # type: ignore[misc]
        one.wait()
    # Until the server is back that went with its worker, nothing is confirmed.
    again = f"/api/grants/{revoked}"
    assert comes_true(lambda: other.order("DELETE", again).status == 204, TIMEOUT)
    assert statuses(pair, token=gone) == {403}
    assert statuses(pair, token=standing) == {200}
