"""Composition root: the only place that knows every part."""

from __future__ import annotations

import gc
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import anyio
import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from gateway.core.documents import Address
from gateway.core.errors import GatewayError
from gateway.core.leases import Terms
from gateway.formats.sources import SourceFormats
from gateway.ops.rebasing import Rebasing
from gateway.ports import (
    Audit,
    AuthorityRecord,
    Clock,
    Edition,
    FailedAttempts,
    Ledger,
    PublicStore,
    SearchIndex,
    StoreName,
    Vault,
)
from gateway.rendering import workers as composing
from gateway.rendering.pages import interface
from gateway.settings import SECRET, Settings
from gateway.stores.background import Background
from gateway.stores.files.audit import FileAudit
from gateway.stores.files.chains import chains_in
from gateway.stores.files.data_folder import house_name
from gateway.stores.files.public_store import FilePublicStore
from gateway.stores.files.search_index import FileSearchIndex, file_beside
from gateway.stores.files.secrets import kept_secret
from gateway.stores.files.vault import FileVault
from gateway.stores.joint import Joint
from gateway.stores.leased_cache import (
    DirectCoherence,
    LeasedCoherence,
    Memory,
    OutsideCoherence,
    boottime,
)
from gateway.stores.membership import (
    TENURE,
    AuthorityKind,
    Membership,
    Named,
    Tell,
    log,
    nobody_serving,
)
from gateway.stores.memory import MemoryAudit, MemorySearchIndex
from gateway.stores.redis.authority import RedisAuthority
from gateway.stores.redis.embedded import EmbeddedRedis, server_program
from gateway.stores.redis.failed_attempts import MemoryFailedAttempts, RedisFailedAttempts
from gateway.stores.redis.signet import Signet
from gateway.stores.roll import Roll
from gateway.stores.sql.ledger import open_ledger
from gateway.stores.store_names import FileStoreName, ObjectStoreName
from gateway.usecases import belonging
from gateway.usecases.announcing import Announcing, Looks, at_once
from gateway.usecases.api_keys import ApiKeys
from gateway.usecases.codes import Codes
from gateway.usecases.explaining import Explaining
from gateway.usecases.granting import Granting
from gateway.usecases.idempotency import Idempotency
from gateway.usecases.indexing import Indexing
from gateway.usecases.moving import Moving
from gateway.usecases.picturing import Picturing
from gateway.usecases.publishers import Publishers
from gateway.usecases.publishing import Publishing
from gateway.usecases.reading import Reading
from gateway.usecases.redeeming import Redeeming
from gateway.usecases.renaming import Renaming
from gateway.usecases.seeds import Seeds
from gateway.usecases.signing_keys import Signing
from gateway.web.api import Api
from gateway.web.errors import ErrorResponses
from gateway.web.health import Operations, Probe
from gateway.web.http.access_log import AccessLog
from gateway.web.http.fast_path import FastPath, FastPathMiddleware
from gateway.web.http.headers import SecurityHeaders
from gateway.web.http.links import Links
from gateway.web.http.meaning import OneMeaning
from gateway.web.http.under_way import UnderWay
from gateway.web.lists import SEARCH, Lists
from gateway.web.preview_cache import PreviewCache
from gateway.web.public import Public
from gateway.web.readers import Readers
from gateway.web.search import Search
from gateway.web.site import Site
from gateway.web.studio import Studio

YOUNG = 20_000  # new objects until the collector looks at them
POLL_INTERVAL = 0.05  # seconds between two looks at whether another process has confirmed a change
ANNOUNCE = 1.0  # seconds between looks for changes that nobody has told
INDEX = 2.0  # seconds between looks at whether the search index is to be filled
SCRUB = 300.0  # seconds between looks for words that only the search index still has
SWEEP = 5.0  # seconds between looks for work that a dead process left
REST = 0.001  # seconds
FORGET = 3_600.0  # seconds between looks for seeds that are over, and for what is half revoked

_log = structlog.get_logger()


class SystemClock:
    """The clock of this machine and its source of chance."""

    def now(self) -> int:
        return int(time.time())

    def fresh_id(self) -> str:
        return secrets.token_hex(16)


