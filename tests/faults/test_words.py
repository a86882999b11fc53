"""No surface says more than is confirmed: real gateways, and commands with other settings.

Each surface is tried once. `make long` holds some acknowledgements against reads for each
authority, with its server stopped again and again: PAIDGATE_CONFIRMATIONS sets how many.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import cycle
from pathlib import Path
from typing import Protocol, cast

import pytest

from tests.faults.harmed import HarmedEmbedded, harmed_postgres, harmed_redis
from tests.faults.words import ACTS, COMMANDS, Claim, Words
from tests.http.served import environment, serving

CONFIRMATIONS = int(os.environ.get("PAIDGATE_CONFIRMATIONS", "50"))
AUTHORITIES = ("embedded", "redis", "postgres", "none")
BESIDE = 30  # acts while a command runs
SHARE = 0.1  # of the acts that meet a server which has stopped


class Stopped(Protocol):
    def signal(self, number: int) -> None: ...


@contextmanager
def gateway_on(authority: str, folder: Path) -> Iterator[tuple[Words, Stopped | None]]:
    """Serve two documents from two workers that go by an authority."""
    with ExitStack() as stack:
        given = {"redis": authority if authority in ("embedded", "none") else "none"}
        server: Stopped | None = None
        if authority == "redis":
            server = redis = stack.enter_context(harmed_redis())
            given["redis"] = redis.url(redis.port)
        if authority == "postgres":
            postgres = stack.enter_context(harmed_postgres())
            given |= {"authority": "postgres", "ledger": postgres.url(postgres.port)}
        if authority == "embedded":
            server = HarmedEmbedded(folder / "data")
        (gateway,) = stack.enter_context(serving(folder, 1, **given))
        words = Words(gateway, environment(folder / "data", **given), folder)
        assert gateway.publish("other").status == 201
        assert gateway.ask("GET", "/readyz").json["authority"] == authority
        words.hold("publish", words.publish()())
        yield words, server


def each_authority() -> list[object]:
    """Return every authority; those that need a server of their own take long."""
    own = {"embedded": (), "none": ()}
    return [pytest.param(name, marks=own.get(name, pytest.mark.long)) for name in AUTHORITIES]


@pytest.mark.parametrize("authority", each_authority())
def test_what_a_surface_says_every_read_sees(authority: str, tmp_path: Path) -> None:
    with gateway_on(authority, tmp_path) as (words, _):
        for name in ACTS:
            words.hold(name, getattr(words, name)()())
        assert not words.seen["recorded"], words.seen
        other = "nowhere" if authority == "none" else "none"
        words.hold("revoke", words.revoke_by_command(other)())
        assert not words.seen["recorded"]  # confirmed by a worker, if not by itself
        assert not words.against


def test_whatever_a_command_is_set_to_it_says_what_every_read_sees(tmp_path: Path) -> None:
    with gateway_on("embedded", tmp_path) as (words, _):
        variants = [*words.variants()]
        acts = [words.revoke_by_command(variant) for variant in variants]
        with ThreadPoolExecutor() as pool:
            for variant, claim in zip(variants, pool.map(lambda act: act(), acts), strict=True):
                words.hold(variant, claim)
        assert [variant for variant in variants if not words.seen[variant]] == []
        assert not words.against
        for other in ("none", "elsewhere"):
            refused = words.serve_beside(other)
            assert refused.returncode == 1
            assert "Workers on this ledger go by the embedded Redis" in refused.stderr


@pytest.mark.long
def test_where_nobody_serves_only_the_authority_on_record_confirms(tmp_path: Path) -> None:
    with gateway_on("embedded", tmp_path) as (words, _):
        acts = {each: words.revoke_by_command(each) for each in ("lacking", "none", "same")}
        assert words.gateway.stop() == 0
    for variant, act in acts.items():
        assert act().is_confirmed == (variant == "same"), variant


@pytest.mark.long
def test_a_stopped_authority_confirms_nothing(tmp_path: Path) -> None:
    with gateway_on("redis", tmp_path) as (words, server):
        assert server
        acts = {name: getattr(words, name)() for name in ("revoke", "sign_out", "unlock")}
        acts["command"] = words.revoke_by_command("same")
        server.signal(signal.SIGSTOP)
        try:
            claims = {name: act() for name, act in acts.items()}
        finally:
            server.signal(signal.SIGCONT)
        assert not any(claim.is_confirmed for claim in claims.values())
        words.hold("revoke", words.revoke()())
        # What was on record was confirmed along with it.
        for name, claim in claims.items():
            words.hold(name, Claim(True, claim.agrees))
        assert not words.against


@pytest.mark.long
@pytest.mark.parametrize("authority", AUTHORITIES)
def test_no_read_is_against_the_words(authority: str, tmp_path: Path) -> None:
    chance = random.Random(12)
    with gateway_on(authority, tmp_path) as (words, server), ThreadPoolExecutor() as pool:
        orders = cycle((c, v) for c in COMMANDS for v in words.variants())
        while words.seen["acknowledged"] < CONFIRMATIONS:
            command, variant = next(orders)
            act = getattr(words, f"{command}_by_command")(variant)
            if command in ("publish", "retire"):  # of what the other acts are about
                words.hold(f"{command}, {variant}", act())
                continue
            running = pool.submit(act)
            for _ in range(BESIDE):
                name = chance.choice(ACTS)
                _strike(words, name, server if chance.random() < SHARE else None)
            words.hold(f"{command}, {variant}", running.result())
            assert not words.against
        print(f"\n{authority}: {dict(words.seen)}")
        assert not words.against
        assert all(words.seen[name] for name in ACTS)


def _strike(words: Words, name: str, server: Stopped | None) -> None:
    """Act, while the authority's server stands still if one is given."""

    def act() -> Claim:
        prepared = getattr(words, name)()
        if server is None:
            return cast("Claim", prepared())
        words.seen["struck"] += 1
        server.signal(signal.SIGSTOP)
        try:
            return cast("Claim", prepared())
        finally:
            server.signal(signal.SIGCONT)

    words.hold_if_answered(name, act)
