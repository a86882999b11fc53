"""Composition root: the only place that knows every part."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import anyio
import anyio.to_process
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.types import Receive, Scope, Send

from gateway.core.errors import GatewayError, Refused
from gateway.core.markers import Code, Finding
from gateway.core.tokens import KeyRing, KeyState
from gateway.formats.sources import SourceFormats
from gateway.granting import Granting
from gateway.ports import Clock, Ledger, PublicStore, Vault
from gateway.publishing import Composed, Prepared, Publishing, Submission, Task, compose, prepare
from gateway.reading import Reading
from gateway.settings import Settings
from gateway.stores.public_files import FilePublicStore
from gateway.stores.secret_files import kept_secret
from gateway.stores.sql import open_ledger
from gateway.stores.vault_files import FileVault
from gateway.web.errors import Telling
from gateway.web.headers import SecurityHeaders
from gateway.web.links import Links
from gateway.web.logs import AccessLog
from gateway.web.operations import Operations, Probe
from gateway.web.pages import Pages, interface
from gateway.web.press import PagePress
from gateway.web.public import Public
from gateway.web.publishers import Publishers
from gateway.web.readers import Readers
from gateway.web.ready import Ready, ReadyFirst
from gateway.web.static import Static
from gateway.web.studio import Studio

TEMPLATES = Path(__file__).parents[1] / "templates"
COMPOSING = 60.0  # seconds; a source that takes longer to set is refused
SWEEP = 5.0  # seconds between looks for work that a dead process left
FALLBACK = "http://127.0.0.1:8000"

T = TypeVar("T")


class SystemClock:
    """The clock of this machine and its source of chance."""

    def now(self) -> int:
        return int(time.time())

    def fresh_id(self) -> str:
        return secrets.token_hex(16)


@dataclass(frozen=True, slots=True)
class House:
    """Every part, put together."""

    settings: Settings
    ledger: Ledger
    store: PublicStore
    vault: Vault
    publishing: Publishing
    granting: Granting
    reading: Reading

    async def close(self) -> None:
        """Let go of what is open."""
        await self.ledger.close()


async def open_house(settings: Settings, *, in_process: bool = False) -> House:
    """Open the stores and put the use cases on them.

    in_process: compose here and now, as the command line does; a server composes elsewhere, so
    that no document can stop it from answering.
    """
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    root = Path(urlsplit(settings.store).path)
    secret = settings.secret.encode() or kept_secret(settings.data / "secret")
    ledger = await open_ledger(settings.ledger)
    return assemble(
        settings,
        ledger,
        FilePublicStore(root / "public"),
        FileVault(root / "vault"),
        KeyRing(secret, {"k1": KeyState.ACTIVE}),
        SystemClock(),
        in_process=in_process,
    )


def assemble(
    settings: Settings,
    ledger: Ledger,
    store: PublicStore,
    vault: Vault,
    keys: KeyRing,
    clock: Clock,
    *,
    in_process: bool = True,
) -> House:
    """Put the use cases on the given parts."""
    run = _here if in_process else _elsewhere

    async def compose_edition(task: Task) -> Composed:
        return await run(partial(_compose, task, settings.base_url))

    async def prepare_submission(submission: Submission) -> Prepared:
        return await run(partial(_prepare, submission))

    granting = Granting(ledger, keys, clock)
    return House(
        settings=settings,
        ledger=ledger,
        store=store,
        vault=vault,
        publishing=Publishing(ledger, store, vault, clock, compose_edition, prepare_submission),
        granting=granting,
        reading=Reading(ledger, vault, keys, clock),
    )


# --- composing, here or in a process that can be killed ----------------------------------------


@lru_cache(maxsize=1)
def _static() -> Static:
    return Static()


@lru_cache(maxsize=1)
def _pages() -> Pages:
    return Pages(TEMPLATES, _static())


def _compose(task: Task, base_url: str) -> Composed:
    return compose(task, SourceFormats(), PagePress(_pages(), base_url))


def _prepare(submission: Submission) -> Prepared:
    return prepare(submission, SourceFormats())


async def _here(work: Callable[[], T]) -> T:
    return work()


async def _elsewhere(work: Callable[[], T]) -> T:
    with anyio.move_on_after(COMPOSING):
        outcome = await anyio.to_process.run_sync(_outcome, work, cancellable=True)
        if isinstance(outcome, GatewayError):
            raise outcome
        return outcome  # type: ignore[return-value]
    raise Refused(
        (
            Finding(
                1,
                None,
                Code.TOO_LARGE,
                f"The document takes longer than {COMPOSING:.0f} seconds to set.",
                "Divide it, or make its markup simpler.",
            ),
        )
    )


def _outcome(work: Callable[[], object]) -> object:
    try:
        return work()
    except GatewayError as error:
        return error


# --- the web application -----------------------------------------------------------------------


def build(house: House) -> Starlette:
    """Build the web application on a house."""
    settings = house.settings
    static, pages = _static(), _pages()
    language = interface(settings.language)
    telling = Telling(pages, language)
    links = Links(settings.base_url, settings.trusted_hosts, FALLBACK)
    public = Public(house.store, pages, static, language)
    readers = Readers(house.reading, house.granting, house.store, pages, is_https=settings.is_https)
    ready = Ready({**public.givers(), **readers.givers()}, is_https=settings.is_https)
    routes = [
        *public.routes(),
        *readers.routes(),
        *Publishers(
            house.publishing, house.granting, SourceFormats(), links, settings.max_upload
        ).routes(),
        *Studio(
            house.publishing,
            house.granting,
            SourceFormats(),
            house.store,
            pages,
            links,
            is_https=settings.is_https,
            max_upload=settings.max_upload,
        ).routes(),
        *Operations(_probes(house)).routes(),
    ]
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(ReadyFirst, ready=ready),
            Middleware(AccessLog),
            Middleware(SecurityHeaders, is_https=settings.is_https),
        ],
        exception_handlers={
            GatewayError: telling.on_gateway_error,
            HTTPException: telling.on_http_exception,
            Exception: telling.on_fault,
        },
    )
    app.router.redirect_slashes = False
    app.state.ready = ready
    return app


def _probes(house: House) -> dict[str, Probe]:
    return {
        "previews": _answering(house.store.ping),
        "ledger": _answering(house.ledger.ping),
        "store": _answering(house.vault.ping),
    }


def _answering(ping: Callable[[], Awaitable[None]]) -> Probe:
    async def probe() -> str:
        await ping()
        return "ok"

    return probe


class Gateway:
    """The application as a server runs it: it opens its house when it starts."""

    def __init__(self, settings: Settings) -> None:
        self._app = Starlette(lifespan=self._lifespan)
        self._settings = settings
        self.ready = Ready({}, is_https=settings.is_https)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        house = await open_house(self._settings)
        self._app, waiting = build(house), self._app
        self.ready = self._app.state.ready
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_sweep, house)
                yield
                tasks.cancel_scope.cancel()
        finally:
            self._app = waiting
            await house.close()


async def _sweep(house: House) -> None:
    """Finish what dead processes left, at the start and then every few seconds."""
    while True:
        with suppress(GatewayError):  # the ledger or a store is away; the next sweep tries again
            await house.publishing.recover()
        await anyio.sleep(SWEEP)