@dataclass(frozen=True, slots=True)
class Services:
    """Every part, put together."""

    settings: Settings
    ledger: Ledger
    store: PublicStore
    vault: Vault
    index: SearchIndex
    indexing: Indexing
    publishing: Publishing
    picturing: Picturing
    renaming: Renaming
    api_keys: ApiKeys
    publishers: Publishers
    granting: Granting
    codes: Codes
    redeeming: Redeeming
    moving: Moving
    explaining: Explaining
    idempotency: Idempotency
    reading: Reading
    signing: Signing
    seeds: Seeds
    announcing: Announcing
    coherence: Memory
    audit: Audit
    attempts: FailedAttempts
    background: Background
    membership: Membership | None = None  # of a process that serves

    @property
    def authority(self) -> str:
        """Return the kind of authority that this process goes by."""
        return self.membership.word if self.membership else str(AuthorityKind.NONE)

    async def close(self) -> None:
        """Let go of what is open."""
        await self.background.end()
        await self.coherence.close()
        if self.membership:
            await self.membership.leave()
        await self.audit.close()
        await self.attempts.close()
        await self.index.close()
        await self.ledger.close()


async def open_services(
    settings: Settings,
    *,
    in_process: bool = False,
    serving: Tell | None = None,
    timeout: float = 0,
    accepting: Tell | None = None,
) -> Services:
    """Open the stores and put the use cases on them.

    in_process: compose here and now, as commands do that publish little or nothing; what serves
    or publishes folders composes elsewhere, so that no document can stop it.
    serving: for a process that serves, which has to go by the authority on record; it is told
    what becomes of that. patience: seconds that a change waits for another process to confirm it.
    accepting: the secret that is set is the ledger's from now on, whatever was before; it is told
    what that waits for.
    Raises OtherAuthority, StillServing, Lost, Unavailable.
    """
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    store, vault, name = _open_texts(settings.store)
    ledger = await open_ledger(settings.ledger)
    clock = SystemClock()
    try:
        secret = await _secret(settings, ledger, store, accepting)
        await belonging.require_store(ledger, name, vault, clock.fresh_id())
        membership, record = await _join(settings, ledger, secret, clock, serving)
    except BaseException:
        await ledger.close()
        raise
    background = Background()
    services = build_services(
        settings,
        ledger,
        store,
        vault,
        secret,
        clock,
        coherence=open_coherence(settings, record, ledger, secret, background),
        audit=FileAudit(settings.audit, clock, ledger),
        index=open_search_index(settings.ledger),
        attempts=open_failed_attempts(settings),
        in_process=in_process,
        membership=membership,
        background=background,
        looks=partial(looks, timeout),
    )
    if membership:
        membership.begin(services.coherence)
    return services


async def _secret(
    settings: Settings, ledger: Ledger, store: PublicStore, accepting: Tell | None
) -> bytes:
    """Return the root secret, if it and the ledger belong here. Raises Lost, StillServing."""
    await belonging.require_ledger(ledger, store, is_audited=bool(chains_in(settings.audit)))
    path = settings.data / SECRET
    if not settings.secret and not path.exists() and await belonging.is_begun(ledger):
        raise belonging.missing_secret(str(path))
    secret = settings.secret.encode() or kept_secret(path)
    if accepting:
        async with nobody_serving(ledger, settings.data, accepting):
            await belonging.accept_secret(ledger, secret)
    await belonging.require_secret(ledger, secret)
    return secret


async def _join(
    settings: Settings, ledger: Ledger, secret: bytes, clock: Clock, tell: Tell | None
) -> tuple[Membership | None, AuthorityRecord | None]:
    """Return the authority on record; a process that serves sees to it that it is ours."""
    if tell is None:
        return None, await ledger.authority()
    named, is_begun = named_authority(settings), partial(_is_begun, settings, Signet(secret))
    membership = Membership(ledger, settings.data, named, is_begun, tell)
    try:
        record = await membership.join(clock.now())
        await belonging.require_secret(ledger, secret)  # it may be another since we looked
    except BaseException:
        await membership.leave()
        raise
    return membership, record


