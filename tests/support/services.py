"""Builders: a whole gateway, in memory or on other parts, with a frozen clock and seeded chance."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.app import Services, build, build_services
from gateway.core.documents import Address
from gateway.core.rights import Grant
from gateway.ports import FailedAttempts, Ledger, PublicStore, SearchIndex, Vault
from gateway.settings import Settings, load
from gateway.stores.leased_cache import Memory
from gateway.usecases.composers import Composer
from gateway.usecases.granting import GrantRequest
from gateway.usecases.mending import Mending
from gateway.usecases.publishing import Published, Publishing
from gateway.usecases.shelving import Shelving
from gateway.usecases.submissions import Submission
from tests.support.parts import open_parts
from tests.support.samples import body_of

NOW = 1_800_000_000
SECRET = b"a root secret for tests, 32 bytes"


class FrozenClock:
    """A clock that moves only when told, and ids that are the same in every run."""

    def __init__(self, seed: int = 1, at: int = NOW) -> None:
        self._chance = random.Random(seed)
        self.at = at

    def now(self) -> int:
        return self.at

    def fresh_id(self) -> str:
        return f"{self._chance.getrandbits(128):032x}"


class Untiring:
    """Lets everybody fail as often as they like, as a test of something else needs it."""

    async def failed(self, *whose: str) -> None:
        return

    async def ping(self) -> str:
        return "none"

    async def close(self) -> None:
        return


@dataclass
class Standing:
    """A gateway to talk to, and what it stands on."""

    services: Services
    app: ASGIApp
    clock: FrozenClock
    ledger: Ledger
    store: PublicStore
    vault: Vault
    houses: tuple[Services, ...]  # every one that a request may come to

    async def publish(
        self, slug: str, source: str, *, form: str = "plain", publisher: str = "demo"
    ) -> Published:
        """Publish a source as a publisher would, who lets all of it be free."""
        await self.services.publishers.register(publisher)
        submission = Submission(Address(publisher, slug), body_of(form, source), form, free=True)
        return await self.services.publishing.publish(submission)

    async def grant(self, scope: str, publisher: str = "demo", **wish: object) -> tuple[Grant, str]:
        """Grant a right; return it and its token."""
        made = await self.services.granting.grant(publisher, GrantRequest(scope, **wish))  # type: ignore[arg-type]
        return made, await self.services.granting.token(made)


def settings(**given: str) -> Settings:
    """Return settings as the environment would give them."""
    return load({f"PAIDGATE_{name.upper()}": value for name, value in given.items()})


def gateway(seed: int = 1, attempts: FailedAttempts | None = None, /, **given: str) -> Standing:
    """Build a gateway on the parts of this run, by default one that lets everybody guess.

    Where the parts are real, requests go by turns to two gateways side by side.
    """
    clock, attempts = FrozenClock(seed), attempts or Untiring()
    sides = [
        _standing(
            settings(**given), clock, p.ledger, p.store, p.vault, p.memory, attempts, p.search
        )
        for p in open_parts()
    ]
    if not sides[1:]:
        return sides[0]
    return replace(
        sides[0],
        app=ByTurns([side.app for side in sides]),
        houses=tuple(side.services for side in sides),
    )


def composing_with(services: Services, composer: Composer) -> Services:
    """Return the same services with another composer."""
    ledger, vault, showing = services.ledger, services.vault, services.showing
    shelving = Shelving(vault)
    mending = Mending(ledger, vault, composer.compose, shelving, showing)
    clock, erasing = services.publishing._clock, services.erasing
    publishing = Publishing(
        ledger, vault, clock, services.audit, composer, shelving, showing, erasing, mending
    )
    return replace(services, publishing=publishing, mending=mending)


class ByTurns:
    """Several applications, each asked in its turn."""

    def __init__(self, apps: Sequence[ASGIApp]) -> None:
        self._turns = cycle(apps)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await next(self._turns)(scope, receive, send)


def beside(one: Standing, coherence: Memory) -> Standing:
    """Build a gateway on the stores and the clock of another, with a memory of its own."""
    return _standing(
        one.services.settings,
        one.clock,
        one.ledger,
        one.store,
        one.vault,
        coherence=coherence,
        index=one.services.index,
    )


def _standing(
    settings: Settings,
    clock: FrozenClock,
    ledger: Ledger,
    store: PublicStore,
    vault: Vault,
    coherence: Memory | None = None,
    attempts: FailedAttempts | None = None,
    index: SearchIndex | None = None,
) -> Standing:
    services = build_services(
        settings,
        ledger,
        store,
        vault,
        SECRET,
        clock,
        coherence=coherence,
        attempts=attempts,
        index=index,
    )
    return Standing(services, build(services), clock, ledger, store, vault, (services,))
