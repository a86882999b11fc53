"""The web application on services."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect

from gateway.app.services import Services
from gateway.core.errors import GatewayError
from gateway.formats.sources import SourceFormats
from gateway.rendering import workers as composing
from gateway.rendering.pages import interface
from gateway.stores.redis.failed_attempts import RedisFailedAttempts
from gateway.web.api import Api
from gateway.web.errors import ErrorResponses
from gateway.web.health import Operations, Probe
from gateway.web.http.access_log import AccessLog
from gateway.web.http.fast_path import FastPath, FastPathMiddleware
from gateway.web.http.headers import SecurityHeaders
from gateway.web.http.links import Links
from gateway.web.http.meaning import OneMeaning
from gateway.web.http.under_way import UnderWay
from gateway.web.lists import Lists
from gateway.web.preview_cache import PreviewCache
from gateway.web.public import Public
from gateway.web.readers import Readers
from gateway.web.search import Search
from gateway.web.site import Site
from gateway.web.studio import Studio


def build(services: Services) -> Starlette:
    """Build the web application on services."""
    settings = services.settings
    assets, pages = composing.static(), composing.pages()
    language = interface(settings.language)
    error_responses = ErrorResponses(pages, language, services.redeeming.once)
    links, formats = Links(settings.base_url, settings.trusted_hosts), SourceFormats()
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
        services.profiles,
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
            services,
            services.attempts,
            formats,
            links,
            under_way,
            max_upload=settings.max_upload,
        ).routes(),
        *Studio(
            services,
            services.attempts,
            formats,
            services.store,
            pages,
            links,
            under_way,
            is_https=settings.is_https,
            max_upload=settings.max_upload,
        ).routes(),
        *Operations(_probes(services)).routes(),
    ]
    # What ends in a word of its own comes first: `card.png` is no name of a collection.
    routes.sort(key=lambda route: route.path.endswith("}"))
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