def named_authority(settings: Settings) -> Named:
    """Return the authority that the settings name; without a server to embed it is none."""
    if settings.authority == "postgres":
        return Named(AuthorityKind.POSTGRES)
    if settings.redis == "none" or (settings.redis == "embedded" and not server_program()):
        return Named(AuthorityKind.NONE)
    if settings.redis == "embedded":
        return Named(AuthorityKind.EMBEDDED)
    return Named(AuthorityKind.REDIS, bare(settings.redis))


def bare(url: str) -> str:
    """Return the address of a server without who asks it, and how."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


async def _is_begun(settings: Settings, signet: Signet, name: str) -> bool:
    terms = Terms(settings.lease)
    authority = RedisAuthority(settings.redis, terms, signet, name, may_begin=False)
    try:
        return await authority.is_begun()
    finally:
        await authority.close()


def open_coherence(
    settings: Settings,
    record: AuthorityRecord | None,
    ledger: Ledger,
    secret: bytes,
    background: Background | None = None,
) -> Memory:
    """Return the memory of this process, on the authority that the settings name.

    Outside of it where another is on record. What it does not start at once it renews when it is
    started.
    """
    terms, named, place = (
        Terms(settings.lease),
        named_authority(settings),
        house_name(settings.data),
    )
    name = record.id if record else ""
    signet, roll = Signet(secret), Roll(ledger, terms, boottime)
    is_sure = record is None or named.is_surely(record, place)
    is_embedded = (settings.authority, settings.redis) == ("redis", "embedded")
    if is_embedded and record and Named(AuthorityKind.EMBEDDED).is_surely(record, place):
        # Also without a program of its own: it speaks to the server that another process keeps.
        named, is_sure = Named(AuthorityKind.EMBEDDED), True
    if named.kind is AuthorityKind.REDIS and (record is None or record.kind == AuthorityKind.REDIS):
        redis = RedisAuthority(settings.redis, terms, signet, name, may_begin=is_sure, roll=roll)
        return LeasedCoherence(redis, terms, on_record=name, background=background, roll=roll)
    if not is_sure:
        return OutsideCoherence()
    if named.kind is AuthorityKind.POSTGRES:
        # Only here: its driver takes time and memory to import.
        from gateway.stores.sql.authority import PostgresAuthority

        postgres = PostgresAuthority(settings.ledger, terms)
        return LeasedCoherence(postgres, terms, on_record=name, background=background)
    if named.kind is AuthorityKind.EMBEDDED:
        url, keeper = EmbeddedRedis.address(settings.data), _embedded(settings)
        embedded = RedisAuthority(url, terms, signet, name, roll=roll)
        return LeasedCoherence(
            embedded, terms, keeper=keeper, on_record=name, background=background, roll=roll
        )
    return DirectCoherence()


def _embedded(settings: Settings) -> EmbeddedRedis | None:
    program = server_program()
    if program is None:
        return None
    embedded = EmbeddedRedis(settings.data, program)
    with suppress(OSError, GatewayError):
        embedded.ensure()
    return embedded


def timeout(settings: Settings) -> float:
    """Return for how many seconds a command waits until a worker has confirmed what it did."""
    return 3 * ANNOUNCE + 2 * settings.lease


async def looks(seconds: float) -> AsyncIterator[None]:
    """Yield now and then for some seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        await anyio.sleep(POLL_INTERVAL)
        yield


def open_failed_attempts(settings: Settings) -> FailedAttempts:
    """Return the count of failed tries, shared on the Redis that the settings name."""
    url = settings.redis
    if url == "embedded":
        program = server_program() if settings.authority == "redis" else None
        url = EmbeddedRedis(settings.data, program).url if program else "none"
    return MemoryFailedAttempts() if url == "none" else RedisFailedAttempts(url)


def open_search_index(ledger: str) -> SearchIndex:
    """Return the search index, beside the ledger: whoever shares the one shares the other."""
    if ledger.startswith("sqlite:"):
        return FileSearchIndex(file_beside(ledger))
    # Only here: what it rests on takes time and memory to import.
    from gateway.stores.sql.engines import open_engines
    from gateway.stores.sql.search_index import TIMEOUT, SqlSearchIndex

    return SqlSearchIndex(open_engines(ledger, TIMEOUT))


