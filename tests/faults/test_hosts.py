"""Two gateways are one: what docker-compose.yml puts together, on real servers and real nginx."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Any

import pytest
from redis import Redis

from tests.faults.hosts import Hosts, grant, put, several_hosts
from tests.support import servers
from tests.support.s3 import S3
from tests.support.servers import as_admin
from tests.web.proxies import Ask


@pytest.fixture(scope="module")
def hosts(s3: S3, composed_redis_url: str) -> Iterator[Hosts]:
    """Run what docker-compose.yml says, at addresses of this machine."""
    with servers.postgres_server() as postgres:
        given = {"PAIDGATE_LEDGER": postgres, "PAIDGATE_REDIS": composed_redis_url}
        given |= {"PAIDGATE_STORE": s3.url("hosts"), **s3.environment}
        with several_hosts(given) as hosts:
            yield hosts


def test_what_one_gateway_publishes_the_other_shows_at_once(hosts: Hosts) -> None:
    for n in range(5):
        publishing, showing = (hosts.one, hosts.other) if n % 2 else (hosts.other, hosts.one)
        assert put(publishing, hosts, "a", f"text {n}").status == (200 if n else 201)
        shown = showing(Ask("/documents/demo/a.txt"))
        assert f"free text {n}".encode() in shown.body
        assert b"paid text" not in shown.body
        assert b"/documents/demo/a" in showing(Ask("/")).body
    assert hosts.one(Ask("/api/documents/a", "DELETE", hosts.key)).status in (202, 204)
    for ask in (hosts.one, hosts.other):
        assert ask(Ask("/documents/demo/a")).status == 404
        assert b"/documents/demo/a" not in ask(Ask("/")).body


def test_what_one_gateway_grants_and_revokes_the_other_knows_at_once(hosts: Hosts) -> None:
    put(hosts.one, hosts, "b", "text")
    for granting, reading in ((hosts.one, hosts.other), (hosts.other, hosts.one)):
        made, bearer = grant(granting, hosts)
        full = reading(Ask("/read/demo/b.txt", headers=bearer))
        assert (full.status, b"paid text" in full.body) == (200, True)
        revoke = Ask(f"/api/grants/{made}", "DELETE", hosts.key)
        # 202 where a busy machine let a lease run out: the same again tells when it is confirmed.
        assert servers.comes_true(lambda: granting(revoke).status == 204)  # noqa: B023
        refused = reading(Ask("/read/demo/b.txt", headers=bearer))
        assert (refused.status, b"paid text" in refused.body) == (403, False)


@contextmanager
def putting_back(url: str) -> Iterator[None]:
    """Put back, again and again, all that workers keep at Redis as it is now."""
    with Redis.from_url(as_admin(url)) as redis:
        kept: dict[Any, Any] = {key: redis.hgetall(key) for key in redis.keys("paidgate:*:*")}
        over = Event()

        def put_back() -> None:
            while not over.is_set():
                for key, facts in kept.items():
                    redis.hset(key, mapping=facts)
                redis.client_kill_filter(_type="pubsub")

        with ThreadPoolExecutor() as pool:
            putting = pool.submit(put_back)
            try:
                yield
            finally:
                over.set()
                putting.result()


def test_whoever_writes_to_redis_lets_nobody_read_on(hosts: Hosts, composed_redis_url: str) -> None:
    put(hosts.one, hosts, "d", "text")
    confirmed = 0
    for granting, reading in ((hosts.one, hosts.other), (hosts.other, hosts.one)) * 3:
        made, bearer = grant(granting, hosts)
        read = Ask("/read/demo/d.txt", headers=bearer)
        assert [ask(read).status for ask in (reading, granting)] == [200, 200]
        with putting_back(composed_redis_url):
            told = granting(Ask(f"/api/grants/{made}", "DELETE", hosts.key)).status
            if told == 204:
                confirmed += 1
                assert [ask(read).status for ask in (reading, granting)] == [403, 403]
        # What was not confirmed will be, when it is over.
        assert servers.comes_true(lambda: reading(read).status == 403)  # noqa: B023
    print(f"\n{confirmed} acknowledged")


def test_a_reader_goes_through_the_proxy_from_gateway_to_gateway(hosts: Hosts) -> None:
    assert put(hosts.proxy, hosts, "c", "text").status == 201
    _, bearer = grant(hosts.proxy, hosts)
    token = bearer["Authorization"].removeprefix("Bearer ")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    redeemed = hosts.proxy(Ask("/unlock", "POST", form, f"token={token}".encode()))
    cookie = {"Cookie": redeemed.cookie}
    assert redeemed.status == 303
    for _ in range(4):
        full = hosts.proxy(Ask("/read/demo/c.txt", headers=cookie))
        assert (full.status, b"paid text" in full.body) == (200, True)
        assert full.header("x-cache-status") == ""
        assert b"paid text" not in hosts.proxy(Ask("/read/demo/c.txt")).body
    statuses = [hosts.proxy(Ask("/documents/demo/c")).header("x-cache-status") for _ in range(4)]
    assert statuses == ["MISS", "HIT", "HIT", "HIT"]