def _open_texts(place: str) -> tuple[PublicStore, Vault, StoreName]:
    parts = urlsplit(place)
    if parts.scheme == "s3":
        # An extra, and only here: it takes time and memory to import.
        from gateway.stores.s3.bucket import Bucket
        from gateway.stores.s3.public_store import ObjectPublicStore
        from gateway.stores.s3.vault import ObjectVault

        bucket = Bucket(place)
        return ObjectPublicStore(bucket), ObjectVault(bucket), ObjectStoreName(bucket, place)
    root = Path(unquote(parts.path))
    return FilePublicStore(root / "public"), FileVault(root / "vault"), FileStoreName(root)


async def rest() -> None:
    """Let others have their turn, for about as long as a piece of what is much takes."""
    await anyio.sleep(REST)


def build_services(
    settings: Settings,
    ledger: Ledger,
    store: PublicStore,
    vault: Vault,
    secret: bytes,
    clock: Clock,
    *,
    coherence: Memory | None = None,
    audit: Audit | None = None,
    attempts: FailedAttempts | None = None,
    index: SearchIndex | None = None,
    in_process: bool = True,
    membership: Membership | None = None,
    background: Background | None = None,
    looks: Looks = at_once,
) -> Services:
    """Put the use cases on the given parts."""
    coherence, audit = coherence or DirectCoherence(), audit or MemoryAudit()
    announcing = Announcing(ledger, coherence, audit, looks, Joint)
    signing = Signing(secret, ledger, coherence, announcing, clock)
    base = settings.base_url
    composer = composing.Here(base) if in_process else composing.Elsewhere(base)
    seeds = Seeds(ledger, signing, clock)
    granting = Granting(ledger, signing, announcing, clock)
    index = index or MemorySearchIndex()
    indexing = Indexing(store, index)
    publishing = Publishing(
        ledger,
        store,
        vault,
        clock,
        composer.compose,
        composer.prepare,
        announcing,
        audit,
        composing.stamp(base),
        composer.compare,
        indexing,
    )
    return Services(
        settings=settings,
        ledger=ledger,
        store=store,
        vault=vault,
        index=index,
        indexing=indexing,
        publishing=publishing,
        picturing=Picturing(vault, audit, clock, composer.make),
        renaming=Renaming(ledger, vault, clock, composer.compose, publishing, announcing),
        api_keys=ApiKeys(ledger, signing, announcing, seeds, clock),
        granting=granting,
        publishers=Publishers(ledger, announcing, clock),
        codes=Codes(ledger, signing, announcing, seeds, clock, rest),
        redeeming=Redeeming(ledger, signing, announcing, clock),
        moving=Moving(ledger, signing, announcing, clock),
        explaining=Explaining(ledger, signing, clock),
        idempotency=Idempotency(ledger, clock),
        reading=Reading(ledger, vault, signing, coherence, audit, clock),
        signing=signing,
        seeds=seeds,
        announcing=announcing,
        coherence=coherence,
        audit=audit,
        attempts=attempts or MemoryFailedAttempts(),
        background=background or Background(),
        membership=membership,
    )


# --- the web application -----------------------------------------------------------------------


def build(services: Services) -> Starlette:
    """Build the web application on services."""
    settings = services.settings
    assets, pages = composing.static(), composing.pages()
    language = interface(settings.language)
    error_responses = ErrorResponses(pages, language, services.redeeming.once)
    links = Links(settings.base_url, settings.trusted_hosts)
    previews, under_way = PreviewCache(services.store), UnderWay()
    lists = Lists(services.store, pages, links, language)
    site = Site(assets, links, language, settings.security_contact)
    public = Public(services.store, previews, assets, links)
    readers = Readers(
        services.reading,
        services.redeeming,
        services.attempts,
        previews,
        pages,
        under_way,
        services.moving,
        links,
        is_https=settings.is_https,
    )
    responders = {**public.responders(), **readers.responders()}
    preview = responders[b"/documents/"]
    responders |= {b"": lists.ready, b"/documents/": lambda ask: preview(ask) or lists.ready(ask)}
    ready = FastPath(responders, is_https=settings.is_https)
    routes = [
        *lists.routes(),
        *site.routes(),
        *public.routes(),
        *Search(services.index, pages, language, settings.base_url).routes(),
        *readers.routes(),
        *Api(
            services.publishing,
            services.picturing,
            services.renaming,
            services.api_keys,
            services.granting,
            services.codes,
            services.redeeming,
            services.explaining,
            services.idempotency,
            services.attempts,
            SourceFormats(),
            links,
            settings.max_upload,
            under_way,
        ).routes(),
        *Studio(
            services.publishing,
            services.renaming,
            services.api_keys,
            services.granting,
            services.codes,
            services.attempts,
            SourceFormats(),
            services.store,
            pages,
            links,
            under_way,
            is_https=settings.is_https,
            max_upload=settings.max_upload,
        ).routes(),
        *Operations(_probes(services)).routes(),
    ]
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(FastPathMiddleware, ready=ready),
            Middleware(AccessLog),
            Middleware(SecurityHeaders, is_https=settings.is_https),
            Middleware(OneMeaning, tell=error_responses.on_gateway_error),
        ],
        exception_handlers={
            GatewayError: error_responses.on_gateway_error,
            HTTPException: error_responses.on_http_exception,
            ClientDisconnect: error_responses.on_hang_up,
            Exception: error_responses.on_fault,
        },
    )
    app.router.redirect_slashes = False
    if any(route.path == SEARCH for route in routes):
        lists.search = SEARCH
    app.state.ready = ready
    return app


def _probes(services: Services) -> dict[str, Probe]:
    return {
        "previews": _answering(services.store.ping),
        "ledger": _answering(services.ledger.ping),
        "redis": partial(_redis, services),
        "authority": partial(_authority, services),
        "store": _answering(services.vault.ping),
        "background": services.background.ping,
    }


async def _redis(services: Services) -> str:
    """Say how the Redis is that the settings name, whatever the authority. Raises Unavailable."""
    if services.settings.authority == "redis":
        return await services.coherence.ping()
    return (
        await services.attempts.ping()
        if isinstance(services.attempts, RedisFailedAttempts)
        else "none"
    )


async def _authority(services: Services) -> str:
    word = services.authority
    await services.coherence.ping()
    return word


def _answering(ping: Callable[[], Awaitable[None]]) -> Probe:
    async def probe() -> str:
        await ping()
        return "ok"

    return probe


class Gateway:
    """The application as a server runs it: it opens its services when it starts."""

    def __init__(self, settings: Settings) -> None:
        self._app = Starlette(lifespan=self._lifespan)
        self._settings = settings
        self.ready = FastPath({}, is_https=settings.is_https)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        services = await open_services(self._settings, serving=log)
        self._app, waiting = build(services), self._app
        self.ready = self._app.state.ready
        # What is there now stays: the collector need not look at it again and again, nor so often.
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG)
        try:
            begin_background(services)
            yield
        finally:
            self._app = waiting
            await services.close()


def begin_background(services: Services) -> None:
    """Begin all that a worker does besides the requests."""
    begin = services.background.begin
    services.coherence.start()
    begin("sweep", partial(_sweep, services, set()), SWEEP)
    begin("look over", LookOver(services), SWEEP)
    begin(
        "rebase",
        Rebasing(services.publishing, services.store, services.settings.base_url, rest),
        SWEEP,
    )
    begin("index", services.indexing.fill, INDEX)
    begin("scrub index", services.indexing.scrub, SCRUB)
    begin("announce", services.announcing.confirm, ANNOUNCE)
    begin("finish", services.granting.finish, FORGET)
    begin("forget", services.seeds.forget, FORGET)
    begin("audit", services.audit.maintain)
    if services.membership:
        begin("attend", partial(services.membership.attend, services.coherence), TENURE.pace)


async def _sweep(services: Services, told: set[Address]) -> None:
    """Finish what dead processes left; log each document that stays behind, and no second time."""
    failed = await services.publishing.recover()
    for address in sorted(failed.keys() - told):
        _log.error("unsettled", document=str(address), kind=type(failed[address]).__name__)
    told.clear()
    told.update(failed)


class LookOver:
    """Reads all that is stored back, a few editions at a time, from the start again at the end."""

    def __init__(self, services: Services) -> None:
        self._house = services
        self._after: Edition | None = None

    async def __call__(self) -> None:
        """Look at the next few."""
        self._after = await self._house.publishing.look_over(self._after)
